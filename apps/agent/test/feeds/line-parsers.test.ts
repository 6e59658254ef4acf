import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import type { Format } from '../../src/feeds/formats.ts';
import { blocksOfRange } from '../../src/feeds/lines/address-range.ts';
import { outcomeOfText } from './collecting-sink.ts';

/** What one line comes to: entries, `skip REASON`, `invalid REASON` or `comment`. */
type Cases = ReadonlyArray<readonly [line: string, ...want: string[]]>;

/** Reads the line between two good ones, so that a line alone never decides about the feed. */
async function readLine(format: Format, good: string, line: string): Promise<string[]> {
  const { entries, report, error } = await outcomeOfText(`${good}\n${line}\n${good}\n`, format);
  assert.equal(error, null);
  assert.ok(report);
  const notes = [
    ...Object.entries(report.skipped).map(([reason, count]) => `skip ${reason}${count > 1 ? ` ${count}` : ''}`),
    ...report.invalid.first.map(({ reason }) => `invalid ${reason}`),
  ];
  const found = [...entries.slice(1, -1), ...notes];
  return found.length === 0 ? ['comment'] : found;
}

function table(format: Format, good: string, cases: Cases): void {
  suite(format, () => {
    for (const [line, ...want] of cases) {
      test(JSON.stringify(line), async () => {
        assert.deepEqual(await readLine(format, good, line), want);
      });
    }
  });
}

const LABEL_63 = 'a'.repeat(63);

table('hosts', '0.0.0.0 good.example', [
  ['0.0.0.0 bad.example', 'exact bad.example'],
  ['127.0.0.1\tbad.example', 'exact bad.example'],
  ['127.0.53.53 bad.example', 'exact bad.example'],
  ['::  bad.example', 'exact bad.example'],
  ['::1 bad.example', 'exact bad.example'],
  ['0 bad.example', 'exact bad.example'],
  ['0.0.0.0 a.example b.example   # two', 'exact a.example', 'exact b.example'],
  ['0.0.0.0 a.example#glued', 'exact a.example'],
  ['  0.0.0.0 a.example \r', 'exact a.example'],
  ['0.0.0.0 A.Example.', 'exact a.example'],
  ['0.0.0.0 bücher.example', 'exact xn--bcher-kva.example'],
  ['0.0.0.0 under_score-.example', 'exact under_score-.example'],
  ['0.0.0.0 203.0.113.9', 'ip 203.0.113.9'],
  ['0.0.0.0 0.0.0.0', 'skip local-address'],
  ['127.0.0.1 localhost localhost.localdomain local', 'skip local-name 3'],
  ['255.255.255.255 broadcasthost', 'skip address-mapping'],
  ['fe80::1%lo0 localhost', 'skip address-mapping'],
  ['192.168.1.7 printer.example', 'skip address-mapping'],
  ['0.0.0.0 good2.example bad..example', 'exact good2.example', 'invalid empty label'],
  ['0.0.0.0', 'invalid no name after the address'],
  ['0.0.0.0 # nothing', 'invalid no name after the address'],
  ['bad.example', 'invalid not an IP address'],
  ['010.0.0.1 bad.example', 'invalid not an IP address'],
  ['0.0.0.0 com', 'invalid a top-level domain'],
  ['0.0.0.0 .bad.example', 'invalid empty label'],
  ['0.0.0.0 *.bad.example', 'invalid not a host name'],
  ['0.0.0.0 http://bad.example/', 'invalid not a host name'],
  ['||bad.example^', 'invalid not an IP address'],
  ['# 0.0.0.0 bad.example', 'comment'],
  ['   ', 'comment'],
]);

