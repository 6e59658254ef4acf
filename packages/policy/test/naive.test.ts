/**
 * `judge` against the rules written down a second time: as filters and sorts over the list itself, without tables,
 * layers or early exits.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { clearHostBits } from '@sallyport/hosts/canonical';
import { ACTIONS, type Action, type Rule } from '@sallyport/hosts/rule';
import fc from 'fast-check';

import { OracleTable, type Entry, type EntryKind } from '../../hosts/test/oracle.ts';
import { explain } from '../src/explain.ts';
import { judge } from '../src/judge.ts';
import type { NameScore, PolicySettings, Question, Tables, Verdict } from '../src/verdict.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 1500) };

type Target =
  | { readonly name: string; readonly kind: EntryKind }
  | { readonly name: string; readonly path: string }
  | { readonly network: Uint8Array; readonly length: number };

interface Line {
  readonly layer: 'indicators' | 'reputation' | 'categories' | 'popular';
  readonly rule: Rule;
  readonly target: Target;
}

interface Input {
  readonly lines: readonly Line[];
  readonly names: readonly string[];
  readonly path: string | null;
  readonly remoteIp: Uint8Array;
  readonly remotePort: number;
  readonly uid: number | null;
  readonly settings: PolicySettings;
  readonly now: number;
}

const scoreOf = (name: string): NameScore | null =>
  name.startsWith('c') ? { score: 70 + name.length, reasons: [`${name} looks odd.`] } : null;

const bits = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
const strength = ({ action }: Rule): number => ['allow', 'warn', 'block', 'audit'].indexOf(action);

/** How specific the target is about the name (null: the address); negative when it does not cover it. */
function specificity(target: Target, name: string | null, { names, path, remoteIp }: Input): number {
  if ('network' in target) {
    if (name !== null || target.network.length !== remoteIp.length) return -1;
    return bits(remoteIp).startsWith(bits(target.network).slice(0, target.length)) ? target.length : -1;
  }
  if (name === null) return -1;
  if ('path' in target) {
    const isHere = path !== null && name === names[0] && target.name === name;
    return isHere && `${path}/`.startsWith(`${target.path}/`) ? 1000 + target.path.length : -1;
  }
  const isSelf = target.name === name && target.kind !== 'subdomains';
  const isParent = name.endsWith(`.${target.name}`) && target.kind !== 'exact';
  return isSelf || isParent ? target.name.length : -1;
}

/** The rule that a layer's list has on the name or the address. */
function ruleAbout(layer: Line['layer'], name: string | null, asked: Input): Rule | null {
  // Popular is a name, whatever page is asked for.
  const input = layer === 'popular' ? { ...asked, path: null } : asked;
  const covering = input.lines
    .map(({ layer: own, rule, target }, at) => ({ own, rule, at, length: specificity(target, name, input) }))
    .filter(({ own, rule, length }) => {
      const isForThem = rule.scope === undefined || input.uid === (rule.scope.uids?.[0]?.[0] ?? null);
      const isForPort = rule.port === undefined || rule.port === input.remotePort;
      return own === layer && length >= 0 && input.now < (rule.expiresAt ?? Infinity) && isForThem && isForPort;
    });
  const isException = (rule: Rule): boolean => rule.action === 'allow' && rule.source === 'feed';
  const counting = covering.filter(
    ({ rule, length }) =>
      !isException(rule) &&
      !covering.some((other) => isException(other.rule) && other.rule.id === rule.id && other.length >= length),
  );
  const confidence = (rule: Rule): number => rule.confidence ?? -1;
  const [best] = counting.toSorted(
    (a, b) =>
      b.length - a.length ||
      strength(a.rule) - strength(b.rule) ||
      confidence(b.rule) - confidence(a.rule) ||
      a.at - b.at,
  );
  return best?.rule ?? null;
}

interface Say {
  readonly action: Action | 'none';
  readonly layer: Verdict['layer'];
  readonly rule: Rule | null;
  readonly webCategory: Verdict['webCategory'];
}

