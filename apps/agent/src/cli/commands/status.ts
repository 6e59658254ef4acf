/** `sallyport status`. Exit code 3 when no agent runs, as service managers answer (LSB, "program is not running"). */
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printableJson } from '../safe-text.ts';
import { renderStatus } from '../screens/status.ts';
import { argumentsOf } from '../sub-command.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('status', args);
  expectPositionals('status', [], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const status = await opened.control.status();
  await printLines(context.out, options.json ? [printableJson(status, 2)] : renderStatus(status, context.layout()));
  return opened.running ? EXIT.ok : EXIT.notRunning;
}