table('domains', 'good.example', [
  ['bad.example', 'suffix bad.example'],
  ['BAD.Example.', 'suffix bad.example'],
  ['*.bad.example', 'suffix bad.example'],
  ['.bad.example', 'suffix bad.example'],
  ['bad.example # why', 'suffix bad.example'],
  ['bad.example#why', 'suffix bad.example'],
  ['bad.example ; why', 'suffix bad.example'],
  ['bücher.example', 'suffix xn--bcher-kva.example'],
  ['BÜCHER.example', 'suffix xn--bcher-kva.example'],
  ['*.bücher.example', 'suffix xn--bcher-kva.example'],
  ['_dmarc.bad.example', 'suffix _dmarc.bad.example'],
  ['-a-.bad-.example', 'suffix -a-.bad-.example'],
  [`${LABEL_63}.example`, `suffix ${LABEL_63}.example`],
  ['203.0.113.9', 'ip 203.0.113.9'],
  ['*.203.0.113.9', 'ip 203.0.113.9'],
  ['2001:DB8::9', 'ip 2001:db8::9'],
  ['[2001:db8::9]:443', 'ip 2001:db8::9 :443'],
  ['::ffff:203.0.113.9', 'ip 203.0.113.9'],
  ['203.0.113.9:8443', 'ip 203.0.113.9 :8443'],
  ['bad.example:8080', 'suffix bad.example :8080'],
  ['203.0.113.0/24', 'cidr 203.0.113.0/24'],
  ['2001:db8::/32', 'cidr 2001:db8::/32'],
  ['203.0.113.9/32', 'ip 203.0.113.9'],
  ['203.0.113.9/24', 'url 203.0.113.9 /24'],
  ['203.0.113.9/42', 'url 203.0.113.9 /42'],
  ['bad.example/a/B?c=D', 'url bad.example /a/B?c=D'],
  ['bad.example?c=d', 'url bad.example /?c=d'],
  ['bad.example:81/a', 'url bad.example /a :81'],
  ['http://Bad.Example/a#part', 'url bad.example /a'],
  ['https://user:pw@bad.example/a', 'url bad.example /a'],
  ['http://[2001:db8::9]/a', 'url 2001:db8::9 /a'],
  ['http://203.0.113.9/a', 'url 203.0.113.9 /a'],
  ['http://bad.example/ä', 'url bad.example /%C3%A4'],
  ['http://bad.example', 'exact bad.example'],
  ['http://bad.example/', 'exact bad.example'],
  ['https://203.0.113.9:8443/', 'ip 203.0.113.9 :8443'],
  ['ftp://bad.example/a', 'skip other-scheme'],
  ['/gate.php', 'skip path-only'],
  ['localhost', 'skip local-name'],
  ['http://localhost/a', 'skip local-name'],
  ['0.0.0.0', 'skip local-address'],
  ['127.0.0.1', 'skip local-address'],
  ['255.255.255.255', 'skip local-address'],
  ['::1', 'skip local-address'],
  ['127.0.0.0/8', 'skip local-address'],
  ['com', 'invalid a top-level domain'],
  ['*.com', 'invalid a top-level domain'],
  ['Domain', 'invalid a top-level domain'],
  ['http://com/a', 'invalid a top-level domain'],
  ['bad..example', 'invalid empty label'],
  ['..bad.example', 'invalid empty label'],
  [`${LABEL_63}a.example`, 'invalid label longer than 63 bytes'],
  [`${`${LABEL_63}.`.repeat(4)}example`, 'invalid name longer than 253 bytes'],
  ['010.1.1.1', 'invalid not an IP address'],
  ['1.2.3.4.5', 'invalid not an IP address'],
  ['1.2.3.256', 'invalid not an IP address'],
  ['0x7f.1', 'invalid not an IP address'],
  ['bad.0x1f', 'invalid not an IP address'],
  ['203.0.113.9.', 'invalid not an IP address'],
  ['203.0.113.9:99999', 'invalid bad port'],
  ['bad.example:http', 'invalid bad port'],
  ['bad.*.example', 'invalid a wildcard inside a name'],
  ['*.bad.*', 'invalid a wildcard inside a name'],
  ['*bad.example', 'invalid a wildcard inside a name'],
  ['bad example', 'invalid more than one column'],
  ['0.0.0.0 bad.example', 'invalid a hosts line'],
  ['||bad.example^', 'invalid an Adblock rule'],
  ['@@||bad.example^', 'invalid an Adblock rule'],
  ['! Title', 'invalid an Adblock rule'],
  ['bad,example', 'invalid not a host name'],
  ['# bad.example', 'comment'],
  ['; bad.example', 'comment'],
]);

table('adblock', '||good.example^', [
  ['||bad.example^', 'suffix bad.example'],
  ['||Bad.Example^', 'suffix bad.example'],
  ['||bad.example', 'suffix bad.example'],
  ['||bad.example^$all', 'suffix bad.example'],
  ['||bad.example^$document', 'suffix bad.example'],
  ['||bad.example^$doc,important', 'suffix bad.example'],
  ['||bad.example^|', 'suffix bad.example'],
  ['||bad.example/*', 'suffix bad.example'],
  ['||bad.example:8080^', 'suffix bad.example :8080'],
  ['||bücher.example^', 'suffix xn--bcher-kva.example'],
  ['||*.bad.example^', 'subdomains bad.example'],
  ['||203.0.113.9^', 'ip 203.0.113.9'],
  ['bad.example', 'suffix bad.example'],
  ['203.0.113.9', 'ip 203.0.113.9'],
  ['||bad.example/a.exe^$all', 'url bad.example /a.exe'],
  ['||bad.example/?u=script^', 'url bad.example /?u=script'],
  ['||bad.example/a$b', 'skip conditional-rule'],
  ['||bad.example/a$(b)^', 'url bad.example /a$(b)'],
  ['||bad.example/a*b^', 'skip pattern-rule'],
  ['@@||fine.example^', 'allow suffix fine.example'],
  ['@@||fine.example/a', 'allow url fine.example /a'],
  ['@@||203.0.113.9^', 'allow ip 203.0.113.9'],
  ['@@||fine.example^$script', 'skip conditional-rule'],
  ['||bad.example^$third-party', 'skip conditional-rule'],
  ['||bad.example^$important,script', 'skip conditional-rule'],
  ['||bad.example^$domain=a.example|b.example', 'skip conditional-rule'],
  ['||bad.example^$removeparam=/^utm_/', 'skip conditional-rule'],
  ['||bad.example^$redirect=noop.js', 'skip conditional-rule'],
  ["||bad.example^$csp=script-src 'self'", 'skip conditional-rule'],
  ['||bad.example^$~third-party', 'skip conditional-rule'],
  ['||bad.example^$badfilter', 'skip conditional-rule'],
  ['||bad.example^$dnstype=A', 'skip conditional-rule'],
  ['[$domain=a.example]||bad.example^', 'skip conditional-rule'],
  ['bad.example##.banner', 'skip cosmetic-rule'],
  ['##div > .banner', 'skip cosmetic-rule'],
  ['a.example#@#.banner', 'skip cosmetic-rule'],
  ['a.example#?#div:has(> a)', 'skip cosmetic-rule'],
  ['a.example#%#//scriptlet("x")', 'skip cosmetic-rule'],
  ['||[2001:db8::9]^', 'ip 2001:db8::9'],
  ['||[2001:db8::9]:443/a', 'url 2001:db8::9 /a :443'],
  ['||bad.*^', 'skip pattern-rule'],
  ['||secure-login-$doc', 'skip pattern-rule'],
  ['||www.secure-login-', 'skip pattern-rule'],
  ['||xyz/login/$doc', 'skip pattern-rule'],
  ['||bad.example.^', 'skip pattern-rule'],
  ['||.bad.example^', 'skip pattern-rule'],
  ['/banner/ads.', 'skip pattern-rule'],
  ['/^https?:\\/\\/x/$script', 'skip pattern-rule'],
  ['|http://bad.example/', 'skip pattern-rule'],
  ['-ad-banner.', 'skip pattern-rule'],
  ['!#include more.txt', 'skip include'],
  ['||zip^', 'invalid a top-level domain'],
  ['||bad..example^', 'invalid empty label'],
  ['||1.2.3.4.5^', 'invalid not an IP address'],
  ['0.0.0.0 bad.example', 'invalid a hosts line'],
  ['bad example', 'invalid white space in a rule'],
  ['203.0.113.0/24', 'invalid not a host name'],
  ['! ||bad.example^', 'comment'],
  ['[Adblock Plus 2.0]', 'comment'],
  ['# ||bad.example^', 'comment'],
  ['!#safari_cb_affinity', 'comment'],
]);

