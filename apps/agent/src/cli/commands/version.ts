/** `sallyport version`: what runs here, for a bug report. Asks no agent. */
import { VERSION } from '../../version.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printableJson } from '../safe-text.ts';
import { argumentsOf } from '../sub-command.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('version', args);
  expectPositionals('version', [], positionals);
  const { version: node, arch } = process;
  const line = options.json
    ? printableJson({ version: VERSION, node, arch })
    : `sallyport ${VERSION} (node ${node}, ${arch})`;
  await printLines(context.out, [line]);
  return EXIT.ok;
}
