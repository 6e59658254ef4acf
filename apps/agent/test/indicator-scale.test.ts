/** Indicators by the thousand: the child process that compiles them, single changes, and what survives a restart. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { ImportLine } from '@sallyport/contract/control';

import { AgentCore } from '../src/core/agent-core.ts';
import { feedReaderProgram } from '../src/core/feed-reader-program.ts';
import { policyProgram } from '../src/core/policy-program.ts';
import { networksOfRange } from '../src/indicators/address-range.ts';
import { temporaryState, type TemporaryState } from './state-fixture.ts';

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
