/** The local score as a whole: what is reported and why, what is not, and that no bytes upset it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { BRANDS } from '../src/score/brand-index.ts';
import { assessName, scoreName } from '../src/score/score-name.ts';
import { SIGNALS, THRESHOLD } from '../src/score/signals.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

const REPORTED = [
  { name: 'Cyrillic letters', input: 'xn--pypal-4ve.com', score: 99, want: 'looks like paypal.com: Cyrillic letters' },
  {
    name: 'one dot below',
    input: 'xn--gihub-ns1b.com',
    score: 95,
    want: 'looks like github.com: letters with accents or strokes',
  },
  {
    name: 'the same in UTF-8',
    input: 'giṭhub.com',
    score: 95,
    want: 'looks like github.com: letters with accents or strokes',
  },
  { name: 'all Cyrillic', input: 'xn--80ak6aa92e.com', score: 65, want: 'looks like apple.com: Cyrillic letters' },
  {
    name: 'digit for letter',
    input: 'paypa1.com',
    score: 80,
    want: 'looks like paypal.com: characters that are read for others',
  },
  {
    name: 'rn for m, inside',
    input: 'www.rnicrosoft-help.com',
    score: 65,
    want: 'looks like microsoft.com: characters that are read for others',
  },
  { name: 'a letter doubled', input: 'facebbook.com', score: 62, want: 'nearly spelled like facebook.com' },
  { name: 'two errors', input: 'steamcomunnity.xyz', score: 60, want: 'nearly spelled like steamcommunity.com' },
  {
    name: 'lure words',
    input: 'paypal-login.com',
    score: 65,
    want: 'joins the name of paypal.com with words used to lure',
  },
  {
    name: 'lure words without hyphens',
    input: 'securenetflixaccount.com',
    score: 80,
    want: 'joins the name of netflix.com with words used to lure',
  },
  {
    name: 'a brand that is a word, with a lure and a cheap suffix',
    input: 'chase-verify.top',
    score: 62,
    want: 'joins the name of chase.com with words used to lure',
  },
  {
    name: 'a domain as sub-domain',
    input: 'paypal.com.evil.example',
    score: 93,
    want: 'carries paypal.com in front of an unrelated domain',
  },
  {
    name: 'dots written as hyphens',
    input: 'www-paypal-com.evil.example',
    score: 85,
    want: 'carries paypal.com in front of an unrelated domain',
  },
  {
    name: 'a log-in page passed on',
    input: 'login.microsoftonline.evil.example',
    score: 70,
    want: 'names microsoftonline.com in front of an unrelated domain',
  },
  {
    name: 'on a hosting suffix',
    input: 'coinbase-wallet.pages.dev',
    score: 69,
    want: 'joins the name of coinbase.com with words used to lure',
  },
  {
    name: 'in storage that anybody rents',
    input: 'paypal-login.s3.amazonaws.com',
    score: 69,
    want: 'joins the name of paypal.com with words used to lure',
  },
  {
    name: 'letters drawn at random',
    input: 'xwqzkvbhtrpl.com',
    score: 65,
    want: 'looks computed, not chosen: its letters do not follow each other as in words',
  },
  {
    name: 'letters and digits',
    input: '9c3d562be32ef024.info',
    score: 62,
    want: 'looks computed, not chosen: letters and digits take turns',
  },
  {
    name: 'two scripts in a word, no brand',
    input: 'xn--ltterbox-c8g.example',
    score: 75,
    want: 'mixes scripts in one word: Latin and Cyrillic',
  },
  {
    name: 'Punycode that is none',
    input: 'xn--99999999.example',
    score: 70,
    want: 'international label is not valid: not Punycode',
  },
];

const UNREMARKABLE = [
  'paypal.com',
  'www.paypal.com',
  'paypal.me',
  'c.paypalobjects.com',
  'paypal.de',
  's3.eu-west-1.amazonaws.com',
  'login.microsoftonline.com',
  'accounts.google.co.uk',
  'console.cloud.google',
  'microsoft.github.io',
  'paypal.com.edgekey.net',
  'paypal.zendesk.com',
  'www-paypal-com.proxy.library.example.edu',
  'purchase.com',
  'purchase-support.com',
  'accountingweb.co.uk',
  'amazonas-tours.com.br',
  'github.company.example',
  'telegraf.rs',
  'example.com',
  'sub.domain.of.example.org',
  'xn--mnchen-3ya.de',
  'xn--e1afmkfd.xn--p1ai',
  'xn--r8jz45g.jp',
  'd111111abcdef8.cloudfront.net',
  'facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion',
  '192.0.2.1',
  'localhost',
  '',
  '.',
  'a..b',
  `${'a'.repeat(300)}.com`,
];

suite('scoreName', () => {
  for (const { name, input, score, want } of REPORTED) {
    test(`reports ${name}`, () => {
      const found = scoreName(bytes(input));
      assert.equal(found?.reasons[0], want);
      assert.equal(found.score, score);
    });
  }

  for (const input of UNREMARKABLE) {
    test(`says nothing about ${input.slice(0, 60) || 'no name'}`, () => assert.equal(scoreName(bytes(input)), null));
  }

  test('being new in the fleet tips the balance and is nothing alone', () => {
    assert.equal(scoreName(bytes('chase-login.com')), null);
    const found = scoreName(bytes('chase-login.com'), { isNewInFleet: true });
    assert.deepEqual(found?.reasons, [
      'joins the name of chase.com with words used to lure',
      'was not seen in this fleet before',
    ]);
    assert.equal(scoreName(bytes('example.com'), { isNewInFleet: true }), null);
  });

  test('no genuine domain of a brand is reported, with www or without', () => {
    for (const { domain } of BRANDS) {
      assert.equal(scoreName(bytes(domain)), null, domain);
      assert.equal(scoreName(bytes(`www.${domain}`)), null, domain);
    }
  });

  const label = fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9-]{1,30}$/),
    fc.stringMatching(/^xn--[a-z0-9-]{1,40}$/),
    fc.constantFrom('paypal', 'com', 'login', 'rnicrosoft', 'google', 'xn--80ak6aa92e', 'co', 'uk', 'top', 'github'),
  );
  const hostName = fc.array(label, { minLength: 1, maxLength: 12 }).map((labels) => labels.join('.'));

  test('any bytes give null or a score from the threshold to 100 with a reason', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      hostName.map(bytes),
      fc.string({ unit: 'binary' }).map(bytes),
    );
    fc.assert(
      fc.property(anyBytes, fc.boolean(), (name, isNewInFleet) => {
        const before = name.slice();
        const found = scoreName(name, { isNewInFleet });
        assert.deepEqual(name, before, 'the name is not written to');
        if (found === null) return;
        assert.ok(Number.isInteger(found.score) && found.score >= THRESHOLD && found.score <= 100);
        assert.ok(found.reasons.length > 0 && found.reasons.length <= SIGNALS.length);
        for (const reason of found.reasons) assert.match(reason, /^[\x20-\x7e]{10,120}$/);
      }),
      RUNS,
    );
  });

  test('ASCII case and the dot of the root make no difference, nor do bytes around the view', () => {
    fc.assert(
      fc.property(hostName, fc.nat(8), (name, pad) => {
        const want = assessName(bytes(name));
        assert.deepEqual(assessName(bytes(name.toUpperCase())), want);
        if (!name.endsWith('.')) assert.deepEqual(assessName(bytes(`${name}.`)), want);
        const padded = bytes(`${'x'.repeat(pad)}${name}${'y'.repeat(pad)}`);
        assert.deepEqual(assessName(padded.subarray(pad, padded.length - pad)), want);
      }),
      RUNS,
    );
  });

  test('the name before leaves no trace', () => {
    fc.assert(
      fc.property(hostName, hostName, (first, second) => {
        const want = assessName(bytes(second));
        assessName(bytes(first));
        assert.deepEqual(assessName(bytes(second)), want);
      }),
      RUNS,
    );
  });
});
