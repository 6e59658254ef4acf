/** Finds the sub-command in `sallyport feed add …`; options may stand before it. */
import { type Arguments, type OptionTable, readArguments } from './arguments.ts';
import { type CommandPath, OPTIONS } from './catalogue.ts';
import { didYouMean } from './closest.ts';
import { printable } from './safe-text.ts';
import { UsageError } from './usage-error.ts';

/** The first of `names` among the arguments, and the arguments without it. Throws UsageError when it is none. */
export function takeSubCommand<Name extends string>(
  command: string,
  names: readonly Name[],
  args: readonly string[],
): { readonly name: Name; readonly rest: readonly string[] } {
  // An option in front of the sub-command may have a value of its own, so only a known name ends the search.
  const at = args.findIndex((arg) => names.some((name) => name === arg));
  const first = args.findIndex((arg) => !arg.startsWith('-'));
  const name = names.find((known) => known === args[at]);
  if (name === undefined || (first !== at && !args[first - 1]?.startsWith('--'))) {
    const typed = args[first];
    throw new UsageError(
      typed === undefined
        ? `${command}: one of ${names.join(', ')} is missing; see sallyport help ${command}`
        : `${command}: unknown '${printable(typed)}'${didYouMean(typed, names) || `: one of ${names.join(', ')}`}`,
    );
  }
  return { name, rest: args.toSpliced(at, 1) };
}

/** `readArguments` with the options of `path`. */
export function argumentsOf<Path extends CommandPath>(
  path: Path,
  args: readonly string[],
): Arguments<(typeof OPTIONS)[Path]> {
  const table: (typeof OPTIONS)[Path] & OptionTable = OPTIONS[path];
  return readArguments(path, table, args);
}
