/** Every command, on the fake and on the agent's own core: what holds for one has to hold for the other. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Control } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { connectControl } from '../../src/control/client.ts';
import { ControlServer } from '../../src/control/server.ts';
import { AgentCore } from '../../src/core/agent-core.ts';
import { feedReaderProgram } from '../../src/core/feed-reader-program.ts';
import { policyProgram } from '../../src/core/policy-program.ts';
import { stateDirectory } from '../../src/state/state-directory.ts';
import { event, FakeControl } from './fake-control.ts';
import { NOW_MS, type Outcome, sallyport } from './harness.ts';

process.env['TZ'] = 'UTC';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
after(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const HEADER = 'indicatorType,indicatorValue,action,title,description';

type Opened = Control & Partial<AsyncDisposable>;

const openCore = (): AgentCore =>
  new AgentCore({
    directory: stateDirectory(mkdtempSync(join(folder, 'state-'))),
    feedReader: feedReaderProgram(),
    policyCompiler: policyProgram(),
    now: () => NOW_MS,
  });

/** The core behind the agent's socket, as the command line meets it while the agent runs. */
async function openSocket(): Promise<Opened> {
  const core = openCore();
  const { stateDirectory: root } = await core.status();
  const server = await ControlServer.listen(stateDirectory(root).controlSocket, core);
  const client = await connectControl(root);
  assert.ok(client !== null);
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await core[Symbol.asyncDispose]();
    },
  });
}

const kinds: readonly { name: string; open: () => Opened | Promise<Opened> }[] = [
  { name: 'in-memory control', open: () => new FakeControl(NOW_MS) },
  { name: "the agent's core", open: openCore },
  { name: "the agent's socket", open: openSocket },
];

