/**
 * Program: changes indicators over the control socket while it makes requests, and judges every answer. Reads a
 * `ChangingLists` from standard input and prints `ChangingOutcome`; both in `../changing-lists.ts`.
 *
 * Every change is followed by one connection to the changed name, started when the change was acknowledged and not
 * before: it has to obey. The others go to names that no change touches.
 */
import { text } from 'node:stream/consumers';

import { callControl } from '../agent-run.ts';
import type { ChangingLists, ChangingOutcome } from '../changing-lists.ts';
import { requestOnce } from '../one-request.ts';

const LANES = 8;
const TIMEOUT_MS = 5000;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by changeLists, in this same package
const order = JSON.parse(await text(process.stdin)) as ChangingLists;
const wrong: string[] = [];
let requests = 0;
let changes = 0;
let turn = 0;

const visit = (host: string): Promise<string> =>
  requestOnce(host, order.addresses[turn++ % order.addresses.length] ?? '', order.port, TIMEOUT_MS);

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
