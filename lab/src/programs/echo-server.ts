/**
 * Program: TCP server on PORT, all addresses of both families. Prints one JSON object a line:
 * `{"listening":PORT}` first, then one for each connection that ended, see `EchoRecord`.
 * It sends back whatever it receives.
 */
import { createServer } from 'node:net';

import type { EchoRecord } from '../echo-server.ts';

const port = Number(process.argv[2]);
const server = createServer({ allowHalfOpen: false }, (socket) => {
  const from = `${socket.remoteAddress}:${socket.remotePort}`;
  const received: Buffer[] = [];
  let end: EchoRecord['end'] = 'closed';
  socket.on('data', (chunk) => {
    received.push(Buffer.from(chunk));
    socket.write(chunk);
  });
  socket.on('error', (error) => {
    end = 'code' in error ? String(error.code) : 'error';
  });
  socket.on('close', () => {
    const record: EchoRecord = { from, received: Buffer.concat(received).toString('base64'), end };
    process.stdout.write(`${JSON.stringify(record)}\n`);
  });
});
server.listen(port, '::', () => process.stdout.write(`${JSON.stringify({ listening: port })}\n`));