test('rules between !#if and !#endif are conditional, also nested, and no longer after it', async () => {
  const text =
    '||a.example^\n!#if env_mobile\n||b.example^\n!#if ext\n||c.example^\n!#endif\n||d.example^\n!#endif\n||e.example^\n';
  const { entries, report } = await outcomeOfText(text, 'adblock');
  assert.deepEqual(entries, ['suffix a.example', 'suffix e.example']);
  assert.deepEqual(report?.skipped, { 'conditional-rule': 3 });
});

table('cidr', '198.51.100.1', [
  ['203.0.113.9', 'ip 203.0.113.9'],
  ['203.0.113.0/24', 'cidr 203.0.113.0/24'],
  ['203.0.113.0/24 ; SBL123', 'cidr 203.0.113.0/24'],
  ['203.0.113.0/24;SBL123', 'cidr 203.0.113.0/24'],
  ['203.0.113.0/24 # scanner', 'cidr 203.0.113.0/24'],
  ['203.0.113.9\t12', 'ip 203.0.113.9'],
  ['203.0.113.9 seen yesterday', 'ip 203.0.113.9'],
  ['2001:db8::/32', 'cidr 2001:db8::/32'],
  ['2001:db8::1', 'ip 2001:db8::1'],
  ['::ffff:203.0.113.0/120', 'cidr 203.0.113.0/24'],
  ['203.0.113.9:443', 'ip 203.0.113.9 :443'],
  ['[2001:db8::1]:443', 'ip 2001:db8::1 :443'],
  ['203.0.113.9/32', 'ip 203.0.113.9'],
  ['127.0.0.0/8', 'skip local-address'],
  ['0.0.0.0/8', 'skip local-address'],
  ['0.0.0.0', 'skip local-address'],
  ['0.0.0.0/0', 'cidr 0.0.0.0/0'],
  ['::/0', 'cidr ::/0'],
  ['203.0.113.9/24', 'invalid CIDR with host bits set'],
  ['203.0.113.0/33', 'invalid bad prefix length'],
  ['203.0.113.0/024', 'invalid bad prefix length'],
  ['203.0.113.007', 'invalid not an address or CIDR'],
  ['203.0.113', 'invalid not an address or CIDR'],
  ['203.0.113.1-203.0.113.6', 'ip 203.0.113.1', 'cidr 203.0.113.2/31', 'cidr 203.0.113.4/31', 'ip 203.0.113.6'],
  ['203.0.113.0 - 203.0.113.255', 'cidr 203.0.113.0/24'],
  ['203.0.113.0\t203.0.113.255\t24', 'cidr 203.0.113.0/24'],
  ['203.0.113.7-203.0.113.7', 'ip 203.0.113.7'],
  ['2001:db8::-2001:db8::ffff', 'cidr 2001:db8::/112'],
  ['255.255.255.253-255.255.255.255', 'ip 255.255.255.253', 'cidr 255.255.255.254/31'],
  ['0.0.0.0-255.255.255.255', 'cidr 0.0.0.0/0'],
  ['127.0.0.1-127.0.0.9', 'skip local-address'],
  ['203.0.113.9-203.0.113.1', 'invalid a range that ends before it begins'],
  ['203.0.113.9-2001:db8::1', 'invalid a range of two address families'],
  ['203.0.113.9-203.0.113', 'invalid not an IP address'],
  ['add firehol_level1 203.0.113.0/24', 'cidr 203.0.113.0/24'],
  ['add banned 203.0.113.9 timeout 60', 'ip 203.0.113.9'],
  ['create firehol_level1 hash:net family inet', 'comment'],
  ['0.0.0.0 bad.example', 'invalid a hosts line'],
  ['127.0.0.1 bad.example', 'invalid a hosts line'],
  ['bad.example', 'invalid not an address or CIDR'],
  ['||203.0.113.9^', 'invalid not an address or CIDR'],
  ['# x', 'comment'],
  ['; x', 'comment'],
]);

test('the names of columns on top of a domain list are a header, and a mistake anywhere else', async () => {
  const top = await outcomeOfText('# x\nDomain\na.example\n', 'domains');
  assert.deepEqual(top.entries, ['suffix a.example']);
  assert.deepEqual(top.report?.skippedAt, { header: [2] });
  const inside = await outcomeOfText('a.example\nDomain\n', 'domains');
  assert.equal(inside.report?.invalid.first[0]?.reason, 'a top-level domain');
});

