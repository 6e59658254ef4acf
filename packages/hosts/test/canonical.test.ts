import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { suite, test } from 'node:test';
import { domainToASCII } from 'node:url';

import fc from 'fast-check';

import { canonicalHost, formatIp, isMapped, parseCidr, parseIp, readIp } from '../src/canonical.ts';

const runs = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) };
const a63 = 'a'.repeat(63);
const a253 = `${a63}.${a63}.${a63}.${'a'.repeat(61)}`;

suite('canonicalHost', () => {
  const cases = [
    { name: 'plain', input: 'example.com', want: 'example.com' },
    { name: 'one label', input: 'localhost', want: 'localhost' },
    { name: 'upper case', input: 'WWW.Example.COM', want: 'www.example.com' },
    { name: 'trailing dot', input: 'example.com.', want: 'example.com' },
    { name: 'underscore', input: '_dmarc.example.com', want: '_dmarc.example.com' },
    { name: 'hyphens at label ends', input: '-a-.b-.example', want: '-a-.b-.example' },
    { name: 'double hyphen', input: 'r3---sn-4g5e6.example', want: 'r3---sn-4g5e6.example' },
    { name: 'IDN', input: 'Bücher.example', want: 'xn--bcher-kva.example' },
    { name: 'IDN, non-transitional', input: 'straße.example', want: 'xn--strae-oqa.example' },
    { name: 'full-width letters and dot', input: 'ＡＢ。com', want: 'ab.com' },
    { name: 'IDN with underscore', input: 'é_x.example', want: 'xn--_x-9ia.example' },
    { name: 'an A-label stays', input: 'XN--BCHER-KVA.example', want: 'xn--bcher-kva.example' },
    { name: 'numbers that are no dotted quad', input: '1.2.3', want: '1.2.3' },
    { name: 'hexadecimal is a name', input: '0x7f.1', want: '0x7f.1' },
    { name: 'octal-looking is a name', input: '010.0.0.1', want: '010.0.0.1' },
    { name: 'full-width digits do not become an address by themselves', input: 'é.１', want: 'xn--9ca.1' },
    { name: 'longest label', input: `${a63}.com`, want: `${a63}.com` },
    { name: 'longest name', input: a253, want: a253 },
    { name: 'longest name and dot', input: `${a253}.`, want: a253 },

    { name: 'nothing', input: '', want: { reason: 'empty' } },
    { name: 'the root', input: '.', want: { reason: 'empty-label' } },
    { name: 'two trailing dots', input: 'example.com..', want: { reason: 'empty-label' } },
    { name: 'leading dot', input: '.example.com', want: { reason: 'empty-label' } },
    { name: 'a soft hyphen alone', input: '\u00ad.com', want: { reason: 'empty-label' } },
    { name: 'label of 64', input: `${a63}a.com`, want: { reason: 'label-too-long' } },
    { name: 'IDN label of 64 and more', input: `é${a63}.com`, want: { reason: 'label-too-long' } },
    { name: 'name of 254', input: `${a253}a`, want: { reason: 'name-too-long' } },
    { name: 'very long IDN', input: 'é.'.repeat(2000), want: { reason: 'name-too-long' } },
    { name: 'white space', input: 'a b', want: { reason: 'bad-character' } },
    { name: 'wildcard', input: '*.example.com', want: { reason: 'bad-character' } },
    { name: 'port', input: 'example.com:80', want: { reason: 'bad-character' } },
    { name: 'percent-encoding is not undone', input: 'a%41.é', want: { reason: 'bad-character' } },
    { name: 'control character', input: 'a\tb.é', want: { reason: 'bad-character' } },
    { name: 'full-width percent', input: 'a％41.com', want: { reason: 'bad-idna' } },
    { name: 'full-width slash', input: 'a／b.com', want: { reason: 'bad-idna' } },
    { name: 'not assigned', input: 'a\u{e0080}.com', want: { reason: 'bad-idna' } },
    { name: 'IPv4', input: '1.2.3.4', want: { reason: 'address' } },
    { name: 'IPv4 with dot', input: '1.2.3.4.', want: { reason: 'address' } },
    { name: 'IPv4 in full-width digits', input: '１.2.3.4', want: { reason: 'address' } },
    { name: 'IPv6', input: '::1', want: { reason: 'address' } },
  ];
  for (const { name, input, want } of cases) {
    const expected = typeof want === 'string' ? { kind: 'ok', value: want } : { kind: 'rejected', ...want };
    test(name, () => assert.deepEqual(canonicalHost(input), expected));
  }

  test('never throws, and what it accepts is its own canonical form', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('.', 'xn--', 'ü', '１', '。', '0x1'),
    );
    const property = fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const first = canonicalHost(pieces.join(''));
      if (first.kind === 'ok') assert.deepEqual(canonicalHost(first.value), first);
    });
    fc.assert(property, runs);
  });

  test('agrees with the WHATWG parser on names that hold letters outside ASCII', () => {
    const label = fc.stringMatching(/^[a-zäöüßéèαβγд]{1,12}$/u);
    const property = fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
      const name = `${labels.join('.')}.example`;
      assert.deepEqual(canonicalHost(name), { kind: 'ok', value: domainToASCII(name) });
    });
    fc.assert(property, runs);
  });
});

