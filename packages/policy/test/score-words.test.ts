/** The parts that read ASCII labels: suffixes, brands and lure words, typing errors, look-alikes, randomness. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { BAIT_WORDS } from '../src/score/bait-words.ts';
import { BRANDS } from '../src/score/brand-index.ts';
import { editDistance, MAX_WORD_BYTES } from '../src/score/edit-distance.ts';
import { Lexicon, Reading } from '../src/score/lexicon.ts';
import { Near, nearestBrand } from '../src/score/nearest-brand.ts';
import { measure, Randomness } from '../src/score/random-label.ts';
import { Findings, SIGNALS } from '../src/score/signals.ts';
import { trigramSource } from '../src/score/train-trigrams.ts';
import { fold, foldInto } from '../src/score/visual-fold.ts';
import { WireName } from '../src/score/wire-name.ts';
import { WordTable } from '../src/score/word-table.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

suite('WireName', () => {
  const cases = [
    { input: 'www.Example.COM', want: 'example', hosted: false },
    { input: 'example.com.', want: 'example', hosted: false },
    { input: 'www.example.co.uk', want: 'example', hosted: false },
    { input: 'co.uk', want: 'co', hosted: false },
    { input: 'shop.example.com.br', want: 'example', hosted: false },
    { input: 'a.b.hl.cn', want: 'b', hosted: false },
    { input: 'evil.pages.dev', want: 'evil', hosted: true },
    { input: 'x.evil.web.core.windows.net', want: 'evil', hosted: true },
    { input: 'pages.dev', want: 'pages', hosted: false },
    { input: 'login.paypal.com.evil.top', want: 'evil', hosted: false },
  ];
  for (const { input, want, hosted } of cases) {
    test(`${input}: the registrable label is ${want}`, () => {
      const name = new WireName();
      assert.equal(name.read(bytes(input)), true);
      const label = name.bytes.subarray(name.starts[name.registrable], name.ends[name.registrable]);
      assert.equal(String.fromCharCode(...label), want);
      assert.equal(name.hosted, hosted);
    });
  }

  for (const input of ['', '.', 'com', 'a..com', '.a.com', '10.0.0.1', 'a'.repeat(254)]) {
    test(`${JSON.stringify(input.slice(0, 20))} is no host name`, () => {
      assert.equal(new WireName().read(bytes(input)), false);
    });
  }
});

test('WordTable finds its words and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 60 }),
      fc.stringMatching(/^[a-z]{1,4}$/),
      (words, asked) => {
        const table = new WordTable(words);
        assert.equal(table.find(bytes(`--${asked}--`), 2, 2 + asked.length), words.indexOf(asked));
      },
    ),
    RUNS,
  );
});

suite('Lexicon', () => {
  const lexicon = new Lexicon(BRANDS, BAIT_WORDS, (label) => label);
  const cases = [
    { input: 'paypal', brand: 'paypal', baits: 0 },
    { input: 'paypal-login', brand: 'paypal', baits: 1 },
    { input: 'mypaypalaccount', brand: 'paypal', baits: 1 },
    { input: 'secure-chase-login', brand: 'chase', baits: 2 },
    { input: 'chaselogin', brand: 'chase', baits: 1 },
    { input: 'purchase', brand: null, baits: 0 },
    { input: 'purchase-login', brand: null, baits: 1 },
    { input: 'chases', brand: null, baits: 0 },
    { input: 'dhl-parcel24', brand: 'dhl', baits: 1 },
    { input: 'dhlogin', brand: null, baits: 0 },
    { input: 'accountingweb', brand: null, baits: 0 },
    { input: 'accountant', brand: null, baits: 0 },
    { input: 'serviceteamoffice365', brand: 'office365', baits: 2 },
    { input: 'teamwork-office365', brand: 'office365', baits: 0 },
    { input: 'fortnitetracker', brand: 'fortnite', baits: 0 },
    { input: 'apple24', brand: 'apple', baits: 0 },
    { input: 'pineapple', brand: null, baits: 0 },
    { input: '', brand: null, baits: 0 },
    { input: '---', brand: null, baits: 0 },
  ];
  for (const { input, brand, baits } of cases) {
    test(`${input || 'nothing'}: ${brand ?? 'no brand'}, ${baits} lure words`, () => {
      const reading = new Reading();
      lexicon.read(bytes(input), 0, input.length, reading);
      assert.deepEqual({ brand: BRANDS[reading.brand]?.label ?? null, baits: reading.baits }, { brand, baits });
    });
  }

  test('any label: the brand it names is there', () => {
    const part = fc.oneof(
      fc.constantFrom('-', '1', 'x', 'login'),
      fc.constantFrom(...BRANDS.map(({ label }) => label)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const label = bytes(parts.join(''));
        const reading = new Reading();
        lexicon.read(label, 0, label.length, reading);
        assert.ok(reading.baits >= 0);
        if (reading.brand < 0) return;
        const found = String.fromCharCode(...label.subarray(reading.brandStart, reading.brandEnd));
        assert.equal(found, BRANDS[reading.brand]?.label);
      }),
      RUNS,
    );
  });
});

/** The textbook form, with the whole matrix. */
function slowDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (__, j) => (i === 0 ? j : i)),
  );
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(i - 2, j - 2) + 1);
      const row = rows[i];
      if (row !== undefined) row[j] = cost;
    }
  }
  return at(a.length, b.length);
}