table('dnsmasq', 'address=/good.example/', [
  ['address=/bad.example/0.0.0.0', 'suffix bad.example'],
  ['address=/bad.example/127.0.0.1', 'suffix bad.example'],
  ['address=/bad.example/::', 'suffix bad.example'],
  ['address=/bad.example/#', 'suffix bad.example'],
  ['address=/bad.example/ # why', 'suffix bad.example'],
  ['address = /bad.example/', 'suffix bad.example'],
  ['address=/a.example/b.example/.c.example/0.0.0.0', 'suffix a.example', 'suffix b.example', 'suffix c.example'],
  ['address=/bad.example/203.0.113.9', 'skip address-mapping'],
  ['address=/bücher.example/', 'suffix xn--bcher-kva.example'],
  ['server=/bad.example/', 'suffix bad.example'],
  ['local=/bad.example/', 'suffix bad.example'],
  ['server=/corp.example/203.0.113.53', 'skip address-mapping'],
  ['server=/fine.example/#', 'allow suffix fine.example'],
  ['server=203.0.113.53', 'skip other-setting'],
  ['no-resolv', 'skip other-setting'],
  ['cache-size=1000', 'skip other-setting'],
  ['conf-file=/etc/more.conf', 'skip include'],
  ['address=/*bad.example/', 'skip pattern-rule'],
  ['address=/localhost/127.0.0.1', 'skip local-name'],
  ['address=/#/0.0.0.0', 'invalid covers every name'],
  ['address=/com/', 'invalid a top-level domain'],
  ['address=//', 'invalid empty label'],
  ['address=/bad.example', 'invalid not a dnsmasq setting'],
  ['address=', 'invalid not a dnsmasq setting'],
  ['address=/bad.example/nowhere', 'invalid not an IP address'],
  ['bad.example', 'invalid not a dnsmasq setting'],
  ['0.0.0.0 bad.example', 'invalid not a dnsmasq setting'],
  ['# address=/bad.example/', 'comment'],
]);

table('unbound', 'local-zone: "good.example" refuse', [
  ['local-zone: "bad.example" always_nxdomain', 'suffix bad.example'],
  ['local-zone: "bad.example." static', 'suffix bad.example'],
  ["local-zone: 'bad.example' always_null # why", 'suffix bad.example'],
  ['local-zone: bad.example deny', 'suffix bad.example'],
  ['local-zone: "bücher.example" refuse', 'suffix xn--bcher-kva.example'],
  ['local-zone: "fine.example" always_transparent', 'allow suffix fine.example'],
  ['local-zone: "fine.example" transparent', 'allow suffix fine.example'],
  ['local-zone: "fine.example" inform', 'skip other-setting'],
  ['local-data: "bad.example A 0.0.0.0"', 'exact bad.example'],
  ['local-data: "bad.example. 3600 IN AAAA ::"', 'exact bad.example'],
  ['local-data: "nas.example A 203.0.113.9"', 'skip address-mapping'],
  ['local-data: "x.example CNAME forcesafe.example"', 'skip other-record'],
  ['local-data: "x.example TXT hello"', 'skip other-record'],
  ['local-data-ptr: "203.0.113.9 nas.example"', 'skip other-setting'],
  ['include: "/etc/unbound/more.conf"', 'skip include'],
  ['interface: 127.0.0.1', 'skip other-setting'],
  ['local-zone: "." refuse', 'invalid covers every name'],
  ['local-zone: "com" refuse', 'invalid a top-level domain'],
  ['local-zone: "bad.example" always_nxdomian', 'invalid not a zone type'],
  ['local-zone: "bad.example"', 'invalid not an Unbound setting'],
  ['local-zone: "bad..example" refuse', 'invalid empty label'],
  ['local-data: "bad.example A nowhere"', 'invalid not an IP address'],
  ['bad.example', 'invalid not an Unbound setting'],
  ['server:', 'comment'],
  ['# local-zone: "bad.example" refuse', 'comment'],
]);

test('a redirected Unbound zone is what its record says', async () => {
  const text =
    'local-zone: "a.example" redirect\nlocal-data: "a.example A 0.0.0.0"\n' +
    'local-zone: "search.example" redirect\nlocal-data: "search.example CNAME safe.example"\n' +
    'local-zone: "mail.example" redirect\nlocal-data: "mail.example A 203.0.113.9"\n';
  const { entries, report } = await outcomeOfText(text, 'unbound');
  assert.deepEqual(entries, ['suffix a.example']);
  assert.deepEqual(report?.skipped, { 'other-record': 1, 'address-mapping': 1 });
});