for (const { name, open } of kinds) {
  suite(`commands on ${name}`, () => {
    const within = (
      title: string,
      body: (cli: (...argv: string[]) => Promise<Outcome>, control: Control) => Promise<void>,
    ): void => {
      test(title, async () => {
        const control = await open();
        try {
          await body((...argv) => sallyport({ control }, ...argv), control);
        } finally {
          await control[Symbol.asyncDispose]?.();
        }
      });
    };

    within('indicators come, are listed, judge, and go', async (cli) => {
      const added = await cli(
        'indicator',
        'add',
        'Evil.Example',
        '--action',
        'BLOCK',
        '--title',
        'Scam',
        '--expires',
        '24h',
        '--severity',
        'high',
      );
      assert.deepEqual(added, {
        code: 0,
        out: 'added Block evil.example (DomainName), expires 2026-11-23 14:00\n',
        err: '',
      });
      const [listed] = JSON.parse((await cli('indicator', 'list', '--json')).out) as Record<string, unknown>[];
      assert.partialDeepStrictEqual(listed, {
        indicatorValue: 'evil.example',
        action: 'Block',
        title: 'Scam',
        severity: 'High',
        expirationTime: '2026-11-23T14:00:00.000Z',
      });
      const check = await cli('check', 'www.evil.example');
      assert.match(check.out, /^BLOCK {2}www\.evil\.example · CustomBlockList · block mode\n/);
      assert.partialDeepStrictEqual(JSON.parse((await cli('check', 'www.evil.example', '--json')).out), {
        effect: 'block',
        rule: { title: 'Scam', source: 'indicator' },
      });
      assert.equal(
        (await cli('indicator', 'remove', 'evil.example')).out,
        'removed Block evil.example (DomainName), expires 2026-11-23 14:00\n',
      );
      assert.match((await cli('check', 'www.evil.example')).out, /^PASS/);
      assert.match((await cli('indicator', 'list')).out, /^no indicators; add one with/);
    });

    within('what is wrong with an indicator is one line, and nothing is stored', async (cli, control) => {
      const cases: { argv: string[]; code: number; err: RegExp }[] = [
        { argv: ['300.1.2.3', '--action', 'block'], code: 1, err: /^sallyport: .*300\.1\.2\.3.*\n$/ },
        {
          argv: ['a.example', '--action', 'block', '--expires', '2020-01-01T00:00:00Z'],
          code: 1,
          err: /^sallyport: .*expirationTime.*\n$/,
        },
        {
          argv: ['a.example', '--action', 'blok'],
          code: 2,
          err: /^sallyport: .*'blok' is no action; did you mean 'block'\?\n$/,
        },
        { argv: ['a.example'], code: 2, err: /^sallyport: .*--action is missing: allow, audit, warn or block\n$/ },
        {
          argv: ['a.example', '--action', 'block', '--expires', 'soon'],
          code: 2,
          err: /^sallyport: --expires does not understand 'soon'.*\n$/,
        },
        { argv: ['a.example', '--action', '--title', 'x'], code: 2, err: /^sallyport: .*--action needs a value.*\n$/ },
        { argv: ['--action', 'block'], code: 2, err: /^sallyport: .*VALUE is missing.*\n$/ },
        {
          argv: ['a.example', 'b.example', '--action', 'block'],
          code: 2,
          err: /^sallyport: .*unexpected argument 'b\.example'.*\n$/,
        },
      ];
      for (const { argv, code, err } of cases) {
        const outcome = await cli('indicator', 'add', ...argv);
        assert.match(outcome.err, err);
        assert.deepEqual([outcome.code, outcome.out], [code, '']);
      }
      assert.deepEqual(await control.indicators(), []);
    });

    within('an import is all or nothing', async (cli, control) => {
      const good = file(
        'good.csv',
        `\ufeff${HEADER},expirationTime\r\nDomainName,a.example,Block,"A, B","two\r\nlines",\r\nIpAddress,203.0.113.7,allowed,C,d,2030-01-31T12:00:00.0Z\r\n`,
      );
      assert.deepEqual(await cli('indicator', 'import', good), {
        code: 0,
        out: `imported 2 indicators from ${good}\n`,
        err: '',
      });
      const before = await control.indicators();
      assert.deepEqual(
        before.map(({ indicatorValue, title }) => [indicatorValue, title]),
        [
          ['a.example', 'A, B'],
          ['203.0.113.7', 'C'],
        ],
      );

      const expired = file(
        'expired.csv',
        `${HEADER},expirationTime\nDomainName,b.example,Block,t,d,\nDomainName,c.example,Block,t,d,2020-01-01T00:00:00Z\n`,
      );
      const outcome = await cli('indicator', 'import', expired);
      assert.equal(outcome.code, 1);
      assert.match(
        outcome.err,
        new RegExp(`^${expired}:3: expirationTime: .*\\nsallyport: ${expired}: 1 mistake, nothing was imported\\n$`),
      );
      assert.deepEqual(await control.indicators(), before);
    });

    within('more rows than the reference takes', async (cli, control) => {
      const rows = Array.from({ length: 1200 }, (_, at) => `DomainName,h${at}.example,Block,t,d`);
      assert.equal((await cli('indicator', 'import', file('many.csv', [HEADER, ...rows].join('\n')))).code, 0);
      assert.equal((await control.indicators({ limit: 5000 })).length, 1200);
    });

    within('what is exported is imported again, in each format', async (cli, control) => {
      const values = ['b.example', '203.0.113.0/24', 'http://c.example/path'];
      for (const value of values) await cli('indicator', 'add', value, '--action', 'block', '--title', 'T, "x"');
      const csv = await cli('indicator', 'export');
      const before = await control.indicators();
      for (const format of ['csv', 'stix', 'misp']) {
        const path = join(folder, `export-${Math.random()}.${format}`);
        const exported = await cli('indicator', 'export', '--format', format, '--to', path);
        assert.deepEqual(exported, { code: 0, out: '', err: 'exported 3 indicators\n' });
        for (const value of values) await cli('indicator', 'remove', value);
        const imported = await cli('indicator', 'import', path);
        assert.deepEqual(imported, { code: 0, out: `imported 3 indicators from ${path}\n`, err: '' });
        const again = await control.indicators();
        assert.deepEqual(
          again.map(({ indicatorValue, action }) => [indicatorValue, action]),
          before.map(({ indicatorValue, action }) => [indicatorValue, action]),
        );
        if (format === 'csv') assert.equal((await cli('indicator', 'export')).out, csv.out);
      }
    });

    within('what STIX and MISP cannot say is left out and counted', async (cli) => {
      await cli('indicator', 'add', 'a.example', '--action', 'allow');
      await cli('indicator', 'add', 'b.example', '--action', 'block', '--user', '1000');
      await cli('indicator', 'add', 'c.example', '--action', 'block');
      const { out, err } = await cli('indicator', 'export', '--format', 'stix');
      assert.match(err, /^exported 1 indicator\n2 left out, because stix cannot say/);
      const bundle = JSON.parse(out) as { objects: { pattern: string }[] };
      assert.deepEqual(
        bundle.objects.map(({ pattern }) => pattern),
        ["[domain-name:value = 'c.example']"],
      );
    });

    within('category policies come, block, and go', async (cli) => {
      assert.match((await cli('category', 'policy', 'list')).out, /^no category policies/);
      assert.equal((await cli('category', 'block', 'gambling')).out, 'blocked: policy default blocks Gambling\n');
      assert.match((await cli('category', 'list')).out, /Adult content\n.*Gambling +blocked +- +default/s);
      assert.equal(
        (await cli('category', 'unblock', 'Gambling')).out,
        'unblocked: policy default records and blocks nothing\n',
      );
      assert.match((await cli('category', 'list')).out, /Gambling +audited/);
      const unknown = await cli('category', 'block', 'gamblin');
      assert.equal(unknown.code, 2);
      assert.match(unknown.err, /did you mean 'Gambling'/);
      assert.equal((await cli('category', 'policy', 'remove', 'default')).code, 0);
      assert.equal((await cli('category', 'policy', 'remove', 'default')).code, 1);
    });

    within('the policy explains itself, with and without a target', async (cli) => {
      await cli('indicator', 'add', 'evil.example', '--action', 'block', '--title', 'Scam');
      const whole = await cli('policy', 'explain');
      assert.match(whole.out, /^mode +block/);
      assert.match(whole.out, /indicators +1/);
      const target = await cli('policy', 'explain', 'www.evil.example', '--port', '443');
      assert.match(target.out, /^BLOCK {2}www\.evil\.example/);
      assert.match(target.out, /indicator +evil\.example +host +\w+ +Scam +decides/);
      const bad = await cli('check', 'www.evil.example', '--port', '0');
      assert.equal(bad.code, 2);
    });

    within('feeds come, are refreshed, and go', async (cli) => {
      const list = file('list.txt', 'a.example\nb.example\n');
      const added = await cli('feed', 'add', list, '--category', 'Phishing');
      assert.equal(added.err, '');
      assert.equal(added.out.split('\n')[0], `added ${list}`);
      assert.match(added.out, / format domains · category phishing\n {2}2 hosts\n/);
      writeFileSync(list, 'a.example\nb.example\nc.example\n');
      assert.match((await cli('feed', 'refresh')).out, /^refreshed .*\n.*\n {2}3 hosts\n/);
      const [view] = JSON.parse((await cli('feed', 'list', '--json')).out) as { id: string }[];
      rmSync(list);
      const failed = await cli('feed', 'refresh', view?.id ?? '');
      assert.deepEqual(failed, { code: 1, out: '', err: `sallyport: feed ${view?.id}: ${list}: no such file\n` });
      assert.equal((await cli('feed', 'remove', list)).out, `removed ${list} (${view?.id})\n`);
      assert.match((await cli('feed', 'list')).out, /^no feeds; add one with/);
    });

    within('files that are no feed', async (cli, control) => {
      const huge = file('huge.txt', '');
      truncateSync(huge, 3_000_000_000);
      mkdirSync(join(folder, 'empty'));
      const cases = [
        { location: huge, code: 1, err: /is too large \(3\.0 GB, FeedMaxBytes is 537 MB\)/ },
        { location: join(folder, 'absent.txt'), code: 1, err: /absent\.txt: no such file$/ },
        { location: join(folder, 'empty'), code: 1, err: /empty.*: no/ },
        { location: '/dev/zero', code: 1, err: /\/dev\/zero: is not a regular file$/ },
        { location: 'ftp://a.example/x', code: 2, err: /feeds are read from files and from http or https URLs$/ },
        { location: 'https://u:p@a.example/x', code: 2, err: /must not hold a user name or password/ },
        { location: file('empty.txt', ''), code: 1, err: /empty\.txt/ },
      ];
      for (const { location, code, err } of cases) {
        const outcome = await cli('feed', 'add', location);
        assert.match(outcome.err.trimEnd(), err);
        assert.equal(outcome.err.split('\n').length, 2, outcome.err);
        assert.equal(outcome.code, code);
      }
      assert.deepEqual(await control.feeds(), []);
      rmSync(join(folder, 'empty'), { recursive: true });
    });

    within('settings', async (cli) => {
      assert.equal(
        (await cli('config', 'set', 'enablenetworkprotection', 'AuditMode')).out,
        'EnableNetworkProtection is audit (was block)\n',
      );
      const mdatp = await cli('config', 'network-protection', 'enforcement-level', '--value', 'block');
      assert.equal(mdatp.out, 'EnableNetworkProtection is block (was audit)\n');
      assert.deepEqual(JSON.parse((await cli('config', 'get', 'EnableNetworkProtection', '--json')).out), {
        name: 'EnableNetworkProtection',
        value: 'block',
        source: 'local',
      });
      assert.match((await cli('config', 'get')).out, /^SETTING .*\nEnableNetworkProtection +block +local/);
      const cases: { argv: string[]; code: number; err: RegExp }[] = [
        {
          argv: ['set', 'EnableNetworkProtecton', 'block'],
          code: 2,
          err: /unknown setting.*did you mean 'EnableNetworkProtection'/,
        },
        {
          argv: ['set', 'EnableNetworkProtection', 'maybe'],
          code: 1,
          err: /EnableNetworkProtection: .*disabled \| audit \| block/,
        },
        { argv: ['set', 'EnableNetworkProtection'], code: 2, err: /VALUE is missing/ },
        { argv: ['network-protection', 'level'], code: 2, err: /did you mean 'enforcement-level'/ },
        { argv: ['gte'], code: 2, err: /unknown 'gte'; did you mean 'get'/ },
      ];
      for (const { argv, code, err } of cases) {
        const outcome = await cli('config', ...argv);
        assert.match(outcome.err, err);
        assert.equal(outcome.code, code);
      }
    });

    within('a setting that changes is an event', async (cli, control) => {
      await cli('config', 'set', 'EnableNetworkProtection', 'audit');
      if (control instanceof FakeControl) {
        const fields = '{"OldValue":"EnableNetworkProtection = block","NewValue":"EnableNetworkProtection = audit"}';
        control.past.push(
          event({
            Timestamp: new Date(NOW_MS).toISOString(),
            ActionType: 'SettingsChanged',
            EventId: 5007,
            AdditionalFields: fields,
          }),
        );
      }
      const line = '2026-11-22 14:00:00  Setting    EnableNetworkProtection: block → audit\n';
      assert.equal((await cli('events', '--id', '5007,1126', '--since', '1h')).out, line);
      assert.equal((await cli('events', '--id', '1126')).out, '');
      const onOut = (_: string, interrupt: () => void): void => interrupt();
      const followed = await sallyport({ control, onOut }, 'events', '--follow', '--since', '1h', '--id', '5007');
      assert.deepEqual(followed, { code: 0, out: line, err: '' });
      const row = JSON.parse((await cli('events', '--json')).out) as Record<string, unknown>;
      assert.deepEqual([Object.keys(row).length, row['EventId'], row['RemoteUrl']], [45, 5007, null]);
    });

    within('status without an agent', async (cli, control) => {
      const text = await sallyport({ control, running: false }, 'status');
      assert.deepEqual([text.code, text.out.split('\n')[0]?.slice(0, 13)], [3, '● not running']);
      const json = await sallyport({ control, running: false }, 'status', '--json');
      assert.partialDeepStrictEqual(JSON.parse(json.out), { pid: null, gate: null, mode: 'block', indicators: 0 });
      assert.match((await cli('status', 'now')).err, /unexpected argument 'now'/);
    });

    within('changes without an agent say when they count', async (_, control) => {
      const outcome = await sallyport(
        { control, running: false },
        'indicator',
        'add',
        'a.example',
        '--action',
        'allow',
      );
      assert.equal(outcome.err, 'no agent is running; stored, takes effect at the next start\n');
      assert.equal(outcome.code, 0);
    });
  });
}

