/**
 * Says what a feed is from its first bytes: one of the formats that are read, or something else, by name.
 *
 * Easy to get wrong: this decides on the same bytes however the feed was cut into chunks, so it is given exactly the
 * first `HEAD_BYTES` (or all there are), never "what has arrived". Its answer is only a proposal: the line parsers
 * judge every line, and `readFeed` refuses a feed that does not hold what it promised.
 */
import { FeedError, printable } from './feed-error.ts';
import type { FormatName } from './formats.ts';
import { columnsByKnownNames, guessDelimiter } from './lines/csv-columns.ts';
import { parseCsvRow } from './lines/csv-row.ts';
import { documentFormat } from './lines/json-shape.ts';
import { type LineShape, lineShape } from './lines/line-shape.ts';

/** Enough for the long comment headers of real lists and for some thousand entries. */
export const HEAD_BYTES = 256 * 1024;
const MAX_LINES = 5000;

export interface Detection {
  /** Null: no supported format fits most lines, or two do. */
  readonly format: FormatName | null;
  /** The first line that is no comment; null when the head has none. */
  readonly firstLine: { readonly number: number; readonly text: string } | null;
  /** Why there is no format, and what to do; null when there is one, or no line. */
  readonly problem: string | null;
}

/** First bytes of what is not text (null: any byte), and a command that undoes it. */
const COMPRESSED: ReadonlyArray<readonly [ReadonlyArray<number | null>, string, string]> = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz', 'xz -dk'],
  [[0x42, 0x5a, 0x68, null, 0x31, 0x41, 0x59], 'bzip2', 'bzip2 -dk'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip', 'unzip'],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], '7-Zip', '7z x'],
  [[0x1f, 0x8b], 'gzip', 'gzip -dk'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'Zstandard', 'zstd -d'],
];

/** Throws when the bytes begin like a compressed file. */
export function refuseCompressed(head: Uint8Array, name: string): void {
  for (const [bytes, kind, command] of COMPRESSED) {
    if (bytes.every((byte, i) => byte === null || head[i] === byte)) {
      throw new FeedError(
        'compressed',
        `${name}: ${kind} compressed; decompress it first (${command}) and add the result`,
      );
    }
  }
}

export const nulByte = (name: string, line: number): FeedError =>
  new FeedError('binary', `${name}:${line}: NUL byte; this is a binary file, not a list`, { line });

export const startsWithBom = (head: Uint8Array): boolean => head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;

const WEB_PAGE = 'an HTML or XML page';

