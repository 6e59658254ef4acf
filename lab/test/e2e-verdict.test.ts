/**
 * What a connection gets, seen from both ends of a real network: real clients, real servers, a real `./sallyport up`
 * in the client's own namespace (output hook) and in a router between the two (forward hook).
 *
 * Easy to get wrong: that a client failed proves nothing about what left the machine. The capture at the server is the
 * witness: the handshake is complete, not one payload byte of the client is there, and its side was ended by a reset.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { suite, test, type TestContext } from 'node:test';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import { type Capture, startCapture } from '../src/capture.ts';
import { clientHello } from '../src/client-hello.ts';
import { sendDatagram, startDatagramServer } from '../src/datagram.ts';
import { startEchoServer } from '../src/echo-server.ts';
import { HTTP_CLIENTS, type HttpClient, type Transport } from '../src/http-clients.ts';
import type { Namespace } from '../src/namespace.ts';
import { type Nginx, startNginx } from '../src/nginx.ts';
import { flowsOf } from '../src/pcap.ts';
import { sendRaw } from '../src/raw-client.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab, createRoutedLab, type DualStack, type PairLab } from '../src/topology.ts';

const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const FAMILIES = ['v4', 'v6'] as const;
type Family = (typeof FAMILIES)[number];
/** Each resolves to one address family only, as `v4.NAME` and `v6.NAME`. */
const NAMES = ['bad', 'good', 'warned', 'listed', 'allowed.bad'].map((name) => `${name}.example`);
const GOOD = 'good.example';
const BAD = 'bad.example';
const ECHO_PORT = 8080;

interface Stage {
  readonly lab: PairLab;
  readonly client: Namespace;
  readonly address: DualStack;
  readonly nginx: Nginx;
  readonly sallyport: Sallyport;
}

suite('verdict', needsRoot, () => {
  test('output hook: Sallyport on the client itself', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 2 });
    await using stage = await setUp(lab, lab.client.namespace);
    await everywhere(t, stage);
    await t.test('loopback is never queued', () => loopbackPasses(stage));
    await t.test('answers of inbound connections are never queued', () => inboundPasses(stage));
    await t.test("the agent's own connections are never queued", () => agentPasses(stage));
    await modes(t, stage);
  });

  test('forward hook: Sallyport on a router', async (t) => {
    await using lab = await createRoutedLab({ serverAddresses: 2 });
    await using stage = await setUp(lab, lab.router.namespace);
    await everywhere(t, stage);
    await modes(t, stage);
  });
});

