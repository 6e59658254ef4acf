/**
 * Internet Explorer tracking protection lists: `msFilterList`, then `-d name`, `+d name` and `- text`.
 *
 * Easy to get wrong: `-d name text` blocks only addresses on that host that hold the text.
 */
import type { LineParser, ReadLine } from './line-parser.ts';

const line: ReadLine = (bytes, start, end, out) => {
  const first = bytes[start];
  if (first === 0x23 || first === 0x3a) return 'comment'; // `#`, and `: Expires=1`
  const text = bytes.toString('utf8', start, end);
  if (/^msFilterList\b/i.test(text)) return 'comment';
  const rule = /^([+-])(d)?\s+(\S+)(\s+\S.*)?$/.exec(text);
  if (rule === null) return 'not a protection list line';
  const [, sign, about, host = '', part] = rule;
  if (about === undefined || part !== undefined) return out.skip('pattern-rule');
  const name = Buffer.from(host);
  return sign === '+'
    ? out.except(() => out.host(name, 0, name.length, 'suffix'))
    : out.host(name, 0, name.length, 'suffix');
};

export const tplParser = (): LineParser => ({ line });