/** What is sometimes taken for a list, by one of its first lines. */
const UNSUPPORTED: ReadonlyArray<readonly [RegExp, string]> = [
  [/^</, WEB_PAGE],
  [/^function\s+FindProxyForURL/, 'a proxy auto-configuration script'],
];
const JSON_START = /^(?:\{|\[\s*(?:["{[]|$))/;

/** Only the first lines are asked: a rule deep inside an Adblock list may look like anything. */
const FIRST_LINES = 5;

/** `!`, `;`, `//` and `#`, but not the element hiding rules of Adblock lists. */
const COMMENT = /^(?:!|;|\/\/|#(?![#@?$%]))/;

/** A line that settles the matter wherever it stands among the first. */
const DECISIVE: ReadonlyArray<readonly [RegExp, FormatName]> = [
  [/^\[adblock/i, 'adblock'],
  [/^msFilterList\b/i, 'tpl'],
  [/^\$(?:TTL|ORIGIN)\s|\sIN\s+SOA\s|^@\s+SOA\s/i, 'rpz'],
];

/**
 * Throws `FeedError` for binary, compressed, UTF-16 and unsupported content; otherwise the format that fits most
 * lines. `complete` says that the head is the whole feed, so that its last line may be judged. `named` is what the user
 * says it is: JSON is then not judged by its shape.
 */
export function detectFormat(
  head: Buffer,
  complete: boolean,
  name: string,
  named: FormatName | null = null,
): Detection {
  refuseCompressed(head, name);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new FeedError('binary', `${name}: UTF-16 text; convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)`);
  }
  const nul = head.indexOf(0);
  if (nul >= 0) throw nulByte(name, head.toString('latin1', 0, nul).split('\n').length);
  const counts: Counts = new Map();
  let firstLine: Detection['firstLine'] = null;
  let lastComment = '';
  const first: string[] = [];
  let seen = 0;
  let bang = false;
  for (const [number, text] of headLines(head, complete)) {
    const decisive = DECISIVE.find(([pattern]) => pattern.test(text));
    if (decisive !== undefined && seen < FIRST_LINES) {
      return { format: decisive[1], firstLine: firstLine ?? { number, text }, problem: null };
    }
    if (text.startsWith('!')) bang = true;
    if (COMMENT.test(text)) {
      if (seen === 0 && text.startsWith('#') && isCsvHeader(text.replace(/^#+/, ''))) lastComment = text;
      continue;
    }
    firstLine ??= { number, text };
    if (seen < FIRST_LINES) {
      const found = UNSUPPORTED.find(([pattern]) => pattern.test(text));
      if (found !== undefined) throw unsupported(number, text, found[1], name);
      if (seen === 0 && JSON_START.test(text)) return document(head, name, named, firstLine);
      first.push(text);
    }
    seen++;
    const shape = lineShape(text);
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
    if (seen >= MAX_LINES) break;
  }
  if (firstLine === null) return { format: null, firstLine, problem: null };
  return { firstLine, ...(csvFormat(first, lastComment.replace(/^#+/, '')) ?? winner(counts, bang)) };
}

function document(
  head: Buffer,
  name: string,
  named: FormatName | null,
  firstLine: { readonly number: number; readonly text: string },
): Detection {
  const format = documentFormat(head.toString('utf8', startsWithBom(head) ? 3 : 0));
  if (format === null && named !== 'stix' && named !== 'misp') {
    throw unsupported(firstLine.number, firstLine.text, 'JSON that is neither STIX nor MISP', name);
  }
  return { format, firstLine, problem: null };
}

function unsupported(line: number, text: string, what: string, name: string): FeedError {
  const remedy =
    what === WEB_PAGE
      ? 'not a list; check the address in a browser and use the link to the raw file'
      : 'a format that is not supported; use another form of this feed';
  return new FeedError('unsupported-format', `${name}:${line}: "${printable(text)}" looks like ${what}, ${remedy}`, {
    line,
  });
}

function* headLines(head: Buffer, complete: boolean): Generator<readonly [number, string]> {
  let at = startsWithBom(head) ? 3 : 0;
  for (let line = 1; at < head.length; line++) {
    let end = head.indexOf(0x0a, at);
    if (end < 0 && !complete && line > 1) return;
    if (end < 0) end = head.length;
    const text = head.toString('utf8', at, Math.min(end, at + 4096)).trim();
    if (text !== '') yield [line, text];
    at = end + 1;
  }
}

type Proposal = Pick<Detection, 'format' | 'problem'>;

const rowOf = (text: string): readonly string[] | null => {
  const row = parseCsvRow(text, guessDelimiter(text));
  return typeof row === 'string' ? null : row.fields;
};

const isCsvHeader = (text: string): boolean => {
  const fields = rowOf(text);
  return fields !== null && fields.length > 1 && columnsByKnownNames(fields) !== null;
};

/** CSV without quotes. Common enough as a typing error that only all of the first lines together prove it. */
const BARE_CSV = /^[\w.:-]+,[\w .:/,-]*$/;
const QUOTED_CSV = /^"[^"]*"\s*[,;\t]/;

/** Null: no CSV. */
function csvFormat(first: readonly string[], commentedHeader: string): Proposal | null {
  const [row = ''] = first;
  const fields = rowOf(row);
  const header = isCsvHeader(row) && !/^[^,;]*\d\.\d/.test(row) ? row : commentedHeader;
  // A comment that happens to hold two words is no header when the rows have but one field.
  if (header !== '' && (fields?.length ?? 0) > 1 && guessDelimiter(header) === guessDelimiter(row)) {
    return { format: 'csv', problem: null };
  }
  if (!first.every((text) => BARE_CSV.test(text) || QUOTED_CSV.test(text))) return null;
  return {
    format: null,
    problem:
      'looks like CSV whose columns have no usual names; say which holds the names with --format csv:value=COLUMN',
  };
}

type Counts = Map<LineShape, number>;

/** More than one in twenty, which is more than a parser tolerates. */
const isMore = (some: number, all: number): boolean => some * 20 > all;

function winner(counts: Counts, bang: boolean): Proposal {
  const count = (shape: LineShape): number => counts.get(shape) ?? 0;
  const total = [...counts.values()].reduce((sum, value) => sum + value, 0);
  const bare = count('domains') + count('address');
  const adblock = count('adblock') + bare;
  // Lists with `!` headers are written for ad blockers, bare names in them included.
  if (bang && adblock * 2 > total) return { format: 'adblock', problem: null };
  // `domains` reads addresses too; `cidr` would lose the names. Remarks are understood by `cidr` alone.
  const mixed = count('domains') > 0 && bare > count('addressWithRemark');
  const dnscrypt = isMore(count('dnscrypt'), bare);
  const asAdblock = !dnscrypt && isMore(count('adblock'), count('domains'));
  const plain = mixed ? bare : count('domains');
  const votes: ReadonlyArray<readonly [FormatName, number]> = [
    ['hosts', count('hosts')],
    ['adblock', asAdblock ? count('adblock') + count('domains') : count('adblock')],
    ['dnscrypt', dnscrypt ? count('dnscrypt') + bare : count('dnscrypt')],
    ['domains', dnscrypt || asAdblock ? 0 : plain],
    ['cidr', (mixed || dnscrypt ? 0 : count('address')) + count('addressWithRemark')],
    ...DISTINCT.map((format) => [format, count(format)] as const),
  ];
  const [best, next] = votes.toSorted((a, b) => b[1] - a[1]);
  if (best === undefined || best[1] <= count('other')) {
    return { format: null, problem: 'fits no format; if it is one of them, name it with --format' };
  }
  if (next !== undefined && next[1] * 2 > best[1]) {
    return {
      format: null,
      problem: `and other lines fit ${best[0]} as well as ${next[0]}; say which it is with --format`,
    };
  }
  return { format: best[0], problem: null };
}

/** Formats whose lines no other parser reads. */
const DISTINCT = ['dnsmasq', 'unbound', 'rpz', 'bind', 'tpl', 'suricata', 'dataset'] as const;