async function setUp(lab: PairLab, protectedNamespace: Namespace): Promise<Stage & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const [address] = lab.server.addresses;
  assert.ok(address);
  const hosts = Object.fromEntries(
    NAMES.flatMap((name) => FAMILIES.map((family) => [`${family}.${name}`, [address[family]]])),
  );
  // Before anything starts: a program keeps the /etc it was started with.
  for (const namespace of new Set([lab.client.namespace, protectedNamespace])) await namespace.setHosts(hosts);
  const subjects = NAMES.map((name) => `*.${name}`);
  const nginx = undo.use(await startNginx(lab.server.namespace, { subjects, accessLog: true }));
  const sallyport = undo.use(await startSallyport(protectedNamespace, { mode: 'block' }));
  const folder = undo.use(await createTemporaryFolder('lists')).path;
  await writeFile(join(folder, 'listed.txt'), 'listed.example\nother-listed.example\n');
  for (const args of [
    ['indicator', 'add', BAD, '--action', 'block'],
    ['indicator', 'add', `allowed.${BAD}`, '--action', 'allow'],
    ['indicator', 'add', 'warned.example', '--action', 'warn'],
    ['feed', 'add', join(folder, 'listed.txt')],
  ]) {
    const { status, stderr } = await sallyport.cli(...args);
    assert.equal(status, 0, stderr);
  }
  await sallyport.until(({ gate }) => gate?.tables.reputation?.hosts === 2);
  const owned = undo.move();
  return {
    lab,
    client: lab.client.namespace,
    address,
    nginx,
    sallyport,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const captureAtServer = ({ lab }: Stage): Promise<Capture> =>
  startCapture(lab.server.namespace, 'eth0', lab.client.address.v4);

/** What holds for both hooks. */
async function everywhere(t: TestContext, stage: Stage): Promise<void> {
  await t.test('a blocked host is reset after the handshake and nothing leaves', () => blockedClients(t, stage));
  await t.test('an allowed host works', async () => {
    await forEachClient(async (client, transport, family) => {
      const { stdout, stderr } = await fetchPage(stage, client, transport, `${family}.${GOOD}`);
      assert.ok(
        stdout.includes(stage.nginx.page.trim().slice(-30)),
        `${client.name} ${transport} ${family}: ${stderr}`,
      );
    });
  });
  await t.test('the reset follows the request at once', () => resetTimes(t, stage));
  await t.test('a warn indicator and a feed block; a more specific allow wins over both', () => precedence(stage));
  await t.test('QUIC Initials are answered with port unreachable', () => quicBlocked(stage));
  await t.test('after the verdict no packet of the flow reaches user space', () => countersStandStill(t, stage));
}

/** Runs `check` for every client, transport and family; clients side by side. */
async function forEachClient(
  check: (client: HttpClient, transport: Transport, family: Family) => Promise<void>,
): Promise<void> {
  for (const family of FAMILIES) {
    for (const transport of ['http', 'tls1.2', 'tls1.3'] as const) {
      const able = HTTP_CLIENTS.filter(({ transports }) => transports.includes(transport));
      await Promise.all(able.map((client) => check(client, transport, family)));
    }
  }
}

const fetchPage = (stage: Stage, client: HttpClient, transport: Transport, host: string) =>
  client.fetch({
    namespace: stage.client,
    transport,
    host,
    address: host.startsWith('v4.') ? stage.address.v4 : stage.address.v6,
    authorityFile: stage.nginx.certificate.authorityFile,
  });

async function blockedClients(t: TestContext, stage: Stage): Promise<void> {
  await using capture = await captureAtServer(stage);
  let runs = 0;
  await forEachClient(async (client, transport, family) => {
    runs++;
    const { stdout, stderr } = await fetchPage(stage, client, transport, `${family}.${BAD}`);
    assert.match(`${stdout}${stderr}`, client.reset, `${client.name} ${transport} ${family}`);
  });

  const segments = await capture.segments();
  // Browsers open a connection to spare and close it again. That nothing was sent shows in the number of its FIN.
  const flows = flowsOf(segments).filter(({ client }) => {
    const sent = segments.filter(({ from }) => from === client);
    const [opening, fin] = [sent.find(({ syn }) => syn), sent.find((segment) => segment.fin)];
    return opening === undefined || fin === undefined || ((fin.sequence - opening.sequence) | 0) !== 1;
  });
  assert.ok(flows.length >= runs, `${flows.length} flows of ${runs} clients`);
  for (const { client, server, fromClient, fromServer } of flows) {
    const name = `${client} to ${server}`;
    assert.ok(fromClient.syn && fromServer.syn, `${name}: handshake`);
    assert.ok(
      segments.some(({ from, ack, syn, rst }) => from === client && ack && !syn && !rst),
      `${name}: third packet of the handshake`,
    );
    assert.deepEqual(fromClient.segmentLengths, [], `${name}: bytes of the request`);
    assert.deepEqual(fromServer.segmentLengths, [], `${name}: bytes of an answer`);
    assert.ok(fromClient.rst, `${name}: the server's side is closed by a reset`);
  }
  const open = await stage.lab.server.namespace.must(['ss', '-Htn', 'state', 'connected', 'exclude', 'time-wait']);
  assert.equal(open, '', 'nothing is left open at the server');
  assert.deepEqual(
    (await stage.nginx.requests()).filter(({ host, serverName }) => `${host} ${serverName}`.includes(BAD)),
    [],
  );
  t.diagnostic(`${runs} clients, ${flows.length} connections, 0 bytes of a request at the server`);
  await eventsOfFlows(stage, flows);
}

/** One ConnectionSuccess and one block with the same FlowId for each connection that the server saw. */
async function eventsOfFlows(stage: Stage, flows: readonly { client: string; server: string }[]): Promise<void> {
  const blocked = (rows: readonly DeviceNetworkEvent[]) => rows.filter(({ EventId }) => EventId === 1126);
  const events = await eventsOnce(stage.sallyport, (rows) => blocked(rows).length >= flows.length);
  const ends = (row: DeviceNetworkEvent): string =>
    [row.LocalIP, row.LocalPort, row.RemoteIP, row.RemotePort].join(' ');
  const plain = (end: string): string => end.replace(/^\[?(.*?)\]?:(\d+)$/, '$1 $2');
  const wanted = flows.map(({ client, server }) => `${plain(client)} ${plain(server)}`).toSorted();
  assert.deepEqual(blocked(events).map(ends).toSorted(), wanted);
  for (const row of blocked(events)) {
    assert.equal(row.ActionType, 'ExploitGuardNetworkProtectionBlocked');
    const connections = events.filter((other) => other.EventId === 0 && flowId(other) === flowId(row));
    assert.deepEqual(
      connections.map((other) => [other.ActionType, ends(other), other.RemoteUrl]),
      [['ConnectionSuccess', ends(row), row.RemoteUrl]],
    );
    assert.match(String(row.RemoteUrl), /^(?:http:\/\/)?v[46]\.bad\.example\/?$/);
  }
}

const flowId = ({ AdditionalFields }: DeviceNetworkEvent): unknown =>
  (JSON.parse(String(AdditionalFields)) as Record<string, unknown>)['FlowId'];

/** Records travel from gate to agent in batches: asks until `complete`. The test runner's time limit bounds it. */
async function eventsOnce(
  sallyport: Sallyport,
  complete: (rows: readonly DeviceNetworkEvent[]) => boolean,
  ...args: readonly string[]
): Promise<DeviceNetworkEvent[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const rows = await sallyport.events(...args);
    if (complete(rows) || performance.now() > deadline) return rows;
  }
}

