/**
 * Arguments against an option table. node:util's parseArgs splits them; the judging is here, because its own errors
 * run over several lines and name no remedy.
 */
import { parseArgs } from 'node:util';

import { didYouMean } from './closest.ts';
import { printable } from './safe-text.ts';
import { UsageError } from './usage-error.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times; the texts are joined by commas. */
  readonly multiple?: boolean;
  /** What stands for the value in the help: `DIR`. */
  readonly value?: string;
  readonly meaning: string;
}

export type OptionTable = Readonly<Record<string, Option>>;

export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name]['type'] extends 'boolean' ? boolean : string | undefined;
};

export interface Arguments<Table extends OptionTable> {
  readonly options: OptionValues<Table>;
  readonly positionals: readonly string[];
}

/** Options may stand anywhere, `--` ends them. Throws UsageError; `command` is what its messages point the help at. */
export function readArguments<Table extends OptionTable>(
  command: string,
  table: Table,
  args: readonly string[],
): Arguments<Table> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean | undefined> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.type === 'boolean' ? false : undefined;
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    const typed = printable(token.rawName);
    if (option === undefined) {
      const known = Object.keys(table).map((name) => `--${name}`);
      throw new UsageError(
        `${command}: unknown option ${typed}${didYouMean(token.rawName, known) || seeHelp(command)}`,
      );
    }
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${command}: ${typed} takes no value`);
      values[token.name] = true;
      continue;
    }
    // parseArgs hands `--action --title x` the text '--title' as the action; a value that begins with a dash needs `=`.
    if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      throw new UsageError(`${command}: ${typed} needs a value: ${typed} ${option.value ?? 'VALUE'}`);
    }
    const before = values[token.name];
    if (before !== undefined && option.multiple !== true) {
      throw new UsageError(`${command}: ${typed} was given twice`);
    }
    values[token.name] = typeof before === 'string' ? `${before},${token.value}` : token.value;
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built above, name by name, from the table itself
  return { options: values as OptionValues<Table>, positionals };
}

/** The positionals by count; too few and too many are told apart. `names` as in the usage line, `[NAME]` optional. */
export function expectPositionals(command: string, names: readonly string[], given: readonly string[]): void {
  const missing = names[given.length];
  if (missing !== undefined && !missing.startsWith('[')) {
    throw new UsageError(`${command}: ${missing} is missing: sallyport ${command} ${names.join(' ')}`);
  }
  const extra = given[names.length];
  if (extra === undefined) return;
  throw new UsageError(`${command}: unexpected argument '${printable(extra)}'${seeHelp(command)}`);
}

const seeHelp = (command: string): string => `; see sallyport help ${command.split(' ')[0] ?? ''}`;