/** Each layer by itself, then what is left of them. */
function naiveAlone(name: string | null, input: Input): Say {
  const layers = (['indicators', 'reputation', 'categories'] as const).map((layer) => {
    const both = [ruleAbout(layer, name, input), ruleAbout(layer, null, input)].filter((rule) => rule !== null);
    return both.toSorted((a, b) => strength(a) - strength(b))[0] ?? null;
  });
  const decisive = layers.findIndex((rule) => rule !== null && rule.action !== 'audit');
  const reached = decisive < 0 ? layers : layers.slice(0, decisive + 1);
  const [indicator = null, feed = null, category = null] = reached;
  const isUnknown = name !== null && decisive < 0 && ruleAbout('categories', name, input) === null;
  const isPopular = name !== null && ruleAbout('popular', name, input) !== null;
  const { lowReputation } = input.settings;
  const score = isUnknown && !isPopular && lowReputation !== 'off' ? scoreOf(name) : null;
  const scoreRule: Rule | null =
    score === null || lowReputation === 'off'
      ? null
      : {
          action: lowReputation,
          category: 'Untrusted',
          id: 'local-score',
          title: score.reasons[0] ?? '',
          source: 'score',
          expiresAt: null,
          confidence: score.score,
        };
  const webCategory = category?.webCategory ?? null;
  const said = [
    { layer: 'indicator', rule: indicator },
    { layer: 'reputation', rule: feed },
    { layer: 'category', rule: category?.action === 'audit' ? null : category },
    { layer: 'score', rule: scoreRule },
  ] as const;
  for (const actions of [['block', 'warn'], ['audit'], ['allow']] as const) {
    for (const { layer, rule } of said) {
      if (rule === null || !actions.some((action) => action === rule.action)) continue;
      return { action: rule.action, layer, rule, webCategory };
    }
  }
  return { action: 'none', layer: 'none', rule: null, webCategory };
}

function naive(input: Input): Say & { effect: string } {
  const { mode, convertWarnToBlock } = input.settings;
  const each =
    input.names.length === 0 ? [naiveAlone(null, input)] : input.names.map((name) => naiveAlone(name, input));
  const nothing: Say = { action: 'none', layer: 'none', rule: null, webCategory: null };
  const worst =
    (['block', 'warn', 'audit'] as const)
      .map((action) => each.find((say) => say.action === action))
      .find((say) => say !== undefined) ??
    each.find((say) => say.action === 'none' && say.webCategory !== null) ??
    (each.some((say) => say.action === 'none') ? nothing : (each[0] ?? nothing));
  if (mode === 'disabled') return { ...nothing, effect: 'pass' };
  const isRestricting = worst.action === 'block' || worst.action === 'warn';
  const isPass = worst.action === 'allow' || worst.action === 'none';
  if (isPass) return { ...worst, effect: 'pass' };
  if (mode === 'audit' || !isRestricting) return { ...worst, effect: 'audit' };
  return { ...worst, effect: convertWarnToBlock ? 'block' : worst.action };
}

const name = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
const path = fc.constantFrom('/x', '/x/y', '/y', '/xy');
const network = fc
  .record({ network: fc.uint8Array({ min: 0, max: 1, minLength: 4, maxLength: 4 }), length: fc.nat(32) })
  .map((target) => {
    clearHostBits(target.network, target.length);
    return target;
  });
const kind = fc.constantFrom<EntryKind>('suffix', 'exact', 'subdomains');
const SOURCES = { indicators: 'indicator', reputation: 'feed', categories: 'category', popular: 'popular' } as const;

const line: fc.Arbitrary<Line> = fc
  .record({
    layer: fc.constantFrom('indicators', 'reputation', 'reputation', 'categories', 'popular'),
    action: fc.constantFrom(...ACTIONS),
    id: fc.constantFrom('one', 'two'),
    expiresAt: fc.constantFrom(null, null, 100),
    confidence: fc.constantFrom(undefined, 0, 50, 50, 100),
    port: fc.constantFrom(undefined, undefined, undefined, 443),
    uid: fc.constantFrom(undefined, undefined, undefined, 7),
    target: fc.oneof(
      { weight: 4, arbitrary: fc.record({ name, kind }) },
      { weight: 1, arbitrary: fc.record({ name, path }) },
      { weight: 2, arbitrary: network },
    ),
  })
  .map(({ layer, action, id, expiresAt, confidence, port, uid, target }) => ({
    layer,
    target,
    rule: {
      action: layer === 'categories' ? (action === 'audit' ? 'audit' : 'block') : action,
      category: 'CustomPolicy',
      id,
      title: `${layer} ${action}`,
      source: SOURCES[layer],
      expiresAt: layer === 'popular' ? null : expiresAt,
      ...(confidence === undefined ? {} : { confidence }),
      ...(port === undefined ? {} : { port }),
      ...(uid === undefined ? {} : { scope: { uids: [[uid, uid]] } }),
      ...(layer === 'categories' ? { webCategory: id === 'one' ? 'Games' : 'Gambling' } : {}),
    },
  }));

const input: fc.Arbitrary<Input> = fc.record({
  lines: fc.array(line, { maxLength: 14 }),
  names: fc.array(name, { maxLength: 3 }),
  path: fc.option(path),
  remoteIp: fc.uint8Array({ min: 0, max: 1, minLength: 4, maxLength: 4 }),
  remotePort: fc.constantFrom(0, 443, 8443),
  uid: fc.constantFrom(null, 7, 8),
  settings: fc.record({
    mode: fc.constantFrom('disabled', 'audit', 'block', 'block'),
    convertWarnToBlock: fc.boolean(),
    lowReputation: fc.constantFrom('off', 'audit', 'warn', 'block'),
    exclusions: fc.constant(null),
  }),
  now: fc.constantFrom(99, 100),
});

