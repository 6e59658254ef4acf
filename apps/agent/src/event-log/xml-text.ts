/**
 * Any text as XML 1.0, so that it comes back whole, and so that a file of events is harmless on a terminal.
 *
 * Easy to get wrong: XML cannot hold most control characters at all, not even as `&#27;`. Those are written as
 * `_x001B_` (ECMA-376 part 1, ST_Xstring), and a text that has such a thing already gets its underscore written so.
 */

/** C0 without tab, line feed and carriage return; lone surrogates; the two noncharacters (XML 1.0 section 2.2). */
// oxlint-disable-next-line no-control-regex -- they are what this is about
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;
const LOOKS_ESCAPED = /_(?=x[0-9A-Fa-f]{4}_)/g;
// Markup, white space that a parser would change, and what acts on terminals though XML allows it.
const REFERENCED = /[&<>"'\t\n\r]|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu;

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Nearly every text is made of these alone, and three searches over it would be for nothing. */
const HARMLESS = /^[A-Za-z0-9 .,:;/?=+{}()-]*$/;

/** For character data and for attribute values alike. */
export const escapeXml = (text: string): string => (HARMLESS.test(text) ? text : escapeAll(text));

const escapeAll = (text: string): string =>
  text
    .replace(LOOKS_ESCAPED, '_x005F_')
    .replace(IMPOSSIBLE, (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(REFERENCED, (character) => NAMED[character] ?? `&#x${(character.codePointAt(0) ?? 0).toString(16)};`);

/** Undoes `_xHHHH_` after a parser has undone the references. */
export const decodeText = (text: string): string =>
  text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
