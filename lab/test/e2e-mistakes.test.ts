/**
 * What a person gets for a mistake: one line that names it, an exit code that is not 0, and nothing changed. With a
 * running Sallyport, and again with its stored state alone.
 *
 * Easy to get wrong: "nothing changed" includes the rows a failed command may have half written, so settings,
 * indicators, feeds and the journal's own records are compared as a whole before and after each mistake.
 */
import assert from 'node:assert/strict';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { suite, test, type TestContext } from 'node:test';

import { LAUNCHER, launcherEnvironment, runCommand, startSallyport } from '../src/agent-run.ts';
import type { Finished } from '../src/command.ts';
import type { Namespace } from '../src/namespace.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';

const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const CSV_HEAD = 'indicatorType,indicatorValue,action,title,description';
const FILES = {
  'good.txt': 'one.example\ntwo.example\n',
  'other.txt': 'three.example\nfour.example\n',
  'empty.txt': '',
  'prose.txt': 'This is a letter.\nIt has no list of hosts in it.\nNot one.\n',
  'web-page.html': '<!doctype html>\n<title>Not found</title>\n<p>404\n',
  'hosts-as-cidr.txt': 'one.example\ntwo.example\n',
  'good.csv': `${CSV_HEAD}\nDomainName,three.example,Block,Three,A host\n`,
  'bad-row.csv': `${CSV_HEAD}\nDomainName,four.example,Block,Four,A host\nIpAddress,300.1.1.1,Block,Five,No address\n`,
  'no-columns.csv': 'name,value\na,b\n',
  'expired.csv': `${CSV_HEAD},expirationTime\nDomainName,five.example,Block,Five,A host,2020-01-01T00:00:00Z\n`,
  'open-quote.csv': `${CSV_HEAD}\nDomainName,six.example,Block,"Six,A host\n`,
} as const;
const BINARY = 'binary.dat';
const HUGE = 'huge.txt';
const EMPTY = 'empty-folder';
const HUGE_BYTES = 3 * 1024 ** 3;

/** A start that should have been refused would go on for ever. */
const TIMEOUT_MS = 20_000;

interface Mistake {
  readonly args: readonly string[];
  /** What the line has to say; the place of the mistake at least. */
  readonly says: RegExp;
  /** More lines than one are right here: each names one mistake of a file. */
  readonly lines?: number;
}

