/**
 * From arguments to an exit code. Everything a user can do wrong ends here as one line on stderr, never as a stack
 * trace (SALLYPORT_DEBUG=1 shows it). Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not running.
 */
import { ControlError } from '@sallyport/contract/control-error';

import { COMMAND_NAMES, findCommand } from './catalogue.ts';
import { didYouMean } from './closest.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit.ts';
import { printable } from './safe-text.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command. Never rejects, except with a broken pipe, which is no error of ours. */
export async function run(argv: readonly string[], context: Context, debug = false): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (isBrokenPipe(error)) throw error;
    await context.err.write(`sallyport: ${printable(messageOf(error))}\n`);
    if (debug && error instanceof Error) await context.err.write(`${error.stack ?? ''}\n`);
    return exitCodeOf(error);
  }
}

export const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE';

async function dispatch(argv: readonly string[], context: Context): Promise<number> {
  const { name, args } = commandOf(argv);
  const command = findCommand(name);
  if (command === undefined) {
    const remedy = didYouMean(name, COMMAND_NAMES) || '; see sallyport help';
    throw new UsageError(`unknown command '${printable(name)}'${remedy}`);
  }
  const asks = args.findIndex((arg) => arg === '--help' || arg === '-h' || arg === '--');
  if (asks >= 0 && args[asks] !== '--') {
    const help = await import('./commands/help.ts');
    return help.run([name], context);
  }
  if (command.load === undefined) {
    throw new UsageError(`'${name}' is started by the launcher: run it as ./sallyport ${name}`);
  }
  const { run: runCommand } = await command.load();
  return runCommand(args, context);
}

/** The command and its arguments; options that stand before the command are taken as its own. */
function commandOf(argv: readonly string[]): { readonly name: string; readonly args: readonly string[] } {
  const ahead: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] ?? '';
    if (arg === '--version' || arg === '-V') return { name: 'version', args: [] };
    if (!arg.startsWith('-')) return { name: arg, args: [...ahead, ...argv.slice(at + 1)] };
    ahead.push(arg);
    if (arg === '--state-dir') ahead.push(argv[++at] ?? '');
  }
  return { name: 'help', args: ahead.filter((arg) => arg !== '--help' && arg !== '-h') };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof ControlError && error.code === 'unavailable' ? EXIT.notRunning : EXIT.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof UsageError || error instanceof ControlError) return error.message;
  const what = error instanceof Error ? error.message : String(error);
  return `${what} (unexpected; SALLYPORT_DEBUG=1 shows where)`;
}
