import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { FEED_FORMATS, FORMAT_NAMES, type FormatName, parseFormat } from '../../src/feeds/formats.ts';
import { documentFormat } from '../../src/feeds/lines/json-shape.ts';
import { outcomeOf, outcomeOfText } from './collecting-sink.ts';

suite('detected', () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, want: FormatName]> = [
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
    ['bare names and Adblock rules without a header', 'a.example\n||b.example^\nc.example\n', 'adblock'],
    ['ranges', '192.0.2.1-192.0.2.9\n198.51.100.0-198.51.100.255\n', 'cidr'],
    ['ipset save', 'create x hash:net\nadd x 192.0.2.0/24\nadd x 198.51.100.7\n', 'cidr'],
    ['dnsmasq', '# x\naddress=/a.example/0.0.0.0\nserver=/b.example/\n', 'dnsmasq'],
    ['Unbound', 'server:\n  local-zone: "a.example" always_nxdomain\n', 'unbound'],
    ['RPZ', '$TTL 30\n@ IN SOA localhost. root.localhost. 1 2 3 4 5\na.example CNAME .\n', 'rpz'],
    ['RPZ without its head', '; x\na.example CNAME .\n*.a.example CNAME .\n', 'rpz'],
    ['RPZ whose SOA spans lines', '@ SOA a. b. (\n1\n2\n3\n4\n5 )\na.example CNAME .\n', 'rpz'],
    ['BIND', '// x\nzone "a.example" { type master; file "null"; };\n', 'bind'],
    ['Suricata', 'alert tls any any -> any any (tls.sni; content:"a.example"; sid:1;)\n', 'suricata'],
    ['Internet Explorer', 'msFilterList\n: Expires=1\n-d a.example\n', 'tpl'],
    ['dnscrypt', '=a.example\nb.example\nads.*\n203.0.113.*\n', 'dnscrypt'],
    ['dataset', 'YmFkLmV4YW1wbGU=\nZ29vZC5leGFtcGxl\n', 'dataset'],
    ['data reputation', 'YmFkLmV4YW1wbGU=,90\nZ29vZC5leGFtcGxl,10\n', 'dataset'],
    ['quoted CSV', '# x\n"host","path"\n"a.example",""\n', 'csv'],
    ['bare CSV', 'Domain,Category\na.example,phishing\nb.example,c2\n', 'csv'],
    ['CSV with semicolons', 'id;url;note\n1;http://a.example/x;y\n', 'csv'],
    ['CSV behind a commented header', '# x\n# id,dateadded,url\n"1","2025-01-01","http://a.example/x"\n', 'csv'],
    ['a comment that reads like a header', '# Domain, URL and IP list\na.example\nb.example\n', 'domains'],
    ['URLs with commas', 'http://a.example/x,y\nhttp://b.example/z,1\n', 'domains'],
    ['a list under the name of its column', 'Domain\na.example\nb.example\n', 'domains'],
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

/** These say in their own words what is wrong with a text that is no JSON. */
const DOCUMENTS: ReadonlySet<string> = new Set(['stix', 'misp']);

suite('refused whatever the format', () => {
  const text = (content: string): Uint8Array => Buffer.from(content);
  const hex = (content: string): Uint8Array => Buffer.from(content, 'hex');
  const cases: ReadonlyArray<readonly [name: string, bytes: Uint8Array, want: RegExp]> = [
    [
      'CSV without known columns',
      text('A,B\na.example,x\nb.example,y\n'),
      /^wrong-format: list:1: .*--format csv:value=COLUMN/,
    ],
    ['JSON object', text('{"list": ["a.example"]}'), /^unsupported-format: list:1: .*JSON/],
    ['JSON array', text('[\n "a.example"\n]'), /^unsupported-format: list:1: .*JSON/],
    ['proxy script', text('function FindProxyForURL(url, host) {\n'), /^unsupported-format: list:1: .*proxy/],
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
    for (const format of ['detect', ...FORMAT_NAMES.filter((known) => !DOCUMENTS.has(known))] as const) {
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
  const FOUR = ['hosts', 'domains', 'adblock', 'cidr'] as const;
  type Four = (typeof FOUR)[number];
  const SAMPLES: Readonly<Record<Four, string>> = {
    hosts: '# x\n0.0.0.0 a.example\n0.0.0.0 b.example\n127.0.0.1 c.example\n',
    domains: '# x\na.example\n*.b.example\nc.example/path\n',
    adblock: '! x\n||a.example^\n||b.example^$all\n@@||c.example^\n',
    cidr: '# x\n192.0.2.0/24\n198.51.100.0/24\n203.0.113.7\n',
  };
  /** A text is the error, a list the entries: those two readings lose nothing. */
  const WANT: Readonly<Record<Four, Readonly<Partial<Record<Four, string | readonly string[]>>>>> = {
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
  for (const written of FOUR) {
    for (const read of FOUR) {
      if (read === written) continue;
      test(`${written} as ${read}`, async () => {
        const { entries, error } = await outcomeOfText(SAMPLES[written], read);
        assert.deepEqual(error ?? entries, WANT[written][read]);
      });
    }
  }
});

test('lines of two formats, as many of each, ask for the name', async () => {
  const text = '0.0.0.0 a.example\n||b.example^\n0.0.0.0 c.example\n||d.example^\n';
  const { error } = await outcomeOfText(text, 'detect');
  assert.match(error ?? '', /^wrong-format: list:1: .*hosts as well as adblock.*--format/);
});

suite('documents', () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, want: string | null]> = [
    ['STIX bundle', '{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator"', 'stix'],
    ['STIX bundle, other order', '{ "objects": [ {"created": "x"', 'stix'],
    ['STIX objects', '[{"type":"indicator","spec_version":"2.1"', 'stix'],
    ['one STIX object', '{"type":"campaign","spec_version":"2.1","id"', 'stix'],
    ['TAXII envelope', '{"more":false,"objects":[', 'stix'],
    ['MISP event', '{"Event":{"info":"x","Attribute":[', 'misp'],
    ['MISP response', '\uFEFF\n{"response":[{"Event":{', 'misp'],
    ['MISP events', '[{"Event":{"info":', 'misp'],
    ['MISP manifest', '{"5bf1e2a6-0000-4000-8000-000000000001":{"info":"x","Orgc":{"name"', 'misp'],
    ['MISP warninglist', '{"description":"x","list":["a.example","b', 'misp'],
    ['a list of names', '["a.example"]', null],
    ['other JSON', '{"list":["a.example"]}', null],
    ['deep JSON', '['.repeat(5000), null],
    ['keys in the depth', '{"a":{"b":{"Event":{"type":"bundle"', null],
    ['a quote that never ends', '{"Event', null],
  ];
  for (const [name, text, want] of cases) {
    test(name, () => {
      assert.equal(documentFormat(text.replace(/^\uFEFF/, '')), want);
    });
  }
});

suite('formats by name', () => {
  test('every format has a meaning and an example, and is accepted', () => {
    for (const { name, meaning, example } of FEED_FORMATS) {
      assert.ok(meaning.length > 5 && example.length > 3, name);
      assert.deepEqual(parseFormat(name), { kind: 'ok', name, csv: null });
    }
  });

  const cases: ReadonlyArray<readonly [text: string, want: ReturnType<typeof parseFormat>]> = [
    [
      'csv:value=ioc,type=2,delimiter=tab',
      { kind: 'ok', name: 'csv', csv: { columns: { value: 'ioc', type: '2' }, delimiter: '\t' } },
    ],
    ['csv:type=x', { kind: 'rejected', reason: 'value=COLUMN or host=COLUMN is missing' }],
    ['csv:value', { kind: 'rejected', reason: '"value" is not FIELD=COLUMN' }],
    [
      'csv:value=a,__proto__=b',
      {
        kind: 'rejected',
        reason: '"__proto__" is none of value, host, path, port, type, confidence, expires, category, delimiter',
      },
    ],
    ['csv:value=a,delimiter=constructor', { kind: 'rejected', reason: 'delimiter is one of comma, semicolon, ;, tab' }],
    ['xml', { kind: 'rejected', reason: `not one of ${FORMAT_NAMES.join(', ')}` }],
  ];
  for (const [text, want] of cases) test(text, () => assert.deepEqual(parseFormat(text), want));
});