/** `FILE:name` in an argument is the file of that name. */
const MISTAKES: readonly Mistake[] = [
  { args: ['frobnicate'], says: /unknown command 'frobnicate'/ },
  { args: ['stauts'], says: /did you mean 'status'/ },
  { args: ['status', 'now'], says: /now/ },
  { args: ['status', '--verbose'], says: /--verbose/ },
  { args: ['check'], says: /check/ },
  { args: ['check', 'not a host'], says: /not a host/ },
  { args: ['check', '1.2.3.4.5'], says: /1\.2\.3\.4\.5/ },
  { args: ['check', 'http://'], says: /http:/ },
  { args: ['check', 'ftp://site.example/'], says: /ftp/ },
  { args: ['check', `${'a'.repeat(64)}.example`], says: /aaaa/ },
  { args: ['check', '\u001b[31m.example'], says: /\\u001b/ },
  { args: ['events', '--since', 'yesterday'], says: /yesterday/ },
  { args: ['events', '--id', 'abc'], says: /abc/ },
  { args: ['events', '--limit', '-1'], says: /limit/ },
  { args: ['config'], says: /config/ },
  { args: ['config', 'get', 'NoSuchSetting'], says: /NoSuchSetting/ },
  { args: ['config', 'set', 'NoSuchSetting', '1'], says: /NoSuchSetting/ },
  { args: ['config', 'set', 'EnableNetworkProtection', 'sometimes'], says: /sometimes/ },
  { args: ['config', 'set', 'EnableNetworkProtection'], says: /VALUE|value/ },
  { args: ['config', 'set', 'ConnmarkMask', '0x1'], says: /two bits/ },
  { args: ['config', 'set', 'JournalMaxRecords', '5'], says: /whole number/ },
  { args: ['config', 'set', 'QuicHandling', 'ignore'], says: /block \| allow/ },
  { args: ['config', 'network-protection', 'enforcement-level', '--value', 'warn'], says: /warn/ },
  { args: ['indicator'], says: /indicator/ },
  { args: ['indicator', 'add', '300.1.1.1', '--action', 'block'], says: /300\.1\.1\.1/ },
  { args: ['indicator', 'add', '10.0.0.0/33', '--action', 'block'], says: /10\.0\.0\.0\/33/ },
  { args: ['indicator', 'add', '2001:db8::1::2', '--action', 'block'], says: /2001:db8::1::2/ },
  { args: ['indicator', 'add', 'bad host.example', '--action', 'block'], says: /bad host\.example/ },
  { args: ['indicator', 'add', 'bad.example'], says: /--action/ },
  { args: ['indicator', 'add', 'bad.example', '--action', 'destroy'], says: /destroy/ },
  { args: ['indicator', 'add', 'bad.example', '--action', 'block', '--expires', '2020-01-01T00:00:00Z'], says: /past/ },
  { args: ['indicator', 'add', 'bad.example', '--action', 'block', '--expires', 'soon'], says: /soon/ },
  { args: ['indicator', 'add', 'bad.example', '--action', 'block', '--severity', 'huge'], says: /huge/ },
  { args: ['indicator', 'add', 'bad.example', '--action', 'block', '--title', 't'.repeat(300)], says: /title/ },
  { args: ['indicator', 'remove', 'never-added.example'], says: /never-added\.example/ },
  { args: ['indicator', 'import', 'FILE:missing.csv'], says: /missing\.csv/ },
  { args: ['indicator', 'import', 'FILE:.'], says: /directory/ },
  { args: ['indicator', 'import', 'FILE:bad-row.csv'], says: /bad-row\.csv:3: .*300\.1\.1\.1/, lines: 2 },
  { args: ['indicator', 'import', 'FILE:no-columns.csv'], says: /no-columns\.csv:1: indicatorType/, lines: 8 },
  { args: ['indicator', 'import', 'FILE:expired.csv'], says: /expired\.csv:2: .*2020-01-01/, lines: 2 },
  { args: ['indicator', 'import', 'FILE:open-quote.csv'], says: /open-quote\.csv/, lines: 2 },
  { args: ['indicator', 'import', `FILE:${BINARY}`], says: /binary\.dat/ },
  { args: ['indicator', 'import', `FILE:${HUGE}`], says: /huge\.txt/ },
  { args: ['indicator', 'import', 'FILE:empty.txt'], says: /empty\.txt:1: header/, lines: 2 },
  { args: ['feed', 'add'], says: /PATH/ },
  { args: ['feed', 'add', 'FILE:missing.txt'], says: /missing\.txt/ },
  { args: ['feed', 'add', `FILE:${EMPTY}`], says: /empty-folder/ },
  { args: ['feed', 'add', `FILE:${HUGE}`], says: /too large.*FeedMaxBytes/ },
  { args: ['feed', 'add', `FILE:${BINARY}`], says: /binary\.dat/ },
  { args: ['feed', 'add', 'FILE:empty.txt'], says: /empty/ },
  { args: ['feed', 'add', 'FILE:prose.txt'], says: /prose\.txt/ },
  { args: ['feed', 'add', 'FILE:web-page.html'], says: /web-page\.html/ },
  { args: ['feed', 'add', 'FILE:hosts-as-cidr.txt', '--format', 'cidr'], says: /hosts-as-cidr\.txt.*(?:line 1|:1)/ },
  { args: ['feed', 'add', 'FILE:good.txt'], says: /is feed 1 already.*feed refresh 1/ },
  { args: ['feed', 'add', 'FILE:other.txt', '--format', 'rpz'], says: /rpz/ },
  { args: ['feed', 'add', 'FILE:good.txt', '--category', 'boring'], says: /boring/ },
  { args: ['feed', 'add', '/dev/zero'], says: /\/dev\/zero/ },
  { args: ['feed', 'add', 'http://127.0.0.1:1/list.txt'], says: /127\.0\.0\.1:1/ },
  { args: ['feed', 'add', 'http://no-such-host.example/list.txt'], says: /no-such-host\.example/ },
  { args: ['feed', 'add', 'gopher://site.example/list.txt'], says: /gopher/ },
  { args: ['feed', 'remove', '77'], says: /77/ },
  { args: ['feed', 'refresh', '77'], says: /77/ },
  { args: ['wire', '--flows', 'FILE:missing.jsonl'], says: /missing\.jsonl/ },
];

