/** One of a few words, as people type them. */
import { didYouMean } from './closest.ts';
import { printable } from './safe-text.ts';
import { UsageError } from './usage-error.ts';

/** In any case. Throws UsageError with the words when it is none of them. */
export function choice<const Words extends readonly string[]>(
  command: string,
  option: string,
  typed: string,
  words: Words,
): Words[number] {
  const known = words.find((word) => word === typed.toLowerCase());
  if (known !== undefined) return known;
  const remedy = didYouMean(typed, words) || `: write one of ${words.join(', ')}`;
  throw new UsageError(`${command}: ${option} '${printable(typed)}' is not known${remedy}`);
}
