/**
 * `node main.ts COMMAND ARGUMENTS`: the command line, as the launcher starts it. Wires the process to `run`; all that
 * can be decided without a process is decided there.
 */
import type { Control } from '@sallyport/contract/control';

import { stateDirectory } from '../state/state-directory.ts';
import type { Context } from './context.ts';
import { isBrokenPipe, run } from './run.ts';
import { openControl } from './session.ts';
import { flush, layoutOf, outputOf } from './terminal.ts';

const argv = process.argv.slice(2);

const context: Context = {
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  layout: () => layoutOf(process.stdout, process.env, Date.now()),
  openControl: (directory, asCaller) =>
    openControl(directory, `./sallyport ${argv.join(' ')}`, { connect, loadCore }, asCaller),
  interrupted() {
    const controller = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
    return controller.signal;
  },
};

async function connect(root: string): Promise<Control | null> {
  const { connectControl } = await import('../control/client.ts');
  return connectControl(root);
}

async function loadCore(): Promise<(root: string) => Control & AsyncDisposable> {
  const { AgentCore } = await import('../core/agent-core.ts');
  const { feedReaderProgram } = await import('../core/feed-reader-program.ts');
  const { policyProgram } = await import('../core/policy-program.ts');
  const feedReader = feedReaderProgram();
  const policyCompiler = policyProgram();
  return (root) => new AgentCore({ directory: stateDirectory(root), feedReader, policyCompiler });
}

// `| head` closes the pipe: whoever reads has seen enough, so this is a good end and a quiet one.
const endQuietly = (error: unknown): never => {
  if (isBrokenPipe(error)) process.exit(0);
  throw error;
};

const code = await run(argv, context, process.env['SALLYPORT_DEBUG'] === '1').catch(endQuietly);
await flush(process.stdout);
await flush(process.stderr);
// Not waited for is the event loop: a forgotten socket would hold the prompt back.
process.exit(code);
