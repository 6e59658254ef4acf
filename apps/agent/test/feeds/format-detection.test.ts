import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { Format } from '../../src/feeds/line-parsers.ts';
import { FORMATS } from '../../src/feeds/line-parsers.ts';
import { outcomeOf, outcomeOfText } from './collecting-sink.ts';

suite('detected', () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, want: Format]> = [
    ['hosts', '# Title\n0.0.0.0 a.example\n0.0.0.0 b.example\n', 'hosts'],
    ['hosts that begins with the local part', '127.0.0.1 localhost\n::1 localhost\n0.0.0.0 a.example\n', 'hosts'],
    ['domains', '# Title\na.example\nb.example\n', 'domains'],
    ['domains after addresses, as UT1 sorts them', '192.0.2.1\n192.0.2.2\na.example\n', 'domains'],
    ['URLs', 'https://a.example/x\nb.example/y?z=1,2\n', 'domains'],
    ['wildcards', '*.a.example\n*.b.example\n', 'domains'],
    ['names and networks mixed', '192.0.2.0/24\na.example\n', 'domains'],
    ['IDN', 'bücher.example\nçava.example\n', 'domains'],
    ['Adblock with header', '[Adblock Plus 2.0]\na.example\n', 'adblock'],
    ['Adblock without header', '||a.example^\n||b.example^\n', 'adblock'],
    ['bare names under an Adblock comment', '! Title: x\na.example\nb.example\n', 'adblock'],
    ['Adblock with options and cosmetics', 'a.example##.x\n||b.example^$script\n||c.example^\n', 'adblock'],
    ['addresses', '192.0.2.1\n192.0.2.2\n', 'cidr'],
    ['networks with remarks', '; Spamhaus\n192.0.2.0/24 ; SBL1\n198.51.100.0/24 ; SBL2\n', 'cidr'],
    ['addresses with counts', '# ipsum\n192.0.2.1\t9\n192.0.2.2\t8\n', 'cidr'],
    ['address and port', '192.0.2.1:80\n[2001:db8::1]:443\n', 'cidr'],
    ['byte order mark and CRLF', '\uFEFF# x\r\na.example\r\n\r\nb.example', 'domains'],
  ];
  for (const [name, text, want] of cases) {
    test(name, async () => {
      const { report, error } = await outcomeOfText(text, 'detect');
      assert.equal(error, null);
      assert.equal(report?.format, want);
      assert.equal(report.invalid.count, 0);
    });
  }
});

suite('refused whatever the format', () => {
  const text = (content: string): Uint8Array => Buffer.from(content);
  const hex = (content: string): Uint8Array => Buffer.from(content, 'hex');
  const cases: ReadonlyArray<readonly [name: string, bytes: Uint8Array, want: RegExp]> = [
    [
      'RPZ',
      text('$TTL 30\n@ IN SOA localhost. root.localhost. 1 2 3 4 5\na.example CNAME .\n'),
      /^unsupported-format: list:1: .*RPZ/,
    ],
    ['RPZ without its head', text('; x\na.example CNAME .\n'), /^unsupported-format: list:2: .*RPZ/],
    ['dnsmasq', text('# x\naddress=/a.example/0.0.0.0\n'), /^unsupported-format: list:2: .*dnsmasq/],
    ['Unbound', text('local-zone: "a.example" always_nxdomain\n'), /^unsupported-format: list:1: .*Unbound/],
    ['BIND', text('zone "a.example" { type master; };\n'), /^unsupported-format: list:1: .*BIND/],
    ['Suricata', text('alert tls any any -> any any (msg:"x";)\n'), /^unsupported-format: list:1: .*Suricata/],
    ['Internet Explorer', text('msFilterList\n-d a.example\n'), /^unsupported-format: list:1: .*Internet Explorer/],
    ['quoted CSV', text('# x\n"host","path"\n"a.example",""\n'), /^unsupported-format: list:2: .*CSV/],
    ['bare CSV', text('Domain,Category\na.example,phishing\nb.example,c2\n'), /^unsupported-format: list:1: .*CSV/],
    ['JSON object', text('{"list": ["a.example"]}'), /^unsupported-format: list:1: .*JSON/],
    ['JSON array', text('[\n "a.example"\n]'), /^unsupported-format: list:1: .*JSON/],
    ['HTML', text('\n<!DOCTYPE html>\n<html>'), /^unsupported-format: list:2: .*HTML.*raw file/],
    ['xz', hex('fd377a585a000004'), /^compressed: list: xz .*xz -dk/],
    ['gzip given raw', hex('1f8b080000000000'), /^compressed: list: gzip .*gzip -dk/],
    ['Zstandard given raw', hex('28b52ffd0458'), /^compressed: list: Zstandard/],
    ['bzip2', hex('425a68393141592653590000'), /^compressed: list: bzip2/],
    ['zip', hex('504b03040a000000'), /^compressed: list: zip .*unzip/],
    ['UTF-16', Buffer.from('\uFEFFa.example\n', 'utf16le'), /^binary: list: UTF-16 .*iconv/],
    ['ELF', Buffer.concat([hex('7f454c46020101000000'), text('\na.example')]), /^binary: list:1: NUL/],
    ['NUL on line 3', text('a.example\nb.example\nc\0.example\n'), /^binary: list:3: NUL/],
    ['prose', text('This is a licence.\nIt has lines.\n'), /^wrong-format: list:\d: /],
    ['empty', text(''), /^empty: list: no entries/],
    ['comments only', text('# a\n\n; b\n'), /^empty: list: no entries/],
    ['local names only', text('127.0.0.1 localhost\n::1 ip6-loopback\n'), /^(?:wrong-format|empty): list:1: /],
  ];
  for (const [name, bytes, want] of cases) {
    for (const format of ['detect', ...FORMATS] as const) {
      test(`${name} as ${format}`, async () => {
        const { error } = await outcomeOf([bytes], format);
        assert.ok(error, 'not refused');
        assert.doesNotMatch(error, /\n/);
        // A named format may find its own, equally good reason on the same line.
        assert.match(
          error,
          format === 'detect' || /^(?:compressed|binary|unsupported-format)/.test(error)
            ? want
            : /^(?:wrong-format|empty): list/,
        );
      });
    }
  }
});

