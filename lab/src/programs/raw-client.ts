/**
 * Program: connects, sends the given pieces as separate TCP segments, prints how the connection ended.
 *
 * Arguments: one JSON object, see `RawRequest` in `../raw-client.ts`; standard output: one JSON
 * object, see `RawOutcome`. Each piece is one `write` on a socket with TCP_NODELAY, and the next one
 * waits until the kernel has taken it, so pieces never share a segment.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { RawOutcome, RawRequest } from '../raw-client.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by sendRaw, in this same package
const request = JSON.parse(process.argv[2] ?? '{}') as RawRequest;
const startedAt = performance.now();
const since = (): number => performance.now() - startedAt;

const received: Buffer[] = [];
let connectedMs: number | undefined;
let sentMs: number | undefined;
const socket = connect({ host: request.host, port: request.port, noDelay: true });

const ended = new Promise<RawOutcome['end']>((resolve) => {
  socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'));
  socket.once('end', () => resolve('closed'));
  socket.on('data', (chunk) => {
    received.push(Buffer.from(chunk));
    if (request.until === 'data') resolve('data');
  });
  setTimeout(() => resolve('timeout'), request.timeoutMs).unref();
});

const sending = (async () => {
  await once(socket, 'connect');
  connectedMs = since();
  for (const [index, piece] of request.pieces.entries()) {
    if (index > 0 && request.pauseMs > 0) await delay(request.pauseMs);
    await new Promise<void>((resolve) => socket.write(Buffer.from(piece, 'base64'), () => resolve()));
  }
  sentMs = since();
})();
// How the connection ended is what counts; a failed write shows there.
sending.catch(() => {});

const end = await ended;
const outcome: RawOutcome = {
  end,
  endedMs: since(),
  ...(connectedMs === undefined ? {} : { connectedMs }),
  ...(sentMs === undefined ? {} : { sentMs }),
  received: Buffer.concat(received).toString('base64'),
};
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0));
