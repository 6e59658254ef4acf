/**
 * Program: returns as soon as a TCP connection to HOST PORT succeeds; fails after TIMEOUT_MS.
 *
 * Run inside a namespace to learn that a server really listens. A refused connection is answered at
 * once on a veth, so trying again every few milliseconds costs nothing.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [host, port, timeoutMs] = process.argv.slice(2);
const deadline = performance.now() + Number(timeoutMs ?? 10_000);

const accepted = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: host ?? '127.0.0.1', port: Number(port) });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });

while (!(await accepted())) {
  if (performance.now() > deadline) {
    process.stderr.write(`nothing listens at ${host} port ${port}\n`);
    process.exit(1);
  }
  await delay(5);
}
