/**
 * Program: sends one datagram (HEX) from a connected UDP socket to HOST PORT and prints a `DatagramOutcome`.
 *
 * Only a connected socket hears of an ICMP error. A firewall that rejects on the way out may also refuse the `send`
 * itself (EPERM); the ICMP error follows, and it is what counts.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [host = '', port = '', hex = ''] = process.argv.slice(2);
const GIVE_UP_MS = 3000;
const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
const print = (end: string): void => {
  process.stdout.write(`${JSON.stringify({ end })}\n`, () => process.exit(0));
};
let refusedToSend = '';
socket.on('message', () => print('data'));
socket.on('error', (error) => print('code' in error ? String(error.code) : 'error'));
socket.connect(Number(port), host, () => {
  socket.send(Buffer.from(hex, 'hex'), (error) => {
    if (error !== null && 'code' in error) refusedToSend = String(error.code);
    if (refusedToSend === 'ECONNREFUSED') print(refusedToSend);
  });
});
setTimeout(() => print(refusedToSend || 'timeout'), GIVE_UP_MS).unref();
