/**
 * One suite for everything that implements `Control`: the core itself, the core behind the control socket, and the
 * core that a command opens when no agent runs. A feed is read by the real child process.
 */
import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { Control, ImportLine } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import type { IndicatorInput } from '@sallyport/contract/indicator';

import { connectControl } from '../src/control/client.ts';
import { ControlServer } from '../src/control/server.ts';
import { AgentCore } from '../src/core/agent-core.ts';
import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { openOffline } from '../src/core/offline.ts';
import { policyProgram } from '../src/core/policy-program.ts';
import { temporaryState, type TemporaryState } from './state-fixture.ts';

interface Opened extends AsyncDisposable {
  readonly control: Control;
}

const program = feedReaderProgram();
const coreIn = (state: TemporaryState): AgentCore =>
  new AgentCore({ directory: state.directory, feedReader: program, policyCompiler: policyProgram() });

const implementations: Record<string, (state: TemporaryState) => Promise<Opened>> = {
  core: async (state) => {
    const core = coreIn(state);
    return { control: core, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
  },
  socket: async (state) => {
    await using stack = new AsyncDisposableStack();
    const core = stack.use(coreIn(state));
    stack.use(await ControlServer.listen(state.directory.controlSocket, core));
    const control = await connectControl(state.root);
    assert.ok(control !== null);
    const owned = stack.move();
    return { control, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  },
  offline: async (state) => {
    const control = await openOffline(state.root);
    return { control, [Symbol.asyncDispose]: async () => control[Symbol.asyncDispose]() };
  },
};

const fault =
  (code: ControlError['code'], message: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof ControlError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };

async function* importLines(lines: readonly ImportLine[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
}

const block = (indicatorValue: string): IndicatorInput => ({ indicatorValue, action: 'Block' });

async function collect(events: AsyncIterable<DeviceNetworkEvent>): Promise<DeviceNetworkEvent[]> {
  const all: DeviceNetworkEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

function feedFile(state: TemporaryState, name: string, content: string | Uint8Array): string {
  const path = join(state.root, name);
  writeFileSync(path, content);
  return path;
}

for (const [kind, open] of Object.entries(implementations)) {
  suite(`Control: ${kind}`, () => {
    test('settings: get, set, the 5007 row', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      assert.partialDeepStrictEqual(await control.settings(), [
        { name: 'EnableNetworkProtection', value: 'block', source: 'default' },
      ]);
      assert.deepEqual(await control.set('EnableNetworkProtection', 'audit'), {
        name: 'EnableNetworkProtection',
        value: 'audit',
        source: 'local',
      });
      await assert.rejects(control.set('EnableNetworkProtecton', 'audit'), fault('not-found', /did you mean/));
      const rows = await collect(control.events({ ids: [5007] }));
      assert.equal(rows.length, 1);
      assert.deepEqual(JSON.parse(String(rows[0]?.AdditionalFields)), {
        OldValue: 'EnableNetworkProtection = block',
        NewValue: 'EnableNetworkProtection = audit',
        Source: 'local',
      });
    });

    test('indicators: add, replace, check, remove by value in any spelling and by id', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      const first = await control.addIndicator(block('Bad.Example'));
      const second = await control.addIndicator({ ...block('bad.example'), action: 'Warn', title: 'careful' });
      assert.equal(second.id, first.id);
      assert.partialDeepStrictEqual(await control.indicators(), [{ indicatorValue: 'bad.example', action: 'Warn' }]);
      const checked = await control.check('www.bad.example');
      assert.partialDeepStrictEqual(checked, {
        effect: 'warn',
        responseCategory: 'CustomBlockList',
        rule: { title: 'careful' },
      });
      assert.partialDeepStrictEqual(await control.check('fine.example'), { effect: 'pass', rule: null });
      assert.equal((await control.removeIndicator('BAD.example.')).id, first.id);
      await assert.rejects(control.removeIndicator('bad.example'), fault('not-found', /indicator list/));
      const third = await control.addIndicator(block('203.0.113.9'));
      assert.notEqual(third.id, first.id);
      await control.removeIndicator(third.id);
      assert.deepEqual(await control.indicators(), []);
    });

    test('indicators: a refusal names the field and changes nothing', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      await assert.rejects(control.addIndicator(block('1.2.3.999')), fault('invalid', /^indicatorValue: .*999/));
      const past = { ...block('a.example'), expirationTime: '2020-01-01T00:00:00Z' };
      await assert.rejects(control.addIndicator(past), fault('invalid', /^expirationTime: .*past/));
      assert.deepEqual(await control.indicators(), []);
    });

    test('import: all or nothing, with every failure', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      const result = await control.importIndicators(
        importLines([
          { row: 2, input: block('a.example') },
          { row: 3, input: block('1.2.3') },
          { row: 4, input: { ...block('b.example'), expirationTime: 'soon' } },
          { row: 5, field: 'title', reason: 'is empty' },
        ]),
      );
      assert.equal(result.imported, 0);
      assert.equal(result.failed, 3);
      assert.deepEqual(
        result.failures.map(({ row, field }) => [row, field]),
        [
          [3, 'indicatorValue'],
          [4, 'expirationTime'],
          [5, 'title'],
        ],
      );
      assert.deepEqual(await control.indicators(), []);
      // Longer than one frame of the socket.
      const many = Array.from({ length: 3000 }, (_, i) => ({
        row: i,
        input: { ...block(`h${i}.example`), description: 'x'.repeat(500) },
      }));
      assert.deepEqual(await control.importIndicators(importLines(many)), { imported: 3000, failed: 0, failures: [] });
      assert.equal((await control.indicators({ limit: 5000 })).length, 3000);
      assert.equal((await control.check('h2999.example')).effect, 'block');
    });

    test('feeds: add from content, check, refresh, remove', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      const path = feedFile(state, 'list.txt', '0.0.0.0 bad.example\n0.0.0.0 worse.example\n');
      const progress: string[] = [];
      const added = await control.addFeed(
        { location: path, format: 'detect', category: 'phishing' },
        createReadStream(path),
        (line) => progress.push(line),
      );
      assert.partialDeepStrictEqual(added, { id: '1', format: 'hosts', entries: { hosts: 2 }, problem: null });
      assert.ok(progress.length > 0);
      assert.partialDeepStrictEqual(await control.check('worse.example'), {
        effect: 'block',
        responseCategory: 'Phishing',
        rule: { source: 'feed', id: '1' },
      });
      await assert.rejects(
        control.addFeed({ location: path, format: 'detect', category: 'phishing' }, createReadStream(path)),
        fault('conflict', /feed refresh 1/),
      );
      writeFileSync(path, '0.0.0.0 bad.example\n');
      assert.partialDeepStrictEqual(await control.refreshFeed('1', createReadStream(path)), { entries: { hosts: 1 } });
      assert.equal((await control.check('worse.example')).effect, 'pass');
      assert.equal((await control.removeFeed(path)).id, '1');
      assert.equal((await control.check('bad.example')).effect, 'pass');
      assert.deepEqual(await control.feeds(), []);
      assert.deepEqual(readdirSync(state.directory.feeds), []);
      await assert.rejects(control.removeFeed('1'), fault('not-found', /no such feed/));
    });

    test('feeds: what cannot be used is refused and nothing changes', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const { control } = opened;
      const good = feedFile(state, 'good.txt', 'bad.example\n');
      await control.addFeed({ location: good, format: 'domains', category: 'malicious' }, createReadStream(good));
      const binary = feedFile(state, 'binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1]));
      const add = (location: string, format = 'detect', category = 'c2') =>
        control.addFeed({ location, format, category }, existsSync(location) ? createReadStream(location) : undefined);
      await assert.rejects(add(binary), fault('invalid', /binary/));
      await assert.rejects(add(good.replace('good', 'missing')), fault('invalid', /no such file/));
      await assert.rejects(add(binary, 'table'), fault('invalid', /^format: .*hosts/));
      await assert.rejects(add(binary, 'hosts', 'nasty'), fault('invalid', /^category: .*phishing/));
      await control.set('FeedMaxBytes', '1024');
      const large = feedFile(state, 'large.txt', 'a.example\n'.repeat(1000));
      await assert.rejects(add(large), fault('invalid', /FeedMaxBytes/));
      writeFileSync(good, 'not a list at all, but prose\n'.repeat(30));
      await assert.rejects(control.refreshFeed('1', createReadStream(good)), fault('invalid', /good\.txt/));
      assert.deepEqual(
        (await control.feeds()).map(({ id, entries }) => [id, entries.hosts]),
        [['1', 1]],
      );
      assert.match((await control.feeds())[0]?.problem ?? '', /good\.txt/);
      assert.equal((await control.check('bad.example')).effect, 'block');
      assert.equal(readdirSync(state.directory.feeds).length, 1);
    });

    test('feeds: from a URL', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const server = createServer((request, response) => {
        response.statusCode = request.url === '/list' ? 200 : 404;
        response.end('||bad.example^\n||other.example^\n@@||good.bad.example^\n');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const base = `http://127.0.0.1:${port}`;
      try {
        const added = await opened.control.addFeed({ location: `${base}/list`, format: 'detect', category: 'c2' });
        assert.partialDeepStrictEqual(added, { format: 'adblock', entries: { hosts: 2 }, exceptions: 1 });
        assert.equal((await opened.control.check('bad.example')).responseCategory, 'C2');
        assert.equal((await opened.control.check('good.bad.example')).effect, 'pass');
        const missing = opened.control.addFeed({ location: `${base}/none`, format: 'detect', category: 'c2' });
        await assert.rejects(missing, fault('invalid', /404/));
      } finally {
        server.close();
      }
    });

    test('check: what is no target is refused', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      await assert.rejects(opened.control.check('10.0.0.0/8'), fault('invalid', /network/));
      await assert.rejects(opened.control.check('1.2.3.999'), fault('invalid', /999/));
      const note = (await opened.control.check('https://a.example/path')).reasons[0] ?? '';
      assert.match(note, /Over TLS/);
    });

    test('status', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      await opened.control.addIndicator(block('a.example'));
      assert.partialDeepStrictEqual(await opened.control.status(), {
        stateDirectory: state.root,
        networkProtectionStatus: 'stopped',
        mode: 'block',
        gate: null,
        failPolicy: { FailPolicyGateAbsent: 'open' },
        indicators: 1,
        feeds: [],
        problems: [],
      });
    });

    test('following sees what is new, until it is stopped', async () => {
      using state = temporaryState();
      await using opened = await open(state);
      const abort = new AbortController();
      const news = opened.control.followEvents({ ids: [5007], sinceMs: 0 }, abort.signal)[Symbol.asyncIterator]();
      await opened.control.set('QuicHandling', 'allow');
      const first = await news.next();
      assert.equal(first.done === true ? null : first.value.EventId, 5007);
      const next = news.next();
      await opened.control.set('QuicHandling', 'block');
      const second = await next;
      assert.match(String(second.done === true ? '' : second.value.AdditionalFields), /QuicHandling = block/);
      const last = news.next();
      abort.abort();
      assert.equal((await last).done, true);
    });

    test('everything is there again after closing', async () => {
      using state = temporaryState();
      const path = feedFile(state, 'list.txt', 'bad.example\n');
      {
        await using opened = await open(state);
        await opened.control.addIndicator(block('a.example'));
        await opened.control.set('QuicHandling', 'allow');
        await opened.control.addFeed({ location: path, format: 'detect', category: 'c2' }, createReadStream(path));
      }
      await using opened = await open(state);
      assert.equal((await opened.control.indicators()).length, 1);
      assert.equal((await opened.control.check('bad.example')).effect, 'block');
      assert.partialDeepStrictEqual(await opened.control.status(), { indicators: 1, feeds: [{ id: '1' }] });
    });
  });
}

