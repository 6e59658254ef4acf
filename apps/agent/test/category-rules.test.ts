import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import { TableBuilder } from '@sallyport/hosts/build';
import { rewriteRules } from '@sallyport/hosts/rewrite';
import type { Rule } from '@sallyport/hosts/rule';
import { HostTable } from '@sallyport/hosts/table';

import {
  categoryRewrite,
  categoryRules,
  type CategorySettings,
  categoryState,
} from '../src/categories/category-rules.ts';
import { categoryNamed, readCategoryPolicy } from '../src/categories/read-category-policy.ts';

const policy = (
  name: string,
  categories: readonly string[],
  override: Partial<CategoryPolicy> = {},
): CategoryPolicy => ({
  name,
  categories,
  deviceGroups: [],
  users: [],
  executables: [],
  ...override,
});

const ALL: CategorySettings = { deviceGroup: '', processes: 'all', users: { anna: 1001 } };

const cases: readonly {
  readonly name: string;
  readonly policies: readonly CategoryPolicy[];
  readonly settings?: Partial<CategorySettings>;
  /** Action, policy and scope of each rule for Gambling. */
  readonly want: readonly string[];
  readonly state: string;
}[] = [
  { name: 'no policy', policies: [], want: [], state: 'off' },
  { name: 'a policy without categories', policies: [policy('p', [])], want: ['audit'], state: 'audited' },
  { name: 'another category', policies: [policy('p', ['Chat'])], want: ['audit'], state: 'audited' },
  { name: 'the category', policies: [policy('p', ['Gambling'])], want: ['block p'], state: 'blocked' },
  { name: 'its parent', policies: [policy('p', ['Adult content'])], want: ['block p'], state: 'blocked' },
  {
    name: 'the union of two',
    policies: [policy('p', ['Chat']), policy('q', ['Gambling'])],
    want: ['block q'],
    state: 'blocked',
  },
  {
    name: 'a policy for another group is none',
    policies: [policy('p', ['Gambling'], { deviceGroups: ['servers'] })],
    want: [],
    state: 'off',
  },
  {
    name: 'a policy for this group',
    policies: [policy('p', ['Gambling'], { deviceGroups: ['servers'] })],
    settings: { deviceGroup: 'servers' },
    want: ['block p'],
    state: 'blocked',
  },
  {
    name: 'for one user, the others are counted',
    policies: [policy('p', ['Gambling'], { users: ['anna'] })],
    want: ['block p {"uids":[[1001,1001]]}', 'audit'],
    state: 'blocked-for-some',
  },
  {
    name: 'for a user who is not known here',
    policies: [policy('p', ['Gambling'], { users: ['ghost'] })],
    want: ['audit'],
    state: 'audited',
  },
  {
    name: 'named programs count also where browsers are meant',
    policies: [policy('p', ['Gambling'], { executables: ['curl'] })],
    settings: { processes: 'browsers' },
    want: ['block p {"executables":["curl"]}', 'audit'],
    state: 'blocked-for-some',
  },
];

suite('categoryRules', () => {
  for (const { name, policies, settings, want, state } of cases) {
    test(name, () => {
      const rules = categoryRules(policies, { ...ALL, ...settings })('Gambling');
      const said = rules.map(({ action, policy: by, scope }) =>
        [action, ...(by === null ? [] : [by]), ...(scope === undefined ? [] : [JSON.stringify(scope)])].join(' '),
      );
      assert.deepEqual(said, want);
      assert.equal(categoryState(policies, { ...ALL, ...settings }, 'Gambling').state, state);
    });
  }

  test('browsers', () => {
    const settings: CategorySettings = { ...ALL, processes: 'browsers' };
    const [block] = categoryRules([policy('p', ['Gambling'])], settings)('Gambling');
    assert.ok(block?.scope?.executables?.includes('firefox'));
    assert.equal(categoryState([policy('p', ['Gambling'])], settings, 'Gambling').state, 'blocked');
  });

  test('a table with policies applied keeps its entries', () => {
    const base: Rule = {
      action: 'audit',
      category: 'CustomPolicy',
      id: '7',
      title: 'UT1',
      source: 'category',
      expiresAt: null,
      webCategory: 'Gambling',
    };
    const builder = new TableBuilder({ hashKey: [1, 2] });
    builder.addHost('bets.example', builder.addRule(base));
    const opened = HostTable.open(rewriteRules(builder.build(), categoryRewrite([policy('p', ['Gambling'])], ALL)));
    assert.equal(opened.kind, 'ok');
    const find = (host: string): string => {
      const name = Buffer.from(host);
      const index = opened.value.findName(name, 0, name.length, null, { nowMs: 0, port: 443, subject: null });
      const rule = index < 0 ? null : opened.value.rule(index);
      return rule === null ? '' : `${rule.action} ${rule.category} ${rule.title} ${rule.id}`;
    };
    assert.equal(find('www.bets.example'), 'block CustomPolicy p: Gambling 7');
    assert.equal(find('example.com'), '');
    const exception: Rule = { ...base, action: 'allow', source: 'feed' };
    assert.deepEqual(categoryRewrite([policy('p', ['Gambling'])], ALL)(exception), [exception]);
  });
});

suite('readCategoryPolicy', () => {
  test('names of categories are taken as people write them', () => {
    assert.equal(categoryNamed('hate and intolerance'), 'Hate & intolerance');
    assert.equal(categoryNamed('pornography/sexually explicit'), 'Pornography / Sexually explicit');
    assert.equal(categoryNamed('LEISURE'), 'Leisure');
    assert.equal(categoryNamed('toString'), null);
  });

  const refused = [
    { name: 'no name', input: policy(' ', []), field: 'name' },
    { name: 'unknown category', input: policy('p', ['Gamblin']), field: 'categories' },
    { name: 'empty group', input: policy('p', [], { deviceGroups: [''] }), field: 'deviceGroups' },
    { name: 'relative program', input: policy('p', [], { executables: ['bin/curl'] }), field: 'executables' },
    { name: 'range the wrong way', input: policy('p', [], { users: ['9-1'] }), field: 'users' },
  ];
  for (const { name, input, field } of refused) {
    test(`refuses ${name}`, () => {
      assert.partialDeepStrictEqual(readCategoryPolicy(input), { kind: 'rejected', field });
    });
  }
});
