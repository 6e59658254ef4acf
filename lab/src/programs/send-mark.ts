/** Program: sends one UDP datagram with the text TOKEN to HOST PORT. Used to know that a capture has caught up. */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [host = '', port = '', token = ''] = process.argv.slice(2);
const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
socket.send(token, Number(port), host, () => socket.close());