suite('events', () => {
  const row = (second: number, EventId = 1126): ReturnType<typeof event> =>
    event({
      Timestamp: new Date(NOW_MS + second * 1000).toISOString(),
      ActionType: 'ExploitGuardNetworkProtectionBlocked',
      EventId,
      ReportId: second,
      RemoteIP: '203.0.113.7',
      RemotePort: 443,
      RemoteUrl: `h${second}.example`,
      AdditionalFields: '{}',
    });
  const urls = (out: string): unknown[] =>
    out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { RemoteUrl: unknown }).RemoteUrl);

  test('the newest, oldest first', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(row(1), row(2), row(3));
    assert.deepEqual(urls((await sallyport({ control }, 'events', '--json', '-n', '2')).out), [
      'h2.example',
      'h3.example',
    ]);
  });
  test('a screen shows a hundred, with a header; a pipe all', async () => {
    const control = new FakeControl(NOW_MS);
    for (let second = 0; second < 150; second++) control.past.push(row(second));
    assert.equal((await sallyport({ control, terminal: true }, 'events')).out.split('\n').length, 102);
    assert.equal((await sallyport({ control }, 'events')).out.split('\n').length, 151);
  });
  test('following goes on until interrupted, and shows nothing twice', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(row(1), row(2));
    control.news.push(row(3), row(4));
    const onOut = (text: string, interrupt: () => void): void => {
      if (text.includes('h4.example')) interrupt();
    };
    const { code, out, err } = await sallyport({ control, onOut }, 'events', '--json', '--follow', '--limit', '1');
    assert.deepEqual([code, err, urls(out)], [0, '', ['h2.example', 'h3.example', 'h4.example']]);
  });
  test('following without an agent', async () => {
    const outcome = await sallyport({ control: new FakeControl(NOW_MS), running: false }, 'events', '-f');
    assert.deepEqual(outcome, { code: 3, out: '', err: 'sallyport: no agent is running, so nothing new will come\n' });
  });
  const changed = event({
    Timestamp: new Date(NOW_MS + 9000).toISOString(),
    ActionType: 'SettingsChanged',
    EventId: 5007,
    ReportId: 1,
    AdditionalFields: '{"OldValue":"a = 1","NewValue":"a = 2"}',
  });
  const connected = (second: number): ReturnType<typeof event> => ({
    ...row(second, 0),
    ActionType: 'ConnectionSuccess',
  });
  const onlyBlocked = file(
    'blocked.xml',
    '<QueryList><Query Path="Microsoft-Windows-Windows Defender/Operational">' +
      '<Select>*[System[EventID=1126 and TimeCreated[timediff(@SystemTime) &lt;= 10000]]]</Select></Query></QueryList>',
  );
  const idsIn = (xml: string): string[] => [...xml.matchAll(/<EventID>(\d+)<\/EventID>/g)].map(([, id]) => id ?? '');

  test('XML: a document, also when there is nothing', async () => {
    const control = new FakeControl(NOW_MS);
    const head = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>\n';
    assert.equal((await sallyport({ control, terminal: true }, 'events', '--xml')).out, `${head}</Events>\n`);
    control.past.push(connected(1), row(1), changed);
    const { out } = await sallyport({ control, terminal: true }, 'events', '--xml');
    assert.deepEqual([out.startsWith(`${head}<Event `), out.endsWith('</Event>\n</Events>\n')], [true, true]);
    assert.deepEqual(idsIn(out), ['0', '1126', '5007']);
  });
  test('a view selects, beside --id, --since and --limit; the newest are counted behind it', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(row(-20), row(-5), connected(-4), row(-3), connected(-2), changed);
    const seen = async (...argv: string[]): Promise<unknown[]> => {
      const { out, err } = await sallyport({ control }, 'events', '--json', '--view', onlyBlocked, ...argv);
      assert.equal(err, '');
      return out === '' ? [] : urls(out);
    };
    assert.deepEqual(await seen(), ['h-5.example', 'h-3.example']);
    assert.deepEqual(await seen('--limit', '1'), ['h-3.example']);
    assert.deepEqual(await seen('--since', '4s'), ['h-3.example']);
    assert.deepEqual(await seen('--id', '1126,5007'), ['h-5.example', 'h-3.example']);
    assert.deepEqual(await seen('--id', '5007'), []);
  });
  test('a view while following', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(row(-2), connected(-1));
    control.news.push(connected(0), changed, row(-1));
    const onOut = (text: string, interrupt: () => void): void => {
      if (text.includes('h-1.example')) interrupt();
    };
    const argv = ['--xml', '--follow', '--limit', '5', '--view', onlyBlocked];
    const { code, out, err } = await sallyport({ control, onOut }, 'events', ...argv);
    assert.deepEqual([code, err, idsIn(out), out.endsWith('</Events>\n')], [0, '', ['1126', '1126'], true]);
  });
  test('the view that ships', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(connected(1), row(1), row(2, 1125), changed);
    const path = fileURLToPath(new URL('../../../../docs/views/network-protection.xml', import.meta.url));
    assert.deepEqual(idsIn((await sallyport({ control }, 'events', '--xml', '--view', path)).out), [
      '1126',
      '1125',
      '5007',
    ]);
  });
  test('a view that asks for other events is told so', async () => {
    const path = file(
      'other.xml',
      '<QueryList><Query Path="Sallyport/Operational"><Select>*[System[EventID=1116]]</Select></Query></QueryList>',
    );
    const control = new FakeControl(NOW_MS);
    control.past.push(row(1));
    assert.deepEqual(await sallyport({ control }, 'events', '--view', path), {
      code: 0,
      out: '',
      err: 'this view asks for none of the event ids that there are: 0, 1125, 1126, 5007, 5013\n',
    });
  });
  test('an export: XML or JSON, into a new file that only its owner reads', async () => {
    const control = new FakeControl(NOW_MS);
    control.past.push(row(1), changed);
    const path = join(folder, 'june.xml');
    const first = await sallyport({ control, terminal: true }, 'events', '--export', path);
    assert.deepEqual(first, { code: 0, out: '', err: `exported 2 events to ${path}\n` });
    assert.deepEqual(idsIn(readFileSync(path, 'utf8')), ['1126', '5007']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const again = await sallyport({ control }, 'events', '--export', path);
    assert.deepEqual(again, { code: 1, out: '', err: `sallyport: ${path}: is there already: name a new file\n` });
    const json = join(folder, 'june.json');
    await sallyport({ control }, 'events', '--json', '--id', '1126', '--export', json);
    assert.deepEqual(urls(readFileSync(json, 'utf8')), ['h1.example']);
  });
  test('an export that fails leaves no file', async () => {
    const path = join(folder, 'never.xml');
    const control = new FakeControl(NOW_MS);
    const outcome = await sallyport({ control, running: false }, 'events', '-f', '--export', path);
    assert.deepEqual([outcome.code, existsSync(path)], [3, false]);
  });
  const badViews = [
    {
      name: 'a mistake and its place',
      text: '<QueryList>\n<Quer/></QueryList>',
      err: /bad\.xml:2:1: "Quer" is not expected here, but Query\n$/,
    },
    { name: 'a view too large', text: ' '.repeat(1_048_577), err: /bad\.xml: is too large for a view\n$/ },
  ];
  for (const { name, text, err } of badViews) {
    test(name, async () => {
      const outcome = await sallyport({ control: new FakeControl(NOW_MS) }, 'events', '--view', file('bad.xml', text));
      assert.match(outcome.err, err);
      assert.deepEqual([outcome.code, outcome.out], [1, '']);
    });
  }
  test('no such view', async () => {
    const outcome = await sallyport({ control: new FakeControl(NOW_MS) }, 'events', '--view', join(folder, 'none.xml'));
    assert.match(outcome.err, /none\.xml: no such file\n$/);
  });
  const wrong = [
    { argv: ['--id', '7'], err: /--id '7' is not known: 1125/ },
    { argv: ['--limit', '0'], err: /--limit '0' is no number from 1/ },
    { argv: ['--since', 'x'], err: /--since does not understand 'x'/ },
    { argv: ['--json', '--xml'], err: /--json and --xml exclude each other/ },
    { argv: ['--folow'], err: /unknown option --folow; did you mean '--follow'\?/ },
    { argv: ['--json=1'], err: /--json takes no value/ },
  ];
  for (const { argv, err } of wrong) {
    test(argv.join(' '), async () => {
      const outcome = await sallyport({ control: new FakeControl(NOW_MS) }, 'events', ...argv);
      assert.match(outcome.err, err);
      assert.deepEqual([outcome.code, outcome.out], [2, '']);
    });
  }
});