suite('addresses', () => {
  const cases = [
    { input: '0.0.0.0', want: '0.0.0.0' },
    { input: '255.255.255.255', want: '255.255.255.255' },
    { input: '1.2.3', want: null },
    { input: '1.2.3.4.5', want: null },
    { input: '1.2.3.4.', want: null },
    { input: '.1.2.3.4', want: null },
    { input: '1..3.4', want: null },
    { input: '1.2.3.256', want: null },
    { input: '01.2.3.4', want: null },
    { input: '1.2.3.00', want: null },
    { input: '0x1.2.3.4', want: null },
    { input: '1.2.3.4 ', want: null },
    { input: '+1.2.3.4', want: null },
    { input: '', want: null },
    { input: '::', want: '::' },
    { input: '::1', want: '::1' },
    { input: '1::', want: '1::' },
    { input: '2001:DB8::00A', want: '2001:db8::a' },
    { input: '2001:4860:4860:0:0:0:0:8888', want: '2001:4860:4860::8888' },
    { input: '1:0:0:2:0:0:0:3', want: '1:0:0:2::3' },
    { input: '1:0:2:3:4:5:6:7', want: '1:0:2:3:4:5:6:7' },
    { input: '1:2:3:4:5:6:7::', want: '1:2:3:4:5:6:7:0' },
    { input: '::ffff:1.2.3.4', want: '1.2.3.4' },
    { input: '::FFFF:102:304', want: '1.2.3.4' },
    { input: '64:ff9b::1.2.3.4', want: '64:ff9b::102:304' },
    { input: '1:2:3:4:5:6:1.2.3.4', want: '1:2:3:4:5:6:102:304' },
    { input: ':', want: null },
    { input: ':::', want: null },
    { input: ':1::', want: null },
    { input: '1::2::3', want: null },
    { input: '1:2:3:4:5:6:7', want: null },
    { input: '1:2:3:4:5:6:7:8:', want: null },
    { input: '1:2:3:4:5:6:7:8:9', want: null },
    { input: '1:2:3:4:5:6:7:8::', want: null },
    { input: '::1:2:3:4:5:6:7:8', want: null },
    { input: '12345::', want: null },
    { input: '00001::', want: null },
    { input: 'g::', want: null },
    { input: '::1.2.3', want: null },
    { input: '::1.2.3.4:5', want: null },
    { input: '1:2:3:4:5:6:7:1.2.3.4', want: null },
    { input: 'fe80::1%eth0', want: null },
    { input: '[::1]', want: null },
    { input: '::١', want: null },
  ];
  for (const { input, want } of cases) {
    test(`parseIp ${JSON.stringify(input)}`, () => {
      const bytes = parseIp(input);
      assert.equal(bytes === null ? null : formatIp(bytes), want);
    });
  }

  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.stringMatching(/^[0-9a-f:.]{0,46}$/),
    fc
      .array(fc.constantFrom('0', '1', '10', '255', 'f', ':', '::', '.', '1.2.3.4', 'ffff'), { maxLength: 14 })
      .map((s) => s.join('')),
  );

  test('accepts what inet_pton accepts', () => {
    fc.assert(
      fc.property(text, (input) => assert.equal(parseIp(input) !== null, isIP(input) !== 0)),
      { numRuns: 5000 },
    );
  });

  test('format and parse are inverse, and the text is the shortest form', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
    );
    const property = fc.property(bytes, (address) => {
      const want = isMapped(address) ? address.slice(12) : address;
      const written = formatIp(address);
      assert.deepEqual(parseIp(written), want);
      // An independent RFC 5952 writer, which differs only in writing mapped addresses as quads.
      if (address.length === 16 && !/^::(ffff:)?[0-9a-f]*:?[0-9a-f]*$/.test(written)) {
        assert.equal(new URL(`http://[${written}]/`).hostname, `[${written}]`);
      }
    });
    fc.assert(property, runs);
  });

  test('readIp equals parseIp and stays inside its view', () => {
    const property = fc.property(text, fc.nat(4), (input, pad) => {
      const framed = Buffer.from('1'.repeat(pad) + input + '1'.repeat(pad));
      const into = new Uint8Array(16);
      const length = readIp(framed, pad, pad + input.length, into);
      assert.deepEqual(length === 0 ? null : into.slice(0, length), parseIp(input));
    });
    fc.assert(property, runs);
  });
});

suite('parseCidr', () => {
  const rejected = (reason: string): unknown => ({ kind: 'rejected', reason });
  const cases = [
    { input: '10.0.0.0/8', want: { kind: 'ok', bytes: Uint8Array.of(10, 0, 0, 0), prefixLength: 8 } },
    { input: '0.0.0.0/0', want: { kind: 'ok', bytes: new Uint8Array(4), prefixLength: 0 } },
    { input: '1.2.3.4/32', want: { kind: 'ok', bytes: Uint8Array.of(1, 2, 3, 4), prefixLength: 32 } },
    { input: '::/0', want: { kind: 'ok', bytes: new Uint8Array(16), prefixLength: 0 } },
    { input: '::ffff:1.2.3.0/120', want: { kind: 'ok', bytes: Uint8Array.of(1, 2, 3, 0), prefixLength: 24 } },
    { input: '10.1.2.3/8', want: { kind: 'rejected', reason: 'host-bits-set', network: '10.0.0.0/8' } },
    { input: '2001:db8::1/33', want: { kind: 'rejected', reason: 'host-bits-set', network: '2001:db8::/33' } },
    { input: '10.0.0.0', want: rejected('no-prefix-length') },
    { input: '10.0.0/8', want: rejected('bad-address') },
    { input: 'example.com/8', want: rejected('bad-address') },
    { input: '10.0.0.0/33', want: rejected('bad-prefix-length') },
    { input: '10.0.0.0/08', want: rejected('bad-prefix-length') },
    { input: '10.0.0.0/', want: rejected('bad-prefix-length') },
    { input: '10.0.0.0/8/8', want: rejected('bad-prefix-length') },
    { input: '10.0.0.0/255.0.0.0', want: rejected('bad-prefix-length') },
    { input: '::/129', want: rejected('bad-prefix-length') },
  ];
  for (const { input, want } of cases) test(input, () => assert.deepEqual(parseCidr(input), want));
});