table('rpz', 'good.example CNAME .', [
  ['bad.example CNAME .', 'exact bad.example'],
  ['bad.example\t300\tIN\tCNAME\t.', 'exact bad.example'],
  ['bad.example IN 5m CNAME *. ; why', 'exact bad.example'],
  ['*.bad.example CNAME .', 'subdomains bad.example'],
  ['Bad.Example CNAME rpz-drop.', 'exact bad.example'],
  ['bad.example A 0.0.0.0', 'exact bad.example'],
  ['bad.example AAAA ::1', 'exact bad.example'],
  ['fine.example CNAME rpz-passthru.', 'allow exact fine.example'],
  ['*.fine.example CNAME rpz-passthru.', 'allow subdomains fine.example'],
  ['fine.example CNAME fine.example.', 'allow exact fine.example'],
  ['bad.example CNAME rpz-tcp-only.', 'skip conditional-rule'],
  ['search.example CNAME safe.search.example.', 'skip address-mapping'],
  ['bad.example A 203.0.113.9', 'skip address-mapping'],
  ['bad.example TXT "why; (really)"', 'skip other-record'],
  ['32.9.113.0.203.rpz-ip CNAME .', 'ip 203.0.113.9'],
  ['24.0.113.0.203.rpz-ip CNAME .', 'cidr 203.0.113.0/24'],
  ['48.zz.8.db8.2001.rpz-ip CNAME .', 'cidr 2001:db8:8::/48'],
  ['128.1.zz.db8.2001.rpz-ip CNAME rpz-passthru.', 'allow ip 2001:db8::1'],
  ['24.1.113.0.203.rpz-ip CNAME .', 'invalid CIDR with host bits set'],
  ['0.0.0.0.0.rpz-ip CNAME .', 'cidr 0.0.0.0/0'],
  ['24.113.0.203.rpz-ip CNAME .', 'invalid not an rpz-ip name'],
  ['32.9.113.0.203.rpz-client-ip CNAME .', 'skip other-trigger'],
  ['ns.bad.example.rpz-nsdname CNAME .', 'skip other-trigger'],
  ['32.9.113.0.203.rpz-nsip CNAME .', 'skip other-trigger'],
  ['$INCLUDE more.zone', 'skip include'],
  ['bad.example. CNAME .', 'exact bad.example'],
  ['* CNAME .', 'invalid covers every name'],
  ['com CNAME .', 'invalid a top-level domain'],
  ['bad..example CNAME .', 'invalid empty label'],
  ['bad.example', 'invalid not a zone record'],
  ['bad.example CNAME', 'invalid not a zone record'],
  ['0.0.0.0 bad.example', 'invalid not a zone record'],
  ['$TTL 30', 'comment'],
  ['@ NS localhost.', 'comment'],
  ['; bad.example CNAME .', 'comment'],
]);

suite('zone files', () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, ...want: string[]]> = [
    [
      'a record in parentheses, and owners left out',
      '@ 3600 IN SOA ns. root. (\n  1 ; serial\n  2 3 4\n  5 )\n\tNS ns.\na.example CNAME .\n  A 0.0.0.0\n*.a.example CNAME .\n',
      'exact a.example',
      'exact a.example',
      'subdomains a.example',
    ],
    [
      'absolute names inside the zone that the SOA record names',
      'rpz.test. 60 IN SOA ns. root. 1 2 3 4 5\na.example.rpz.test. 60 IN CNAME .\nb.example CNAME .\n',
      'exact a.example',
      'exact b.example',
    ],
    [
      '$ORIGIN of the zone, then of names in it',
      '$ORIGIN rpz.test.\n@ SOA ns. root. 1 2 3 4 5\na.example CNAME .\n$ORIGIN example.rpz.test.\nb CNAME .\n*.c CNAME .\n',
      'exact a.example',
      'exact b.example',
      'subdomains c.example',
    ],
    [
      'names outside of the zone',
      'rpz.test. SOA ns. root. 1 2 3 4 5\na.example CNAME .\nb.example. CNAME .\n',
      'exact a.example',
    ],
    ['relative $ORIGIN', '$ORIGIN example\n@ CNAME .\n', 'nothing'],
  ];
  for (const [name, text, ...want] of cases) {
    test(name, async () => {
      const { entries, error } = await outcomeOfText(text, 'rpz');
      if (want[0] === 'nothing') assert.match(error ?? '', /nothing to block as rpz/);
      else assert.deepEqual(entries, want);
    });
  }

  test('a parenthesis that does not close costs 4 KiB, not the rest', async () => {
    const text = `x.example TXT (\n${'filler\n'.repeat(600)}a.example CNAME .\n`;
    const { entries, report } = await outcomeOfText(text, 'rpz');
    assert.deepEqual(entries, []);
    assert.equal(report, null);
    const good = 'a.example CNAME .\n'.repeat(30);
    const more = await outcomeOfText(`${good}x.example TXT (\n${'y\n'.repeat(2055)}${good}`, 'rpz');
    assert.ok(more.entries.length >= 59, `${more.entries.length}, ${more.error}`);
    const cut = await outcomeOfText(`${good}x.example TXT ( "y"\n`, 'rpz');
    assert.deepEqual(cut.report?.invalid.first, [{ line: 31, text: '', reason: 'unclosed bracket' }]);
  });
});

table('bind', 'zone "good.example" { type master; file "null"; };', [
  ['zone "bad.example" { type master; notify no; file "null.zone.file"; };', 'suffix bad.example'],
  ['zone "bad.example" IN { type primary; file "/etc/null"; };', 'suffix bad.example'],
  ['zone bad.example {type master;file "null";};', 'suffix bad.example'],
  ['zone "a.example" { type master; }; zone "b.example" { type master; };', 'suffix a.example', 'suffix b.example'],
  ['zone "bad.example" { type master; allow-query { any; }; };', 'suffix bad.example'],
  ['zone "bad.example" { /* why */ type master; }; // x', 'suffix bad.example'],
  ['zone "corp.example" { type forward; forwarders { 203.0.113.53; }; };', 'skip other-setting'],
  ['zone "." { type hint; file "root"; };', 'skip other-setting'],
  ['options { directory "/var"; };', 'skip other-setting'],
  ['include "more.conf";', 'skip include'],
  ['zone "com" { type master; };', 'invalid a top-level domain'],
  ['bad.example;', 'invalid not a BIND zone statement'],
  ['# zone', 'comment'],
  ['// zone', 'comment'],
  ['/* zone */', 'comment'],
]);

test('BIND statements span lines, and so do comments', async () => {
  const text =
    'zone "a.example" {\n  type master; # x\n  file "null;";\n};\n/* zone "b.example"\n { */ zone "c.example" { type master; };\n';
  assert.deepEqual((await outcomeOfText(text, 'bind')).entries, ['suffix a.example', 'suffix c.example']);
});

