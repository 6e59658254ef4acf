import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { readIndicator } from '../src/indicators/read-indicator.ts';
import { readTarget } from '../src/indicators/read-target.ts';

const NOW = Date.UTC(2026, 0, 1);

const targets = [
  { name: 'domain, upper case and dot', input: 'WWW.Example.COM.', type: 'DomainName', value: 'www.example.com' },
  { name: 'international name', input: 'bücher.example', type: 'DomainName', value: 'xn--bcher-kva.example' },
  { name: 'sub-domains only', input: '*.Example.com', type: 'DomainName', value: '*.example.com' },
  { name: 'IPv4', input: '192.0.2.1', type: 'IpAddress', value: '192.0.2.1' },
  { name: 'IPv6 written out', input: '2001:4860:4860:0:0:0:0:8888', type: 'IpAddress', value: '2001:4860:4860::8888' },
  { name: 'CIDR', input: '198.51.100.0/24', type: 'IpAddress', value: '198.51.100.0/24' },
  { name: 'CIDR of one address', input: '198.51.100.7/32', type: 'IpAddress', value: '198.51.100.7' },
  { name: 'URL', input: 'HTTP://Example.com/Block?q=1#top', type: 'Url', value: 'http://example.com/Block?q=1' },
  { name: 'URL without a path', input: 'https://example.com', type: 'Url', value: 'https://example.com/' },
  { name: 'URL with the usual port', input: 'http://example.com:80/a', type: 'Url', value: 'http://example.com/a' },
  { name: 'URL on an IPv6 address', input: 'http://[2001:db8:0::1]/a', type: 'Url', value: 'http://[2001:db8::1]/a' },
  {
    name: 'URL with an unencoded path',
    input: 'http://example.com/ü',
    type: 'Url',
    value: 'http://example.com/%C3%BC',
  },
  { name: 'exact name', input: 'Exact:WWW.example.com', type: 'DomainName', value: 'exact:www.example.com' },
  { name: 'name and port', input: 'Example.com:8443', type: 'DomainName', value: 'example.com:8443' },
  { name: 'exact name and port', input: 'exact:example.com:25', type: 'DomainName', value: 'exact:example.com:25' },
  { name: 'sub-domains and port', input: '*.example.com:25', type: 'DomainName', value: '*.example.com:25' },
  { name: 'IPv4 and port', input: '192.0.2.1:443', type: 'IpAddress', value: '192.0.2.1:443' },
  { name: 'CIDR and port', input: '198.51.100.0/24:25', type: 'IpAddress', value: '198.51.100.0/24:25' },
  { name: 'IPv6 and port', input: '[2001:db8:0::1]:443', type: 'IpAddress', value: '[2001:db8::1]:443' },
  { name: 'IPv6 network and port', input: '[2001:db8::/32]:443', type: 'IpAddress', value: '[2001:db8::/32]:443' },
  { name: 'range', input: '192.0.2.10 - 192.0.2.90', type: 'IpAddress', value: '192.0.2.10-192.0.2.90' },
  { name: 'range that is a network', input: '10.0.0.0-10.255.255.255', type: 'IpAddress', value: '10.0.0.0/8' },
  { name: 'range of one', input: '192.0.2.1-192.0.2.1', type: 'IpAddress', value: '192.0.2.1' },
  { name: 'a hyphen in a name', input: 'a-b.example', type: 'DomainName', value: 'a-b.example' },
  { name: 'URL with a port', input: 'https://example.com:8443/a', type: 'Url', value: 'https://example.com:8443/a' },
] as const;

const refusals = [
  { name: 'nothing', input: '', field: 'indicatorValue', reason: /missing/ },
  { name: 'part above 255', input: '1.2.3.999', field: 'indicatorValue', reason: /999 is more than 255/ },
  { name: 'three parts', input: '1.2.3', field: 'indicatorValue', reason: /3 parts instead of four/ },
  { name: 'leading zero', input: '010.1.2.3', field: 'indicatorValue', reason: /010 without leading zeros/ },
  { name: 'broken IPv6', input: '2001:db8::1::2', field: 'indicatorValue', reason: /not an IPv6 address/ },
  { name: 'host bits', input: '10.1.2.3/8', field: 'indicatorValue', reason: /the network is 10\.0\.0\.0\/8/ },
  { name: 'prefix too long', input: '10.0.0.0/33', field: 'indicatorValue', reason: /0–32/ },
  { name: 'everything', input: '0.0.0.0/0', field: 'indicatorValue', reason: /every address/ },
  { name: 'top-level domain', input: 'com', field: 'indicatorValue', reason: /two labels/ },
  { name: 'star inside', input: 'a.*.com', field: 'indicatorValue', reason: /leading/ },
  { name: 'port 0', input: 'example.com:0', field: 'indicatorValue', reason: /is no port/ },
  { name: 'port above 65535', input: '[2001:db8::1]:65536', field: 'indicatorValue', reason: /is no port/ },
  { name: 'URL port', input: 'http://example.com:99999/', field: 'indicatorValue', reason: /is no port/ },
  { name: 'brackets without a port', input: '[2001:db8::1]', field: 'indicatorValue', reason: /without brackets/ },
  { name: 'a name in brackets', input: '[example.com]:80', field: 'indicatorValue', reason: /only IPv6/ },
  { name: 'exact address', input: 'exact:192.0.2.1', field: 'indicatorValue', reason: /always exact/ },
  { name: 'reversed range', input: '192.0.2.9-192.0.2.1', field: 'indicatorValue', reason: /lower address first/ },
  { name: 'mixed range', input: '192.0.2.9-2001:db8::1', field: 'indicatorValue', reason: /mixes/ },
  { name: 'half a range', input: '192.0.2.9-192.0.2.300', field: 'indicatorValue', reason: /last address/ },
  { name: 'range of all', input: '0.0.0.0-255.255.255.255', field: 'indicatorValue', reason: /every address/ },
  { name: 'URL scheme', input: 'ftp://example.com/', field: 'indicatorValue', reason: /http and https/ },
  { name: 'URL user', input: 'http://a:b@example.com/', field: 'indicatorValue', reason: /user name/ },
  { name: 'URL address', input: 'http://1.2.3.999/', field: 'indicatorValue', reason: /999/ },
  {
    name: 'path without scheme',
    input: 'example.com/path',
    field: 'indicatorValue',
    reason: /http:\/\/example\.com\/path/,
  },
  { name: 'space', input: 'exa mple.com', field: 'indicatorValue', reason: /character/ },
  { name: 'two dots', input: 'a..com', field: 'indicatorValue', reason: /empty label/ },
  { name: 'terminal escape', input: '\u001b[2Ja.com', field: 'indicatorValue', reason: /^[^\u001b]*$/ }, // oxlint-disable-line no-control-regex -- the escape is the point
] as const;

