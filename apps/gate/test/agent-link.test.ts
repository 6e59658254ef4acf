/** The gate's socket, spoken to by agents that behave and by ones that do not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import {
  encodeFrame,
  encodeJsonFrame,
  encodeNumberFrame,
  FRAME,
  type Frame,
  FrameReader,
  type GateStatus,
  MAX_FRAME,
  readJson,
  type TableHandOver,
} from '@sallyport/contract/gate-link';
import { DEFAULT_GATE_SETTINGS, type GateSettings } from '@sallyport/contract/gate-settings';

import { AgentLink } from '../src/link/agent-link.ts';
import { ringBuffer, RingConsumer, RingProducer } from '../src/queue/record-ring.ts';
import { flowRecord, sequencesOf } from './flow-records.ts';

const STATUS: GateStatus = {
  pid: 1,
  startedMs: 2,
  enforcingSinceMs: 3,
  mode: 'block',
  backend: 'nftables',
  queueNumber: 21_000,
  packets: 4,
  verdicts: 5,
  blocked: 6,
  audited: 7,
  held: 0,
  expiredHolds: 0,
  queueDropped: 0,
  userDropped: 0,
  recordsDropped: 0,
  recordsPending: 0,
  rulesRepaired: 0,
  conntrackCount: 0,
  conntrackMax: 0,
  conntrackState: 'ok',
  tables: { indicators: null, reputation: null, categories: null, popular: null },
  problems: [],
};

const sockets: Socket[] = [];

/** The other end. */
class Agent {
  readonly socket: Socket;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  #arrived = Promise.withResolvers<void>();
  readonly ended: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}); // the gate may hang up in the middle of what we send
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(...(this.#reader.push(chunk) ?? []));
      this.#arrived.resolve();
    });
  }

  static async connect(path: string): Promise<Agent> {
    const socket = connect(path);
    sockets.push(socket);
    const agent = new Agent(socket);
    await once(socket, 'connect');
    return agent;
  }

  send(...frames: readonly Uint8Array[]): this {
    this.socket.write(Buffer.concat(frames));
    return this;
  }

  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      this.#arrived = Promise.withResolvers<void>();
      await this.#arrived.promise;
    }
  }

  /** Record sequences, until there are as many as wanted. */
  async records(count: number): Promise<number[]> {
    const found: number[] = [];
    while (found.length < count) {
      const { type, body } = await this.next();
      assert.equal(type, FRAME.records);
      found.push(...sequencesOf(body));
    }
    return found;
  }
}

const HELLO = encodeJsonFrame(FRAME.hello, { lastSequence: 0 });

