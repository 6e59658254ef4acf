/** `sallyport help [COMMAND]`: rendered from the catalogue, so that no option is documented twice or not at all. */
import { expectPositionals } from '../arguments.ts';
import { COMMAND_NAMES, COMMANDS, findCommand } from '../catalogue.ts';
import { didYouMean } from '../closest.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printable } from '../safe-text.ts';
import { renderCommandHelp, renderOverview } from '../screens/help.ts';
import { argumentsOf } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { positionals } = argumentsOf('help', args);
  expectPositionals('help', ['[COMMAND]'], positionals);
  const layout = context.layout();
  const name = positionals[0];
  if (name === undefined) {
    await printLines(context.out, renderOverview(COMMANDS, layout));
    return EXIT.ok;
  }
  const command = findCommand(name);
  if (command === undefined) {
    const remedy = didYouMean(name, COMMAND_NAMES) || '; sallyport help lists them all';
    throw new UsageError(`unknown command '${printable(name)}'${remedy}`);
  }
  await printLines(context.out, renderCommandHelp(command, layout));
  return EXIT.ok;
}
