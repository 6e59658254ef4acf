/**
 * One label that is not plain ASCII: decoded, its scripts, and what it looks like in ASCII.
 *
 * Easy to get wrong: what looks like ASCII is no finding by itself: `café` does too. Only beside a brand, or when a
 * whole word of another script looks Latin, does it mean anything.
 */
import { asciiLook } from './confusables.ts';
import { decodePunycode, decodeUtf8 } from './punycode.ts';
import { foreignScript, mixedScripts, type Script } from './scripts.ts';
import { isPunycodePrefix } from './wire-name.ts';
import { asciiBytes } from './word-table.ts';

export interface DecodedLabel {
  readonly kind: 'decoded';
  /** What it looks like, as bytes; null when some character looks like nothing in ASCII. */
  readonly look: Uint8Array | null;
  /** The script that is not Latin; null for Latin with accents. */
  readonly script: Script | null;
  readonly mixed: readonly [Script, Script] | null;
  /** Why it is not what it looks like, for people. */
  readonly disguise: string;
}

export type InternationalLabel = DecodedLabel | { readonly kind: 'broken'; readonly why: string };

const PREFIX_BYTES = 4;
/** Letters, marks, digits and what IDNA lets stand between them (RFC 5892: joiners, middle dots, geresh, kana dots). */
const ALLOWED = /^(?:[\p{L}\p{M}\p{N}_-]|[\u00b7\u0375\u05f3\u05f4\u30fb\u06fd\u06fe]|\u200c|\u200d)+$/u;
/** Registered under some suffixes against IDNA, for fun. */
const PICTURES = /\p{So}|\p{Emoji_Modifier}|\ufe0f/u;

/** Null for a plain ASCII label. */
export function readInternational(bytes: Uint8Array, start: number, end: number): InternationalLabel | null {
  const encoded = end - start > PREFIX_BYTES && isPunycodePrefix(bytes, start);
  let ascii = true;
  for (let i = start; i < end && ascii; i++) ascii = (bytes[i] ?? 0) < 0x80;
  if (ascii && !encoded) return null;
  if (!ascii && encoded) return { kind: 'broken', why: 'Punycode with bytes beyond ASCII' };
  const points = encoded ? decodePunycode(bytes, start + PREFIX_BYTES, end) : decodeUtf8(bytes, start, end);
  if (points === null) return { kind: 'broken', why: encoded ? 'not Punycode' : 'not UTF-8' };
  if (encoded && points.every((point) => point < 0x80)) return { kind: 'broken', why: 'Punycode for plain ASCII' };
  const text = String.fromCodePoint(...points);
  if (!ALLOWED.test(text)) {
    if (PICTURES.test(text)) return null;
    return { kind: 'broken', why: 'characters that no name may have' };
  }
  const script = foreignScript(text);
  const looks = asciiLook(points);
  return {
    kind: 'decoded',
    look: /^[a-z0-9_-]*$/.test(looks) ? asciiBytes(looks) : null,
    script,
    mixed: mixedScripts(text),
    disguise: script === null ? 'letters with accents or strokes' : `${script} letters`,
  };
}
