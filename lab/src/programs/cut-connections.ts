/** Program: reads a `CutRequest` from standard input and prints a `CutOutcome[]`; both in `../cut-connections.ts`. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import type { CutOutcome, CutRequest } from '../cut-connections.ts';

const AT_ONCE = 16;
const TIMEOUT_MS = 10_000;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by sendCut, in this same package
const request = JSON.parse(await text(process.stdin)) as CutRequest;
const outcomes: CutOutcome[] = [];
const waiting = [...request.connections.entries()].toReversed();

async function converse(steps: CutRequest['connections'][number]): Promise<CutOutcome> {
  const socket = connect({ host: request.host, port: request.port, noDelay: true });
  let echoed = Buffer.alloc(0);
  let sent = Buffer.alloc(0);
  let back = Promise.withResolvers<void>();
  const ended = new Promise<CutOutcome['end']>((resolve) => {
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'));
    socket.once('end', () => resolve('closed'));
    socket.setTimeout(TIMEOUT_MS, () => resolve('timeout'));
    socket.on('data', (chunk: Buffer) => {
      echoed = Buffer.concat([echoed, chunk]);
      if (!echoed.equals(sent.subarray(0, echoed.length))) resolve('changed');
      else if (echoed.length === sent.length) back.resolve();
    });
  });
  const talking = (async (): Promise<'echoed'> => {
    await once(socket, 'connect');
    for (const pieces of steps) {
      const bytes = pieces.map((piece) => Buffer.from(piece, 'base64'));
      back = Promise.withResolvers();
      sent = Buffer.concat([sent, ...bytes]);
      // Each write is a segment: the next one waits until the kernel has taken it, and it never waits for more.
      for (const piece of bytes) await new Promise<void>((resolve) => socket.write(piece, () => resolve()));
      await back.promise;
    }
    return 'echoed';
  })();
  // How the connection ended is what counts; a failed write shows there.
  talking.catch(() => {});
  const end = await Promise.race([ended, talking.catch(() => ended)]);
  socket.destroy();
  return { end, echoedBytes: echoed.length };
}

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
      outcomes[next[0]] = await converse(next[1]);
  }),
);
process.stdout.write(JSON.stringify(outcomes));
