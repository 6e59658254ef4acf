/**
 * Program: connects to each target over and over until its standard input ends, and prints one `LoadRecord` a line.
 * Argument: one JSON object, see `LoadOrder` in `../steady-load.ts`.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { LoadOrder, LoadRecord, LoadTarget } from '../steady-load.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by startLoad, in this same package
const { targets, lanes, pauseMs, patienceMs } = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;

const stop = new AbortController();
process.stdin.on('end', () => stop.abort());
process.stdin.resume();

function visit({ host, address, port }: LoadTarget): Promise<LoadRecord> {
  const { promise, resolve } = Promise.withResolvers<LoadRecord>();
  const startedMs = performance.timeOrigin + performance.now();
  const socket = connect({ host: address, port, noDelay: true });
  let localPort = 0;
  let answered = false;
  const finish = (end: string): void => {
    clearTimeout(patience);
    resolve({ host, address, localPort, startedMs, endedMs: performance.timeOrigin + performance.now(), end });
    socket.destroy();
  };
  const patience = setTimeout(() => finish('timeout'), patienceMs);
  socket.on('connect', () => {
    localPort = socket.localPort ?? 0;
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
  socket.on('data', () => {
    answered = true;
  });
  socket.on('end', () => finish(answered ? 'answered' : 'closed'));
  socket.on('error', (error) => finish('code' in error ? String(error.code) : 'error'));
  return promise;
}

async function lane(target: LoadTarget): Promise<void> {
  do {
    process.stdout.write(`${JSON.stringify(await visit(target))}\n`);
    if (pauseMs > 0) await delay(pauseMs);
  } while (!stop.signal.aborted);
}

await Promise.all(targets.flatMap((target) => Array.from({ length: lanes }, () => lane(target))));
