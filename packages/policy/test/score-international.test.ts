/** Labels that are not ASCII: Punycode, scripts, look-alikes. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { domainToUnicode } from 'node:url';

import fc from 'fast-check';

import { asciiLook } from '../src/score/confusables.ts';
import { decodePunycode, decodeUtf8 } from '../src/score/punycode.ts';
import { mixedScripts } from '../src/score/scripts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const points = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
const RUNS = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

/** The first eight are samples of RFC 3492 7.1, in lower case. */
const PUNYCODE = [
  { name: 'Arabic', input: 'egbpdaj6bu4bxfgehfvwxn', want: 'ليهمابتكلموشعربي؟' },
  { name: 'Chinese, simplified', input: 'ihqwcrb4cv8a8dqg056pqjye', want: '他们为什么不说中文' },
  { name: 'Chinese, traditional', input: 'ihqwctvzc91f659drss3x8bo0yb', want: '他們爲什麽不說中文' },
  { name: 'Hebrew', input: '4dbcagdahymbxekheh6e0a7fei0b', want: 'למההםפשוטלאמדבריםעברית' },
  { name: 'Japanese', input: 'n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa', want: 'なぜみんな日本語を話してくれないのか' },
  {
    name: 'Spanish',
    input: 'porqunopuedensimplementehablarenespaol-fmd56a',
    want: 'porquénopuedensimplementehablarenespañol',
  },
  { name: 'digits first', input: '3b-ww4c5e180e575a65lsy2b', want: '3年b組金八先生' },
  { name: 'hyphens inside', input: '-with-super-monkeys-pc58ag80a8qai00g7n9n', want: '安室奈美恵-with-super-monkeys' },
  { name: 'German', input: 'mnchen-3ya', want: 'münchen' },
  { name: 'nothing behind the hyphen', input: 'paypal-', want: null },
  { name: 'nothing at all', input: '', want: null },
  { name: 'ends inside a number', input: 'a-99', want: null },
  { name: 'past the last code point', input: '99999999', want: null },
  { name: 'a character that is no digit', input: 'a-b_c', want: null },
];

suite('decodePunycode', () => {
  for (const { name, input, want } of PUNYCODE) {
    test(name, () => {
      const decoded = decodePunycode(bytes(input), 0, input.length);
      assert.equal(decoded === null ? null : String.fromCodePoint(...decoded), want);
    });
  }

  test('agrees with the platform wherever that accepts a label', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9-]{0,20}[a-z0-9]{1,8}$/), (text) => {
        const want = domainToUnicode(`xn--${text}`);
        // The platform answers with the A-label, or with nothing, for what IDNA forbids.
        if (want === '' || want.startsWith('xn--')) return;
        const decoded = decodePunycode(bytes(text), 0, text.length);
        assert.equal(decoded === null ? null : String.fromCodePoint(...decoded), want);
      }),
      RUNS,
    );
  });

  test('any bytes give null or code points, at most as many as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (label) => {
        const decoded = decodePunycode(label, 0, label.length);
        if (decoded === null) return;
        assert.ok(decoded.length <= label.length);
        assert.ok(decoded.every((point) => point >= 0 && point <= 0x10ffff));
      }),
      RUNS,
    );
  });
});

test('decodeUtf8 accepts what the platform accepts, and nothing else', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reference = (label: Uint8Array): string | null => {
    try {
      return strict.decode(label);
    } catch {
      return null;
    }
  };
  const input = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary' }).map(bytes),
    fc
      .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0xf5), { maxLength: 6 })
      .map((values) => Uint8Array.from(values)),
  );
  fc.assert(
    fc.property(input, (label) => {
      const decoded = decodeUtf8(label, 0, label.length);
      assert.equal(decoded === null ? null : String.fromCodePoint(...decoded), reference(label));
    }),
    RUNS,
  );
});

suite('asciiLook', () => {
  const cases = [
    { name: 'Cyrillic', input: 'раураӏ', want: 'paypai' },
    { name: 'accents', input: 'amazóñ', want: 'amazon' },
    { name: 'dots below', input: 'ledgẹr', want: 'ledger' },
    { name: 'stroke', input: 'navyfederał', want: 'navyfederal' },
    { name: 'dotless i', input: 'netflıx', want: 'netflix' },
    { name: 'Greek', input: 'gοοgle', want: 'google' },
    { name: 'Cherokee', input: 'ᏢᎪ', want: 'pa' },
    { name: 'wide letters', input: 'ａｐｐｌｅ', want: 'apple' },
    { name: 'what looks like nothing stays', input: '日本', want: '日本' },
  ];
  for (const { name, input, want } of cases) {
    test(name, () => assert.equal(asciiLook(points(input)), want));
  }
});

suite('mixedScripts', () => {
  const cases = [
    { name: 'one Cyrillic letter in a word', input: 'pаypal', want: ['Latin', 'Cyrillic'] },
    { name: 'Greek among Latin', input: 'gοogle', want: ['Latin', 'Greek'] },
    { name: 'two words', input: 'kino-фильм', want: null },
    { name: 'Japanese with Latin', input: 'abcテスト日本', want: null },
    { name: 'one script', input: 'фильм', want: null },
    { name: 'ASCII', input: 'plain-label-1', want: null },
    { name: 'Cyrillic among Chinese', input: '日本ф', want: ['Cyrillic', 'East Asian'] },
  ];
  for (const { name, input, want } of cases) test(name, () => assert.deepEqual(mixedScripts(input), want));
});
