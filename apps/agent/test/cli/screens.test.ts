import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { FeedReportView, FeedView, StatusView } from '@sallyport/contract/control';
import type { Indicator } from '@sallyport/contract/indicator';

import { displayWidth } from '../../src/cli/display-width.ts';
import { plainLayout } from '../../src/cli/layout.ts';
import { coloured } from '../../src/cli/paint.ts';
import { renderCheck } from '../../src/cli/screens/check.ts';
import { renderEvent, renderEventHeader } from '../../src/cli/screens/events.ts';
import { renderFeedReport, renderFeeds, renderHeld, renderWholeReport } from '../../src/cli/screens/feeds.ts';
import { renderIndicators } from '../../src/cli/screens/indicators.ts';
import { renderSetting } from '../../src/cli/screens/settings.ts';
import { headline, renderStatus } from '../../src/cli/screens/status.ts';
import { renderWire } from '../../src/cli/screens/wire.ts';
import { NO_ENTRIES } from '../../src/feed-store/stored-feed.ts';
import { event } from './fake-control.ts';
import { NOW_MS } from './harness.ts';
import { feed, gate, status } from './samples.ts';

// Screens show local time; the literals below are in UTC.
process.env['TZ'] = 'UTC';

const narrow = plainLayout(NOW_MS, 80);
const equal = (lines: readonly string[], want: string): void => assert.equal(lines.join('\n'), want.slice(1, -1));

