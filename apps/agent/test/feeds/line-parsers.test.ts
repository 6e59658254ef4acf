import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { Format } from '../../src/feeds/line-parsers.ts';
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
  ['||bad.example/a.exe^$all', 'url bad.example /a.exe any-case'],
  ['||bad.example/?u=script^', 'url bad.example /?u=script any-case'],
  ['||bad.example/a$b', 'skip conditional-rule'],
  ['||bad.example/a$(b)^', 'url bad.example /a$(b) any-case'],
  ['||bad.example/a*b^', 'skip pattern-rule'],
  ['@@||fine.example^', 'allow suffix fine.example'],
  ['@@||fine.example/a', 'allow url fine.example /a any-case'],
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
  ['||[2001:db8::9]:443/a', 'url 2001:db8::9 /a :443 any-case'],
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
  ['0.0.0.0/0', 'invalid covers every address'],
  ['::/0', 'invalid covers every address'],
  ['203.0.113.9/24', 'invalid CIDR with host bits set'],
  ['203.0.113.0/33', 'invalid bad prefix length'],
  ['203.0.113.0/024', 'invalid bad prefix length'],
  ['203.0.113.007', 'invalid not an address or CIDR'],
  ['203.0.113', 'invalid not an address or CIDR'],
  ['203.0.113.1-203.0.113.9', 'invalid an address range; CIDRs are needed'],
  ['203.0.113.1 - 203.0.113.9', 'invalid an address range; CIDRs are needed'],
  ['203.0.113.0\t203.0.113.255\t24', 'invalid an address range; CIDRs are needed'],
  ['0.0.0.0 bad.example', 'invalid a hosts line'],
  ['127.0.0.1 bad.example', 'invalid a hosts line'],
  ['bad.example', 'invalid not an address or CIDR'],
  ['||203.0.113.9^', 'invalid not an address or CIDR'],
  ['# x', 'comment'],
  ['; x', 'comment'],
]);
