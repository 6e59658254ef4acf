/**
 * Names, titles and reasons come from the network, from lists and from other people's files. Printed as they are,
 * they can move the cursor, recolour a line or reverse its reading order. Everything that reaches a terminal goes
 * through here; the table and line renderers do it themselves, so that a screen cannot forget.
 *
 * What is easily missed: JSON.stringify leaves C1 controls (U+009B is a one-character CSI), DEL and bidirectional
 * overrides as they are.
 */

// Controls, format characters (bidirectional marks, zero-width, tags), lone surrogates, line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** One line that cannot act on a terminal: `\n`, `\x1b`, `\u{202e}` stand for the characters they name. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return String.raw`\n`;
    if (character === '\t') return String.raw`\t`;
    if (character === '\r') return String.raw`\r`;
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`;
  });
}

/** JSON of `value` on one line (or indented), equal in meaning to JSON.stringify and printable everywhere. */
export function printableJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  // JSON.stringify has escaped C0 controls inside strings already; the only ones left are its own line breaks.
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return character;
    let escaped = '';
    for (let i = 0; i < character.length; i++) escaped += `\\u${hex(character.charCodeAt(i), 4)}`;
    return escaped;
  });
}
