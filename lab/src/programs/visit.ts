/**
 * Program: asks for each URL once, one after the other, each on a connection of its own, and prints one `VisitOutcome`
 * a line. Arguments: the authority to trust (PEM file), then one JSON object a visit, see `Visit`.
 *
 * The address is given, so no name is looked up: the host of the URL appears only in the request and in the TLS hello.
 */
import { readFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';

export interface Visit {
  readonly url: string;
  readonly address: string;
}

export interface VisitOutcome extends Visit {
  /** The HTTP status, or the error code: `ECONNRESET`, `ETIMEDOUT`, … */
  readonly end: number | string;
  /** From the call of connect() to the answer's head or the error, in milliseconds. */
  readonly ms: number;
  /** The client's port; 0 when there was no connection. */
  readonly from: number;
}

const PATIENCE_MS = 3000;

const [authorityFile = '', ...visits] = process.argv.slice(2);
const ca = readFileSync(authorityFile);

function visit({ url, address }: Visit): Promise<VisitOutcome> {
  const { hostname, protocol } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<VisitOutcome>();
  const startedAt = performance.now();
  let from = 0;
  const finish = (end: VisitOutcome['end']): void => {
    resolve({ url, address, end, ms: performance.now() - startedAt, from });
    pending.destroy();
  };
  const options = { host: address, path: '/', headers: { host: hostname }, agent: false, timeout: PATIENCE_MS };
  const answered = (response: IncomingMessage): void => finish(response.statusCode ?? 0);
  const pending: ClientRequest =
    protocol === 'https:' ? requestTls({ ...options, servername: hostname, ca }, answered) : request(options, answered);
  pending.on('socket', (socket) =>
    socket.once('connect', () => {
      from = socket.localPort ?? 0;
    }),
  );
  pending.on('error', (error) => finish('code' in error ? String(error.code) : error.message));
  pending.on('timeout', () => finish('ETIMEDOUT'));
  pending.end();
  return promise;
}

for (const text of visits) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by evaluate.ts, in this same package
  process.stdout.write(`${JSON.stringify(await visit(JSON.parse(text) as Visit))}\n`);
}
