/** `sallyport policy explain [NAME|URL|IP]`: what is judged by, or everything behind one verdict. */
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printableJson } from '../safe-text.ts';
import { renderFullCheck } from '../screens/check.ts';
import { renderPolicy } from '../screens/policy.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { ask, readCheckAs } from './check.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { rest } = takeSubCommand('policy', ['explain'], args);
  const { options, positionals } = argumentsOf('policy explain', rest);
  expectPositionals('policy explain', ['[NAME|URL|IP]'], positionals);
  const as = readCheckAs('policy explain', options);
  const [target] = positionals;
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  if (target !== undefined) {
    const check = await ask(opened, target, as, context);
    await printLines(context.out, options.json ? [printableJson(check, 2)] : renderFullCheck(check, context.layout()));
    return EXIT.ok;
  }
  const policy = await opened.control.policy();
  await printLines(context.out, options.json ? [printableJson(policy, 2)] : renderPolicy(policy, context.layout()));
  return EXIT.ok;
}
