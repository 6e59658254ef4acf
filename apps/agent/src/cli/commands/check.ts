/** `sallyport check NAME|URL|IP`: asks the tables, sends nothing. */
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printableJson } from '../safe-text.ts';
import { renderCheck } from '../screens/check.ts';
import { argumentsOf } from '../sub-command.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('check', args);
  expectPositionals('check', ['NAME|URL|IP'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const check = await opened.control.check(positionals[0] ?? '');
  if (!opened.running) await context.err.write('no agent is running; this is how the stored tables would judge\n');
  await printLines(context.out, options.json ? [printableJson(check, 2)] : renderCheck(check, context.layout()));
  return EXIT.ok;
}