/** Figures for people; what is asserted is that a reset ended it and not a time-out. */
async function resetTimes(t: TestContext, stage: Stage): Promise<void> {
  for (const family of FAMILIES) {
    const name = `${family}.${BAD}`;
    for (const { what, port, bytes } of [
      { what: 'HTTP', port: 80, bytes: httpGet(name) },
      { what: 'TLS 1.2', port: 443, bytes: await clientHello(name, 'tls12') },
      { what: 'TLS 1.3', port: 443, bytes: await clientHello(name, 'small') },
      { what: 'TLS 1.3 post-quantum', port: 443, bytes: await clientHello(name, 'large') },
    ]) {
      const outcome = await sendRaw(stage.client, { host: stage.address[family], port, pieces: [bytes] });
      assert.equal(outcome.end, 'ECONNRESET', `${what} ${family}`);
      assert.ok(outcome.connectedMs !== undefined, `${what} ${family}: connected first`);
      assert.equal(outcome.received, '');
      t.diagnostic(`${what} ${family}: reset ${(outcome.endedMs - outcome.connectedMs).toFixed(1)} ms after connect`);
    }
  }
}

const httpGet = (host: string): Buffer => Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

/** Resets, or answers, for an HTTP request and a TLS hello. */
async function verdicts(stage: Stage, name: string): Promise<string[]> {
  const ends: string[] = [];
  for (const family of FAMILIES) {
    const host = `${family}.${name}`;
    for (const [port, bytes] of [
      [80, httpGet(host)],
      [443, await clientHello(host, 'large')],
    ] as const) {
      ends.push((await sendRaw(stage.client, { host: stage.address[family], port, pieces: [bytes] })).end);
    }
  }
  return [...new Set(ends)];
}

async function precedence(stage: Stage): Promise<void> {
  assert.deepEqual(await verdicts(stage, 'warned.example'), ['ECONNRESET']);
  assert.deepEqual(await verdicts(stage, 'listed.example'), ['ECONNRESET']);
  assert.deepEqual(await verdicts(stage, `allowed.${BAD}`), ['data'], 'the longer allowed suffix');
  await stage.sallyport.call('addIndicator', { indicatorValue: 'listed.example', action: 'Allowed' });
  assert.deepEqual(await verdicts(stage, 'listed.example'), ['data'], 'an allow indicator over a feed');
  await stage.sallyport.call('removeIndicator', 'listed.example');
  assert.deepEqual(await verdicts(stage, 'listed.example'), ['ECONNRESET']);
}

