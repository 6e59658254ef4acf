/**
 * Indicators by the thousand: the child process that imports and compiles them, single changes, and what survives a
 * restart or a death. SCALE=500000 prints what so many cost.
 */
import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import type { ImportLine } from '@sallyport/contract/control';

import { connectControl } from '../src/control/client.ts';
import { AgentCore } from '../src/core/agent-core.ts';
import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { policyProgram } from '../src/core/policy-program.ts';
import { networksOfRange } from '../src/indicators/address-range.ts';
import { importIndicators } from '../src/indicators/import-indicators.ts';
import { IndicatorStore } from '../src/indicators/indicator-store.ts';
import { makeStateDirectory } from '../src/state/state-directory.ts';
import { AgentProcess, giveToAgent, type Measured } from './indicator-process.ts';
import { AT_MS, temporaryState, type TemporaryState } from './state-fixture.ts';

const programs = { feedReader: feedReaderProgram(), policyCompiler: policyProgram() };
const coreIn = (state: TemporaryState): AgentCore => new AgentCore({ directory: state.directory, ...programs });

/** More than are compiled in the agent's own process. */
const MANY = 3000;

async function* lines(count: number, extra: readonly ImportLine[] = []): AsyncGenerator<Uint8Array> {
  for (let row = 0; row < count; row++) {
    const input = { indicatorValue: `h${row}.example`, action: 'Block', title: 'T' };
    yield Buffer.from(`${JSON.stringify({ row, input })}\n`);
  }
  for (const line of extra) yield Buffer.from(`${JSON.stringify(line)}\n`);
}

const effect = async (core: AgentCore, target: string): Promise<string> => (await core.check(target)).effect;

suite('many indicators', () => {
  test('are imported, changed one by one, and there after a restart', async () => {
    using state = temporaryState();
    {
      await using core = coreIn(state);
      await core.start(() => {});
      assert.deepEqual(await core.importIndicators(lines(MANY)), { imported: MANY, failed: 0, failures: [] });
      assert.equal(await effect(core, 'www.h2999.example'), 'block');
      await core.addIndicator({ indicatorValue: 'h2999.example', action: 'Allowed' });
      assert.equal(await effect(core, 'h2999.example'), 'pass');
      await core.addIndicator({ indicatorValue: 'new.example:8443', action: 'Block' });
      assert.equal(await effect(core, 'new.example:8443'), 'block');
      await core.removeIndicator('h1.example');
      assert.equal(await effect(core, 'h1.example'), 'pass');
      assert.equal(await effect(core, 'h2.example'), 'block');
      assert.equal((await core.status()).indicators, MANY);
    }
    await using core = coreIn(state);
    assert.equal(await effect(core, 'h2.example'), 'block');
    assert.equal(await effect(core, 'h2999.example'), 'pass');
    assert.equal(await effect(core, 'h1.example'), 'pass');
  });

  test('one bad row, and none is there', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    const bad: ImportLine = { row: MANY, input: { indicatorValue: '1.2.3.999', action: 'Block' } };
    const result = await core.importIndicators(lines(MANY, [bad]));
    assert.partialDeepStrictEqual(result, { imported: 0, failed: 1 });
    assert.equal((await core.status()).indicators, 0);
    await core.addIndicator({ indicatorValue: 'a.example', action: 'Block' });
    assert.equal((await core.indicators()).length, 1);
  });

  test('content that breaks off leaves nothing behind', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* lines(10);
      throw new Error('gone');
    }
    await assert.rejects(core.importIndicators(broken()), /gone/);
    assert.equal((await core.status()).indicators, 0);
  });

  test('one value for several users is several indicators', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    const input = { indicatorValue: 'x.example', action: 'Block' } as const;
    await core.addIndicator({ ...input, users: ['1000'] });
    await core.addIndicator({ ...input, users: ['1001'] });
    await assert.rejects(core.removeIndicator('x.example'), /several/);
    await core.addIndicator(input);
    assert.deepEqual((await core.removeIndicator('x.example')).users, undefined);
    assert.equal((await core.indicators()).length, 2);
  });

  test('an unknown user is a problem and blocks nobody', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    await core.addIndicator({ indicatorValue: 'x.example', action: 'Block', users: ['no-such-user-here'] });
    assert.match(core.problems.join('\n'), /no-such-user-here .* not in \/etc\/passwd/);
    assert.equal(await effect(core, 'x.example'), 'pass');
  });

  test('the device group decides, at once', async () => {
    using state = temporaryState();
    await using core = coreIn(state);
    await core.addIndicator({ indicatorValue: 'x.example', action: 'Block', rbacGroups: ['servers'] });
    assert.equal(await effect(core, 'x.example'), 'pass');
    await core.set('DeviceGroup', 'servers');
    assert.equal(await effect(core, 'x.example'), 'block');
  });
});