suite('mistakes', needsRoot, () => {
  test('each gets one clear line, a failure, and changes nothing', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace } = lab.client;
    await namespace.setHosts({});
    await using folder = await createTemporaryFolder('mistakes');
    await writeFiles(folder.path);
    const stateDirectory = join(folder.path, 'state');
    await using sallyport = await startSallyport(namespace, { stateDirectory, mode: 'block' });
    for (const args of [
      ['indicator', 'add', 'kept.example', '--action', 'block'],
      ['feed', 'add', join(folder.path, 'good.txt')],
      ['config', 'set', 'JournalMaxRecords', '5000'],
    ]) {
      assert.equal((await sallyport.cli(...args)).status, 0);
    }

    await everyMistake(t, 'Sallyport running', namespace, folder.path, stateDirectory);
    await t.test('a second one on the same state directory', async () => {
      const before = await stored(namespace, stateDirectory);
      const pids = await sallyport.pids();
      const second = await runCommand(namespace, ['up', '--no-install', '--state-dir', stateDirectory], TIMEOUT_MS);
      isOneLine(second, /another Sallyport runs on .*state/);
      assert.deepEqual(await sallyport.pids(), pids);
      assert.equal(await stored(namespace, stateDirectory), before);
    });
    await sallyport.stop();
    await everyMistake(t, 'stored state alone', namespace, folder.path, stateDirectory);
  });

  test('starting it wrongly changes nothing either', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace } = lab.client;
    await using folder = await createTemporaryFolder('mistakes');
    await writeFile(join(folder.path, 'a-file'), '');
    const rules = await namespace.must(['nft', 'list', 'ruleset']);
    const state = (name: string): string[] => ['--no-install', '--state-dir', join(folder.path, name)];
    const asNobody = ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', LAUNCHER] as const;
    const options = { env: launcherEnvironment(), timeoutMs: TIMEOUT_MS };
    const root = (...args: string[]): Promise<Finished> => runCommand(namespace, args, TIMEOUT_MS);
    const nobody = (...args: string[]): Promise<Finished> => namespace.exec([...asNobody, ...args], options);
    for (const { name, run, says } of [
      { name: 'mode', run: () => root('up', '--mode', 'sometimes', ...state('new')), says: /sometimes/ },
      { name: 'no mode', run: () => root('up', ...state('new'), '--mode'), says: /--mode/ },
      { name: 'option', run: () => root('up', '--verbose', ...state('new')), says: /--verbose/ },
      { name: 'empty state directory', run: () => root('up', '--state-dir', ''), says: /--state-dir/ },
      { name: 'state directory is a file', run: () => root('up', ...state('a-file')), says: /a-file/ },
      { name: 'up without root', run: () => nobody('up', ...state('new')), says: /root/ },
      { name: 'status without root', run: () => nobody('status'), says: /root|permission|state/ },
      { name: 'status of nothing', run: () => root('status', '--state-dir', join(folder.path, 'new')), says: /new/ },
      {
        name: 'change of nothing',
        run: () => root('indicator', 'add', 'a.example', '--action', 'block', '--state-dir', join(folder.path, 'new')),
        says: /new/,
      },
      { name: 'no such bench', run: () => root('bench', 'nothing'), says: /nothing/ },
    ]) {
      await t.test(name, async () => {
        isOneLine(await run(), says);
        assert.deepEqual(await readdir(folder.path), ['a-file']);
        assert.equal(await namespace.must(['nft', 'list', 'ruleset']), rules);
      });
    }
  });
});

async function writeFiles(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  await writeFile(
    join(folder, BINARY),
    Uint8Array.from({ length: 50_000 }, (_, n) => (n * 7919) >> 3),
  );
  await using huge = await open(join(folder, HUGE), 'w');
  // It takes no room: a hole that reads as zeros.
  await huge.truncate(HUGE_BYTES);
  await mkdir(join(folder, EMPTY));
}

async function everyMistake(
  t: TestContext,
  when: string,
  namespace: Namespace,
  folder: string,
  stateDirectory: string,
): Promise<void> {
  const before = await stored(namespace, stateDirectory);
  for (const { args, says, lines } of MISTAKES) {
    await t.test(`${when}: ${args.join(' ').slice(0, 70)}`, async () => {
      const given = args.map((arg) => arg.replace(/^FILE:/, `${folder}/`));
      const ownState = args[0] === 'wire' || args[0] === 'frobnicate' || args[0] === 'stauts';
      const all = ownState ? given : [...given, '--state-dir', stateDirectory];
      isOneLine(await runCommand(namespace, all), says, lines);
    });
  }
  assert.equal(await stored(namespace, stateDirectory), before, `${when}: nothing changed`);
}

/** Everything that a command could have changed, as the commands themselves show it. */
async function stored(namespace: Namespace, stateDirectory: string): Promise<string> {
  const shown: string[] = [];
  for (const args of [['config', 'get'], ['indicator', 'list'], ['feed', 'list'], ['events']]) {
    const { status, stdout, stderr } = await runCommand(namespace, [...args, '--json', '--state-dir', stateDirectory]);
    assert.equal(status, 0, stderr);
    shown.push(stdout);
  }
  return shown.join('\n');
}

function isOneLine({ status, stdout, stderr }: Finished, says: RegExp, lines = 1): void {
  const printed = stderr.trimEnd().split('\n');
  assert.ok(status !== 0 && status !== null, `exit ${status}: ${stdout}${stderr}`);
  assert.match(stderr, says);
  assert.equal(printed.length, lines, stderr);
  assert.match(printed.at(-1) ?? '', /^sallyport: /, stderr);
  assert.doesNotMatch(stderr, /\(unexpected;|at .*\.ts:\d+|ERR_|Error:/, 'no inside of the program');
  assert.equal(stdout, '');
}
