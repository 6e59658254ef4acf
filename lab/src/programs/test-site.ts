/**
 * Program: a web site for trials. HTTP on port 80 and TLS on 443, every address of both families; `GET /` is answered
 * with one line. Arguments: certificate file, key file (PEM).
 *
 * Prints `{"listening":true}`, then one `VisitRecord` a line for each connection that ended. The bytes are counted
 * below TLS: a visit of 0 bytes opened a connection and never said anything.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';

export interface VisitRecord {
  /** The port that was connected to. */
  readonly port: number;
  /** The client's port, which tells visits apart. */
  readonly from: number;
  /** What the client sent, in bytes. */
  readonly bytes: number;
  /** `closed`, or the error code, for example `ECONNRESET`. */
  readonly end: string;
}

const [certificateFile = '', keyFile = ''] = process.argv.slice(2);
const answer: Parameters<typeof createServer>[1] = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' }).end('A test site of Sallyport.\n');
};

const listen = async (server: HttpServer | Server, port: number): Promise<void> => {
  server.on('connection', (socket: Socket) => {
    const from = socket.remotePort ?? 0;
    let end = 'closed';
    socket.on('error', (error) => {
      end = 'code' in error ? String(error.code) : 'error';
    });
    socket.on('close', () => {
      const record: VisitRecord = { port, from, bytes: socket.bytesRead, end };
      process.stdout.write(`${JSON.stringify(record)}\n`);
    });
  });
  // A client that goes away in the middle of its handshake is what the trial is about, and no failure of the site.
  server.on('tlsClientError', () => {});
  server.on('clientError', (_error: Error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(port, '::', resolve));
};

await listen(createServer(answer), 80);
await listen(createTlsServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) }, answer), 443);
process.stdout.write(`${JSON.stringify({ listening: true })}\n`);