suite('a file in one format read as another', () => {
  const SAMPLES: Readonly<Record<Format, string>> = {
    hosts: '# x\n0.0.0.0 a.example\n0.0.0.0 b.example\n127.0.0.1 c.example\n',
    domains: '# x\na.example\n*.b.example\nc.example/path\n',
    adblock: '! x\n||a.example^\n||b.example^$all\n@@||c.example^\n',
    cidr: '# x\n192.0.2.0/24\n198.51.100.0/24\n203.0.113.7\n',
  };
  /** A text is the error, a list the entries: those two readings lose nothing. */
  const WANT: Readonly<Record<Format, Readonly<Partial<Record<Format, string | readonly string[]>>>>> = {
    hosts: {
      domains:
        'wrong-format: list:2: "0.0.0.0 a.example": a hosts line; 3 of 3 lines cannot be read as domains; it looks like hosts: use --format hosts',
      adblock:
        'wrong-format: list:2: "0.0.0.0 a.example": a hosts line; 3 of 3 lines cannot be read as adblock; it looks like hosts: use --format hosts',
      cidr: 'wrong-format: list:2: "0.0.0.0 a.example": a hosts line; 3 of 3 lines cannot be read as cidr; it looks like hosts: use --format hosts',
    },
    domains: {
      hosts:
        'wrong-format: list:2: "a.example": not an IP address; 3 of 3 lines cannot be read as hosts; it looks like domains: use --format domains',
      adblock: ['suffix a.example'],
      cidr: 'wrong-format: list:2: "a.example": not an address or CIDR; 3 of 3 lines cannot be read as cidr; it looks like domains: use --format domains',
    },
    adblock: {
      hosts:
        'wrong-format: list:1: "! x": not an IP address; 4 of 4 lines cannot be read as hosts; it looks like adblock: use --format adblock',
      domains:
        'wrong-format: list:1: "! x": an Adblock rule; 4 of 4 lines cannot be read as domains; it looks like adblock: use --format adblock',
      cidr: 'wrong-format: list:1: "! x": not an address or CIDR; 4 of 4 lines cannot be read as cidr; it looks like adblock: use --format adblock',
    },
    cidr: {
      hosts:
        'wrong-format: list:2: "192.0.2.0/24": not an IP address; 3 of 3 lines cannot be read as hosts; it looks like cidr: use --format cidr',
      domains: ['cidr 192.0.2.0/24', 'cidr 198.51.100.0/24', 'ip 203.0.113.7'],
      adblock:
        'wrong-format: list:2: "192.0.2.0/24": not a host name; 2 of 3 lines cannot be read as adblock; it looks like cidr: use --format cidr',
    },
  };
  for (const written of FORMATS) {
    for (const read of FORMATS) {
      if (read === written) continue;
      test(`${written} as ${read}`, async () => {
        const { entries, error } = await outcomeOfText(SAMPLES[written], read);
        assert.deepEqual(error ?? entries, WANT[written][read]);
      });
    }
  }
});