suite('every command', () => {
  const control = new FakeControl(NOW_MS);
  const names = [
    'status',
    'check',
    'events',
    'indicator',
    'feed',
    'config',
    'wire',
    'version',
    'help',
    'up',
    'test',
    'bench',
    'evaluate',
  ];
  for (const name of names) {
    test(`${name} --help fits 100 columns`, async () => {
      const outcome = await sallyport({ control, width: 80 }, name, '--help');
      assert.equal(outcome.code, 0);
      assert.ok(outcome.out.startsWith(`sallyport ${name} - `));
      assert.deepEqual(
        outcome.out.split('\n').filter((line) => line.length > 100),
        [],
      );
      assert.equal((await sallyport({ control }, 'help', name)).out, outcome.out);
    });
  }
  test('the overview names them all', async () => {
    const { out } = await sallyport({ control }, 'help');
    for (const name of names) assert.match(out, new RegExp(`^  ${name} `, 'm'));
    assert.equal((await sallyport({ control })).out, out);
  });
  test('unknown commands, and those of the launcher', async () => {
    const cases = [
      { argv: ['evnts'], err: "sallyport: unknown command 'evnts'; did you mean 'events'?\n" },
      { argv: ['\u001b[2J'], err: "sallyport: unknown command '\\x1b[2J'; see sallyport help\n" },
      { argv: ['up'], err: "sallyport: 'up' is started by the launcher: run it as ./sallyport up\n" },
      {
        argv: ['--state-dir', '/x', 'versoin'],
        err: "sallyport: unknown command 'versoin'; did you mean 'version'?\n",
      },
    ];
    for (const { argv, err } of cases)
      assert.deepEqual(await sallyport({ control }, ...argv), { code: 2, out: '', err });
  });
  test('a refusal is one line, also when nobody expected it', async () => {
    const cases = [
      {
        error: new ControlError('unavailable', 'the agent does not answer'),
        code: 3,
        err: 'sallyport: the agent does not answer\n',
      },
      { error: new ControlError('conflict', 'a\nb'), code: 1, err: 'sallyport: a\\nb\n' },
      {
        error: new TypeError('x is not a function'),
        code: 1,
        err: 'sallyport: x is not a function (unexpected; SALLYPORT_DEBUG=1 shows where)\n',
      },
    ];
    for (const { error, code, err } of cases) {
      const failing = new FakeControl(NOW_MS);
      failing.status = () => Promise.reject(error);
      assert.deepEqual(await sallyport({ control: failing }, 'status'), { code, out: '', err });
    }
  });
});