suite('status', () => {
  test('a healthy agent', () => {
    equal(
      renderStatus(status, narrow),
      `
● protecting · block mode                                        sallyport 0.1.0

  enforcing    since 2026-11-22 10:48:01 (3 h 11 min)
  gate         pid 4711 · iptables-nft · queue 7137 · block
  agent        pid 4710 · since 2026-11-22 10:47:59 (3 h 12 min)
  state        /var/lib/sallyport

  packets      1,204,332 seen · 1,204,332 judged
  verdicts     312 blocked · 0 audited
  held         2,301 · 3 ran out of time
  dropped      0 by the queue · 0 by the socket
  records      12 waiting · 0 dropped
  conntrack    1,204 of 262,144 (0.4 %) · ok

  TABLE           HOSTS  ADDRESSES  URLS   MEMORY
  indicators         12          3     1   4.1 kB
  reputation  1,210,731      4,203     0  21.4 MB
  categories       none
  popular          none

  indicators   16
  feeds        1
  journal      1,204,331 records · 212 MB · since 2026-11-12 14:00:00
  if failing   connections pass, whatever the cause (open)

  FEED  NAME                           CATEGORY     ENTRIES  HELD  READ     NEXT
  1     /srv/lists/dom…-malicious.txt  malicious  1,214,934     0  1 h ago  -
`,
    );
  });

  test('not running', () => {
    equal(
      renderStatus({ ...status, pid: null, gate: null, startedMs: null, feeds: [] }, narrow),
      `
● not running · start it with: sudo ./sallyport up               sallyport 0.1.0

  mode         block (takes effect at the next start)
  state        /var/lib/sallyport

  indicators   16
  feeds        0
  journal      1,204,331 records · 212 MB · since 2026-11-12 14:00:00
  if failing   connections pass, whatever the cause (open)
`,
    );
  });

  test('problems are named once, wrapped and with their remedy', () => {
    const problem = 'the connection table is 91 % full: sysctl net.netfilter.nf_conntrack_max raises it';
    const lines = renderStatus({ ...status, problems: [problem], gate: { ...gate, problems: [problem] } }, narrow);
    equal(
      lines.slice(0, 5),
      `
● degraded · block mode                                          sallyport 0.1.0

▲ the connection table is 91 % full: sysctl net.netfilter.nf_conntrack_max
  raises it

`,
    );
  });

  test('feeds in trouble say why, those alike once', () => {
    const lost = (id: string): FeedView => ({
      ...feed,
      id,
      location: `https://${id}.example/list`,
      problem: `https://${id}.example/list: its name cannot be resolved (ENOTFOUND)`,
    });
    const lines = renderStatus({ ...status, feeds: [lost('1'), lost('2'), { ...feed, id: '3' }] }, narrow);
    equal(
      lines.slice(-5),
      `
  FEED  NAME                         CATEGORY     ENTRIES  HELD  READ       NEXT
  1     https://1.example/list       malicious  1,214,934     0  1 h ago ▲  -
  2     https://2.example/list       malicious  1,214,934     0  1 h ago ▲  -
  3     /srv/lists/do…malicious.txt  malicious  1,214,934     0  1 h ago    -
  ▲ 1, 2: its name cannot be resolved (ENOTFOUND)
`,
    );
  });

  const policies = (closed: string[]): Record<string, string> =>
    Object.fromEntries(
      Object.keys(status.failPolicy).map((cause) => [cause, closed.includes(cause) ? 'closed' : 'open']),
    );
  const policyCases = [
    { closed: [], want: 'connections pass, whatever the cause (open)' },
    { closed: ['FailPolicyQueueFull'], want: 'closed when queue full; otherwise open' },
    { closed: Object.keys(status.failPolicy), want: 'connections are refused, whatever the cause (closed)' },
  ];
  for (const { closed, want } of policyCases) {
    test(`fail policy: ${want}`, () => {
      const lines = renderStatus({ ...status, failPolicy: policies(closed) }, narrow);
      assert.equal(
        lines
          .find((line) => line.includes('if failing'))
          ?.trim()
          .slice(13),
        want,
      );
    });
  }

  const headlines: { name: string; change: Partial<StatusView>; want: string }[] = [
    { name: 'audit', change: { mode: 'audit' }, want: 'green protecting' },
    { name: 'disabled', change: { mode: 'disabled', gate: null }, want: 'yellow disabled' },
    { name: 'starting', change: { networkProtectionStatus: 'starting', gate: null }, want: 'yellow starting' },
    { name: 'no gate', change: { gate: null }, want: 'red not protecting' },
    { name: 'a gate without rules', change: { gate: { ...gate, enforcingSinceMs: 0 } }, want: 'red not protecting' },
    { name: 'a problem', change: { problems: ['x'] }, want: 'yellow degraded' },
    { name: 'no agent', change: { pid: null }, want: 'red not running' },
  ];
  for (const { name, change, want } of headlines) {
    test(`headline: ${name}`, () => {
      const { style, word } = headline({ ...status, ...change });
      assert.equal(`${style} ${word}`, want);
    });
  }
});

suite('check', () => {
  test('verdict, reasons, rule', () => {
    const check = {
      target: 'login.evil.example',
      effect: 'block',
      mode: 'block',
      responseCategory: 'Phishing',
      webCategory: null,
      layer: 'reputation',
      candidates: [],
      rule: {
        id: '1',
        title: 'Phishing list',
        source: 'feed',
        action: 'block',
        category: 'Phishing',
        webCategory: null,
        confidence: null,
        port: null,
        scope: null,
        expiresMs: null,
      },
      reasons: [
        'no indicator matches',
        'evil.example of /srv/lists/a-rather-long-name-of-a-list.txt matches login.evil.example',
      ],
    } as const;
    equal(
      renderCheck(check, narrow),
      `
BLOCK  login.evil.example · Phishing · block mode

  1. no indicator matches
  2. evil.example of /srv/lists/a-rather-long-name-of-a-list.txt matches
     login.evil.example

  rule    1
  title   Phishing list
  from    feed
  action  block
`,
    );
  });
});

