/**
 * Program: speaks to the gate in the place of its agent, swaps two reputation tables, and judges every verdict that it
 * can see. Argument: one JSON object, see `SwapOrder` in `../table-swaps.ts`. Each line of standard input is a
 * `SwapCommand`, answered with a JSON array of how long the swaps took; at the end of the input it prints a `SwapOutcome`.
 *
 * Verdicts are seen from both sides: how connections of this program end, and the flow records of all connections. A
 * connection behind an acknowledged swap starts when the answer was read and not before: it has to obey.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { decodeFlowRecord, flowRecordHead } from '@sallyport/contract/flow-record';
import {
  type Applied,
  encodeFrame,
  encodeJsonFrame,
  encodeNumberFrame,
  FRAME,
  FrameReader,
  type GateStatus,
  readJson,
} from '@sallyport/contract/gate-link';

import { requestOnce } from '../one-request.ts';
import type { SwapCommand, SwapOrder, SwapOutcome } from '../table-swaps.ts';

const PATIENCE_MS = 10_000;
const RECORDS_MS = 20;
/** Enough to see what is wrong. */
const MAX_LINES = 50;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by startTableSwaps, in this same package
const order = JSON.parse(process.argv[2] ?? '{}') as SwapOrder;
const { names, files } = order;
const seen = { swaps: 0, connections: 0, connectionsAfterSwap: 0, records: 0 };
const wrong: string[] = [];
const withoutTable: string[] = [];
const waiting: ((answer: unknown) => void)[] = [];
let turn = 0;

const gate = connect(join(order.stateDirectory, 'gate', 'gate.sock'));
await once(gate, 'connect');
const reader = new FrameReader();
gate.on('close', () => {
  process.stderr.write('the gate ended the connection\n');
  process.exitCode = 1;
  process.stdin.destroy();
});
gate.on('data', (chunk: Buffer) => {
  for (const { type, body } of reader.push(chunk) ?? []) {
    if (type === FRAME.records) gate.write(encodeNumberFrame(FRAME.acknowledge, readRecords(body)));
    else waiting.shift()?.(readJson(body));
  }
});
gate.write(encodeJsonFrame(FRAME.hello, { lastSequence: 0 }));

function ask<T>(frame: Uint8Array): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the gate answers each request with one kind of frame
  waiting.push((answer) => resolve(answer as T));
  gate.write(frame);
  return promise;
}

/** Looks at each record for a table behind the verdict; returns the last sequence. */
function readRecords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last = 0;
  for (let offset = 0; offset < bytes.length;) {
    const length = flowRecordHead(bytes, view, offset)?.length ?? bytes.length - offset;
    const record = decodeFlowRecord(bytes.subarray(offset, offset + length));
    if (record === null) throw new Error(`no flow record at ${offset}`);
    offset += length;
    last = record.sequence;
    seen.records++;
    const name = Buffer.from(record.name).toString('latin1');
    const isJudged = name !== names.both || (record.effect === 'block' && record.layer === 'reputation');
    if (isJudged && record.cause !== 'table-missing') continue;
    if (withoutTable.length < MAX_LINES) withoutTable.push(`${name}: ${record.effect} ${record.layer} ${record.cause}`);
  }
  return last;
}

async function expect(host: string, want: string, when: string): Promise<void> {
  const address = order.addresses[turn++ % order.addresses.length] ?? '';
  const got = await requestOnce(host, address, order.port, PATIENCE_MS);
  if (got !== want && wrong.length < MAX_LINES) wrong.push(`${host} ${when}: ${got} instead of ${want}`);
}

/** Puts the table of this number in force; milliseconds until the gate says so. */
async function handOver(index: 0 | 1): Promise<number> {
  const startedAt = performance.now();
  const applied = await ask<Applied>(encodeJsonFrame(FRAME.table, { slot: 'reputation', file: files[index] }));
  const took = performance.now() - startedAt;
  if (!applied.ok) throw new Error(`${files[index]}: ${applied.reason}`);
  return took;
}

let inForce: 0 | 1 = 0;
async function swap(): Promise<number> {
  const replaced = inForce;
  inForce = inForce === 0 ? 1 : 0;
  const took = await handOver(inForce);
  seen.swaps++;
  const when = `behind swap ${seen.swaps}`;
  await Promise.all([expect(names.only[inForce], 'ECONNRESET', when), expect(names.only[replaced], 'answered', when)]);
  seen.connectionsAfterSwap += 2;
  return took;
}

await handOver(inForce);
const stop = new AbortController();
async function lane(host: string, want: string): Promise<void> {
  while (!stop.signal.aborted) {
    await expect(host, want, `about swap ${seen.swaps}`);
    seen.connections++;
    if (order.pauseMs > 0) await delay(order.pauseMs);
  }
}
const lanes = Array.from({ length: order.lanes }, () => [
  lane(names.both, 'ECONNRESET'),
  lane(names.neither, 'answered'),
]).flat();

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as SwapCommand; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by startTableSwaps
  const times: number[] = [];
  if ('swaps' in command) {
    while (times.length < command.swaps) times.push(await swap());
  } else {
    const wanted = seen.connections + command.connections;
    while (seen.connections < wanted) await delay(RECORDS_MS);
  }
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
stop.abort();
await Promise.all(lanes);
const askStatus = (): Promise<GateStatus> => ask(encodeFrame(FRAME.askStatus, new Uint8Array(0)));
let status = await askStatus();
// Records gather for some milliseconds before they are sent.
for (; status.recordsPending > 0; status = await askStatus()) await delay(RECORDS_MS);
const outcome: SwapOutcome = { ...seen, wrong, withoutTable, gate: status };
process.stdout.write(`${JSON.stringify(outcome)}\n`);
gate.removeAllListeners('close');
gate.destroy();