suite('importIndicators', () => {
  const good = '{"row":2,"input":{"indicatorValue":"a.example","action":"Block"}}\n';
  const cases = [
    { name: 'complete', text: `${good}\nend\n`, want: 1 },
    { name: 'without a line feed before the end', text: `${good.trim()}\nend\n`, want: 1 },
    { name: 'twice the same is one', text: `${good}${good}end\n`, want: 1 },
    { name: 'no end: whoever sent it is dead', text: good, want: /broke off/ },
    { name: 'cut in the end', text: `${good}en`, want: /malformed/ },
    { name: 'more behind the end', text: `end\n${good}`, want: /behind its end/ },
    { name: 'no JSON', text: 'a.example\nend\n', want: /malformed/ },
  ];
  for (const { name, text, want } of cases) {
    test(name, async () => {
      using state = temporaryState();
      makeStateDirectory(state.directory);
      using store = new IndicatorStore(state.directory);
      async function* bytes(): AsyncGenerator<Uint8Array> {
        for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
      }
      const imported = importIndicators(store, bytes(), AT_MS, () => {});
      if (typeof want === 'number') await imported;
      else await assert.rejects(imported, want);
      assert.equal(store.size, typeof want === 'number' ? want : 0);
      assert.equal(store.page({}).length, store.size);
    });
  }
});

suite('IndicatorStore', () => {
  test('knows its size and generation again after it was lent and opened anew', async () => {
    using state = temporaryState();
    makeStateDirectory(state.directory);
    using store = new IndicatorStore(state.directory);
    const draft = {
      indicatorValue: 'a.example',
      indicatorType: 'DomainName',
      action: 'Block',
      title: 'T',
      expirationTime: null,
    } as const;
    store.put(draft, AT_MS);
    await store.exclusive(() =>
      store.lend(async () => {
        using borrowed = new IndicatorStore(state.directory);
        borrowed.put({ ...draft, indicatorValue: 'b.example' }, AT_MS);
        borrowed.put({ ...draft, title: 'U' }, AT_MS);
      }),
    );
    assert.deepEqual([store.size, store.generation], [2, 3]);
    assert.deepEqual(
      store.page({}).map(({ title }) => title),
      ['U', 'T'],
    );
  });

  test('thousands that expire at once go in many small steps', async () => {
    using state = temporaryState();
    makeStateDirectory(state.directory);
    using store = new IndicatorStore(state.directory);
    {
      const expirationTime = new Date(AT_MS + 1000).toISOString();
      using open = store.beginImport(AT_MS);
      for (let i = 0; i < MANY; i++) {
        open.put({
          indicatorValue: `h${i}.example`,
          indicatorType: 'DomainName',
          action: 'Block',
          title: 'T',
          expirationTime: i % 3 === 0 ? null : expirationTime,
        });
      }
      open.commit();
    }
    let turns = 0;
    const removing = store.removeExpired(AT_MS + 1000);
    const count = (): void => {
      turns++;
      if (store.size > MANY / 3) setImmediate(count);
    };
    setImmediate(count);
    assert.equal(await removing, (MANY / 3) * 2);
    assert.ok(turns >= 3, `${turns} turns of others`);
    assert.equal(await store.removeExpired(AT_MS + 1000), 0);
    assert.equal(store.size, MANY / 3);
  });
});

