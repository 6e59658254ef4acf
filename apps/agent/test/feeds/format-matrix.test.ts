/**
 * Every format that `feed add --format` knows, three ways: a sample as it is published, the same with one bad entry,
 * and a list in another format under its name. Finer points of each are in the tests beside this one.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { FORMAT_NAMES, type FormatName } from '../../src/feeds/formats.ts';
import { outcomeOfText } from './collecting-sink.ts';

const NAMES = Array.from({ length: 20 }, (_, n) => `n${n}.example`);
/** The entry that is damaged. */
const VICTIM = 'n7.example';
const lines = (line: (name: string) => string): string => NAMES.map((name) => `${line(name)}\n`).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Sample {
  readonly text: string;
  /** Of `n0.example`; the others are alike. */
  readonly first: string;
  /** Something in `text`, and what replaces it. */
  readonly damage: readonly [part: string, by: string];
  readonly reason: RegExp;
  /** Where it is counted: the line, or the item of a document. */
  readonly at: number;
}

const EMPTY_LABEL = { damage: [VICTIM, 'n7..example'], reason: /^empty label$/ } as const;

const SAMPLES: Readonly<Record<FormatName, Sample>> = {
  hosts: {
    text: `# list\n127.0.0.1 localhost\n${lines((name) => `0.0.0.0 ${name}`)}`,
    first: 'exact n0.example',
    at: 10,
    ...EMPTY_LABEL,
  },
  domains: { text: `# list\n${lines((name) => name)}`, first: 'suffix n0.example', at: 9, ...EMPTY_LABEL },
  adblock: {
    text: `[Adblock Plus]\n! list\n${lines((name) => `||${name}^`)}`,
    first: 'suffix n0.example',
    damage: [`||${VICTIM}^`, `0.0.0.0 ${VICTIM}`],
    reason: /^a hosts line$/,
    at: 10,
  },
  cidr: {
    text: `; list\n${NAMES.map((_, n) => `198.51.${n}.0/24\n`).join('')}`,
    first: 'cidr 198.51.0.0/24',
    damage: ['198.51.7.0/24', '198.51.7.0/33'],
    reason: /^bad prefix length$/,
    at: 9,
  },
  dnsmasq: {
    text: `# list\n${lines((name) => `address=/${name}/0.0.0.0`)}`,
    first: 'suffix n0.example',
    at: 9,
    ...EMPTY_LABEL,
  },
  unbound: {
    text: `server:\n${lines((name) => `  local-zone: "${name}" always_nxdomain`)}`,
    first: 'suffix n0.example',
    at: 9,
    ...EMPTY_LABEL,
  },
  rpz: {
    text: `$TTL 30\n@ SOA localhost. root.localhost. 1 2 3 4 5\n NS localhost.\n${lines((name) => `${name} CNAME .`)}`,
    first: 'exact n0.example',
    at: 11,
    ...EMPTY_LABEL,
  },
  bind: {
    text: lines((name) => `zone "${name}" { type master; file "null"; };`),
    first: 'suffix n0.example',
    at: 8,
    ...EMPTY_LABEL,
  },
  dnscrypt: { text: lines((name) => `=${name}`), first: 'exact n0.example', at: 8, ...EMPTY_LABEL },
  tpl: {
    text: `msFilterList\n: Expires=1\n${lines((name) => `-d ${name}`)}`,
    first: 'suffix n0.example',
    at: 10,
    ...EMPTY_LABEL,
  },
  suricata: {
    text: lines((name) => `alert tls any any -> any any (tls.sni; content:"${name}"; startswith; endswith; sid:1;)`),
    first: 'exact n0.example',
    damage: [`"${VICTIM}"`, `"${VICTIM}`],
    reason: /^not a rule$/,
    at: 8,
  },
  dataset: {
    text: lines(base64),
    first: 'exact n0.example',
    damage: [base64(VICTIM), base64('n7..example')],
    reason: /^empty label$/,
    at: 8,
  },
  csv: {
    text: `domain,confidence\n${lines((name) => `${name},90`)}`,
    first: 'suffix n0.example 90%',
    at: 9,
    ...EMPTY_LABEL,
  },
  stix: {
    text: JSON.stringify({
      type: 'bundle',
      id: 'bundle--00000000-0000-4000-8000-000000000002',
      objects: NAMES.map((name) => ({
        type: 'indicator',
        spec_version: '2.1',
        id: 'indicator--00000000-0000-4000-8000-000000000001',
        pattern: `[domain-name:value = '${name}']`,
        pattern_type: 'stix',
        valid_from: '2020-01-01T00:00:00Z',
      })),
    }),
    first: 'suffix n0.example',
    damage: [`'${VICTIM}'`, `'${VICTIM}`],
    reason: /^not a STIX pattern: /,
    at: 8,
  },
  misp: {
    text: JSON.stringify({
      Event: {
        info: 'sample',
        Attribute: NAMES.map((value) => ({ type: 'domain', category: 'Network activity', value, to_ids: true })),
      },
    }),
    first: 'suffix n0.example',
    at: 8,
    ...EMPTY_LABEL,
  },
  ut1: { text: lines((name) => name), first: 'suffix n0.example', at: 8, ...EMPTY_LABEL },
};

/** Lines, settings, rules and a document: every format but its own refuses them. */
const FOREIGN: readonly FormatName[] = ['hosts', 'dnsmasq', 'suricata', 'stix'];
/** Without its folder, a list of UT1 is a list of domains. */
const detected = (format: FormatName): FormatName => (format === 'ut1' ? 'domains' : format);

for (const format of FORMAT_NAMES) {
  suite(format, () => {
    const { text, first, damage, reason, at } = SAMPLES[format];

    test('a sample, by name and by itself', async () => {
      const named = await outcomeOfText(text, format);
      assert.deepEqual([named.error, named.report?.format, named.report?.invalid.count], [null, format, 0]);
      assert.deepEqual([named.entries.length, named.entries[0]], [NAMES.length, first]);
      const found = await outcomeOfText(text, 'detect');
      assert.deepEqual([found.error, found.report?.format], [null, detected(format)]);
      assert.deepEqual(found.entries, named.entries);
    });

    test('one bad entry is named with its place, the others are used', async () => {
      assert.ok(text.includes(damage[0]));
      const { error, entries, report } = await outcomeOfText(text.replace(...damage), format);
      assert.deepEqual([error, entries.length, report?.invalid.count], [null, NAMES.length - 1, 1]);
      assert.equal(report?.invalid.first[0]?.line, at);
      assert.match(report.invalid.first[0].reason, reason);
    });

    for (const other of FOREIGN.filter((each) => each !== format)) {
      test(`what is ${other} is refused in one line`, async () => {
        const { error, entries } = await outcomeOfText(SAMPLES[other].text, format);
        assert.deepEqual(entries, []);
        assert.match(error ?? '', /^(?:wrong-format|unsupported-format|empty): list[^\n]*$/);
      });
    }
  });
}
