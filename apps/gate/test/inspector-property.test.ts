/**
 * The rule that everything hangs on, for any way to cut, reorder, repeat and mix a client's bytes: no packet leaves that
 * holds a byte at or behind the start of a request with a bad name, every packet gets exactly one verdict, and the
 * verdict is that of the same bytes in one piece.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { HOOK_FORWARD, HOOK_LOCAL_OUT } from '../src/netlink/queue.ts';
import { HOLD_MS } from '../src/queue/inspector.ts';
import { hello } from './client-hello.ts';
import { bytesOf, concat } from './packets.ts';
import { Bench, Client } from './recording-outlet.ts';

interface Message {
  readonly bytes: Uint8Array;
  readonly bad: boolean;
  /** Bytes up to which it must have come to be read: its head, or all of a hello. */
  readonly needed: number;
}

const LURE = 'GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n';

const name = (bad: boolean): string => (bad ? 'Bad.Example' : 'good.example');
const message = (text: string, bad: boolean): Message => {
  const end = /\S\r?\n\r?\n/.exec(text);
  return { bytes: bytesOf(text), bad, needed: end === null ? text.length : end.index + end[0].length };
};

const anyBad = fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0);
const request: fc.Arbitrary<Message> = fc.oneof(
  anyBad.map((bad) => message(`GET /x HTTP/1.1\r\nHost: ${name(bad)}\r\n\r\n`, bad)),
  anyBad.map((bad) => message(`\r\nget http://${name(bad)}:8080/ HTTP/1.1\nhost: good.example\n\n`, bad)),
  anyBad.map((bad) => message(`GET / HTTP/1.1\r\nHost: other.example\r\nHost: ${name(bad)}\r\n\r\n`, bad)),
  // Bodies hold what looks like a request to a bad host: only a reader that lost its place would find it.
  fc
    .tuple(anyBad, fc.nat(3))
    .map(([bad, times]) =>
      message(
        `POST / HTTP/1.1\r\nHost: ${name(bad)}\r\nContent-Length: ${LURE.length * times}\r\n\r\n${LURE.repeat(times)}`,
        bad,
      ),
    ),
  fc.tuple(anyBad, fc.nat(3)).map(([bad, times]) => {
    const chunk = `${LURE.length.toString(16)};a=b\r\n${LURE}\r\n`;
    return message(
      `POST / HTTP/1.1\r\nHost: ${name(bad)}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(times)}0\r\nT: ${LURE.slice(0, 12)}\r\n\r\n`,
      bad,
    );
  }),
  anyBad.map((bad) => message(`CONNECT ${name(bad)}:443 HTTP/1.1\r\n\r\n`, bad)),
);
const ending: fc.Arbitrary<Message | null> = fc.oneof(
  fc.constant(null),
  fc.tuple(anyBad, fc.integer({ min: 1, max: 5 })).map(([bad, records]) => {
    const bytes = hello(name(bad).toLowerCase(), { records });
    return { bytes, bad, needed: bytes.length };
  }),
);

interface Slice {
  readonly from: number;
  readonly to: number;
}

/** A way to send `length` bytes: the first segment first, the rest in any order, with repetitions cut anywhere. */
const sending = (length: number): fc.Arbitrary<Slice[]> =>
  fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: length }), { maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(length - 1), fc.integer({ min: 1, max: 200 })), { maxLength: 6 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 }),
      fc.boolean(),
    )
    .map(([cuts, repeats, keys, inOrder]) => {
      const edges = [...new Set([0, ...cuts, length])].toSorted((a, b) => a - b);
      const slices = edges.slice(1).map((to, index) => ({ from: edges[index] ?? 0, to }));
      const extra = repeats.map(([from, size]) => ({ from, to: Math.min(length, from + size) }));
      const [first, ...rest] = slices;
      const all = [...rest, ...extra].map((slice, index) => ({ slice, key: keys[index] ?? 0 }));
      if (!inOrder) all.sort((a, b) => a.key - b.key);
      return [...(first === undefined ? [] : [first]), ...all.map(({ slice }) => slice)];
    });

const conversation = fc
  .tuple(fc.array(request, { minLength: 0, maxLength: 5 }), ending)
  .map(([requests, last]) => (last === null ? requests : [...requests, last]))
  .filter((messages) => messages.length > 0)
  .chain((messages) => {
    const bytes = concat(...messages.map((each) => each.bytes));
    const badAt = messages.findIndex(({ bad }) => bad);
    const before = badAt === -1 ? messages : messages.slice(0, badAt);
    const badStart = badAt === -1 ? Infinity : before.reduce((sum, each) => sum + each.bytes.length, 0);
    return fc.record({
      bytes: fc.constant(bytes),
      badStart: fc.constant(badStart),
      badEnd: fc.constant(badStart + (messages[badAt]?.needed ?? 0)),
      slices: sending(bytes.length),
      initial: fc.oneof(fc.nat(0xffff_ffff), fc.constant(0xffff_fff0)),
    });
  });

