/**
 * stdout and stderr of this process as `Output`s. Colour only where a person sees it: a terminal, without NO_COLOR,
 * or when FORCE_COLOR asks for it (https://no-color.org, https://force-color.org).
 */
import { once } from 'node:events';

import type { Output } from './context.ts';
import type { Layout } from './layout.ts';
import { coloured, plain } from './paint.ts';

const MIN_WIDTH = 60;

/** A stream's failure (EPIPE of `| head`) rejects the next write. */
export function outputOf(stream: NodeJS.WriteStream): Output {
  let failure: Error | null = null;
  stream.on('error', (error: Error) => {
    failure = error;
  });
  return {
    isTerminal: stream.isTTY,
    async write(text) {
      if (failure === null && !stream.write(text)) await once(stream, 'drain').catch(keep);
      if (failure !== null) throw failure;
    },
  };

  function keep(error: unknown): void {
    failure ??= error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Resolves when all that was written has left the process. Pipes and files are written at once on Linux, but a program
 * that starts this one may give it a socket, where a slow reader leaves up to a high-water mark behind.
 */
export async function flush(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0) await new Promise<void>((done) => stream.write('', () => done()));
}

export function layoutOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, nowMs: number): Layout {
  const forced = env['FORCE_COLOR'];
  const wanted = forced === undefined || forced === '' ? stream.isTTY : forced !== '0' && forced !== 'false';
  const refused = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return { width: widthOf(stream, env), paint: wanted && !refused ? coloured : plain, nowMs };
}

function widthOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number | null {
  // COLUMNS set by hand means "as on a terminal this wide", also into a pipe.
  const asked = Number(env['COLUMNS']);
  const columns = stream.isTTY ? stream.columns : Number.isInteger(asked) && asked > 0 ? asked : null;
  return columns === null ? null : Math.max(MIN_WIDTH, columns);
}
