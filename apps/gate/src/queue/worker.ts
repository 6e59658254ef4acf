/**
 * The thread that judges packets: a blocking loop over one NFQUEUE. Nothing asynchronous happens in here; orders are
 * looked for before each turn's verdicts, so a change that was announced holds for every packet received after it.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { TABLE_SLOTS } from '@sallyport/contract/gate-link';

import { flowMarks } from '../flow-marks.ts';
import { readFailedMark } from '../netlink/conntrack.ts';
import { readError } from '../netlink/message.ts';
import { bindRequest, QueuedPacket } from '../netlink/queue.ts';
import { openProcessSources } from '../process/process-sources.ts';
import {
  BatchReceiver,
  close,
  type Fd,
  ignoreOverruns,
  netfilterSocket,
  rawIpSocket,
  receive,
  send,
  setReceiveBuffer,
  setReceiveTimeout,
} from '../sys/libc.ts';
import { type HeldPacket, HOLD_BYTES } from './flow.ts';
import { Inspector } from './inspector.ts';
import { KernelOutlet } from './kernel-outlet.ts';
import { PolicyJudge } from './policy-judge.ts';
import { SharedControl, type WorkerOrder, type WorkerReport, type WorkerStart } from './protocol.ts';
import { RingProducer } from './record-ring.ts';
import { Segment } from './segment.ts';

/** A whole hello, its headers, and the message around it. */
const COPY_RANGE = HOLD_BYTES + 512;
const DATAGRAM_BYTES = COPY_RANGE + 1024;
const BATCH = 16;
const QUEUE_LENGTH = 8192;
const SOCKET_BUFFER_BYTES = 16 * 1024 * 1024;
/** How long a turn waits for packets: the heartbeat when idle, and the grain of the time cap when something is held. */
const IDLE_MS = 250;
const HOLDING_MS = 25;

const port = parentPort;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- handed over by queue.ts, which has the same type
if (port !== null) run(workerData as WorkerStart);

function run({ queueNumber, ring, control, firstSequence, settings, tables, connects }: WorkerStart): void {
  const counters = new SharedControl(control);
  const { sources, problems } = openProcessSources(connects);
  const judge = new PolicyJudge(new RingProducer(ring), counters, settings, firstSequence, sources);
  for (const slot of TABLE_SLOTS) {
    const bytes = tables[slot];
    if (bytes !== undefined) judge.setTable(slot, bytes);
  }
  let queue: Fd;
  let uidErrno: number;
  try {
    ({ queue, uidErrno } = openQueue(queueNumber, settings.failQueueFull === 'open'));
  } catch (error) {
    report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    return;
  }
  const outlet = new KernelOutlet(
    { queue, queueNumber, rawSockets: { 4: rawSocket(4), 6: rawSocket(6) }, counters },
    flowMarks(settings.connmarkMask),
  );
  outlet.markInspected = settings.failGateAbsent === 'closed';
  const inspector = new Inspector(outlet, judge);
  const batch = new BatchReceiver(queue, BATCH, DATAGRAM_BYTES);
  const packet = new QueuedPacket();
  const segment = new Segment();
  const held: { -readonly [Field in keyof HeldPacket]: HeldPacket[Field] } = { id: 0, hook: 0, mark: 0, family: 4 };
  let generation = 0;
  let timeoutMs = IDLE_MS;
  setReceiveTimeout(queue, timeoutMs);
  if (uidErrno !== 0 && connects === null) {
    problems.push(
      `the kernel does not name the user behind a connection (errno ${uidErrno}): rules for users do not act`,
    );
  }
  report({ kind: 'listening', problems });

  for (;;) {
    const received = batch.receive();
    counters.beat();
    if (counters.generation !== generation) {
      generation = counters.generation;
      if (!obey(judge, outlet)) break;
      counters.obeyed(generation);
    }
    judge.nowMs = Date.now();
    const monotonicMs = performance.now(); // deadlines must not move with the clock
    for (let slot = 0; slot < received; slot++) {
      const bytes = batch.buffers[slot];
      if (bytes === undefined) break;
      const length = batch.length(slot);
      if (!packet.read(bytes, length)) {
        if (readError(bytes, length) !== null) {
          const flow = readFailedMark(bytes, length);
          if (flow !== null) {
            counters.add('unmarked', 1);
            inspector.remember(flow, monotonicMs);
          }
        }
        continue;
      }
      counters.add('packets', 1);
      held.id = packet.id;
      held.hook = packet.hook;
      held.mark = packet.mark;
      held.family = (bytes[packet.payloadStart] ?? 0) >> 4 === 6 ? 6 : 4;
      if (segment.read(bytes, packet.payloadStart, packet.payloadEnd, packet.fullLength)) {
        segment.uid = packet.uid;
        inspector.handle(segment, held, monotonicMs);
      } else {
        outlet.follow(held); // no TCP segment: nothing here to read
      }
    }
    inspector.expire(monotonicMs);
    outlet.flush();
    counters.set('held', inspector.holding);
    counters.set('expiredHolds', inspector.expired);
    const wanted = inspector.holding > 0 ? HOLDING_MS : IDLE_MS;
    if (wanted !== timeoutMs) {
      timeoutMs = wanted;
      setReceiveTimeout(queue, timeoutMs);
    }
  }
  close(queue);
}

