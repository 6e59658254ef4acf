/**
 * Names with the label statistics of real lists: number of labels, their lengths, letters and top-level domains as
 * counted in 1,210,731 names of public lists of malicious hosts (maltrail, MIT; urlhaus, CC0). Name `i` is always the
 * same, and no two are equal, so a list of any size can be made, and asked about, without being kept.
 *
 * Easy to get wrong: names may exist. They are compared, never resolved.
 */

/** Shares of names with 2, 3, 4, 5 and 6 labels. */
const LABEL_COUNTS = [0, 0, 0.6807, 0.2786, 0.0285, 0.0099, 0.0023] as const;
/** Shares of labels (without the last) by length, from 1 on. */
const LABEL_LENGTHS = [
  0.0036, 0.042, 0.042, 0.0511, 0.0898, 0.0679, 0.0978, 0.0898, 0.0712, 0.0706, 0.0597, 0.0593, 0.0519, 0.0363, 0.0312,
  0.0431, 0.0199, 0.0156, 0.0125, 0.0101, 0.0075, 0.0056, 0.0038, 0.0029, 0.0023, 0.0014, 0.0019, 0.0009, 0.0005, 0.008,
] as const;
/** Letters, each as often as it stands in a thousand. */
const LETTERS = repeated(
  'e82 a77 o66 i63 s57 r55 n55 t52 l41 c39 d34 u32 m30 p29 g24 h22 y21 b20 k18 v18 f17 w15 x10 q8 z8 j6',
)
  .join('')
  .concat('111111112222222200000033333344444477777555556666688888999');
const TOPS = repeated(
  'com247 ru80 xyz64 click59 digital54 net53 org40 top39 sbs25 info21 biz15 shop13 live12 site12 online10 co9 icu8 ' +
    'fun8 pics7 tk7 cc7 cn7 buzz7 cfd7 dev7 ml5 gg5 in5 su5 de20 uk20 fr15 io15 pl10 br10 jp8 nl8 it8',
);

/** `name12`: twelve times `name`. */
function repeated(text: string): string[] {
  return text.split(' ').flatMap((share) => {
    const [, name = '', times = '0'] = /^([a-z]+)(\d+)$/.exec(share) ?? [];
    return Array.from({ length: Number(times) }, () => name);
  });
}

const LABEL_COUNT_OF = cumulative(LABEL_COUNTS);
const LENGTH_OF = cumulative([0, ...LABEL_LENGTHS]);

/** For a number below 1024: the value whose share it falls into. */
function cumulative(shares: readonly number[]): Uint8Array {
  const values = new Uint8Array(1024).fill(shares.length - 1);
  let end = 0;
  for (const [value, share] of shares.entries()) {
    const start = Math.round(end * 1024);
    end += share;
    values.fill(value, start, Math.round(end * 1024));
  }
  return values;
}

/** A sequence of numbers that `seed` alone decides (xorshift32). */
export class Sequence {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not give similar sequences, and none may give zero.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995 || 1;
    this.below(1);
  }

  below(end: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return Math.floor(((state >>> 0) / 2 ** 32) * end);
  }
}

/** Name `index` of list `list`; names of different lists differ. `labels`: how many, instead of as real lists have. */
export function listName(index: number, list = 0, labels?: number): string {
  const sequence = new Sequence(index * 31 + list);
  const count = labels ?? LABEL_COUNT_OF[sequence.below(1024)] ?? 2;
  let name = '';
  for (let label = 1; label < count; label++) {
    // The label before the last carries the index, which makes the name unique, and is at least as long as that.
    const isRegistered = label === count - 1;
    const unique = isRegistered ? `${index.toString(36)}${list === 0 ? '' : '-'.repeat(list)}` : '';
    const length = Math.max(LENGTH_OF[sequence.below(1024)] ?? 7, unique.length + 1);
    for (let i = unique.length; i < length; i++) name += LETTERS[sequence.below(LETTERS.length)] ?? 'e';
    name += `${unique}.`;
  }
  return name + (TOPS[sequence.below(TOPS.length)] ?? 'com');
}
