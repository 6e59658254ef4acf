/** `sallyport check NAME|URL|IP`: asks the tables, sends nothing. */
import type { CheckAs, CheckView } from '@sallyport/contract/control';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, type OpenedControl, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderCheck } from '../screens/check.ts';
import { argumentsOf } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('check', args);
  expectPositionals('check', ['NAME|URL|IP'], positionals);
  const as = readCheckAs('check', options);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const check = await ask(opened, positionals[0] ?? '', as, context);
  await printLines(context.out, options.json ? [printableJson(check, 2)] : renderCheck(check, context.layout()));
  return EXIT.ok;
}

interface CheckOptions {
  readonly port: string | undefined;
  readonly user: string | undefined;
  readonly process: string | undefined;
}

export function readCheckAs(command: string, { port, user, process: program }: CheckOptions): CheckAs {
  if (port !== undefined && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)) {
    throw new UsageError(`${command}: --port '${printable(port)}' is no number from 1 to 65535`);
  }
  return {
    ...(port !== undefined && { port: Number(port) }),
    ...(user !== undefined && { user }),
    ...(program !== undefined && { process: program }),
  };
}

export async function ask(
  { control, running }: OpenedControl,
  target: string,
  as: CheckAs,
  context: Context,
): Promise<CheckView> {
  const check = await control.check(target, as);
  if (!running) await context.err.write('no agent is running; this is how the stored tables would judge\n');
  return check;
}
