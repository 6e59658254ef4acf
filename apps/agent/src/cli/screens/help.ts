/** The help screens, from the catalogue. */
import type { Option } from '../arguments.ts';
import { type Command, OPTIONS } from '../catalogue.ts';
import { pad } from '../display-width.ts';
import type { Layout } from '../layout.ts';

export function renderOverview(commands: readonly Command[], { paint }: Layout): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `${paint('bold', 'sallyport')} guards the way out: it decides which hosts this machine may talk to.`,
    '',
    'usage: sallyport COMMAND [ARGUMENTS] [--state-dir DIR]',
    '',
    ...commands.map(({ name, summary }) => `  ${paint('cyan', pad(name, width))}  ${summary}`),
    '',
    'sallyport help COMMAND tells all about one of them.',
  ];
}

export function renderCommandHelp(command: Command, { paint }: Layout): string[] {
  const lines = [`${paint('bold', `sallyport ${command.name}`)} - ${command.summary}`, ''];
  for (const { path, usage, summary } of command.forms) {
    lines.push(`  ${paint('cyan', `sallyport ${path}`)}${usage === '' ? '' : ` ${usage}`}`);
    if (summary !== '') lines.push(`      ${summary}`);
  }
  const table = new Map(command.forms.flatMap(({ path }) => Object.entries<Option>(OPTIONS[path])));
  const options = [...table].map(([name, { short, value, meaning }]) => ({
    flag: `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    meaning,
  }));
  const width = Math.max(...options.map(({ flag }) => flag.length).filter((length) => length <= MAX_FLAG));
  lines.push('', 'options:');
  for (const { flag, meaning } of options) {
    if (flag.length > MAX_FLAG) lines.push(`  ${flag}`, `  ${' '.repeat(width)}  ${meaning}`);
    else lines.push(`  ${pad(flag, width)}  ${meaning}`);
  }
  if (command.notes !== undefined) lines.push('', ...command.notes);
  if (command.examples !== undefined) lines.push('', 'examples:', ...command.examples.map((example) => `  ${example}`));
  return lines;
}

/** Flags longer than this stand on a line of their own. */
const MAX_FLAG = 32;