suite('link', { timeout: 10_000 }, () => {
  let directory = '';
  let path = '';
  let link: AgentLink;
  let applied: (GateSettings | TableHandOver)[] = [];
  let answer: () => Promise<string | null> = () => Promise.resolve(null);

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'gate-link-'));
    path = join(directory, 'gate.sock');
    applied = [];
    answer = () => Promise.resolve(null);
    const handle = (what: GateSettings | TableHandOver): Promise<string | null> => {
      applied.push(what);
      return answer();
    };
    link = await AgentLink.listen(path, { applySettings: handle, applyTable: handle, status: () => STATUS });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    link.close();
    rmSync(directory, { recursive: true });
  });

  test('owner and group may connect, nobody else; closed, the socket is gone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o660);
    link.close();
    assert.equal(existsSync(path), false);
  });

  test('a socket file left by a crash does not stand in the way', async () => {
    const second = await AgentLink.listen(path, {
      applySettings: answer,
      applyTable: answer,
      status: () => STATUS,
    });
    (await Agent.connect(path)).socket.destroy();
    second.close();
  });

  test('who sends orders faster than they are carried out is made to wait', async () => {
    const gate = Promise.withResolvers<string | null>();
    answer = () => gate.promise;
    const agent = await Agent.connect(path);
    // More than lies between two sockets: a settings frame of 200 kB is not understood, but is an order all the same.
    const padded = encodeFrame(FRAME.settings, Buffer.alloc(200_000, ' '));
    const table = encodeJsonFrame(FRAME.table, { slot: 'reputation', file: 'r.tbl' });
    agent.send(HELLO, table, ...Array.from({ length: 100 }, () => padded));
    let left = -1;
    while (left !== agent.socket.writableLength) {
      left = agent.socket.writableLength;
      for (let turn = 0; turn < 50; turn++) await setImmediate();
    }
    assert.ok(left > 10_000_000, `${left} of 20,000,000 bytes are still with who sent them`);
    gate.resolve(null);
    for (let n = 0; n < 101; n++) assert.equal((await agent.next()).type, FRAME.applied);
  });

  test('no more than a few hold the socket', async () => {
    const first = await Promise.all(Array.from({ length: 8 }, () => Agent.connect(path)));
    const ninth = await Agent.connect(path);
    await ninth.ended;
    first[0]?.socket.destroy();
    await first[0]?.ended;
    const agent = await Agent.connect(path);
    agent.send(HELLO, encodeFrame(FRAME.askStatus, new Uint8Array()));
    assert.equal((await agent.next()).type, FRAME.status);
  });

  test('settings and tables are answered in order', async () => {
    const agent = await Agent.connect(path);
    agent.send(
      HELLO,
      encodeJsonFrame(FRAME.settings, DEFAULT_GATE_SETTINGS),
      encodeJsonFrame(FRAME.table, { slot: 'reputation', file: 'r-1.table' }),
    );
    const answers = [await agent.next(), await agent.next()];
    assert.deepEqual(
      answers.map(({ type }) => type),
      [FRAME.applied, FRAME.applied],
    );
    assert.deepEqual(
      answers.map(({ body }) => readJson(body)),
      [
        { what: 'settings', ok: true, reason: '' },
        { what: 'reputation', ok: true, reason: '' },
      ],
    );
    assert.deepEqual(applied, [DEFAULT_GATE_SETTINGS, { slot: 'reputation', file: 'r-1.table' }]);
  });

  test('status is answered while a table takes its time', async () => {
    const agent = await Agent.connect(path);
    const verified = Promise.withResolvers<null>();
    answer = () => verified.promise;
    agent.send(
      HELLO,
      encodeJsonFrame(FRAME.table, { slot: 'reputation', file: 'r-1.table' }),
      encodeFrame(FRAME.askStatus, new Uint8Array(0)),
    );
    assert.deepEqual(readJson((await agent.next()).body), STATUS);
    verified.resolve(null);
    assert.deepEqual(readJson((await agent.next()).body), { what: 'reputation', ok: true, reason: '' });
  });

  test('a refusal is answered with its reason, settings that are none as not understood', async () => {
    const agent = await Agent.connect(path);
    answer = () => Promise.resolve('does not verify');
    agent.send(
      HELLO,
      encodeJsonFrame(FRAME.table, { slot: 'indicators', file: 'i' }),
      encodeJsonFrame(FRAME.settings, { ...DEFAULT_GATE_SETTINGS, mode: 'off' }),
    );
    assert.deepEqual(readJson((await agent.next()).body), { what: 'indicators', ok: false, reason: 'does not verify' });
    assert.deepEqual(readJson((await agent.next()).body), { what: 'settings', ok: false, reason: 'not understood' });
    assert.equal(applied.length, 1);
  });

  test('frames cut anywhere', async () => {
    const agent = await Agent.connect(path);
    const bytes = Buffer.concat([HELLO, encodeJsonFrame(FRAME.settings, DEFAULT_GATE_SETTINGS)]);
    for (let at = 0; at < bytes.length; at += 7) agent.send(bytes.subarray(at, at + 7));
    assert.equal((await agent.next()).type, FRAME.applied);
  });

  const hostile: readonly { readonly name: string; readonly frame: Uint8Array }[] = [
    { name: 'a length beyond the bound', frame: Uint8Array.of(1, 0, 16, 0, 1) },
    { name: 'the largest length', frame: Uint8Array.of(255, 255, 255, 255, 1) },
    { name: 'no length', frame: Uint8Array.of(0, 0, 0, 0, 1) },
    { name: 'unknown type', frame: encodeFrame(99, new Uint8Array(0)) },
    { name: 'a frame only the gate sends', frame: encodeFrame(FRAME.records, new Uint8Array(0)) },
    { name: 'a hello that is no JSON', frame: encodeFrame(FRAME.hello, Buffer.from('{')) },
    { name: 'a hello without its field', frame: encodeJsonFrame(FRAME.hello, { last: 1 }) },
    { name: 'a hello with a text for a number', frame: encodeJsonFrame(FRAME.hello, { lastSequence: '1' }) },
    { name: 'a hello of null', frame: encodeJsonFrame(FRAME.hello, null) },
    { name: 'JSON beyond its bound', frame: encodeFrame(FRAME.hello, new Uint8Array(MAX_FRAME - 1).fill(0x20)) },
    {
      name: 'a table file above',
      frame: encodeJsonFrame(FRAME.table, { slot: 'indicators', file: '../gate/applied' }),
    },
    {
      name: 'a table file at the root',
      frame: encodeJsonFrame(FRAME.table, { slot: 'indicators', file: '/etc/shadow' }),
    },
    {
      name: 'a table file that is a directory',
      frame: encodeJsonFrame(FRAME.table, { slot: 'indicators', file: '..' }),
    },
    { name: 'a table of no slot', frame: encodeJsonFrame(FRAME.table, { slot: 'toString', file: 'a' }) },
    { name: 'an acknowledgement of 7 bytes', frame: encodeFrame(FRAME.acknowledge, new Uint8Array(7)) },
    { name: 'an acknowledgement of NaN', frame: encodeNumberFrame(FRAME.acknowledge, Number.NaN) },
  ];
  for (const { name, frame } of hostile) {
    test(`hostile: ${name} ends the connection, and the next agent is served`, async () => {
      const agent = await Agent.connect(path);
      agent.send(HELLO, frame);
      await agent.ended;
      assert.deepEqual(applied, []);
      const next = await Agent.connect(path);
      next.send(HELLO, encodeFrame(FRAME.askStatus, new Uint8Array(0)));
      assert.equal((await next.next()).type, FRAME.status);
      next.socket.destroy();
    });
  }

  test('nothing is obeyed behind a frame that broke the protocol', async () => {
    const agent = await Agent.connect(path);
    agent.send(HELLO, encodeFrame(99, new Uint8Array(0)), encodeJsonFrame(FRAME.settings, DEFAULT_GATE_SETTINGS));
    await agent.ended;
    const next = await Agent.connect(path);
    next.send(HELLO, encodeFrame(FRAME.askStatus, new Uint8Array(0)));
    await next.next();
    assert.deepEqual(applied, []);
  });

  test('a frame before the hello ends the connection and is not obeyed', async () => {
    for (const frame of [
      encodeJsonFrame(FRAME.settings, DEFAULT_GATE_SETTINGS),
      encodeJsonFrame(FRAME.table, { slot: 'reputation', file: 'r-1.table' }),
      encodeNumberFrame(FRAME.acknowledge, 1),
      encodeFrame(FRAME.askStatus, new Uint8Array(0)),
    ]) {
      const agent = await Agent.connect(path);
      agent.send(frame, HELLO);
      await agent.ended;
    }
    assert.deepEqual(applied, []);
  });

  test('the agent that says hello last is it: the one before is cut off, one that said nothing replaces nobody', async () => {
    const ask = encodeFrame(FRAME.askStatus, new Uint8Array(0));
    const first = await Agent.connect(path);
    const second = await Agent.connect(path);
    first.send(HELLO, ask);
    await first.next();
    first.send(HELLO, ask); // again on the same connection
    await first.next();
    second.send(HELLO, ask);
    assert.equal((await second.next()).type, FRAME.status);
    await first.ended;
    second.send(ask);
    assert.equal((await second.next()).type, FRAME.status);
  });

  test('records come, are sent again to the next agent until they are stored, and then no more', async () => {
    const shared = ringBuffer(100_000);
    const producer = new RingProducer(shared);
    const consumer = new RingConsumer(shared);
    link.setRecords(consumer);
    for (const sequence of [1, 2, 3]) producer.push(flowRecord(sequence, 100));

    const first = await Agent.connect(path);
    first.send(HELLO);
    assert.deepEqual(await first.records(3), [1, 2, 3]);
    first.send(encodeNumberFrame(FRAME.acknowledge, 1), encodeFrame(FRAME.askStatus, new Uint8Array(0)));
    assert.equal((await first.next()).type, FRAME.status);
    first.socket.destroy();
    await first.ended;

    const second = await Agent.connect(path);
    second.send(HELLO);
    // No new record is needed for that: the machine may be idle.
    assert.deepEqual(await second.records(2), [2, 3]);
    second.send(encodeNumberFrame(FRAME.acknowledge, 3), encodeFrame(FRAME.askStatus, new Uint8Array(0)));
    assert.equal((await second.next()).type, FRAME.status);
    assert.equal(consumer.pending, 0);

    producer.push(flowRecord(4));
    assert.deepEqual(await second.records(1), [4]);
  });

  test('records that were judged while no agent was there', async () => {
    const shared = ringBuffer(1_000_000);
    const producer = new RingProducer(shared);
    link.setRecords(new RingConsumer(shared));
    for (let sequence = 1; sequence <= 800; sequence++) producer.push(flowRecord(sequence, 1000));
    const agent = await Agent.connect(path);
    agent.send(HELLO);
    assert.deepEqual(
      await agent.records(800),
      Array.from({ length: 800 }, (_, index) => index + 1),
    );
  });

  test('a handler that throws costs the connection, not the gate', async () => {
    answer = () => Promise.reject(new Error('no space left on device'));
    const agent = await Agent.connect(path);
    agent.send(HELLO, encodeJsonFrame(FRAME.settings, DEFAULT_GATE_SETTINGS));
    await agent.ended;
    const next = await Agent.connect(path);
    next.send(HELLO, encodeFrame(FRAME.askStatus, new Uint8Array(0)));
    assert.equal((await next.next()).type, FRAME.status);
  });
});
