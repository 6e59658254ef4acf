/**
 * A list of host names for the benchmark's feed: distinct, of realistic length, the same every time.
 *
 * All names lie below `.invalid` (RFC 2606), so none can ever be asked for by accident.
 */

const WORDS = ['account', 'cdn', 'login', 'mail', 'news', 'secure', 'shop', 'static', 'update', 'www'] as const;
const LINES_PER_CHUNK = 10_000;

/** `count` names, one a line, in chunks of many lines. */
export function* generatedHosts(count: number): Generator<string> {
  for (let start = 0; start < count; start += LINES_PER_CHUNK) {
    let chunk = '';
    for (let n = start; n < Math.min(start + LINES_PER_CHUNK, count); n++) chunk += `${hostName(n)}\n`;
    yield chunk;
  }
}

/** Multiplying by an odd constant permutes the 32-bit numbers: names are distinct and do not share prefixes. */
function hostName(n: number): string {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  const word = WORDS[mixed % WORDS.length] ?? 'www';
  return `${word}-${mixed.toString(36)}.${(mixed % 65_521).toString(36)}.invalid`;
}