/** A datagram as large as a client's Initial (RFC 9000 14.1), with its first byte and version. */
function quicInitial(firstByte: number, version: number): Buffer {
  const datagram = Buffer.alloc(1200, 0x5a);
  datagram[0] = firstByte;
  datagram.writeUInt32BE(version, 1);
  return datagram;
}

const QUIC_V1 = quicInitial(0xc3, 0x0000_0001);
const QUIC_V2 = quicInitial(0xd3, 0x6b33_43cf);
const QUIC_HANDSHAKE = quicInitial(0xe3, 0x0000_0001);
const QUIC_PORT = 443;

/** How each datagram ended, in both families; the server's word counts for what passed. */
async function sendQuic(stage: Stage, datagrams: readonly Buffer[]): Promise<{ ends: string[]; received: number }> {
  const ends: string[] = [];
  let received = 0;
  for (const family of FAMILIES) {
    const host = stage.address[family];
    await using server = await startDatagramServer(stage.lab.server.namespace, host, QUIC_PORT);
    for (const bytes of datagrams) ends.push((await sendDatagram(stage.client, host, QUIC_PORT, bytes)).end);
    received += server.received();
  }
  return { ends, received };
}

async function quicBlocked(stage: Stage): Promise<void> {
  const refused = ['ECONNREFUSED', 'ECONNREFUSED'];
  assert.deepEqual(await sendQuic(stage, [QUIC_V1, QUIC_V2]), { ends: [...refused, ...refused], received: 0 });
  const others = [QUIC_HANDSHAKE, QUIC_V1.subarray(0, 1199), Buffer.from('a datagram of something else')];
  assert.deepEqual(await sendQuic(stage, others), { ends: Array<string>(6).fill('data'), received: 6 });
  await set(stage, 'QuicHandling', 'allow');
  assert.deepEqual(await sendQuic(stage, [QUIC_V1, QUIC_V2]), { ends: Array<string>(4).fill('data'), received: 4 });
  await set(stage, 'QuicHandling', 'block');
  assert.deepEqual(await sendQuic(stage, [QUIC_V1]), { ends: refused, received: 0 });
}

async function set(stage: Stage, name: string, value: string): Promise<void> {
  const { status, stderr } = await stage.sallyport.cli('config', 'set', name, value);
  assert.equal(status, 0, stderr);
}

async function countersStandStill(t: TestContext, stage: Stage): Promise<void> {
  const curl = (...args: readonly string[]): Promise<string> =>
    stage.client.must(['curl', '-sS', '--fail', '--cacert', stage.nginx.certificate.authorityFile, ...args]);
  await using folder = await createTemporaryFolder('upload');
  const file = join(folder.path, 'upload');
  await writeFile(file, Buffer.alloc(20_000_000));
  for (const family of FAMILIES) {
    const host = `${family}.${GOOD}`;
    for (const { what, run } of [
      { what: 'HTTP download', run: () => curl('-o', '/dev/null', '-w', '%{size_download}', `http://${host}/bulk`) },
      { what: 'TLS download', run: () => curl('-o', '/dev/null', '-w', '%{size_download}', `https://${host}/bulk`) },
      { what: 'TLS upload', run: () => curl('-T', file, '-w', '%{size_upload}', `https://${host}/upload`) },
    ]) {
      const before = await stage.sallyport.queued();
      const bytes = Number(await run());
      const packets = (await stage.sallyport.queued()) - before;
      t.diagnostic(`${what} ${family}: ${bytes} bytes, ${packets} packets queued`);
      assert.equal(bytes, what.endsWith('upload') ? 20_000_000 : stage.nginx.bulkBytes);
      assert.equal(packets, 1, `${what} ${family}: the request or the hello alone`);
    }
  }
  const kernel = await stage.sallyport.queued();
  await stage.sallyport.until(({ gate }) => gate?.packets === kernel);
}

async function loopbackPasses(stage: Stage): Promise<void> {
  await using server = await startEchoServer(stage.client, ECHO_PORT);
  const before = await stage.sallyport.queued();
  for (const host of ['127.0.0.1', '::1', stage.lab.client.address.v4, stage.lab.client.address.v6]) {
    const outcome = await sendRaw(stage.client, { host, port: ECHO_PORT, pieces: [httpGet(BAD)] });
    assert.equal(outcome.end, 'data', host);
  }
  assert.equal((await server.connections(4)).length, 4);
  assert.equal(await stage.sallyport.queued(), before);
}

