import assert from 'node:assert/strict';
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, mock, suite, test } from 'node:test';

import { DEFAULT_GATE_SETTINGS } from '@sallyport/contract/gate-settings';

import { conntrackMemory, rulesetMemory, StateDirectory } from '../src/state-directory.ts';

let directory = '';
let state: StateDirectory;
const table = (name: string): string => join(directory, 'agent', 'tables', name);
const own = (name: string): string => join(directory, 'gate', name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gate-state-'));
  mkdirSync(join(directory, 'gate'));
  mkdirSync(join(directory, 'agent', 'tables'), { recursive: true });
  state = new StateDirectory(directory);
});
afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
  rmSync(directory, { recursive: true });
});

suite('tables', () => {
  test('a file comes open, with its size, and is closed', () => {
    writeFileSync(table('a'), 'table');
    let fd = -1;
    {
      using opened = state.openTable('a');
      fd = opened.fd;
      assert.equal(opened.size, 5);
      assert.equal(readFileSync(fd, 'utf8'), 'table');
    }
    assert.throws(() => fs.fstatSync(fd), { code: 'EBADF' });
  });

  test('a symbolic link is refused, whatever it points at', () => {
    writeFileSync(table('a'), 'table');
    symlinkSync(table('a'), table('b'));
    symlinkSync('/etc/hostname', table('c'));
    for (const name of ['b', 'c']) assert.throws(() => state.openTable(name), { code: 'ELOOP' });
  });

  for (const step of ['agent', join('agent', 'tables')]) {
    test(`a directory on the way that is a link is refused: ${step}`, () => {
      writeFileSync(table('a'), 'secret');
      renameSync(join(directory, step), join(directory, 'elsewhere'));
      symlinkSync(join(directory, 'elsewhere'), join(directory, step));
      assert.throws(() => state.openTable('a'), { code: 'ENOTDIR' });
    });
  }

  test('what is no regular file is refused, and a pipe does not hang the gate', () => {
    mkdirSync(table('d'));
    assert.throws(() => state.openTable('d'), /no regular file/);
    assert.throws(() => state.openTable('missing'), { code: 'ENOENT' });
  });

  test('too large', () => {
    writeFileSync(table('a'), '');
    truncateSync(table('a'), 1024 * 1024 * 1024 + 1);
    assert.throws(() => state.openTable('a'), /larger than/);
  });
});

suite('what was in force last', () => {
  const applied = {
    settings: DEFAULT_GATE_SETTINGS,
    tables: { reputation: 'r-7.table' },
    previous: { reputation: 'r-6.table' },
  };

  test('comes back as it was written, and is for root alone', () => {
    state.writeLastApplied(applied);
    assert.deepEqual(state.readLastApplied(), applied);
    assert.equal(statSync(own('applied.json')).mode & 0o777, 0o600);
    assert.equal(existsSync(own('applied.json.new')), false);
  });

  const corrupt: readonly { name: string; text: string; want: ReturnType<StateDirectory['readLastApplied']> }[] = [
    { name: 'empty', text: '', want: { settings: null, tables: {}, previous: {} } },
    { name: 'cut short', text: '{"settings":{"mode":"blo', want: { settings: null, tables: {}, previous: {} } },
    { name: 'null', text: 'null', want: { settings: null, tables: {}, previous: {} } },
    { name: 'a list', text: '[1]', want: { settings: null, tables: {}, previous: {} } },
    { name: 'binary', text: '\0\xff', want: { settings: null, tables: {}, previous: {} } },
    {
      name: 'settings of another version, tables still good',
      text: JSON.stringify({ settings: { mode: 'block' }, tables: { indicators: 'i' } }),
      want: { settings: null, tables: { indicators: 'i' }, previous: {} },
    },
    {
      name: 'tables of wrong types and unknown slots',
      text: '{"settings":null,"tables":{"indicators":5,"reputation":null,"other":"x"},"previous":["r"]}',
      want: { settings: null, tables: {}, previous: {} },
    },
    {
      name: 'tables of null',
      text: '{"settings":null,"tables":null}',
      want: { settings: null, tables: {}, previous: {} },
    },
  ];
  for (const { name, text, want } of corrupt) {
    test(`corrupt: ${name}`, () => {
      writeFileSync(own('applied.json'), text);
      assert.deepEqual(state.readLastApplied(), want);
    });
  }

  test('never written', () => assert.deepEqual(state.readLastApplied(), { settings: null, tables: {}, previous: {} }));

  test('a crash between writing and renaming leaves the old state', () => {
    state.writeLastApplied(applied);
    const before = readFileSync(own('applied.json'), 'utf8');
    mock.method(fs, 'renameSync', () => {
      throw new Error('crash');
    });
    syncBuiltinESMExports();
    assert.throws(() => state.writeLastApplied({ settings: null, tables: {}, previous: {} }), /crash/);
    mock.restoreAll();
    syncBuiltinESMExports();
    assert.equal(typeof renameSync, 'function');
    assert.equal(readFileSync(own('applied.json'), 'utf8'), before);
    state.writeLastApplied({ settings: null, tables: {}, previous: {} });
    assert.deepEqual(state.readLastApplied(), { settings: null, tables: {}, previous: {} });
  });
});

suite('small memories', () => {
  test('rule set: nothing, a list, forgotten; a damaged file is nothing', () => {
    const memory = rulesetMemory(state);
    assert.equal(memory.read(), null);
    memory.write(['ip filter', 'ip filter OUTPUT']);
    assert.deepEqual(rulesetMemory(new StateDirectory(directory)).read(), ['ip filter', 'ip filter OUTPUT']);
    writeFileSync(own('ruleset.json'), '["ip filter", 5]');
    assert.deepEqual(memory.read(), ['ip filter']);
    writeFileSync(own('ruleset.json'), '{"a":1}');
    assert.equal(memory.read(), null);
    memory.forget();
    memory.forget();
    assert.equal(existsSync(own('ruleset.json')), false);
  });

  test('connection tracking: a number or nothing', () => {
    const memory = conntrackMemory(state);
    assert.equal(memory.read(), null);
    memory.write(65_536);
    assert.equal(conntrackMemory(new StateDirectory(directory)).read(), 65_536);
    writeFileSync(own('conntrack.json'), '"65536"');
    assert.equal(memory.read(), null);
    memory.forget();
    assert.equal(memory.read(), null);
  });

  test('the heartbeat is written over, never emptied', () => {
    state.beat(1);
    writeFileSync(own('heartbeat'), 'what stays', { flag: 'a' });
    state.beat(2);
    assert.equal(readFileSync(own('heartbeat'), 'utf8'), '2\nwhat stays');
    state.stopBeating();
  });

  test('the heartbeat changes, and stops with its file', () => {
    state.beat(1);
    const first = readFileSync(own('heartbeat'), 'utf8');
    state.beat(2);
    assert.notEqual(readFileSync(own('heartbeat'), 'utf8'), first);
    state.stopBeating();
    state.stopBeating();
    assert.equal(existsSync(own('heartbeat')), false);
  });
});
