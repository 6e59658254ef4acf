import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { ControlError } from '@sallyport/contract/control-error';

import { readManagedText } from '../src/settings/managed-file.ts';
import { type SettingChange, SettingsStore } from '../src/settings/settings-store.ts';
import { openDatabase } from '../src/state/database.ts';
import { makeStateDirectory } from '../src/state/state-directory.ts';
import { STATE_SCHEMA } from '../src/state/state-schema.ts';
import { temporaryState } from './state-fixture.ts';

const managed = [
  { name: 'a setting', text: '{"QuicHandling":"allow"}', values: { QuicHandling: 'allow' }, problems: [] },
  { name: 'numbers', text: '{"JournalMaxRecords":5000}', values: { JournalMaxRecords: 5000 }, problems: [] },
  {
    name: 'the nested name of mdatp_managed.json',
    text: '{"networkProtection":{"enforcementLevel":"audit"}}',
    values: { EnableNetworkProtection: 'audit' },
    problems: [],
  },
  {
    name: 'a mistyped name beside a good one',
    text: '{"QuicHandlin":"allow","FailPolicyQueueFull":"closed"}',
    values: { FailPolicyQueueFull: 'closed' },
    problems: ['"QuicHandlin": unknown setting; did you mean QuicHandling?'],
  },
  {
    name: 'a bad value',
    text: '{"QuicHandling":"maybe"}',
    values: {},
    problems: ['QuicHandling: "maybe" is not accepted; use block | allow'],
  },
  { name: 'an array', text: '[]', values: {}, problems: ['is ignored: not a JSON object'] },
];

suite('readManagedText', () => {
  for (const { name, text, values, problems } of managed) {
    test(name, () => {
      const read = readManagedText(text);
      assert.deepEqual({ values: Object.fromEntries(read.values), problems: read.problems }, { values, problems });
    });
  }
  test('broken JSON is one problem, not an error', () => {
    assert.match(readManagedText('{"a":').problems[0] ?? '', /^is ignored: /);
  });
});

suite('SettingsStore', () => {
  const open = (root: ReturnType<typeof temporaryState>) => {
    makeStateDirectory(root.directory);
    const changes: SettingChange[] = [];
    const database = openDatabase(root.directory, root.directory.stateDatabase, 'always', STATE_SCHEMA);
    const store = new SettingsStore(database, root.directory.managedFiles, (change) => changes.push(change));
    return { store, changes, [Symbol.dispose]: () => database.close() };
  };

  test('a local value is kept over a restart and announced once', () => {
    using state = temporaryState();
    {
      using first = open(state);
      assert.deepEqual(first.store.set('EnableNetworkProtection', 'AuditMode'), {
        name: 'EnableNetworkProtection',
        value: 'audit',
        source: 'local',
      });
      first.store.set('EnableNetworkProtection', 'audit');
      assert.deepEqual(
        first.changes.map((change) => [change.name, change.old.value, change.new.value]),
        [['EnableNetworkProtection', 'block', 'audit']],
      );
    }
    using second = open(state);
    assert.equal(second.store.value('EnableNetworkProtection'), 'audit');
  });

  test('managed wins over local, refuses to be changed, and gives way when the file does', () => {
    using state = temporaryState();
    const file = join(state.root, 'managed.json');
    using opened = open(state);
    opened.store.set('QuicHandling', 'allow');
    writeFileSync(file, '{"QuicHandling":"block"}');
    assert.equal(opened.store.reloadManaged(), true);
    assert.deepEqual(
      opened.store.all().find(({ name }) => name === 'QuicHandling'),
      { name: 'QuicHandling', value: 'block', source: 'managed' },
    );
    assert.throws(
      () => opened.store.set('QuicHandling', 'allow'),
      (error: unknown) => error instanceof ControlError && error.code === 'conflict' && error.message.includes(file),
    );
    writeFileSync(file, '{}');
    assert.equal(opened.store.reloadManaged(), true);
    assert.equal(opened.store.value('QuicHandling'), 'allow');
    assert.equal(opened.store.reloadManaged(), false);
  });

  const mistakes = [
    {
      name: 'EnableNetworkProtektion',
      value: 'block',
      code: 'not-found',
      message: /did you mean EnableNetworkProtection\?/,
    },
    { name: 'Colour', value: 'red', code: 'not-found', message: /config get/ },
    { name: 'QuicHandling', value: 'maybe', code: 'invalid', message: /use block \| allow/ },
    { name: 'ConnmarkMask', value: '0x7', code: 'invalid', message: /exactly two bits/ },
  ];
  for (const { name, value, code, message } of mistakes) {
    test(`${name} = ${value} is refused and nothing changes`, () => {
      using state = temporaryState();
      using opened = open(state);
      const before = opened.store.all();
      assert.throws(
        () => opened.store.set(name, value),
        (error: unknown) => error instanceof ControlError && error.code === code && message.test(error.message),
      );
      assert.deepEqual(opened.store.all(), before);
      assert.deepEqual(opened.changes, []);
    });
  }
});