async function inboundPasses(stage: Stage): Promise<void> {
  await using server = await startEchoServer(stage.client, ECHO_PORT);
  const before = await stage.sallyport.queued();
  for (const family of FAMILIES) {
    // The answer is the request sent back: bytes that would be judged in the other direction.
    for (const bytes of [httpGet(BAD), await clientHello(BAD, 'large')]) {
      const host = stage.lab.client.address[family];
      const outcome = await sendRaw(stage.lab.server.namespace, { host, port: ECHO_PORT, pieces: [bytes] });
      assert.equal(outcome.end, 'data', family);
    }
  }
  assert.equal((await server.connections(4)).length, 4);
  assert.equal(await stage.sallyport.queued(), before);
}

async function agentPasses(stage: Stage): Promise<void> {
  await using folder = await createTemporaryFolder('feed');
  await writeFile(join(folder.path, 'list.txt'), 'warned-by-feed.example\nmore.example\n');
  const argv = ['python3', '-u', '-m', 'http.server', '8081', '--bind', '::', '--directory', folder.path] as const;
  await using server = stage.lab.server.namespace.spawn(argv);
  await server.waitForOutput(/Serving HTTP/);
  for (const family of FAMILIES) {
    const url = `http://${family}.${BAD}:8081/list.txt`;
    // Everybody else is refused this very URL.
    const { stderr } = await stage.client.exec(['curl', '-sS', '-m', '15', url]);
    assert.match(stderr, /reset by peer/);
    const before = await stage.sallyport.queued();
    const { status, stderr: complaint } = await stage.sallyport.cli('feed', 'add', url);
    assert.equal(status, 0, complaint);
    assert.equal(await stage.sallyport.queued(), before);
    await stage.sallyport.cli('feed', 'remove', url);
  }
}

async function modes(t: TestContext, stage: Stage): Promise<void> {
  await t.test('audit: everything works and 1125 is recorded', async () => {
    await set(stage, 'EnableNetworkProtection', 'audit');
    await using capture = await captureAtServer(stage);
    await forEachClient(async (client, transport, family) => {
      const { stdout, stderr } = await fetchPage(stage, client, transport, `${family}.${BAD}`);
      assert.ok(
        stdout.includes(stage.nginx.page.trim().slice(-30)),
        `${client.name} ${transport} ${family}: ${stderr}`,
      );
    });
    const named = (await capture.flows()).filter(({ fromClient }) => fromClient.payload.length > 0);
    const rows = await eventsOnce(stage.sallyport, ({ length }) => length >= named.length, '--id', '1125');
    const ports = rows.map((row) => `${row.LocalIP} ${row.LocalPort} ${row.ActionType}`);
    for (const { client } of named) {
      const wanted = client.replace(/^\[?(.*?)\]?:(\d+)$/, '$1 $2 ExploitGuardNetworkProtectionAudited');
      assert.equal(ports.filter((port) => port === wanted).length, 1, wanted);
    }
    assert.equal((await sendQuic(stage, [QUIC_V1])).received, 2);
  });

  await t.test('disabled: everything works and no rule of ours is loaded', async () => {
    await set(stage, 'EnableNetworkProtection', 'disabled');
    assert.deepEqual(await verdicts(stage, BAD), ['data']);
    assert.equal((await sendQuic(stage, [QUIC_V1])).received, 2);
    const { namespace } = stage.sallyport;
    for (const argv of [['nft', 'list', 'ruleset'], ['iptables-nft-save'], ['ip6tables-nft-save']] as const) {
      assert.doesNotMatch(await namespace.must([...argv]), /sallyport|queue|nfqueue/i, argv[0]);
    }
  });

  await t.test('block again: blocked again', async () => {
    await set(stage, 'EnableNetworkProtection', 'block');
    assert.deepEqual(await verdicts(stage, BAD), ['ECONNRESET']);
    assert.deepEqual(await verdicts(stage, GOOD), ['data']);
  });
}
