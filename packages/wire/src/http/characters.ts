/** Character classes of HTTP/1.x (RFC 9110 section 5.6) as numbers, since the parsers never make strings. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN = new Uint8Array(256);
for (let i = 0; i < TOKEN_CHARACTERS.length; i++) TOKEN[TOKEN_CHARACTERS.charCodeAt(i)] = 1;

/** `tchar` of RFC 9110 section 5.6.2. */
export const isTokenByte = (byte: number): boolean => TOKEN[byte] === 1;

export const isBlank = (byte: number): boolean => byte === SP || byte === TAB;

/** Blanks and line ends: what surrounds a field value once folded lines are joined. */
export const isSpace = (byte: number): boolean => byte === SP || byte === TAB || byte === CR || byte === LF;

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Whether `bytes` from `start` up to `end` spell `lowerCase`, an ASCII text in lower case, in any case. */
export function equalsIgnoreCase(bytes: Uint8Array, start: number, end: number, lowerCase: string): boolean {
  if (end - start !== lowerCase.length) return false;
  for (let i = 0; i < lowerCase.length; i++) {
    const byte = bytes[start + i] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== lowerCase.charCodeAt(i)) return false;
  }
  return true;
}
