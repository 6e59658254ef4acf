/**
 * Program: changes indicators over the control socket while it makes requests, and judges every answer. Reads a
 * `ChangingLists` from standard input and prints `ChangingOutcome`; both in `../changing-lists.ts`.
 *
 * Every change is followed by one connection to the changed name, started when the change was acknowledged and not
 * before: it has to obey. The others go to names that no change touches.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { callControl } from '../agent-run.ts';
import type { ChangingLists, ChangingOutcome } from '../changing-lists.ts';

const LANES = 8;
const TIMEOUT_MS = 5000;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by changeLists, in this same package
const order = JSON.parse(await text(process.stdin)) as ChangingLists;
const wrong: string[] = [];
let requests = 0;
let changes = 0;
let turn = 0;

/** `answered`, or the error code; each connection has one request. */
function visit(host: string): Promise<string> {
  const address = order.addresses[turn++ % order.addresses.length] ?? '';
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: address, port: order.port, noDelay: true });
  socket.setTimeout(TIMEOUT_MS, () => resolve('timeout'));
  socket.once('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
  socket.once('data', () => resolve('answered'));
  socket.once('error', (error) => resolve('code' in error ? String(error.code) : 'error'));
  socket.once('end', () => resolve('closed'));
  return promise.finally(() => socket.destroy());
}

async function expect(host: string, want: string, when: string): Promise<void> {
  const got = await visit(host);
  if (got !== want) wrong.push(`${host} ${when}: ${got} instead of ${want}`);
}

async function change(n: number): Promise<void> {
  const host = `changing-${n % order.changingNames}.example`;
  await callControl(order.controlSocket, 'addIndicator', [{ indicatorValue: host, action: 'Block' }]);
  await expect(host, 'ECONNRESET', `after block ${n}`);
  await callControl(order.controlSocket, 'removeIndicator', [host]);
  await expect(host, 'answered', `after removal ${n}`);
  changes += 2;
}

const startedAt = performance.now();
const changing = new AbortController();
const load = Array.from({ length: LANES }, async (_, lane) => {
  while (!changing.signal.aborted || requests < order.requests) {
    const n = requests++;
    // One in eight goes to a host that is blocked throughout: a table that was missing for a moment would show there.
    if (lane === 0) await expect(order.blocked, 'ECONNRESET', `request ${n}`);
    else await expect(`changing-${n}.allowed.example`, 'answered', `request ${n}`);
  }
});
for (let n = 0; changes < order.changes; n++) await change(n);
changing.abort();
const changesMs = performance.now() - startedAt;
await Promise.all(load);
const outcome: ChangingOutcome = { changes, requests, changesMs, allMs: performance.now() - startedAt, wrong };
process.stdout.write(JSON.stringify(outcome));