/** Carries out every order that waits; false when it is time to stop. */
function obey(judge: PolicyJudge, outlet: KernelOutlet): boolean {
  for (;;) {
    const received = port === null ? undefined : receiveMessageOnPort(port);
    if (received === undefined) return true;
    const order = received.message as WorkerOrder; // oxlint-disable-line typescript/no-unsafe-type-assertion -- from our own main thread
    switch (order.kind) {
      case 'settings':
        judge.setSettings(order.settings);
        outlet.marks = flowMarks(order.settings.connmarkMask);
        outlet.markInspected = order.settings.failGateAbsent === 'closed';
        break;
      case 'table':
        judge.setTable(order.slot, order.bytes);
        break;
      case 'stop':
        return false;
      default:
        order satisfies never;
    }
  }
}

/**
 * Binds the queue with GSO packets, a long queue, and the kernel's own fail-open if that is the policy. `uidErrno`: why
 * the kernel does not name the user behind a packet, 0 when it does.
 */
function openQueue(queueNumber: number, failOpen: boolean): { queue: Fd; uidErrno: number } {
  const queue = netfilterSocket();
  setReceiveBuffer(queue, SOCKET_BUFFER_BYTES);
  ignoreOverruns(queue);
  const request = bindRequest({ queueNumber, copyRange: COPY_RANGE, maxLength: QUEUE_LENGTH, failOpen });
  send(queue, request, request.length);
  // No more than the answers may be read here: the next datagram can be a packet, and one that nobody answers stays in
  // the queue for good. Its connection would hang, for TCP does not repeat what still waits on its own host.
  const answer = new Uint8Array(1024);
  const nextErrno = (): number | null => readError(answer, receive(queue, answer));
  const bound = nextErrno(); // one that may not bind gets this answer alone
  const errno = bound === 0 ? nextErrno() : bound;
  if (errno === 0) return { queue, uidErrno: nextErrno() ?? 0 };
  close(queue);
  throw new Error(
    errno === 1 || errno === 16
      ? `NFQUEUE ${queueNumber} is taken by another program or not permitted (errno ${errno})`
      : `the kernel refused NFQUEUE ${queueNumber} (errno ${errno}): is nfnetlink_queue available?`,
  );
}

/** Null where the family is switched off. */
function rawSocket(family: 4 | 6): Fd | null {
  try {
    return rawIpSocket(family);
  } catch {
    return null;
  }
}

function report(message: WorkerReport): void {
  port?.postMessage(message);
}
