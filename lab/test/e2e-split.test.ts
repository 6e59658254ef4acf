/**
 * A name cut anywhere is the same name: hellos and request heads in two segments at every byte position, hellos in two
 * to five TLS records, several requests on one connection, and a name inside a tunnel, through a real gate to a server
 * that records every byte it was sent.
 *
 * Easy to get wrong: a gate that passes the first half and blocks at the second gives the right verdict and leaks.
 * So what the server received is compared, not only how the client ended.
 */
import assert from 'node:assert/strict';
import { getuid } from 'node:process';
import { suite, test, type TestContext } from 'node:test';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import { clientHello, inRecords } from '../src/client-hello.ts';
import { cutAt, sendCut, type Steps } from '../src/cut-connections.ts';
import { startEchoServer } from '../src/echo-server.ts';
import { createPairLab, type PairLab } from '../src/topology.ts';

const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const BAD = 'name-to-block.example';
const GOOD = 'name-to-allow.example';
/** Random cuts for each number of records; the positions are the same in every run. */
const RECORD_SAMPLES = Number(process.env['SALLYPORT_E2E_RECORD_SAMPLES'] ?? 200);
let port = 9000;

suite('split names', needsRoot, () => {
  test('cut hellos and request heads get the verdict of the whole', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using sallyport = await startSallyport(lab.client.namespace, { mode: 'block' });
    await sallyport.call('addIndicator', { indicatorValue: BAD, action: 'Block' });
    const run: Run = (step, family, build) => compare(step, { lab, sallyport }, family, build);

    for (const kind of ['small', 'large', 'tls12'] as const) {
      const family = kind === 'large' ? 'v6' : 'v4';
      await t.test(`${kind} hello, two segments, every position`, (step) =>
        run(step, family, async (name) => everyCut(await clientHello(name, kind))),
      );
    }
    await t.test('small hello, two records, every position', (step) =>
      run(step, 'v6', async (name) => {
        const hello = await clientHello(name, 'small');
        return positions(hello.length - RECORD_HEADER).map((at) => [[Buffer.concat(inRecords(hello, [at]))]]);
      }),
    );
    for (const kind of ['small', 'large'] as const) {
      await t.test(`${kind} hello, two to five records, each a segment or all in one`, (step) =>
        run(step, 'v4', async (name) => {
          const hello = await clientHello(name, kind);
          return [2, 3, 4, 5].flatMap((records) =>
            randomCuts(records - 1, hello.length - RECORD_HEADER).flatMap((cuts): Steps[] => {
              const pieces = inRecords(hello, cuts);
              return [[pieces], [[Buffer.concat(pieces)]]];
            }),
          );
        }),
      );
    }
    await t.test('large hello in three records, two segments, every position', (step) =>
      run(step, 'v6', async (name) => {
        const hello = await clientHello(name, 'large');
        return everyCut(Buffer.concat(inRecords(hello, [3, Math.trunc(hello.length / 2)])));
      }),
    );
    // Ten segments are a connection's first window (RFC 6928): more would wait for an answer to the held ones.
    await t.test('TLS 1.2 hello in nine segments', (step) =>
      run(step, 'v4', async (name) => {
        const hello = await clientHello(name, 'tls12');
        return randomCuts(8, hello.length).map((cuts) => [cutAt(hello, ...cuts)]);
      }),
    );
    for (const { what, head } of HEADS) {
      await t.test(`HTTP, ${what}, two segments, every position`, (step) =>
        run(step, what === 'origin form' ? 'v6' : 'v4', async (name) => everyCut(Buffer.from(head(name)))),
      );
    }
  });

  test('a name that comes later on the connection', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using sallyport = await startSallyport(lab.client.namespace, { mode: 'block' });
    await sallyport.call('addIndicator', { indicatorValue: BAD, action: 'Block' });
    for (const { what, first, later } of LATER) {
      await t.test(`${what}, the later part at every position`, (step) =>
        compare(
          step,
          { lab, sallyport },
          'v4',
          async (name) => everyCut(await later(name)).map(([pieces]) => [[first], pieces ?? []]),
          first.length,
        ),
      );
    }
    await t.test('pipelined requests in one segment', (step) =>
      compare(step, { lab, sallyport }, 'v6', async (name) => [[[Buffer.from(`${get(GOOD)}${get(name)}`)]]]),
    );
  });
});

const RECORD_HEADER = 5;

const get = (name: string): string => `GET /page HTTP/1.1\r\nHost: ${name}\r\nAccept: */*\r\n\r\n`;

