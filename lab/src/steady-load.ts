/**
 * Connections one after the other for as long as a test likes, each with one HTTP request, and how each of them ended.
 *
 * Times are Unix milliseconds: the program runs in another process than the test, on the same clock.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { CommandFailed } from './command.ts';
import type { Namespace } from './namespace.ts';

export interface LoadTarget {
  /** Written into the Host header. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface LoadOrder {
  readonly targets: readonly LoadTarget[];
  /** Connections at a time for each target. */
  readonly lanes: number;
  /** Wait between two connections of a lane. */
  readonly pauseMs: number;
  /** A connection that takes longer ends as `timeout`. */
  readonly patienceMs: number;
}

export interface LoadRecord {
  readonly host: string;
  readonly address: string;
  /** The client's port; 0 when the handshake did not complete. */
  readonly localPort: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** `answered`, `closed` (without an answer), `timeout`, or the error code: `ECONNRESET`, … */
  readonly end: string;
}

export interface Load extends AsyncDisposable {
  /** Everything that has ended so far. */
  records(): LoadRecord[];
  /** The first record that meets the condition; throws `CommandFailed` when there is none within `timeoutMs` (10 s). */
  until(condition: (record: LoadRecord) => boolean, timeoutMs?: number): Promise<LoadRecord>;
  /** Resolves once `count` further connections have ended. */
  more(count: number): Promise<void>;
  /** Starts no more connections, and returns all records once the last has ended. */
  finish(): Promise<LoadRecord[]>;
}

const LOOK_AGAIN_MS = 5;

/** Starts the load in `namespace`; returns once the first connection of all has ended. */
export async function startLoad(
  namespace: Namespace,
  order: Pick<LoadOrder, 'targets'> & Partial<LoadOrder>,
): Promise<Load> {
  await using undo = new AsyncDisposableStack();
  const program = new URL('./programs/steady-load.ts', import.meta.url);
  const whole: LoadOrder = { lanes: 2, pauseMs: 5, patienceMs: 10_000, ...order };
  const running = undo.use(namespace.spawnNode(program, JSON.stringify(whole)));
  const known: LoadRecord[] = [];
  let rest = '';
  running.stdoutStream.setEncoding('utf8');
  running.stdoutStream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
    for (const line of lines) known.push(JSON.parse(line) as LoadRecord);
  });
  const wait = async (what: string, isDone: () => boolean, timeoutMs: number): Promise<void> => {
    const deadline = performance.now() + timeoutMs;
    while (!isDone()) {
      if (!running.running || performance.now() > deadline) {
        const tail = known.slice(-5).map((record) => JSON.stringify(record));
        throw new CommandFailed(running.argv, `${what} within ${timeoutMs} ms\n${tail.join('\n')}${running.stderr()}`);
      }
      await delay(LOOK_AGAIN_MS);
    }
  };
  await wait('no connection ended', () => known.length > 0, 10_000);
  const owned = undo.move();
  return {
    records: () => [...known],
    until: async (condition, timeoutMs = 10_000) => {
      let found: LoadRecord | undefined;
      let looked = 0;
      const look = (): boolean => {
        for (; found === undefined && looked < known.length; looked++) {
          const record = known[looked];
          if (record !== undefined && condition(record)) found = record;
        }
        return found !== undefined;
      };
      await wait('no connection as wanted', look, timeoutMs);
      if (found === undefined) throw new Error('waited for it');
      return found;
    },
    more: async (count) => {
      const wanted = known.length + count;
      await wait(`no ${count} connections ended`, () => known.length >= wanted, 30_000);
    },
    finish: async () => {
      running.stdin.end();
      if (running.running) await once(running.stdoutStream, 'close');
      await running.exited;
      return [...known];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
