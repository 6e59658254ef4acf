import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { TableBuilder, type EntryKind } from '@sallyport/hosts/build';
import { clearHostBits } from '@sallyport/hosts/canonical';
import { ACTIONS, type Action, type Rule } from '@sallyport/hosts/rule';
import { HostTable } from '@sallyport/hosts/table';
import fc from 'fast-check';

import { explain } from '../src/explain.ts';
import { judge, type PolicySettings, type Question } from '../src/judge.ts';

const BLOCK: PolicySettings = { mode: 'block', convertWarnToBlock: false };

const rule = (change: Partial<Rule>): Rule => ({
  action: 'block',
  category: 'CustomBlockList',
  id: 'id',
  title: 'title',
  source: 'indicator',
  expiresAt: null,
  ...change,
});

function opened(builder: TableBuilder): HostTable {
  const table = HostTable.open(builder.build());
  if (table.kind !== 'ok') assert.fail(table.detail);
  return table.value;
}

const ask = (names: readonly string[], path?: string): Question => ({
  names: names.map((name) => Buffer.from(name)),
  url: path === undefined ? null : { host: Buffer.from(names[0] ?? ''), path: Buffer.from(path) },
  remoteIp: Uint8Array.of(192, 0, 2, 1),
  remotePort: 443,
});

suite('explain', () => {
  const own = new TableBuilder();
  own.addHost('example.com', own.addRule(rule({ action: 'allow', id: 'I1', title: 'Ours' })));
  own.addHost('old.example.com', own.addRule(rule({ id: 'I2', title: 'Old', expiresAt: 100 })));
  own.addUrl('www.example.com', '/bad/', own.addRule(rule({ id: 'I3', title: 'One page' })));
  own.addHost('seen.example', own.addRule(rule({ action: 'audit', id: 'I4', title: 'Watch' })));
  const feed = new TableBuilder();
  const phishing = feed.addRule(rule({ source: 'feed', category: 'Phishing', id: 'F1', title: 'Feed' }));
  feed.addHost('seen.example', phishing);
  feed.addCidr(Uint8Array.of(192, 0, 2, 0), 24, phishing);
  const tables = { indicators: opened(own), reputation: opened(feed) };

  const cases = [
    {
      name: 'an expired entry steps aside and says so',
      question: ask(['A.old.Example.com.']),
      want: {
        candidates: ['-indicator host old.example.com (expired)', '*indicator host example.com'],
        reasons: [
          'old.example.com (block, "Old") has expired and does not count.',
          'Custom indicators: host entry example.com says allow about a.old.example.com, the most specific of 2 entries.',
          'Custom indicators: nothing about 192.0.2.1.',
          '"Ours" (I1) decides: allow, it passes.',
        ],
      },
    },
    {
      name: 'a URL entry goes before the host',
      question: ask(['www.example.com'], '/%62ad/page'),
      want: {
        candidates: ['*indicator url www.example.com/bad', '-indicator host example.com'],
        reasons: [
          'Custom indicators: url entry www.example.com/bad says block about www.example.com, the most specific of 2 entries.',
          'Custom indicators: nothing about 192.0.2.1.',
          '"One page" (I3) decides: block, it is cut.',
        ],
      },
    },
    {
      name: 'an audit indicator goes on to the feeds, where name and address tie',
      question: ask(['seen.example']),
      want: {
        candidates: ['-indicator host seen.example', '*reputation host seen.example', '-reputation cidr 192.0.2.0/24'],
        reasons: [
          'Custom indicators: host entry seen.example says audit about seen.example.',
          'Custom indicators: nothing about 192.0.2.1.',
          '"Watch" only asks for a record, so the layers below are heard too.',
          'Reputation: host entry seen.example says block about seen.example.',
          'Reputation: cidr entry 192.0.2.0/24 says block about 192.0.2.1.',
          'Block on the name goes before block on the address (allow, warn, block, audit).',
          '"Feed" (F1) decides: block, it is cut.',
        ],
      },
    },
    {
      name: 'the worst of several names',
      question: ask(['example.com', 'plain.example']),
      want: {
        candidates: ['-indicator host example.com', '*reputation cidr 192.0.2.0/24'],
        reasons: [
          'Custom indicators: host entry example.com says allow about example.com.',
          'Custom indicators: nothing about 192.0.2.1.',
          'For example.com alone: allow.',
          'Custom indicators: nothing about plain.example.',
          'Reputation: nothing about plain.example.',
          'Reputation: cidr entry 192.0.2.0/24 says block about 192.0.2.1.',
          'For plain.example alone: block.',
          'The worst of several names counts: "Feed" (F1) decides: block, it is cut.',
        ],
      },
    },
  ];
  for (const { name, question, want } of cases) {
    test(name, () => {
      const { candidates, reasons } = explain(question, tables, BLOCK, 1000);
      const lines = candidates.map(
        ({ won, layer, matched, entry, expired }) =>
          `${won ? '*' : '-'}${layer} ${matched} ${entry}${expired ? ' (expired)' : ''}`,
      );
      assert.deepEqual({ candidates: lines, reasons }, want);
    });
  }

  test('disabled: what matches is still listed, nothing wins', () => {
    const { verdict, candidates, reasons } = explain(ask(['example.com']), tables, { ...BLOCK, mode: 'disabled' }, 0);
    assert.deepEqual([verdict.effect, candidates.map(({ won }) => won)], ['pass', [false]]);
    assert.equal(reasons.at(-1), 'Protection is disabled: the connection passes.');
  });
});