suite('an import that is cut short', () => {
  /** Enough that a part of them is written already when the first news comes. */
  const ROWS = 25_000;

  /** Rows without an end, until `cut` settles. */
  async function* endless(cut: Promise<void>): AsyncGenerator<Uint8Array> {
    yield* lines(ROWS);
    await cut;
  }

  async function agentWithOne(state: TemporaryState): Promise<AgentProcess> {
    giveToAgent(state);
    const agent = await AgentProcess.start(state);
    const control = await connectControl(state.root);
    await control?.addIndicator({ indicatorValue: 'old.example', action: 'Block' });
    return agent;
  }

  async function holdsOnlyTheOld(state: TemporaryState): Promise<void> {
    const control = await connectControl(state.root);
    assert.deepEqual(
      (await control?.indicators())?.map(({ indicatorValue }) => indicatorValue),
      ['old.example'],
    );
    assert.equal((await control?.check('old.example'))?.effect, 'block');
    assert.equal((await control?.check('h1.example'))?.effect, 'pass');
    const left = readdirSync(state.directory.tables).filter((file) => file.endsWith('.part'));
    assert.deepEqual(left, []);
  }

  test('by the death of the agent', async () => {
    using state = temporaryState();
    {
      await using agent = await agentWithOne(state);
      const { promise: begun, resolve } = Promise.withResolvers<void>();
      const control = await connectControl(state.root);
      const imported = control?.importIndicators(endless(new Promise(() => {})), () => resolve());
      const failed = assert.rejects(imported ?? Promise.resolve(), /ended before it answered/);
      await begun;
      await agent.kill();
      await failed;
    }
    await using _ = await AgentProcess.start(state);
    await holdsOnlyTheOld(state);
  });

  test('by the death of the command line', async () => {
    using state = temporaryState();
    await using _ = await agentWithOne(state);
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const control = await connectControl(state.root);
    const broken = begun.then(() => Promise.reject(new Error('interrupted')));
    broken.catch(() => {});
    await assert.rejects(
      control?.importIndicators(endless(broken), () => resolve()) ?? Promise.resolve(),
      /interrupted/,
    );
    await holdsOnlyTheOld(state);
  });
});

suite('what many cost', () => {
  const scale = Number(process.env['SCALE'] ?? 0);
  const skip = scale > 0 ? false : 'SCALE=500000 measures so many';

  test('import, change, export', { skip }, async (t) => {
    using state = temporaryState();
    giveToAgent(state);
    const [source, copy] = [`${state.root}/source.csv`, `${state.root}/copy.csv`];
    const rows = Array.from({ length: scale }, (_, i) => `DomainName,h${i}.example,Block,T,D\n`);
    writeFileSync(source, `indicatorType,indicatorValue,action,title,description\n${rows.join('')}`);
    await using agent = await AgentProcess.start(state);
    const commands = [
      ['indicator', 'import', source],
      ['check', 'h1.example'],
      ['indicator', 'add', 'new.example', '--action', 'block'],
      ['indicator', 'remove', 'h1.example'],
      ['indicator', 'list'],
      ['indicator', 'export', '--to', copy],
      ['indicator', 'export', '--to', `${copy}.stix`, '--format', 'stix'],
      ['indicator', 'export', '--to', `${copy}.misp`, '--format', 'misp'],
    ];
    for (const command of commands) {
      const measured = await agent.measure(state, ...command);
      assert.equal(measured.code, 0, measured.errors);
      t.diagnostic(`${command.slice(0, 2).join(' ').padEnd(17)} ${inFigures(measured)}`);
    }
    let exported = -1;
    for await (const chunk of createReadStream(copy, 'latin1')) exported += String(chunk).split('\n').length - 1;
    assert.equal(exported, scale);
    assert.ok(existsSync(`${copy}.stix`));
  });

  const inFigures = ({ seconds, stallMs, peakMb, residentMb }: Measured): string =>
    `${seconds.toFixed(2)} s, agent: longest stall ${stallMs} ms, peak ${peakMb} MB, ${residentMb} MB after`;
});

suite('networksOfRange', () => {
  const address = (text: string): Uint8Array => Uint8Array.from(text.split('.').map(Number));
  const cases = [
    { name: 'one', first: '10.0.0.1', last: '10.0.0.1', want: '10.0.0.1/32' },
    { name: 'a network', first: '10.0.0.0', last: '10.0.0.255', want: '10.0.0.0/24' },
    {
      name: 'odd ends',
      first: '10.0.0.1',
      last: '10.0.0.6',
      want: '10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32',
    },
    { name: 'up to the last address', first: '255.255.255.254', last: '255.255.255.255', want: '255.255.255.254/31' },
  ];
  for (const { name, first, last, want } of cases) {
    test(name, () => {
      const networks = networksOfRange(address(first), address(last)) ?? [];
      assert.equal(networks.map((each) => `${each.address.join('.')}/${each.prefixLength}`).join(' '), want);
    });
  }
});
