/** The command line as a process: what only shows with real pipes, users and exit codes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const MANY_LINES = fileURLToPath(new URL('many-lines.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
after(() => rmSync(folder, { recursive: true }));

interface Options {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** Stop reading stdout at its first bytes. */
  readonly hangUp?: boolean;
}

function start({ argv, env, uid, hangUp }: Options): Promise<{ code: number | null; out: string; err: string }> {
  const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { ...inherited, TZ: 'UTC', ...env },
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.out += chunk.toString();
    if (hangUp === true) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.err += chunk.toString();
  });
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; out: string; err: string }>();
  child.on('close', (code) => resolve({ code, ...texts }));
  return promise;
}

/** Disagrees in every record, so that its report is larger than any pipe. */
function flows(count: number): string {
  const path = join(folder, `flows-${count}.jsonl`);
  const record = {
    id: 'x'.repeat(200),
    proto: 'tcp',
    tier: 'core',
    seqs: [0],
    payloads: ['00'],
    expected: { kind: 'tls', host: 'a.example' },
  };
  writeFileSync(path, `${JSON.stringify(record)}\n`.repeat(count));
  return path;
}

suite('process', () => {
  test('a reader that hangs up ends it quietly', async () => {
    const { code, err } = await start({ argv: ['wire', '--flows', flows(4000)], hangUp: true });
    assert.deepEqual([code, err], [0, '']);
  });
  test('a slow reader gets all of it', async () => {
    const child = spawn(process.execPath, [MANY_LINES]);
    await once(child.stderr, 'data');
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(child, 'close');
    assert.equal(bytes, 1024 * 1024);
  });
  test('colour when asked for, none into a pipe', async () => {
    const escape = /\u001b\[/; // oxlint-disable-line no-control-regex -- it is what is looked for
    assert.doesNotMatch((await start({ argv: ['help'] })).out, escape);
    assert.match((await start({ argv: ['help'], env: { FORCE_COLOR: '1' } })).out, escape);
    assert.doesNotMatch((await start({ argv: ['help'], env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).out, escape);
  });
  test('COLUMNS cuts into a pipe as on a terminal', async () => {
    const { out } = await start({ argv: ['wire', '--flows', flows(3)], env: { COLUMNS: '80' } });
    assert.ok(out.includes('…'));
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 80),
      [],
    );
  });
  test('no state directory', async () => {
    const outcome = await start({ argv: ['status', '--state-dir', join(folder, 'none')] });
    assert.equal(outcome.code, 3);
    assert.match(outcome.err, /^sallyport: there is no Sallyport state in .*none: start it once with: .*\n$/);
  });
  test('files that are no flows', async () => {
    const endless = join(folder, 'endless.bin');
    writeFileSync(endless, '');
    truncateSync(endless, 3_000_000_000);
    const words = join(folder, 'words.txt');
    writeFileSync(words, 'word\n'.repeat(5000));
    const empty = join(folder, 'empty.jsonl');
    writeFileSync(empty, '');
    const cases = [
      { path: endless, err: `${endless}: has a line of more than 16.8 MB` },
      { path: words, err: `${words}: line 1: not JSON, and so on: this is no file of flow records` },
      { path: empty, err: `${empty}: there is no flow record in it` },
    ];
    for (const { path, err } of cases) {
      assert.deepEqual(await start({ argv: ['wire', '--flows', path] }), {
        code: 1,
        out: '',
        err: `sallyport: ${err}\n`,
      });
    }
  });
  test('a stack trace on request only', async () => {
    const argv = ['check', 'a b', '--state-dir', state('debug', process.getuid?.() ?? 0)];
    const plain = await start({ argv });
    assert.deepEqual([plain.code, plain.err.trimEnd().split('\n').length], [1, 1]);
    assert.match((await start({ argv, env: { SALLYPORT_DEBUG: '1' } })).err, /\n {4}at /);
  });
});

/** As the launcher makes it: STATE is open to the agent by its group, STATE/agent to the gate by root's. */
function state(name: string, owner: number): string {
  const root = join(folder, name);
  const agent = join(root, 'agent');
  mkdirSync(agent, { recursive: true });
  if (!isRoot) return root;
  chownSync(root, 0, owner);
  chmodSync(root, 0o750);
  chownSync(agent, owner, 0);
  chmodSync(agent, 0o2750);
  return root;
}

suite('users', { skip: isRoot ? false : 'needs root' }, () => {
  for (const { name, mode } of [
    { name: 'open to all', mode: 0o755 },
    { name: 'closed to the agent', mode: 0o700 },
  ]) {
    test(`what root does without an agent belongs to the agent: a directory above that is ${name}`, async () => {
      chmodSync(folder, mode);
      const root = state(`owned-${mode}`, NOBODY);
      const list = join(folder, `secret-${mode}.txt`);
      writeFileSync(list, 'evil.example\n', { mode: 0o600 });
      const at = ['--state-dir', root];
      const steps = [
        ['feed', 'add', list, ...at],
        ['feed', 'refresh', ...at],
        ['indicator', 'add', 'a.example', '--action', 'block', ...at],
        ['config', 'set', 'QuicHandling', 'allow', ...at],
      ];
      for (const argv of steps) assert.partialDeepStrictEqual(await start({ argv }), { code: 0 }, argv.join(' '));
      assert.match((await start({ argv: ['check', 'evil.example', ...at] })).out, /^BLOCK/);
      const made = readdirSync(join(root, 'agent'), { recursive: true, encoding: 'utf8' });
      assert.ok(made.includes('state.db'));
      assert.deepEqual(
        made.filter((file) => lstatSync(join(root, 'agent', file)).uid !== NOBODY),
        [],
      );
    });
  }
  test('somebody else is told that it needs root', async () => {
    chmodSync(folder, 0o755);
    const root = state('roots', 0);
    const outcome = await start({ argv: ['status', '--state-dir', root], uid: NOBODY });
    assert.deepEqual(outcome, {
      code: 3,
      out: '',
      err: `sallyport: ${root} needs root: run sudo ./sallyport status --state-dir ${root}\n`,
    });
  });
});