suite('judge', () => {
  /** The list form of both layers, and a decision over it that shares nothing with the code. */
  interface Line {
    readonly layer: 'indicator' | 'reputation';
    readonly action: Action;
    readonly expiresAt: number | null;
    readonly target:
      | { readonly name: string; readonly kind: EntryKind }
      | { readonly name: string; readonly path: string }
      | { readonly network: Uint8Array; readonly length: number };
  }

  const bits = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const strength = (action: Action): number => ['allow', 'warn', 'block', 'audit'].indexOf(action);

  function naive(lines: readonly Line[], question: Question, names: readonly string[], now: number): Action | 'none' {
    const about = (layer: Line['layer'], name: string | null): Line | undefined => {
      const living = lines.filter((line) => line.layer === layer && (line.expiresAt === null || now < line.expiresAt));
      const best = (fits: (target: Line['target']) => number): Line | undefined =>
        living
          .map((line) => ({ line, score: fits(line.target) }))
          .filter(({ score }) => score >= 0)
          .toSorted((a, b) => b.score - a.score || strength(a.line.action) - strength(b.line.action))[0]?.line;
      const path = question.url === null ? '' : Buffer.from(question.url.path).toString();
      const byName = best((target) => {
        if (name === null || !('name' in target)) return -1;
        if ('path' in target) {
          const here = question.url !== null && name === names[0] && target.name === name;
          return here && `${path}/`.startsWith(`${target.path}/`) ? 1000 + target.path.length : -1;
        }
        const fits =
          (target.name === name && target.kind !== 'subdomains') ||
          (name.endsWith(`.${target.name}`) && target.kind !== 'exact');
        return fits ? target.name.length : -1;
      });
      const byAddress = best((target) => {
        if (!('network' in target) || target.network.length !== question.remoteIp.length) return -1;
        return bits(question.remoteIp).startsWith(bits(target.network).slice(0, target.length)) ? target.length : -1;
      });
      const both = [byName, byAddress].filter((line) => line !== undefined);
      return both.toSorted((a, b) => strength(a.action) - strength(b.action))[0];
    };
    const alone = (name: string | null): Action | 'none' => {
      const own = about('indicator', name)?.action ?? 'none';
      const feed = about('reputation', name)?.action ?? 'none';
      if (own === 'none') return feed;
      return own === 'audit' && (feed === 'block' || feed === 'warn') ? feed : own;
    };
    const each = names.length === 0 ? [alone(null)] : names.map(alone);
    const worst = (['block', 'warn', 'audit', 'none'] as const).find((action) => each.includes(action));
    return worst ?? 'allow';
  }

  const name = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .map((labels) => labels.join('.'));
  const path = fc.constantFrom('/x', '/x/y', '/y', '/xy');
  const network = fc.record({
    network: fc.uint8Array({ min: 0, max: 1, minLength: 4, maxLength: 4 }),
    length: fc.nat(32),
  });
  const line: fc.Arbitrary<Line> = fc.record({
    layer: fc.constantFrom('indicator', 'reputation'),
    action: fc.constantFrom(...ACTIONS),
    expiresAt: fc.constantFrom(null, null, 100),
    target: fc.oneof(
      fc.record({ name, kind: fc.constantFrom<EntryKind>('suffix', 'exact', 'subdomains') }),
      fc.record({ name, path }),
      network,
    ),
  });
  const input = fc.record({
    lines: fc.array(line, { maxLength: 12 }),
    names: fc.array(name, { maxLength: 3 }),
    path: fc.option(path),
    remoteIp: fc.uint8Array({ min: 0, max: 1, minLength: 4, maxLength: 4 }),
    mode: fc.constantFrom('disabled', 'audit', 'block'),
    convertWarnToBlock: fc.boolean(),
    now: fc.constantFrom(99, 100),
  });

  test('agrees with a naive decision, and explain with judge', () => {
    const property = fc.property(input, ({ lines, names, path: target, remoteIp, mode, convertWarnToBlock, now }) => {
      const tableOf = (layer: Line['layer']): HostTable => {
        const builder = new TableBuilder();
        for (const [i, each] of lines.entries()) {
          if (each.layer !== layer) continue;
          const index = builder.addRule(rule({ action: each.action, expiresAt: each.expiresAt, id: String(i) }));
          if ('kind' in each.target) builder.addHost(each.target.name, index, each.target.kind);
          else if ('path' in each.target) builder.addUrl(each.target.name, each.target.path, index);
          else {
            clearHostBits(each.target.network, each.target.length);
            builder.addCidr(each.target.network, each.target.length, index);
          }
        }
        return opened(builder);
      };
      const tables = { indicators: tableOf('indicator'), reputation: tableOf('reputation') };
      const first = names[0];
      const question: Question = {
        names: names.map((text) => Buffer.from(text)),
        url: first === undefined || target === null ? null : { host: Buffer.from(first), path: Buffer.from(target) },
        remoteIp,
        remotePort: 80,
      };
      const settings = { mode, convertWarnToBlock };
      const verdict = judge(question, tables, settings, now);
      assert.equal(verdict.action, mode === 'disabled' ? 'none' : naive(lines, question, names, now));

      const explained = explain(question, tables, settings, now);
      assert.deepEqual(explained.verdict, verdict);
      const winners = explained.candidates.filter(({ won }) => won);
      assert.deepEqual(
        winners.map((winner) => winner.rule),
        verdict.rule === null ? [] : [verdict.rule],
      );
    });
    fc.assert(property, { numRuns: Number(process.env['FUZZ_RUNS'] ?? 3000) });
  });
});