suite('events', () => {
  const at = (seconds: number): string => new Date(NOW_MS + seconds * 1000).toISOString();
  const rows = [
    event({
      Timestamp: at(0),
      ActionType: 'ConnectionSuccess',
      RemoteIP: '2001:db8::1',
      RemotePort: 22,
      AdditionalFields: '{}',
    }),
    event({
      Timestamp: at(1),
      ActionType: 'ExploitGuardNetworkProtectionBlocked',
      EventId: 1126,
      RemoteIP: '93.184.216.34',
      RemotePort: 443,
      RemoteUrl: 'login.evil.example',
      AdditionalFields: '{"ResponseCategory":"Phishing","DisplayName":"June"}',
    }),
    event({
      Timestamp: at(2),
      ActionType: 'ExploitGuardNetworkProtectionAudited',
      EventId: 1125,
      RemoteIP: '2001:db8:85a3::8a2e:370:7334',
      RemotePort: 80,
      RemoteUrl: 'http://cdn.a-very-long-label.example/path/file.exe',
      AdditionalFields: String.raw`{"ResponseCategory":"C2","DisplayName":"\u001b[31mred"}`,
    }),
    event({
      Timestamp: at(3),
      ActionType: 'SettingsChanged',
      EventId: 5007,
      AdditionalFields: '{"OldValue":"EnableNetworkProtection = block","NewValue":"EnableNetworkProtection = audit"}',
    }),
    event({
      Timestamp: at(4),
      ActionType: 'ProtectionGap',
      AdditionalFields: '{"DurationMs":61000,"Reason":"no gate"}',
    }),
    event({
      Timestamp: at(5),
      ActionType: 'EventsDropped',
      AdditionalFields: '{"Where":"gate","Connections":7,"Protection":0}',
    }),
    event({ Timestamp: at(6), ActionType: 'ProtectionGap', AdditionalFields: 'not json' }),
    event({
      Timestamp: at(7),
      ActionType: 'TamperingAttempt',
      EventId: 5013,
      AdditionalFields: '{"ChangedType":"Blocked","Value":"EnableNetworkProtection = disabled"}',
    }),
  ];
  test('80 columns', () => {
    equal(
      [renderEventHeader(narrow), ...rows.map((row) => renderEvent(row, narrow))],
      `
TIME            WHAT       HOST                  ADDRESS          REASON
11-22 14:00:00  Connected  [2001:db8::1]:22      2001:db8::1
11-22 14:00:01  Blocked    login.evil…ample:443  93.184.216.34    Phishing, June
11-22 14:00:02  Audited    cdn.a-very…xample:80  2001:db…70:7334  C2, \\x1…31mred
11-22 14:00:03  Setting    EnableNetworkProtection: block → audit
11-22 14:00:04  Gap        1 min: no gate
11-22 14:00:05  Dropped    by the gate: 7 connections, 0 protection events
11-22 14:00:06  Gap        not json
11-22 14:00:07  Refused    EnableNetworkProtection = disabled (managed)
`,
    );
  });
  test('a pipe gets whole names', () => {
    equal(
      rows.slice(0, 3).map((row) => renderEvent(row, plainLayout(NOW_MS))),
      `
2026-11-22 14:00:00  Connected  [2001:db8::1]:22                      2001:db8::1
2026-11-22 14:00:01  Blocked    login.evil.example:443                93.184.216.34    Phishing, June
2026-11-22 14:00:02  Audited    cdn.a-very-long-label.example:80      2001:db8:85a3::8a2e:370:7334  C2, \\x1b[31mred
`,
    );
  });
});