const HEADS = [
  { what: 'origin form', head: get },
  {
    what: 'absolute form',
    head: (name: string) => `GET http://${name}:8080/page?q HTTP/1.1\r\nHost: ${name}:8080\r\n\r\n`,
  },
  {
    what: 'upper case and spaces',
    head: (name: string) => `POST / HTTP/1.1\r\nhOST: \t ${name.toUpperCase()} \r\nContent-Length: 2\r\n\r\nok`,
  },
  { what: 'CONNECT', head: (name: string) => `CONNECT ${name}:443 HTTP/1.1\r\nHost: ${name}:443\r\n\r\n` },
  {
    what: 'last request of a connection',
    head: (name: string) => `GET / HTTP/1.1\r\nConnection: close\r\nHost: ${name}\r\n\r\n`,
  },
];

const bytesOf = (text: string): Promise<Buffer> => Promise.resolve(Buffer.from(text));
const CONNECT = Buffer.from('CONNECT proxy-target.example:443 HTTP/1.1\r\nHost: proxy-target.example:443\r\n\r\n');

const LATER = [
  { what: 'keep-alive request', first: Buffer.from(get(GOOD)), later: (name: string) => bytesOf(get(name)) },
  {
    what: 'request behind a body',
    first: Buffer.from(`POST / HTTP/1.1\r\nHost: ${GOOD}\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2000)}`),
    later: (name: string) => bytesOf(get(name)),
  },
  { what: 'hello in a CONNECT tunnel', first: CONNECT, later: (name: string) => clientHello(name, 'small') },
  { what: 'request in a CONNECT tunnel', first: CONNECT, later: (name: string) => bytesOf(get(name)) },
];

const positions = (length: number): number[] => Array.from({ length: length - 1 }, (_, n) => n + 1);
const everyCut = (bytes: Uint8Array): Steps[] => [
  [[bytes]],
  ...positions(bytes.length).map((at) => [cutAt(bytes, at)]),
];

/** `RECORD_SAMPLES` times `count` different ascending offsets below `length`, from a fixed sequence. */
function randomCuts(count: number, length: number): number[][] {
  // A linear congruential generator (Numerical Recipes' constants): the same cuts in every run.
  let state = 0x5a11 + count;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return Array.from({ length: RECORD_SAMPLES }, () => {
    const cuts = new Set<number>();
    while (cuts.size < count) cuts.add(1 + (next() % (length - 1)));
    return [...cuts].toSorted((a, b) => a - b);
  });
}

interface Stage {
  readonly lab: PairLab;
  readonly sallyport: Sallyport;
}

type Build = (name: string) => Promise<Steps[]>;
type Run = (t: TestContext, family: 'v4' | 'v6', build: Build) => Promise<void>;

/**
 * The same connections with the good and the bad name. Good: everything arrived, and came back, unchanged. Bad: reset,
 * and the server has `judgedBefore` bytes of each connection, which had been allowed on their own, and none behind.
 */
async function compare(
  t: TestContext,
  { lab, sallyport }: Stage,
  family: 'v4' | 'v6',
  build: Build,
  judgedBefore = 0,
): Promise<void> {
  const host = lab.server.addresses[0]?.[family] ?? '';
  const expiredBefore = (await sallyport.status()).gate?.expiredHolds;
  for (const { name, end } of [
    { name: GOOD, end: 'echoed' },
    { name: BAD, end: 'ECONNRESET' },
  ]) {
    const connections = await build(name);
    port++;
    await using server = await startEchoServer(lab.server.namespace, port);
    const queuedBefore = await sallyport.queued();
    const outcomes = await sendCut(lab.client.namespace, { host, port }, connections);
    const received = (await server.connections(connections.length)).map((record) => record.received);
    const different = outcomes.flatMap((outcome, n) =>
      outcome.end === end
        ? []
        : [{ ...outcome, pieces: connections[n]?.map((step) => step.map(({ length }) => length)) }],
    );
    assert.deepEqual(different, [], `${name}: every connection ends as ${end}`);
    const whole = connections.map((steps) => Buffer.concat(steps.flat()));
    const wanted = whole.map((bytes) =>
      bytes.subarray(0, name === BAD ? judgedBefore : bytes.length).toString('base64'),
    );
    // The server's order is that of the ends of connections.
    assert.deepEqual(received.toSorted(), wanted.toSorted(), `${name}: bytes at the server`);
    const queued = (await sallyport.queued()) - queuedBefore;
    const segments = connections.flat(2).length;
    // Fewer: the kernel joined pieces, and less was tried than this test claims. More: it sent a held one again.
    if (name === GOOD) assert.ok(queued >= segments, `${queued} of ${segments} pieces came as segments of their own`);
    t.diagnostic(`${name}: ${connections.length} connections, ${queued} of ${segments} segments queued, all ${end}`);
  }
  assert.equal((await sallyport.status()).gate?.expiredHolds, expiredBefore, 'no verdict came from the time cap');
}
