/**
 * Lines of UTF-8 text that the agent or its command line wrote itself, one record a line, in bounded memory.
 *
 * Easy to get wrong: node:readline also ends a line at U+2028 and U+2029, which JSON leaves as they are inside texts.
 */

/** A stored indicator or a row of an import is far below this. */
const MAX_LINE = 1 << 20;

/**
 * Without their line feeds, as many at once as a chunk completes: to be awaited is dear for a single line. An empty last
 * line is none. Throws RangeError at a line of more than 2^20 characters.
 */
export async function* textLines(chunks: AsyncIterable<unknown>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the stream has no bytes');
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new RangeError(`a line of more than ${MAX_LINE} characters`);
    if (lines.length > 0) yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
