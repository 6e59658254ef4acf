/**
 * What a label of any script looks like in ASCII: accents taken off, look-alike letters replaced.
 *
 * Easy to get wrong: not the skeleton of UTS #39, which is compared with another skeleton. This one is compared with
 * ASCII words, so it maps to ASCII only, and a character that looks like none stays what it is.
 */
import { CONFUSABLE_LINES, SIMILAR_LETTERS } from './confusables-data.ts';

const lookAlikes = new Map<number, string>();
for (const line of [...CONFUSABLE_LINES, ...SIMILAR_LETTERS]) {
  const [ascii = '', ...points] = line.split(' ');
  for (const hex of points) lookAlikes.set(Number.parseInt(hex, 16), ascii);
}

/** Lower-case text. Characters that look like no ASCII letter or digit stay. */
export function asciiLook(points: readonly number[]): string {
  let look = '';
  for (const character of String.fromCodePoint(...points).normalize('NFKD')) {
    const point = character.codePointAt(0) ?? 0;
    if (isCombiningMark(character)) continue;
    look += point < 0x80 ? character : (lookAlikes.get(point) ?? character);
  }
  return look.toLowerCase();
}

const isCombiningMark = (character: string): boolean => /^\p{Mn}$/u.test(character);