const fields = [
  { name: 'no action', input: {}, field: 'action', reason: /missing/ },
  { name: 'action of files', input: { action: 'BlockAndRemediate' }, field: 'action', reason: /for files/ },
  { name: 'unknown action', input: { action: 'Deny' }, field: 'action', reason: /Allowed \| Audit \| Warn \| Block/ },
  {
    name: 'past',
    input: { action: 'Block', expirationTime: '2020-01-01T00:00:00Z' },
    field: 'expirationTime',
    reason: /is past/,
  },
  {
    name: 'no such day',
    input: { action: 'Block', expirationTime: '2026-02-30T00:00:00Z' },
    field: 'expirationTime',
    reason: /not a date/,
  },
  {
    name: 'no zone',
    input: { action: 'Block', expirationTime: '2026-02-20T00:00:00' },
    field: 'expirationTime',
    reason: /not a date/,
  },
  { name: 'severity', input: { action: 'Block', severity: 'Huge' }, field: 'severity', reason: /Informational/ },
  {
    name: 'type that does not fit',
    input: { action: 'Block', indicatorType: 'IpAddress' },
    field: 'indicatorType',
    reason: /is a DomainName/,
  },
  {
    name: 'audit without alert',
    input: { action: 'Audit', generateAlert: false },
    field: 'generateAlert',
    reason: /Audit/,
  },
  { name: 'unknown field', input: { action: 'Block', colour: 'red' }, field: 'colour', reason: /no such field/ },
  { name: 'long title', input: { action: 'Block', title: 'x'.repeat(257) }, field: 'title', reason: /at most 256/ },
] as const;

suite('readIndicator', () => {
  for (const { name, input, type, value } of targets) {
    test(name, () => {
      const read = readIndicator({ indicatorValue: input, action: 'Block' }, NOW);
      assert.partialDeepStrictEqual(read, { kind: 'ok', value: { indicatorType: type, indicatorValue: value } });
      // What is stored is understood again, and the same: upserts and removals depend on it.
      assert.partialDeepStrictEqual(readTarget(value), { kind: 'ok', target: { type, value } });
    });
  }

  for (const { name, input, field, reason } of refusals) {
    test(`refuses ${name}`, () => {
      const read = readIndicator({ indicatorValue: input, action: 'Block' }, NOW);
      assert.equal(read.kind, 'rejected');
      assert.equal(read.field, field);
      assert.match(read.reason, reason);
      assert.doesNotMatch(read.reason, /\n/);
    });
  }

  for (const { name, input, field, reason } of fields) {
    test(`refuses ${name}`, () => {
      const read = readIndicator({ indicatorValue: 'example.com', ...input }, NOW);
      assert.equal(read.kind, 'rejected');
      assert.equal(read.field, field);
      assert.match(read.reason, reason);
    });
  }

  test('keeps what a CSV row holds, with empty cells as absent', () => {
    const read = readIndicator(
      {
        indicatorValue: 'example.com',
        action: 'audit',
        title: '',
        expirationTime: '2026-02-01T00:00:00.0Z',
        severity: 'high',
        mitreTechniques: ['T1071'],
      },
      NOW,
    );
    assert.deepEqual(read, {
      kind: 'ok',
      value: {
        indicatorValue: 'example.com',
        indicatorType: 'DomainName',
        action: 'Audit',
        title: 'example.com',
        expirationTime: '2026-02-01T00:00:00.000Z',
        severity: 'High',
        mitreTechniques: ['T1071'],
        generateAlert: true,
      },
    });
  });

  test('never throws, says one line, and its values are fixed points', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '/',
      ':',
      '1',
      '255',
      '::',
      '*',
      'http://',
      '[',
      ']',
      '@',
      'ü',
      '%',
      '\u0000',
      ' ',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    const property = fc.property(text, (input) => {
      const read = readTarget(input);
      if (read.kind === 'ok') assert.deepEqual(readTarget(read.target.value), read);
      else assert.doesNotMatch(read.reason, /[\n\r]/);
    });
    fc.assert(property, { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) });
  });
});
