/**
 * Program: sends every UDP datagram that arrives at HOST PORT back. Prints `listening`, then one line `datagram` for
 * each. Bound to the one address, because an answer from another one is nothing to a connected client.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [host = '', port = ''] = process.argv.slice(2);
const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
socket.on('message', (message, sender) => {
  process.stdout.write('datagram\n');
  socket.send(message, sender.port, sender.address);
});
socket.bind(Number(port), host, () => process.stdout.write('listening\n'));