suite('feeds, indicators, settings, wire', () => {
  test('what a feed brought', () => {
    equal(
      renderFeedReport('added', { feed, held: [], damage: null }, narrow),
      `
added /srv/lists/domains-malicious.txt
  id 1 · format domains · category malicious
  1,210,731 hosts, 4,200 addresses, 3 networks
  left out: 41 popular-host, 2 public-suffix
  not understood: 1 line
    line 7: not a name: bad\\x1b[2J line
`,
    );
  });
  test('feeds, one in trouble', () => {
    equal(
      renderFeeds([{ ...feed, location: 'https://urlhaus.example/hostfile/', problem: 'HTTP 503' }], narrow),
      `
FEED  NAME                           CATEGORY     ENTRIES  HELD  READ       NEXT
1     https://urlhau…mple/hostfile/  malicious  1,214,934     0  1 h ago ▲  -
▲ 1: HTTP 503
`,
    );
  });
  test('feeds in every state', () => {
    const hour = 3_600_000;
    const feeds: FeedView[] = [
      { ...feed, name: 'Own list', held: 3, duplicates: { own: 2, others: 40 } },
      { ...feed, id: '2', name: 'Waiting', refreshedMs: null, nextMs: NOW_MS, entries: NO_ENTRIES },
      {
        ...feed,
        id: '3',
        location: 'https://a.example/x?auth-key=SECRET&y=1',
        nextMs: NOW_MS + 6 * hour,
        pending: { reason: 'grew', entries: 7, atMs: NOW_MS },
      },
      { ...feed, id: '4', name: 'Off', enabled: false, category: 'Gambling' },
    ];
    equal(
      renderFeeds(feeds, plainLayout(NOW_MS)),
      `
FEED  NAME                                CATEGORY     ENTRIES  HELD  READ     NEXT
1     Own list                            malicious  1,214,934     3  1 h ago  -
2     Waiting                             malicious          0     0  never    now
3     https://a.example/x?auth-key=…&y=1  malicious  1,214,934   all  1 h ago  in 6 h
4     Off                                 Gambling   1,214,934     0  1 h ago  off
`,
    );
  });
  test('the whole report of a feed, and what is held', () => {
    const report: FeedReportView = {
      feed: { ...feed, held: 120, skipped: { 'cosmetic-rule': 7 }, intervalMs: 43_200_000, checkedMs: NOW_MS },
      read: 1_300_000,
      added: 1_200_000,
      audited: 12,
      portQualified: 3,
      webCategories: { Gambling: 5 },
      skipped: [{ reason: 'cosmetic-rule', count: 7, lines: [3, 9, 12, 13, 15] }],
      held: [
        {
          entry: 'mail.example\u001b[2J',
          reason: 'popular-host',
          sentence: 'is one of the most popular hosts',
          count: 20,
          approvable: true,
        },
      ],
      narrowed: 2,
      damage: {
        popularListed: { before: 41, after: 0 },
        popularBlocked: { before: 50, after: 0 },
        publicSuffixes: { before: 2, after: 0 },
        urlsOnPopularHosts: { before: 9, after: 0 },
      },
      members: { read: 2, skipped: { count: 1, first: [{ name: 'LICENSE', reason: 'no entries' }] } },
      approved: ['drive.example'],
    };
    equal(
      renderWholeReport(report, narrow),
      `
/srv/lists/domains-malicious.txt
  location    /srv/lists/domains-malicious.txt
  id          1
  state       on, added by location
  format      domains
  category    malicious
  confidence  full
  read        1 h ago
  asked       just now, every 12 h
  lines       1,300,000
  files       2 read, 1 left out
  entries     1,210,731 hosts, 4,200 addresses, 3 networks
  added       1,200,000 different ones
  duplicate   0 said twice, 0 known from other feeds
  recorded    12 below FeedBlockConfidence, not blocked
  one port    3 count for one port only
  narrowed    2 customers of shared hosting, to their very name
  Gambling    5
  left out: 7 cosmetic-rule (first at 3, 9, 12, 13, 15)
  left out: file LICENSE: no entries
  not understood: 1 line
    line 7: not a name: bad\\x1b[2J line
  ▲ held back: 120 entries
      mail.example\\x1b[2J: is one of the most popular hosts
      and 100 more of these kinds
    all of them: sallyport feed held 1
  believed blindly, it would block 50 popular hosts and 2 public suffixes; now 0
  and 0
  approved: drive.example
`,
    );
    equal(
      renderHeld([report], narrow),
      `
feed 1: /srv/lists/domains-malicious.txt
  is one of the most popular hosts:
    mail.example\\x1b[2J (20 times)
  and 100 more
  to let them act: sallyport feed approve 1 ENTRY… | --all
`,
    );
    equal(renderHeld([], narrow), '\nnothing is held back\n');
  });
  test('indicators', () => {
    const base = { severity: 'High', creationTimeDateTimeUtc: '', lastUpdateTime: '' } as const;
    const indicators: Indicator[] = [
      {
        ...base,
        id: '1',
        indicatorValue: 'evil.example',
        indicatorType: 'DomainName',
        action: 'Block',
        title: 'Invoice scam',
        expirationTime: '2026-11-23T14:00:00Z',
      },
      {
        ...base,
        id: '2',
        indicatorValue: '203.0.113.0/24',
        indicatorType: 'IpAddress',
        action: 'Allowed',
        title: '漢字 \u202e',
        expirationTime: null,
      },
      {
        ...base,
        id: '3',
        indicatorValue: 'old.example',
        indicatorType: 'DomainName',
        action: 'Audit',
        title: 'old',
        expirationTime: '2026-11-22T14:00:00Z',
      },
    ];
    equal(
      renderIndicators(indicators, narrow),
      `
ACTION   VALUE           TYPE        SEVERITY  EXPIRES           TITLE
Block    evil.example    DomainName  High      2026-11-23 14:00  Invoice scam
Allowed  203.0.113.0/24  IpAddress   High      never             漢字 \\u{202e}
Audit    old.example     DomainName  High      expired           old
`,
    );
  });
  test('one setting', () => {
    equal(
      renderSetting({ name: 'ConnmarkMask', value: 0x3000_0000, source: 'default' }, narrow),
      `
ConnmarkMask
  value    0x30000000
  from     default
  default  0x30000000
  accepts  a 32-bit mask with exactly two bits set, such as 0x30000000
  meaning  the two bits of the conntrack mark that belong to Sallyport
`,
    );
  });
  test('flows', () => {
    const report = {
      tallies: {
        'tls core': { flows: 100, hostAgrees: 99, allAgrees: 98 },
        'http core': { flows: 10, hostAgrees: 10, allAgrees: 10 },
      },
      notReadYet: 3,
      disagreements: [{ id: 'a/1', tier: 'core', kind: 'tls', field: 'host', expected: '"a.example"', got: 'null' }],
      problems: ['x.jsonl: line 4: not JSON'],
    };
    equal(
      renderWire(report, narrow),
      `
KIND  TIER  FLOWS  HOST AGREES           ALL AGREES
http  core     10           10  100.0 %          10  100.0 %
tls   core    100           99   99.0 %          98   98.0 %
all           110          109   99.0 %         108   98.1 %
3 UDP flows not read: QUIC is not parsed yet

1 disagreement:
FLOW  TIER  KIND  FIELD  EXPECTED     READ
a/1   core  tls   host   "a.example"  null

▲ 1 line is no flow record:
  x.jsonl: line 4: not JSON
`,
    );
  });
  test('no line is wider than the screen, and colour takes no room', () => {
    const screens = (paint: boolean): string[] => {
      const layout = paint ? { ...narrow, paint: coloured } : narrow;
      return [
        ...renderStatus(status, layout),
        ...renderFeeds([feed, feed], layout),
        ...renderFeedReport('added', { feed, held: [], damage: null }, layout),
      ];
    };
    // oxlint-disable-next-line no-control-regex -- the escape sequences that styleText writes
    const uncoloured = screens(true).map((line) => line.replace(/\u001b\[\d+m/g, ''));
    assert.deepEqual(uncoloured, screens(false));
    assert.ok(uncoloured.every((line) => displayWidth(line) <= 80));
  });
});
