/** One connection with one HTTP request, and how it ended; for programs inside a namespace that make thousands of them. */
import { connect } from 'node:net';

/** Resolves with `answered` (the first bytes came), `closed`, `timeout`, or the error code: `ECONNRESET`, … */
export function requestOnce(host: string, address: string, port: number, patienceMs: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: address, port, noDelay: true });
  socket.setTimeout(patienceMs, () => resolve('timeout'));
  socket.once('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
  socket.once('data', () => resolve('answered'));
  socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'));
  socket.once('end', () => resolve('closed'));
  return promise.finally(() => socket.destroy());
}