table('tpl', '-d good.example', [
  ['-d bad.example', 'suffix bad.example'],
  ['-d 203.0.113.9', 'ip 203.0.113.9'],
  ['+d fine.example', 'allow suffix fine.example'],
  ['-d bad.example /ads/', 'skip pattern-rule'],
  ['- /banner/', 'skip pattern-rule'],
  ['-d bad..example', 'invalid empty label'],
  ['bad.example', 'invalid not a protection list line'],
  [': Expires=1', 'comment'],
  ['#', 'comment'],
]);

table('dnscrypt', 'good.example', [
  ['bad.example', 'suffix bad.example'],
  ['*.bad.example', 'suffix bad.example'],
  ['.bad.example', 'suffix bad.example'],
  ['=bad.example', 'exact bad.example'],
  ['=bad.example # why', 'exact bad.example'],
  ['203.0.113.9', 'ip 203.0.113.9'],
  ['203.0.113.*', 'cidr 203.0.113.0/24'],
  ['10.0.*', 'cidr 10.0.0.0/16'],
  ['2001:db8:*', 'cidr 2001:db8::/32'],
  ['203.0.113.0/24', 'cidr 203.0.113.0/24'],
  ['2001:db8::9', 'ip 2001:db8::9'],
  ['127.*', 'skip local-address'],
  ['203.0.113.1*', 'skip pattern-rule'],
  ['ads.*', 'skip pattern-rule'],
  ['*tracker*', 'skip pattern-rule'],
  ['ads[0-9].example', 'skip pattern-rule'],
  ['games.example @work', 'skip conditional-rule'],
  ['bad.example x', 'invalid more than one column'],
  ['300.0.*', 'invalid not an address or CIDR'],
  ['=com', 'invalid a top-level domain'],
]);

const rule = (options: string, header = 'tls $HOME_NET any -> $EXTERNAL_NET any'): string =>
  `alert ${header} (msg:"x; \\"y\\" (z)"; ${options} classtype:trojan-activity; sid:1; rev:1;)`;
const HTTP = 'http $HOME_NET any -> $EXTERNAL_NET any';

table('suricata', 'alert tls any any -> any any (tls.sni; content:"good.example"; sid:1;)', [
  [rule('tls.sni; content:"bad.example"; bsize:11;'), 'exact bad.example is Malicious'],
  [rule('tls.sni; bsize:11; content:"bad.example"; fast_pattern;'), 'exact bad.example is Malicious'],
  [rule('tls.sni; bsize:32; content:"bad.example";'), 'exact bad.example is Malicious'],
  [rule('tls.sni; content:"bad.example"; startswith; endswith; nocase;'), 'exact bad.example is Malicious'],
  [rule('tls.sni; content:"bad.example"; depth:11; isdataat:!1,relative;'), 'exact bad.example is Malicious'],
  [rule('tls.sni; content:"bad.example"; endswith;'), 'suffix bad.example is Malicious'],
  [rule('tls_sni; content:"bad.example";'), 'suffix bad.example is Malicious'],
  [rule('dns.query; dotprefix; content:".bad.example"; endswith;'), 'suffix bad.example is Malicious'],
  [rule('dns_query; content:".bad.example"; endswith;'), 'subdomains bad.example is Malicious'],
  [rule('dns.query; content:"bad|2e|example"; bsize:11;'), 'exact bad.example is Malicious'],
  [rule('http.method; content:"GET"; http.host; content:"bad.example";', HTTP), 'suffix bad.example is Malicious'],
  [rule('http.host; content:"203.0.113.9";', HTTP), 'ip 203.0.113.9 is Malicious'],
  [
    rule('http.uri; content:"/gate.php"; startswith; http.host; content:"bad.example"; bsize:11;', HTTP),
    'url bad.example /gate.php is Malicious',
  ],
  [rule('http_header:field host; content:"bad.example",nocase;', HTTP), 'suffix bad.example is Malicious'],
  [
    rule('content:"GET"; http_method; content:"bad.example"; content:"Host"; http_header;'),
    'suffix bad.example is Malicious',
  ],
  [rule('content:"Host|3a 20|bad.example|0d 0a|"; http_header;'), 'exact bad.example is Malicious'],
  [rule('content:"/a"; http_uri; content:"bad.example"; http_host;'), 'url bad.example /a is Malicious'],
  [
    'drop tls any any -> any any (tls.sni; content:"bad.example"; classtype:social-engineering;)',
    'suffix bad.example is Phishing',
  ],
  ['alert http (http_header:field host; content:"bad.example", endswith;)', 'suffix bad.example'],
  ['pass tls any any -> any any (tls.sni; content:"fine.example"; bsize:12;)', 'allow exact fine.example'],
  [
    rule('dns_query; content:"bad-x.example"; nocase; isdataat:!1,relative; pcre:"/(?:^|\\.)bad\\-x\\.example$/i";'),
    'suffix bad-x.example is Malicious',
  ],
  [rule('tls.sni; content:"bad.example"; flowbits:set,x;'), 'suffix bad.example is Malicious'],
  [rule('tls.sni; content:"bad.example"; flowbits:noalert;'), 'skip conditional-rule'],
  [rule('tls.sni; content:"bad.example"; constructor:1;'), 'skip conditional-rule'],
  [rule('ja3.hash; content:"cd08"; tls.sni; content:"cdn.example";'), 'skip conditional-rule'],
  [rule('tls.sni; content:"bad.example"; startswith;'), 'skip pattern-rule'],
  [rule('tls.sni; content:"login-bank";'), 'skip pattern-rule'],
  [rule('tls.sni; content:".tk"; endswith;'), 'skip pattern-rule'],
  [rule('tls.sni; content:"secure."; startswith;'), 'skip pattern-rule'],
  [rule('tls.sni; content:"-bad.example"; endswith;'), 'skip pattern-rule'],
  [rule('http.uri; content:"gate"; http.host; content:"bad.example";', HTTP), 'skip pattern-rule'],
  [rule('tls.sni; content:!"bad.example";'), 'skip conditional-rule'],
  [rule('tls.sni; content:"bad.example"; content:!"fine";'), 'skip conditional-rule'],
  [rule('tls.sni; content:"bad.example"; pcre:"/x/";'), 'skip conditional-rule'],
  [rule('tls.sni; content:"bad.example"; flowbits:isset,x;'), 'skip conditional-rule'],
  [rule('http.host; content:"bad.example"; http.user_agent; content:"x";', HTTP), 'skip conditional-rule'],
  [rule('flow:to_client; http.host; content:"bad.example";', HTTP), 'skip conditional-rule'],
  [rule('http.host; content:"own.example";', 'http $EXTERNAL_NET any -> $HTTP_SERVERS any'), 'skip conditional-rule'],
  [rule('dns.query; dataset:isset,bad,type string;'), 'skip conditional-rule'],
  [rule('file.data; content:"bad.example";', HTTP), 'skip conditional-rule'],
  [rule('content:"bad.example";'), 'skip other-rule'],
  [rule('http.uri; content:"/gate.php";', HTTP), 'skip other-rule'],
  [rule('', 'ip $HOME_NET any -> 203.0.113.9 any'), 'ip 203.0.113.9 is Malicious'],
  [
    rule('', 'tcp $HOME_NET any -> 203.0.113.9 [443, 8443]'),
    'ip 203.0.113.9 :443 is Malicious',
    'ip 203.0.113.9 :8443 is Malicious',
  ],
  [
    rule(
      'flags:S; threshold: type limit, track by_src, seconds 60, count 1; flowbits:set,ET.Evil;',
      'ip [203.0.113.9, 198.51.100.0/24] any -> $HOME_NET any',
    ),
    'ip 203.0.113.9 is Malicious',
    'cidr 198.51.100.0/24 is Malicious',
  ],
  [rule('', 'ip ![203.0.113.9] any -> $HOME_NET any'), 'skip conditional-rule'],
  [rule('', 'tcp 10.0.0.0/8 any -> $EXTERNAL_NET any'), 'skip conditional-rule'],
  [rule('', 'tcp !$HOME_NET any -> 10.0.0.0/8 any'), 'skip conditional-rule'],
  [rule('', 'tcp $HOME_NET any -> 203.0.113.9 1024:'), 'skip conditional-rule'],
  [rule('http.method; content:"POST";', 'http $HOME_NET any -> 203.0.113.9 any'), 'skip conditional-rule'],
  [rule('dsize:>10;', 'ip $HOME_NET any -> 203.0.113.9 any'), 'skip conditional-rule'],
  [rule('', 'ip $HOME_NET any -> 0.0.0.0/0 any'), 'cidr 0.0.0.0/0 is Malicious'],
  [rule('', 'ip any any -> any any'), 'skip other-rule'],
  [rule('tls.sni; content:"bad.example;'), 'invalid not a rule'],
  [rule('tls.sni; content:"bad|zz|example";'), 'invalid bad content'],
  ['alert tls any any -> any any', 'invalid a rule without options'],
  ['alert tls any any -> any (sid:1;)', 'invalid not a rule'],
  ['bad.example', 'invalid not a rule'],
  ['# alert tls any any -> any any (tls.sni; content:"bad.example";)', 'comment'],
]);

