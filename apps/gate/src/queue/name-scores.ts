/**
 * Remembers what the local score said about names: the same few hundred are asked for all day, and to score one takes
 * a hundred times longer than to find it here.
 *
 * Easy to get wrong: nothing grows. A name has one place, found by a hash that everybody can compute, so whoever asks
 * for names on purpose can push others out, and that is all: the bytes are compared, another name's score never answers.
 */
import type { NameScore } from '@sallyport/policy/verdict';

/** A power of two. With the bytes of the names about 300 kB. */
const PLACES = 4096;
/** The longest name that is remembered; a longer one is scored each time. A place is one byte more. */
const MAX_BYTES = 63;
const PLACE_BYTES = MAX_BYTES + 1;

export class NameScores {
  readonly #score: (name: Uint8Array) => NameScore | null;
  /** Each place: u8 length of the name, 0 for none | the name. */
  readonly #names = new Uint8Array(PLACES * PLACE_BYTES);
  readonly #scores: (NameScore | null)[] = Array.from({ length: PLACES }, () => null);

  constructor(score: (name: Uint8Array) => NameScore | null) {
    this.#score = score;
  }

  /** As the function it stands for. */
  readonly ask = (name: Uint8Array): NameScore | null => {
    const { length } = name;
    if (length === 0 || length > MAX_BYTES) return this.#score(name);
    const place = placeOf(name);
    const at = place * PLACE_BYTES;
    const names = this.#names;
    let isKnown = names[at] === length;
    for (let i = 0; isKnown && i < length; i++) isKnown = names[at + 1 + i] === name[i];
    if (isKnown) return this.#scores[place] ?? null;
    const score = this.#score(name);
    names[at] = length;
    names.set(name, at + 1);
    this.#scores[place] = score;
    return score;
  };
}

/** FNV-1a (draft-eastlake-fnv), folded to a place. */
function placeOf(name: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ (name[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (PLACES - 1);
}
