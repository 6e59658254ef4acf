import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { explain, type ExplainedCandidate } from '../src/explain.ts';
import type { PolicySettings, Question } from '../src/verdict.ts';
import { BLOCK, CONVERT, AUDIT, DISABLED, question, tables, type Lines } from './tables.ts';

const written = ({ won, layer, matched, entry, silence }: ExplainedCandidate): string =>
  `${won ? '*' : '-'}${layer} ${matched} ${entry}${silence === null ? '' : ` (${silence})`}`;

interface Case {
  readonly name: string;
  readonly lines: Lines;
  readonly asked: Question;
  readonly settings?: PolicySettings;
  readonly want: { readonly candidates: readonly string[]; readonly reasons: readonly string[] };
}

const remote = '203.0.113.1';
const cases: readonly Case[] = [
  {
    name: 'an expired entry steps aside and says so',
    lines: {
      indicators: [
        ['allow example.com', { id: 'I1', title: 'Ours' }],
        ['block old.example.com', { id: 'I2', title: 'Old', expiresAt: 1000 }],
      ],
    },
    asked: question('A.old.Example.com.'),
    want: {
      candidates: ['-indicator host old.example.com (expired)', '*indicator host example.com'],
      reasons: [
        'old.example.com (block, "Old") has expired and does not count.',
        'Custom indicators: host entry example.com says allow about a.old.example.com.',
        'example.com is listed by "Ours" (allow, CustomAllowList).',
        'Custom indicators: nothing about 192.0.2.1.',
        '"Ours" (I1) decides: allow, it passes.',
      ],
    },
  },
  {
    name: 'a URL entry goes before the host',
    lines: {
      indicators: [
        ['allow example.com', { id: 'I1', title: 'Ours' }],
        ['block www.example.com/bad/', { id: 'I3', title: 'One page' }],
      ],
    },
    asked: question('www.example.com/%62ad/page'),
    want: {
      candidates: ['*indicator url www.example.com/bad', '-indicator host example.com'],
      reasons: [
        'Custom indicators: url entry www.example.com/bad says block about www.example.com, the most specific of 2 entries.',
        'www.example.com/bad is listed by "One page" (block, CustomBlockList).',
        'Less specific: example.com, listed by "Ours" (allow, CustomAllowList).',
        'Custom indicators: nothing about 192.0.2.1.',
        '"One page" (I3) decides: block, it is cut.',
      ],
    },
  },
  {
    name: 'all sources of an entry, with what they say of it',
    lines: {
      reputation: [
        ['warn bad.example', { id: 'F2', title: 'Guesses', category: 'Untrusted', confidence: 40, port: 443 }],
        [
          'block bad.example',
          {
            id: 'F1',
            title: 'Phish',
            confidence: 90,
            scope: {
              uids: [
                [1000, 1999],
                [0, 0],
              ],
              executables: ['curl'],
            },
          },
        ],
        ['block example', { id: 'F3', title: 'Whole zone', category: 'Malicious' }],
      ],
    },
    asked: question('www.bad.example', { remote, subject: { uid: 1000, executable: '/usr/bin/curl' } }),
    settings: CONVERT,
    want: {
      candidates: ['*reputation host bad.example', '-reputation host bad.example', '-reputation host example'],
      reasons: [
        'Reputation: host entry bad.example says warn about www.bad.example, the most specific of 2 entries.',
        'bad.example is listed by "Guesses" (warn, Untrusted, confidence 40, port 443 only) and "Phish" (block, Phishing, confidence 90, user 1000-1999 or 0 and program curl only).',
        'Less specific: example, listed by "Whole zone" (block, Malicious).',
        'Reputation: nothing about 203.0.113.1.',
        '"Guesses" (F2) decides: warn, it is cut (warnings are converted to blocks).',
      ],
    },
  },
  {
    name: 'what does not count, and why',
    lines: {
      reputation: [
        ['block a.bad.example', { id: 'F1', title: 'Mail only', port: 25 }],
        ['block bad.example', { id: 'F2', title: 'For root', scope: { uids: [[0, 0]] } }],
        ['allow bad.example', { id: 'F3', title: 'Zone list' }],
        ['block example', { id: 'F3', title: 'Zone list' }],
      ],
    },
    asked: question('a.bad.example', { remote }),
    want: {
      candidates: [
        '-reputation host a.bad.example (port)',
        '-reputation host bad.example (exception)',
        '-reputation host bad.example (scope)',
        '-reputation host example (taken-back)',
      ],
      reasons: [
        'a.bad.example (block, "Mail only") is for port 25 only and does not count.',
        'bad.example is an exception of "Zone list", which takes back its own entries.',
        'bad.example (block, "For root") is for user 0 only, and the process is not known: it does not count.',
        'example (block, "Zone list") is taken back by the feed\'s own exception and does not count.',
        'Reputation: nothing that counts about a.bad.example.',
        'Reputation: nothing about 203.0.113.1.',
        'No entry restricts it: it passes.',
      ],
    },
  },
  {
    name: 'an exception leaves what other feeds say',
    lines: {
      reputation: [
        ['allow ok.bad.example', { id: 'F3', title: 'Zone list' }],
        ['block bad.example', { id: 'F3', title: 'Zone list' }],
        ['block bad.example', { id: 'F1', title: 'Phish' }],
      ],
    },
    asked: question('ok.bad.example', { remote }),
    settings: AUDIT,
    want: {
      candidates: [
        '-reputation host ok.bad.example (exception)',
        '-reputation host bad.example (taken-back)',
        '*reputation host bad.example',
      ],
      reasons: [
        'ok.bad.example is an exception of "Zone list", which takes back its own entries.',
        'bad.example (block, "Zone list") is taken back by the feed\'s own exception and does not count.',
        'Reputation: host entry bad.example says block about ok.bad.example.',
        'bad.example is listed by "Phish" (block, Phishing).',
        'Reputation: nothing about 203.0.113.1.',
        '"Phish" (F1) decides: block, it passes and is recorded (audit mode).',
      ],
    },
  },
  {
    name: 'an audit indicator goes on to the feeds, where name and address tie',
    lines: {
      indicators: [['audit seen.example', { id: 'I4', title: 'Watch' }]],
      reputation: [
        ['block seen.example', { id: 'F1', title: 'Feed' }],
        ['block 192.0.2.0/24', { id: 'F1', title: 'Feed' }],
      ],
    },
    asked: question('seen.example'),
    want: {
      candidates: ['-indicator host seen.example', '*reputation host seen.example', '-reputation cidr 192.0.2.0/24'],
      reasons: [
        'Custom indicators: host entry seen.example says audit about seen.example.',
        'seen.example is listed by "Watch" (audit, CustomBlockList).',
        'Custom indicators: nothing about 192.0.2.1.',
        '"Watch" only asks for a record, so the layers below are heard too.',
        'Reputation: host entry seen.example says block about seen.example.',
        'seen.example is listed by "Feed" (block, Phishing).',
        'Reputation: cidr entry 192.0.2.0/24 says block about 192.0.2.1.',
        '192.0.2.0/24 is listed by "Feed" (block, Phishing).',
        'Block on the name goes before block on the address (allow, warn, block, audit).',
        '"Feed" (F1) decides: block, it is cut.',
      ],
    },
  },
  {
    name: 'layers that an indicator keeps from being heard',
    lines: {
      indicators: [['allow example', { id: 'I1', title: 'Ours' }]],
      reputation: [
        ['block bad.example', { id: 'F1', title: 'Phish' }],
        ['block 203.0.113.0/24', { id: 'F1', title: 'Phish' }],
        ['block bad.example', { id: 'F9', title: 'Gone', expiresAt: 5 }],
      ],
      categories: [['block example', { id: 'C', title: 'No games', webCategory: 'Games' }]],
      popular: ['audit bad.example'],
    },
    asked: question('www.bad.example', { remote: '::ffff:203.0.113.1' }),
    want: {
      candidates: [
        '*indicator host example',
        '-reputation host bad.example (not-heard)',
        '-reputation host bad.example (expired)',
        '-category host example (not-heard)',
        '-reputation cidr 203.0.113.0/24 (not-heard)',
      ],
      reasons: [
        'Custom indicators: host entry example says allow about www.bad.example.',
        'example is listed by "Ours" (allow, CustomAllowList).',
        'Custom indicators: nothing about 203.0.113.1.',
        'Reputation: not heard about bad.example, listed by "Phish" (block, Phishing).',
        'Web content filtering: not heard about example, listed by "No games" (block, CustomPolicy, Games [Leisure]).',
        'www.bad.example is under the popular name bad.example.',
        'Reputation: not heard about 203.0.113.0/24, listed by "Phish" (block, Phishing).',
        '"Ours" (I1) decides: allow, it passes.',
      ],
    },
  },
  {
    name: 'a category that is only counted',
    lines: { categories: [['audit play.example', { id: 'C', title: 'Statistics', webCategory: 'Games' }]] },
    asked: question('play.example', { remote }),
    want: {
      candidates: ['-category host play.example'],
      reasons: [
        'Web content filtering: host entry play.example says audit about play.example.',
        'play.example is listed by "Statistics" (audit, CustomPolicy, Games [Leisure]).',
        'Web content filtering: nothing about 203.0.113.1.',
        'Games [Leisure] is not blocked by any policy: it is only counted.',
        'No entry restricts it: it passes.',
      ],
    },
  },
  {
    name: 'a blocked category',
    lines: { categories: [['block bets.example', { id: 'C', title: 'No bets' }]] },
    asked: question('bets.example', { remote }),
    want: {
      candidates: ['*category host bets.example'],
      reasons: [
        'Web content filtering: host entry bets.example says block about bets.example.',
        'bets.example is listed by "No bets" (block, CustomPolicy, Gambling [Adult content]).',
        'Web content filtering: nothing about 203.0.113.1.',
        '"No bets" (C) decides: block, it is cut.',
      ],
    },
  },
  {
    name: 'the worst of several names',
    lines: {
      indicators: [['allow example.com', { id: 'I1', title: 'Ours' }]],
      reputation: [['block 192.0.2.0/24', { id: 'F1', title: 'Feed' }]],
    },
    asked: question(['example.com', 'plain.example']),
    want: {
      candidates: ['-indicator host example.com', '*reputation cidr 192.0.2.0/24'],
      reasons: [
        'Custom indicators: host entry example.com says allow about example.com.',
        'example.com is listed by "Ours" (allow, CustomAllowList).',
        'Custom indicators: nothing about 192.0.2.1.',
        'For example.com alone: allow.',
        'Custom indicators: nothing about plain.example.',
        'Reputation: nothing about plain.example.',
        'Reputation: cidr entry 192.0.2.0/24 says block about 192.0.2.1.',
        '192.0.2.0/24 is listed by "Feed" (block, Phishing).',
        'For plain.example alone: block.',
        'The worst of several names counts: "Feed" (F1) decides: block, it is cut.',
      ],
    },
  },
  {
    name: 'one entry covers both names and decides for the second only',
    lines: {
      reputation: [
        ['warn a.bad.example', { id: 'F2', title: 'Guesses' }],
        ['block bad.example', { id: 'F1', title: 'Phish' }],
      ],
    },
    asked: { ...question(['a.bad.example', 'b.bad.example']), remoteIp: new Uint8Array(0) },
    want: {
      candidates: ['-reputation host a.bad.example', '-reputation host bad.example', '*reputation host bad.example'],
      reasons: [
        'Reputation: host entry a.bad.example says warn about a.bad.example, the most specific of 2 entries.',
        'a.bad.example is listed by "Guesses" (warn, Phishing).',
        'Less specific: bad.example, listed by "Phish" (block, Phishing).',
        'For a.bad.example alone: warn.',
        'Reputation: host entry bad.example says block about b.bad.example.',
        'bad.example is listed by "Phish" (block, Phishing).',
        'For b.bad.example alone: block.',
        'The worst of several names counts: "Phish" (F1) decides: block, it is cut.',
      ],
    },
  },
  {
    name: 'a popular name is not scored',
    lines: { popular: ['audit example.com'], score: () => ({ score: 99, reasons: ['never asked'] }) },
    asked: question('www.example.com', { remote }),
    settings: { ...BLOCK, lowReputation: 'block' },
    want: {
      candidates: [],
      reasons: [
        'www.example.com is under the popular name example.com, so it is not scored.',
        'No entry matches: it passes.',
      ],
    },
  },
  {
    name: 'the local score',
    lines: {
      popular: [],
      score: () => ({ score: 83, reasons: ['looks like paypal.com', 'a digit stands for a letter'] }),
    },
    asked: question('Paypa1.example', { remote }),
    settings: { ...BLOCK, lowReputation: 'audit' },
    want: {
      candidates: ['*score host paypa1.example'],
      reasons: [
        'Local score: 83 of 100 for paypa1.example: looks like paypal.com; a digit stands for a letter.',
        '"looks like paypal.com" (local-score) decides: audit, it passes and is recorded.',
      ],
    },
  },
  {
    name: 'an unremarkable name without a known address',
    lines: { indicators: [], score: () => null },
    asked: { ...question('plain.example'), remoteIp: new Uint8Array(0) },
    settings: { ...BLOCK, lowReputation: 'audit' },
    want: {
      candidates: [],
      reasons: [
        'Custom indicators: nothing about plain.example.',
        'Local score: nothing remarkable about plain.example.',
        'No entry matches: it passes.',
      ],
    },
  },
  {
    name: 'an excluded network',
    lines: { indicators: [['block bad.example', { title: 'Ours' }]] },
    asked: question('bad.example'),
    settings: {
      ...BLOCK,
      exclusions: { networks: [{ address: Uint8Array.of(192, 0, 2, 0), prefixLength: 24 }], executables: [] },
    },
    want: {
      candidates: ['-indicator host bad.example (not-heard)'],
      reasons: [
        '192.0.2.1 is in the excluded network 192.0.2.0/24: nothing is asked.',
        'Custom indicators: not heard about bad.example, listed by "Ours" (block, CustomBlockList).',
        'The connection is excluded from protection: it passes.',
      ],
    },
  },
  {
    name: 'an excluded program',
    lines: {},
    asked: question('bad.example', { subject: { executable: '/usr/bin/curl' } }),
    settings: { ...BLOCK, exclusions: { networks: [], executables: ['curl'] } },
    want: {
      candidates: [],
      reasons: [
        '/usr/bin/curl is an excluded program: nothing is asked.',
        'The connection is excluded from protection: it passes.',
      ],
    },
  },
  {
    name: 'disabled: what matches is still listed, nothing wins',
    lines: { indicators: [['block example.com', { title: 'Ours' }]] },
    asked: question('example.com', { remote }),
    settings: DISABLED,
    want: {
      candidates: ['-indicator host example.com'],
      reasons: [
        'Custom indicators: host entry example.com says block about example.com.',
        'example.com is listed by "Ours" (block, CustomBlockList).',
        'Custom indicators: nothing about 203.0.113.1.',
        'Protection is disabled: the connection passes.',
      ],
    },
  },
];

suite('explain', () => {
  for (const { name, lines, asked, settings = BLOCK, want } of cases) {
    test(name, () => {
      const { candidates, reasons } = explain(asked, tables(lines), settings, 1000);
      assert.deepEqual({ candidates: candidates.map(written), reasons }, want);
    });
  }

  test('more rules on one name than a call may have arguments', () => {
    const reputation = Array.from({ length: 200_000 }, () => 'block example.com');
    const { candidates, verdict } = explain(question('example.com'), tables({ reputation }), BLOCK, 1000);
    assert.equal(candidates.length, reputation.length);
    assert.equal(verdict.effect, 'block');
  });
});