test('a rule may have 64 KiB', async () => {
  const good = 'alert ip 198.51.100.1 any -> any any (sid:1;)\n';
  const long = (count: number): string =>
    `alert ip [${Array(count).fill('203.0.113.9').join(',')}] any -> any any (sid:1;)\n`;
  const { entries, report } = await outcomeOfText(good + long(5000) + long(6000) + good, 'suricata');
  assert.equal(entries.length, 5002);
  assert.deepEqual(report?.invalid.first[0]?.reason, 'longer than 65536 bytes');
});

test('a rule goes on behind a backslash', async () => {
  const text = 'alert tls any any -> any any (tls.sni; \\\n  content:"a.example"; \\\n sid:1;)\nalert \\';
  const { entries, report } = await outcomeOfText(text, 'suricata');
  assert.deepEqual(entries, ['suffix a.example']);
  assert.equal(report?.invalid.first[0]?.reason, 'not a rule');
});

table('dataset', 'Z29vZC5leGFtcGxl', [
  [Buffer.from('bad.example').toString('base64'), 'exact bad.example'],
  [`${Buffer.from('bad.example').toString('base64')},20`, 'exact bad.example'],
  [Buffer.from('.bad.example').toString('base64'), 'suffix bad.example'],
  [Buffer.from('bad.example/a').toString('base64'), 'url bad.example /a'],
  [Buffer.from('/gate.php').toString('base64'), 'skip path-only'],
  ['bad.example', 'exact bad.example'],
  ['203.0.113.9', 'ip 203.0.113.9'],
  ['2001:db8::9', 'ip 2001:db8::9'],
  ['203.0.113.0/24', 'cidr 203.0.113.0/24'],
  ['YmFkLmV4YW1wbGU', 'invalid not base64'],
  [Buffer.from('bad example').toString('base64'), 'invalid not a host name'],
]);