suite('control socket', () => {
  test('mode 0600, gone afterwards, and nobody there is null', async () => {
    using state = temporaryState();
    assert.equal(await connectControl(state.root), null);
    {
      await using core = coreIn(state);
      await using _ = await ControlServer.listen(state.directory.controlSocket, core);
      assert.equal(statSync(state.directory.controlSocket).mode & 0o777, 0o600);
    }
    assert.equal(existsSync(state.directory.controlSocket), false);
    writeFileSync(state.directory.controlSocket, '');
    assert.equal(await connectControl(state.root), null);
  });

  test('a state directory has one owner', async () => {
    using state = temporaryState();
    await using _ = coreIn(state);
    await assert.rejects(openOffline(state.root), fault('conflict', /in use by another agent or command/));
  });

  const rubbish = [
    { name: 'no frame', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
    { name: 'a frame of unknown type', bytes: Buffer.from([1, 0, 0, 0, 99]) },
    { name: 'no JSON', bytes: Buffer.from([3, 0, 0, 0, 2, 0x7b, 0x7b]) },
    { name: 'an unknown method', bytes: frame('{"method":"format","arguments":[]}') },
    { name: 'arguments of another shape', bytes: frame('{"method":"addIndicator","arguments":["x"]}') },
  ];
  for (const { name, bytes } of rubbish) {
    test(`${name} is answered or cut, and the next client is served`, async () => {
      using state = temporaryState();
      await using core = coreIn(state);
      await using _ = await ControlServer.listen(state.directory.controlSocket, core);
      const socket = connect(state.directory.controlSocket);
      socket.on('error', () => {});
      socket.resume();
      socket.write(bytes);
      await new Promise((resolve) => socket.once('close', resolve));
      const control = await connectControl(state.root);
      assert.equal((await control?.status())?.mode, 'block');
    });
  }

  test('content that cannot be read is the error, not the broken request', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    await using _ = await ControlServer.listen(state.directory.controlSocket, core);
    const control = await connectControl(state.root);
    const directory = join(state.root, 'folder');
    mkdirSync(directory);
    const failed = control?.addFeed(
      { location: directory, format: 'detect', category: 'c2' },
      createReadStream(directory),
    );
    await assert.rejects(failed ?? Promise.resolve(), /EISDIR/);
    assert.deepEqual(await control?.feeds(), []);
  });
});

function frame(json: string): Buffer {
  const body = Buffer.from(json);
  const head = Buffer.from([0, 0, 0, 0, 2]);
  head.writeUInt32LE(body.length + 1, 0);
  return Buffer.concat([head, body]);
}
