/**
 * Suricata datasets and data reputation files: one value a line, in base64 (type `string`) or plain (`ip`, `ipv6`),
 * with an optional `,reputation` that is not read.
 *
 * Easy to get wrong: a dataset holds whole values of a buffer, so a name stands for itself alone; a leading dot is
 * what the `dotprefix` transform leaves, and then what is below the name is meant as well.
 */
import { isAddress, isCidrShaped } from './address-text.ts';
import type { LineParser, ReadLine } from './line-parser.ts';

const COMMA = 0x2c;
const DOT = 0x2e;

const line: ReadLine = (bytes, start, lineEnd, out) => {
  if (bytes[start] === 0x23) return 'comment';
  const comma = bytes.subarray(start, lineEnd).indexOf(COMMA);
  const end = comma < 0 ? lineEnd : start + comma;
  if (comma >= 0 && !/^,\d{1,5}$/.test(bytes.toString('latin1', end, lineEnd))) return 'more than one column';
  if (isAddress(bytes, start, end)) return out.address(bytes, start, end);
  if (isCidrShaped(bytes, start, end)) return out.cidr(bytes.toString('latin1', start, end));
  const value = decodeBase64(bytes.toString('latin1', start, end));
  // A name has a dot, which base64 has not.
  if (value === null && !bytes.subarray(start, end).includes(DOT)) return 'not base64';
  const name = value ?? bytes.subarray(start, end);
  if (name.includes(0x2f)) {
    return name[0] === 0x2f ? out.skip('path-only') : out.url(name, afterScheme(name), name.length, 'exact');
  }
  const dotted = name[0] === DOT;
  return out.host(name, dotted ? 1 : 0, name.length, dotted ? 'suffix' : 'exact');
};

const afterScheme = (value: Buffer): number =>
  /^https?:\/\//i.exec(value.toString('latin1', 0, Math.min(8, value.length)))?.[0].length ?? 0;

/** The decoded bytes of a text that is base64 in its one proper form, null otherwise. */
export function decodeBase64(text: string): Buffer | null {
  if (text.length === 0 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}

export const datasetParser = (): LineParser => ({ line });
