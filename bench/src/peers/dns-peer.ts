/**
 * A name server of the same list, as a peer of the host table: how long until it answers for a listed name, and its
 * resident memory then. It listens on loopback only and is ended before this returns.
 */
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

import { memory } from '../process-usage.ts';

export interface PeerFigures {
  readonly residentMb: number;
  readonly loadSeconds: number;
}

/** A server that never answers is given up after so long. */
const PATIENCE_MS = 180_000;
const RETRY_MS = 50;

/** `start`: the command line for a port. `listed`: a name that the server must answer for. */
export async function measureDnsPeer(
  start: (port: number) => readonly [string, ...string[]],
  listed: string,
): Promise<PeerFigures> {
  const port = await freePort();
  const [program, ...args] = start(port);
  const before = performance.now();
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  server.stderr.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString()}`.slice(-500);
  });
  const exited = once(server, 'exit');
  const socket = createSocket('udp4');
  try {
    await Promise.race([
      answered(socket, port, listed),
      exited.then(() => {
        throw new Error(`${program} ended: ${complaint.trim()}`);
      }),
    ]);
    const loadSeconds = (performance.now() - before) / 1000;
    const residentMb = (await memory(server.pid ?? 0)).reduce((sum, { rssMb }) => sum + rssMb, 0);
    return { residentMb, loadSeconds };
  } finally {
    socket.close();
    if (server.exitCode === null) {
      server.kill('SIGKILL');
      await exited;
    }
  }
}

/** Asks again and again, because packets to a server that is still loading get lost. */
async function answered(socket: Socket, port: number, name: string): Promise<void> {
  const question = queryFor(name);
  const ask = (): void => socket.send(question, port, '127.0.0.1');
  const timer = setInterval(ask, RETRY_MS);
  try {
    ask();
    await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
  } finally {
    clearInterval(timer);
  }
}

/** A query for the address of `name` (RFC 1035 section 4). */
function queryFor(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  const header = Buffer.of(0x53, 0x50, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  return Buffer.concat([header, ...labels, Buffer.of(0, 0, 1, 0, 1)]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
