/**
 * `node main.ts COMMAND ARGUMENTS`: the command line, as the launcher starts it. Wires the process to `run`; all that
 * can be decided without a process is decided there.
 */
import type { Context } from './context.ts';
import { isBrokenPipe, run } from './run.ts';
import { openControl } from './session.ts';
import { layoutOf, outputOf } from './terminal.ts';

const argv = process.argv.slice(2);

const context: Context = {
  out: outputOf(process.stdout),
  err: outputOf(process.stderr),
  layout: () => layoutOf(process.stdout, process.env, Date.now()),
  openControl: (stateDirectory) =>
    openControl(stateDirectory, `./sallyport ${argv.join(' ')}`, {
      connect: async (directory) => (await import('../control/client.ts')).connectControl(directory),
      openOffline: async (directory) => (await import('../core/offline.ts')).openOffline(directory),
    }),
  interrupted() {
    const controller = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
    return controller.signal;
  },
};

// `| head` closes the pipe: whoever reads has seen enough, so this is a good end and a quiet one.
const endQuietly = (error: unknown): never => {
  if (isBrokenPipe(error)) process.exit(0);
  throw error;
};

// Pipes and files are written synchronously on Linux, so nothing is lost by leaving at once; waiting for the event loop
// to run dry would leave it to a forgotten socket when the prompt comes back.
process.exit(await run(argv, context, process.env['SALLYPORT_DEBUG'] === '1').catch(endQuietly));