suite('csv', () => {
  const cases: ReadonlyArray<readonly [name: string, format: Format, text: string, want: readonly string[]]> = [
    ['known names', 'csv', 'Domain,Category\na.example,phishing\n', ['suffix a.example is Phishing', 'skip header']],
    [
      'a commented header, blanks before quotes',
      'csv',
      '# dump\n# "first_seen_utc","ioc_value","ioc_type","threat_type","confidence_level"\n"2025-01-01", "203.0.113.9:443", "ip:port", "botnet_cc", "75"\n"2025-01-01", "bad.example", "domain", "payload", "100"\n"2025-01-01", "d41d8", "md5_hash", "payload", "100"\n',
      ['ip 203.0.113.9 :443 75% is C2', 'suffix bad.example 100% is Malicious', 'skip other-type'],
    ],
    [
      'host and path',
      'csv',
      '"host","path","message"\n"a.example","","x"\n"b.example","/a","x ""y"""\n',
      ['suffix a.example', 'url b.example /a', 'skip header'],
    ],
    [
      'address and port',
      'csv',
      '#first_seen,dst_ip,dst_port\nfirst_seen,dst_ip,dst_port\n2025-01-01,203.0.113.9,443\n',
      ['ip 203.0.113.9 :443', 'skip header'],
    ],
    [
      'a map by names, semicolons, expiry',
      'csv:value=What,expires=Until,confidence=Sure,delimiter=semicolon',
      'Id;What;Until;Sure\n1;a.example;2030-01-02;low\n2;b.example;1893456000;\n3;c.example;2030-01-02T03:04:05+01:00;0.0\n',
      [
        'suffix a.example 15% until 2030-01-02T00:00:00.000Z',
        'suffix b.example until 2030-01-01T00:00:00.000Z',
        'suffix c.example 0% until 2030-01-02T02:04:05.000Z',
        'skip header',
      ],
    ],
    [
      'a map by numbers',
      'csv:value=2',
      '1,a.example\n2,http://b.example/x\n',
      ['suffix a.example', 'url b.example /x'],
    ],
    ['a map by numbers over a header', 'csv:value=2', 'id,domain\n1,a.example\n', ['suffix a.example', 'skip header']],
    ['tabs', 'csv', 'url\tcategory\nhttp://a.example/x\tGames\n', ['url a.example /x is Games', 'skip header']],
    [
      'a field over lines',
      'csv',
      'domain,note\na.example,"one\n,""two""\nb.example,"\nc.example,x\n',
      ['suffix a.example', 'suffix c.example', 'skip header'],
    ],
    [
      'rows that cannot be read',
      'csv',
      'domain,type,confidence,expires,port\na.example,domain,101,,\na.example,domain,,soon,\na.example,domain,,,x\na.example,spaceship,,,\n"a.example"x,\na..example\n,domain\na.example,domain,,never,0\n'.replace(
        'a.example,domain,,never,0\n',
        'a.example,domain,,never,0\n'.repeat(10),
      ),
      [
        ...Array.from({ length: 10 }, () => 'suffix a.example'),
        'skip header',
        'skip empty-value',
        'invalid bad confidence',
        'invalid bad date',
        'invalid bad port',
        'invalid unknown indicator type',
        'invalid bad quoting',
        'invalid empty label',
      ],
    ],
  ];
  for (const [name, format, text, want] of cases) {
    test(name, async () => {
      const { entries, report, error } = await outcomeOfText(text, format);
      assert.equal(error, null);
      const notes = [
        ...Object.keys(report?.skipped ?? {}).map((reason) => `skip ${reason}`),
        ...(report?.invalid.first ?? []).map(({ reason }) => `invalid ${reason}`),
      ];
      assert.deepEqual([...entries, ...notes], want);
    });
  }

  test('a header without a known column is refused with what to do', async () => {
    const { error } = await outcomeOfText('a,b\nx.example,y\n', 'csv');
    assert.match(
      error ?? '',
      /^wrong-format: list:1: "a,b": no header row with a known column; .*--format csv:value=COLUMN/,
    );
  });

  test('an unclosed quote costs 64 KiB, not the rest, in time that grows with the length', async () => {
    const good = 'a.example,x\n'.repeat(100);
    const { entries, report } = await outcomeOfText(
      `domain,x\n${good}b.example,"\n${'\n""y'.repeat(16_390)}\n${good}`,
      'csv',
    );
    assert.ok(entries.length >= 200, `${entries.length}`);
    assert.equal(report?.invalid.first[0]?.reason, 'unclosed quote');
  });
});

test('the blocks of a range are its addresses, each once, and as few as can be', () => {
  const v4 = (value: number): Uint8Array => Uint8Array.of(10, 0, value >> 8, value & 0xff);
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), (a, b) => {
      const [first, last] = a < b ? [a, b] : [b, a];
      const blocks = blocksOfRange(v4(first), v4(last));
      let at = first;
      for (const { address, prefixLength } of blocks) {
        assert.deepEqual(address, v4(at));
        const size = 2 ** (32 - prefixLength);
        assert.equal(at % size, 0);
        at += size;
      }
      assert.equal(at, last + 1);
      // Two neighbours that make one larger block would be one.
      for (let i = 1; i < blocks.length; i++) {
        const [left, right] = [blocks[i - 1], blocks[i]];
        const start = ((left?.address[2] ?? 0) << 8) | (left?.address[3] ?? 0);
        const size = 2 ** (32 - (left?.prefixLength ?? 0));
        assert.ok(left?.prefixLength !== right?.prefixLength || start % (2 * size) !== 0);
      }
    }),
  );
  const all = blocksOfRange(new Uint8Array(16).fill(0, 0, 15).fill(1, 15), new Uint8Array(16).fill(255).fill(254, 15));
  assert.equal(all.length, 254);
  assert.deepEqual(blocksOfRange(new Uint8Array(4), new Uint8Array(4).fill(255)), [
    { address: new Uint8Array(4), prefixLength: 0 },
  ]);
});
