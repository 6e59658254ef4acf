/**
 * Writing systems within one label. Registries keep scripts apart, so a mix is either a language that mixes
 * (Japanese, Korean, Chinese with Latin letters), a brand name beside a word, or a disguise.
 *
 * Easy to get wrong: what counts is a mix without a hyphen between. `kino-фильм` joins two words; `pаypal` with one
 * Cyrillic letter is a disguise. The allowed mixes are those of UTS #39 5.2 "Highly Restrictive".
 */
const SCRIPTS = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['Georgian', /\p{Script=Georgian}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Thai', /\p{Script=Thai}/u],
  ['Lao', /\p{Script=Lao}/u],
  ['Devanagari', /\p{Script=Devanagari}/u],
  ['East Asian', /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u],
] as const satisfies readonly (readonly [string, RegExp])[];

export type Script = (typeof SCRIPTS)[number][0];

/** Of the first non-ASCII character of a known script; null when there is none. */
export function foreignScript(text: string): Script | null {
  for (const [script, pattern] of SCRIPTS) if (script !== 'Latin' && pattern.test(text)) return script;
  return null;
}

/** Two scripts that no language writes in one word, when some hyphen-separated part of the label has both. */
export function mixedScripts(label: string): readonly [Script, Script] | null {
  for (const part of label.split('-')) {
    const found: Script[] = [];
    for (const [script, pattern] of SCRIPTS) if (pattern.test(part)) found.push(script);
    const [first, second] = found;
    if (first === undefined || second === undefined) continue;
    if (first === 'Latin' && second === 'East Asian' && found.length === 2) continue;
    return [first, second];
  }
  return null;
}