function tablesOf(lines: readonly Line[]): Tables {
  const tableOf = (layer: Line['layer']): OracleTable => {
    const own = lines.filter((each) => each.layer === layer);
    const entries = own.map(({ target }, rule): Entry => {
      if ('network' in target) return { type: 'cidr', bytes: target.network, prefixLength: target.length, rule };
      if ('path' in target) return { type: 'url', host: target.name, path: target.path, rule };
      return { type: 'host', name: target.name, kind: target.kind, rule };
    });
    return new OracleTable(
      own.map(({ rule }) => rule),
      entries,
    );
  };
  return {
    indicators: tableOf('indicators'),
    reputation: tableOf('reputation'),
    categories: tableOf('categories'),
    popular: tableOf('popular'),
    score: (asked) => scoreOf(Buffer.from(asked).toString()),
  };
}

const questionOf = ({ names, path: target, remoteIp, remotePort, uid }: Input): Question => ({
  names: names.map((each) => Buffer.from(each)),
  url: target === null || names[0] === undefined ? null : { host: Buffer.from(names[0]), path: Buffer.from(target) },
  remoteIp,
  remotePort,
  subject: uid === null ? null : { uid, executable: null, cgroup: null, container: null },
});

suite('judge and explain', () => {
  test('agree with the rules written down a second time', () => {
    const seen = new Set<string>();
    const property = fc.property(input, (given) => {
      const tables = tablesOf(given.lines);
      const question = questionOf(given);
      const verdict = judge(question, tables, given.settings, given.now);
      const { effect, action, layer, rule, webCategory } = verdict;
      seen.add(`${layer} ${action}`);
      assert.deepEqual({ effect, action, layer, rule, webCategory }, naive(given));
      const explained = explain(question, tables, given.settings, given.now);
      assert.deepEqual(explained.verdict, verdict);
      const won = explained.candidates.filter((candidate) => candidate.won);
      assert.deepEqual(
        won.map((candidate) => [candidate.rule, candidate.layer, candidate.silence]),
        rule === null ? [] : [[rule, layer, null]],
      );
    });
    fc.assert(property, runs);
    for (const outcome of ['indicator allow', 'reputation warn', 'category block', 'score audit', 'none none']) {
      assert.ok(seen.has(outcome), `no case ended in "${outcome}"`);
    }
  });

  test('any bytes: never throw, and say the same', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 5 }),
      fc
        .constantFrom('.', 'a', 'a.b', ':', '::1', '[', ']', '1.1.0.0', 'ü', '/', '%2e', '?', '\0')
        .map((text) => Buffer.from(text)),
    );
    const bytes = fc.array(piece, { maxLength: 8 }).map((pieces) => new Uint8Array(Buffer.concat(pieces)));
    const asked = fc.record({
      names: fc.array(bytes, { maxLength: 3 }),
      url: fc.option(fc.record({ host: bytes, path: bytes })),
      remoteIp: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom(Uint8Array.of(1, 1, 0, 0), new Uint8Array(16)),
      ),
      remotePort: fc.nat(65535),
      subject: fc.option(
        fc.record({
          uid: fc.option(fc.nat(10)),
          executable: fc.option(fc.string()),
          cgroup: fc.option(fc.string()),
          container: fc.option(fc.record({ id: fc.string(), name: fc.option(fc.string()) })),
        }),
      ),
    });
    const exclusions = fc.option(
      fc.record({
        networks: fc.array(fc.record({ address: fc.uint8Array({ maxLength: 16 }), prefixLength: fc.nat(128) }), {
          maxLength: 2,
        }),
        executables: fc.array(fc.string(), { maxLength: 2 }),
      }),
    );
    const property = fc.property(asked, fc.array(line, { maxLength: 10 }), exclusions, (question, lines, excluded) => {
      // The same-name rule gives the path to a name that came in another array.
      const named = question.url === null ? question : { ...question, names: [...question.names, question.url.host] };
      const tables: Tables = {
        ...tablesOf(lines),
        score: (each) => (each.length > 3 ? { score: 1, reasons: [] } : null),
      };
      const settings: PolicySettings = {
        mode: 'block',
        convertWarnToBlock: false,
        lowReputation: 'warn',
        exclusions: excluded,
      };
      const { verdict, candidates } = explain(named, tables, settings, 99);
      assert.deepEqual(verdict, judge(named, tables, settings, 99));
      assert.equal(candidates.filter(({ won }) => won).length, verdict.rule === null ? 0 : 1);
    });
    fc.assert(property, runs);
  });
});