test('editDistance is the textbook distance, cut off behind the limit', () => {
  const word = fc.stringMatching(/^[abc]{0,12}$/);
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 3 }), (a, b, limit) => {
      const found = editDistance(bytes(a), 0, a.length, bytes(b), 0, b.length, limit);
      assert.equal(found, Math.min(slowDistance(a, b), limit + 1));
    }),
    RUNS,
  );
  const long = bytes('a'.repeat(MAX_WORD_BYTES + 1));
  assert.equal(editDistance(long, 0, long.length, long, 0, long.length, 2), 3, 'too long to compare');
});

suite('nearestBrand', () => {
  const cases = [
    { name: 'replaced', input: 'nepflix', brand: 'netflix', errors: 1 },
    { name: 'left out', input: 'facebok', brand: 'facebook', errors: 1 },
    { name: 'doubled', input: 'gooogle', brand: 'google', errors: 1 },
    { name: 'swapped', input: 'microsfot', brand: 'microsoft', errors: 1 },
    { name: 'two in a long name', input: 'bankofamercia1', brand: 'bankofamerica', errors: 2 },
    { name: 'two in a short name', input: 'facbok', brand: null, errors: 0 },
    { name: 'another first letter', input: 'taypal', brand: null, errors: 0 },
    { name: 'the brand itself', input: 'netflix', brand: null, errors: 0 },
    { name: 'another company', input: 'telegraf', brand: null, errors: 0 },
    { name: 'too short', input: 'ebya', brand: null, errors: 0 },
  ];
  for (const { name, input, brand, errors } of cases) {
    test(name, () => {
      const near = new Near();
      nearestBrand(bytes(input), 0, input.length, near);
      assert.equal(BRANDS[near.brand]?.label ?? null, brand);
      if (brand !== null) assert.equal(near.errors, errors);
    });
  }

  test('the quick refusal by letters loses no brand', () => {
    const plain = BRANDS.filter(({ common, label }) => !common && label.length >= 6);
    fc.assert(
      fc.property(
        fc.constantFrom(...plain),
        fc.nat(40),
        fc.constantFrom('a', 'e', 'n', 'o', 's', 'z', '0', '9', '-'),
        (brand, at, letter) => {
          const place = 1 + (at % (brand.label.length - 1));
          const word = `${brand.label.slice(0, place)}${letter}${brand.label.slice(place + 1)}`;
          const near = new Near();
          nearestBrand(bytes(word), 0, word.length, near);
          if (near.brand >= 0 || word === brand.label) return;
          // Only a listed neighbour or another brand may stand in the way.
          assert.ok(
            ['interact'].includes(word) || BRANDS.some(({ label }) => label === word),
            `${word} lost ${brand.label}`,
          );
        },
      ),
      RUNS,
    );
  });
});

suite('fold', () => {
  const cases = [
    { input: 'paypa1', want: fold('paypal') },
    { input: 'rnicros0ft', want: fold('microsoft') },
    { input: 'vvhatsapp', want: fold('whatsapp') },
    { input: 'netfl1x', want: fold('netflix') },
    { input: '5team', want: fold('steam') },
    { input: 'g00gle', want: fold('google') },
  ];
  for (const { input, want } of cases) test(`${input} is read as ${want}`, () => assert.equal(fold(input), want));

  test('never grows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 63 }), (label) => {
        const into = new Uint8Array(63);
        assert.ok(foldInto(label, 0, label.length, into) <= label.length);
      }),
      RUNS,
    );
  });
});

suite('measure', () => {
  const bits = (label: string): number => {
    const found = new Randomness();
    measure(bytes(label), 0, label.length, found);
    return found.bitsPerLetter;
  };
  test('words surprise less than letters drawn at random', () => {
    for (const word of ['weatherforecast', 'the-garden-house', 'bahnhofstrasse', 'ristorante'])
      assert.ok(bits(word) < 5.9, word);
    for (const drawn of ['kqijtjzoepaozm', 'wygyasekmeosscgg', 'xfxlnvqnrwbdhbo']) assert.ok(bits(drawn) > 5.9, drawn);
  });
  test('counts letters, digits and where they meet', () => {
    const found = new Randomness();
    measure(bytes('a1-b22c'), 0, 7, found);
    assert.deepEqual([found.letters, found.digits, found.changes], [3, 3, 3]);
  });
});

test('findings add up as independent chances, each signal once', () => {
  const findings = new Findings();
  findings.add('typing-error', 50, 0);
  findings.add('typing-error', 20, 1);
  findings.add('cheap-suffix', 20, -1);
  assert.equal(findings.score(), 60);
  assert.deepEqual(
    findings.list().map(({ signal, points }) => [signal, points]),
    [
      ['typing-error', 50],
      ['cheap-suffix', 20],
    ],
  );
  findings.clear();
  assert.equal(findings.score(), 0);
  for (const signal of SIGNALS) findings.add(signal, 99, -1);
  assert.ok(findings.score() <= 100);
});

const WORDS = '/usr/share/dict/american-english';
const skip = existsSync(WORDS) ? false : `no ${WORDS}: apt-get install wamerican`;
if (skip !== false) process.stdout.write(`# skipped: ${skip}\n`);

test('the trigram table is the one that the word list gives', { skip }, () => {
  const table = readFileSync(new URL('../src/score/random-label-data.ts', import.meta.url), 'utf8');
  assert.equal(trigramSource(readFileSync(WORDS, 'utf8').toLowerCase().split('\n')), table);
});
