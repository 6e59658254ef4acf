/**
 * Program: for each line `HOST COUNT` on standard input, opens COUNT connections to HOST port 80, one
 * at a time, and prints one line with the times to first byte in microseconds as a JSON array.
 *
 * The time runs from the call of connect() to the first byte of the answer. It includes this
 * process's own event loop, equally in every namespace: only differences mean something.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const oneRequest = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    let firstByteAt = 0;
    const startedAt = performance.now();
    // `host` resolves through /etc/hosts before the clock starts to matter: see addressOf.
    const socket = connect({ host: addressOf(host), port: 80, noDelay: true }, () => socket.write(request));
    socket.on('data', (chunk) => {
      if (firstByteAt !== 0) return;
      firstByteAt = performance.now();
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) reject(new Error('not answered with 200'));
    });
    socket.once('error', reject);
    socket.once('close', () => resolve((firstByteAt - startedAt) * 1000));
  });

/** Names arrive as NAME=ADDRESS, so that no look-up falls into the measurement. */
const addresses = new Map(process.argv.slice(2).map((pair) => [pair.split('=')[0], pair.split('=')[1]]));
function addressOf(host: string): string {
  const address = addresses.get(host);
  if (address === undefined) throw new Error(`no address for ${host}`);
  return address;
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [host = '', count = '0'] = line.split(' ');
  const times: number[] = [];
  for (let n = 0; n < Number(count); n++) times.push(Math.round((await oneRequest(host)) * 10) / 10);
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