suite('any cut of any conversation', () => {
  test('nothing at or behind a bad name leaves, every packet has one verdict, cutting changes none', () => {
    let blocked = 0;
    let passed = 0;
    fc.assert(
      fc.property(conversation, ({ bytes, badStart, slices, initial }) => {
        const bench = new Bench();
        const client = new Client(bench, { initial });
        const sent: { readonly id: number; readonly slice: Slice }[] = [];
        let decided: string | undefined;
        for (const slice of slices) {
          // As in the kernel: once a flow is allowed or blocked for good its packets are not queued any more.
          const fates = new Set(bench.outlet.fates.values());
          decided = fates.has('block') ? 'block' : fates.has('allow') ? 'allow' : undefined;
          if (decided !== undefined) break;
          sent.push({ id: client.send(slice.from, bytes.slice(slice.from, slice.to)), slice });
        }
        bench.inspector.expire(HOLD_MS);
        for (const { id, slice } of sent) {
          const fate = bench.outlet.fates.get(id);
          assert.ok(fate !== undefined, `packet ${id} never got a verdict`);
          if (fate !== 'block' && fate !== 'drop') {
            assert.ok(slice.to <= badStart, `${fate} of [${slice.from}, ${slice.to}), bad from ${badStart}`);
          }
        }
        const fates = [...bench.outlet.fates.values()];
        assert.equal(fates.includes('block'), badStart !== Infinity, fates.join(' '));
        if (badStart === Infinity) assert.ok(!fates.includes('drop'));
        if (badStart === Infinity) passed++;
        else blocked++;
        assert.equal(bench.inspector.holding, 0);
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1000) },
    );
    assert.ok(blocked > 100 && passed > 100, 'both kinds came up');
  });

  test('in order but slow: what is too late passes, yet never the bytes that complete a bad name', () => {
    let late = 0;
    fc.assert(
      fc.property(
        conversation,
        fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
        ({ bytes, badStart, badEnd, slices, initial }, pauses) => {
          const bench = new Bench();
          const client = new Client(bench, { initial });
          const edges = [...new Set(slices.map(({ to }) => to))].toSorted((a, b) => a - b);
          let nowMs = 0;
          let from = 0;
          for (const [index, to] of edges.entries()) {
            const fates = new Set(bench.outlet.fates.values());
            if (fates.has('block') || fates.has('allow')) break;
            const id = client.send(from, bytes.slice(from, to), { nowMs });
            if (pauses[index] === true) bench.inspector.expire((nowMs += 2 * HOLD_MS));
            const fate = bench.outlet.fates.get(id);
            const stopped = fate === undefined || fate === 'block' || fate === 'drop';
            assert.ok(stopped || to < badEnd, `${fate} of [${from}, ${to}), bad [${badStart}, ${badEnd})`);
            if (!stopped && to > badStart) late++;
            from = to;
          }
          bench.inspector.expire(nowMs + HOLD_MS);
          const fates = [...bench.outlet.fates.values()];
          assert.equal(fates.includes('block'), badStart !== Infinity, fates.join(' '));
          assert.equal(bench.inspector.holding, 0);
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1000) },
    );
    assert.ok(late > 20, 'the time cap was reached');
  });

  test('whatever bytes come, in whatever order: no exception, one verdict each, the table stays bounded', () => {
    const anySegment = fc.record({
      offset: fc.oneof(fc.nat(300), fc.integer({ min: -40_000, max: 40_000 }), fc.nat(0xffff_ffff)),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(LURE, 'GET / HT', 'CONNECT x:1 HTTP/1.1\r\n\r\n').map(bytesOf),
      ),
      flags: fc.constantFrom('AP', 'AP', 'AP', 'S', 'AF'),
      hook: fc.constantFrom(HOOK_LOCAL_OUT, HOOK_FORWARD),
      port: fc.nat(2),
      more: fc.constantFrom(0, 0, 0, 70_000),
      pauseMs: fc.constantFrom(0, 0, 100, 300),
    });
    fc.assert(
      fc.property(
        fc.array(anySegment, { maxLength: 40 }),
        fc.constantFrom('open' as const, 'closed' as const),
        (segments, policy) => {
          const bench = new Bench();
          bench.judge.failInspectionLimit = policy;
          const clients = [0, 1, 2].map((port) => new Client(bench, { port }));
          let nowMs = 0;
          let id = 0;
          for (const { offset, payload, flags, hook, port, more, pauseMs } of segments) {
            id = clients[port]?.send(offset, payload, { flags, hook, more, nowMs }) ?? 0;
            nowMs += pauseMs;
            bench.inspector.expire(nowMs);
          }
          bench.inspector.expire(nowMs + HOLD_MS);
          assert.equal(bench.outlet.fates.size, id);
          assert.equal(bench.inspector.holding, 0);
          assert.ok(bench.inspector.flows <= 3);
        },
      ),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    );
  });
});
