import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { readSettingsFrame } from '../src/gate-link.ts';
import { DEFAULT_GATE_SETTINGS, isConnmarkMask, readGateSettings } from '../src/gate-settings.ts';
import { gateSettingsFrom, isSettingName, SETTING_NAMES, type SettingName, SETTINGS } from '../src/settings.ts';

suite('readGateSettings', () => {
  test('what is right comes back, also through JSON', () => {
    assert.deepEqual(readGateSettings(DEFAULT_GATE_SETTINGS), DEFAULT_GATE_SETTINGS);
    assert.deepEqual(readGateSettings(JSON.parse(JSON.stringify(DEFAULT_GATE_SETTINGS))), DEFAULT_GATE_SETTINGS);
  });

  for (const field of Object.keys(DEFAULT_GATE_SETTINGS)) {
    test(`${field}: missing, of another type, of no known value`, () => {
      const { [field]: _, ...without } = DEFAULT_GATE_SETTINGS as unknown as Record<string, unknown>;
      assert.equal(readGateSettings(without), null);
      assert.equal(readGateSettings({ ...without, other: 1 }), null);
      const wrong = [null, undefined, 7, 'other', {}, 'toString', [7], ['/'], ['']];
      if (!Array.isArray(DEFAULT_GATE_SETTINGS[field as keyof typeof DEFAULT_GATE_SETTINGS])) wrong.push([]);
      for (const value of wrong) {
        assert.equal(readGateSettings({ ...DEFAULT_GATE_SETTINGS, [field]: value }), null, JSON.stringify(value));
      }
    });
  }

  for (const value of [null, undefined, 1, 'block', [], {}, { ...DEFAULT_GATE_SETTINGS, more: true }]) {
    test(`none: ${JSON.stringify(value)}`, () => assert.equal(readGateSettings(value), null));
  }

  const masks: readonly (readonly [unknown, boolean])[] = [
    [0x3000_0000, true],
    [0x8000_0001, true],
    [0xc000_0000, true],
    [3, true],
    [0, false],
    [1, false],
    [7, false],
    [0xffff_ffff, false],
    [0x1_8000_0000, false],
    [-0x4000_0000, false],
    [3.5, false],
    [Number.NaN, false],
    ['3', false],
  ];
  for (const [mask, want] of masks)
    test(`mask ${String(mask)}: ${want}`, () => assert.equal(isConnmarkMask(mask), want));
});

suite('readGateSettings: exclusions', () => {
  const addresses = (count: number): string[] => Array.from({ length: count }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
  const cases: readonly { name: string; settings: object; want: boolean }[] = [
    { name: 'addresses and networks', settings: { excludedAddresses: ['192.0.2.1', '2001:db8::/32'] }, want: true },
    { name: 'another spelling', settings: { excludedAddresses: ['2001:DB8::/32'] }, want: false },
    { name: 'host bits', settings: { excludedAddresses: ['10.1.2.3/8'] }, want: false },
    { name: 'as many as there may be', settings: { excludedAddresses: addresses(1000) }, want: true },
    { name: 'one more', settings: { excludedAddresses: addresses(1001) }, want: false },
    { name: 'programs', settings: { excludedExecutables: ['/usr/bin/curl', 'wget'] }, want: true },
    { name: 'a relative path', settings: { excludedExecutables: ['../curl'] }, want: false },
    { name: 'too many programs', settings: { excludedExecutables: addresses(257) }, want: false },
  ];
  for (const { name, settings, want } of cases) {
    test(name, () => {
      const value = { ...DEFAULT_GATE_SETTINGS, ...settings };
      assert.deepEqual(readGateSettings(value), want ? value : null);
    });
  }

  test('the longest lists fit into a frame', () => {
    const excludedAddresses = Array.from(
      { length: 1000 },
      (_, n) => `2001:db8:1111:2222:3333:4444:${(n + 4096).toString(16)}:0/112`,
    );
    const excludedExecutables = Array.from(
      { length: 256 },
      (_, n) => `/${String(n).padStart(3, '0')}${'\u20ac'.repeat(508)}`,
    );
    const settings = { ...DEFAULT_GATE_SETTINGS, excludedAddresses, excludedExecutables };
    assert.deepEqual(readSettingsFrame(new TextEncoder().encode(JSON.stringify(settings))), settings);
  });
});

suite('what a user may type', () => {
  const cases: readonly (readonly [SettingName, string, string | number | boolean | null])[] = [
    ['EnableNetworkProtection', 'block', 'block'],
    ['EnableNetworkProtection', 'Block', 'block'],
    ['EnableNetworkProtection', 'Enabled', 'block'],
    ['EnableNetworkProtection', 'AuditMode', 'audit'],
    ['EnableNetworkProtection', '0', 'disabled'],
    ['EnableNetworkProtection', '1', 'block'],
    ['EnableNetworkProtection', '2', 'audit'],
    ['EnableNetworkProtection', '3', null],
    ['EnableNetworkProtection', '', null],
    ['EnableNetworkProtection', ' block', null],
    ['EnableNetworkProtection', 'constructor', null],
    ['EnableNetworkProtection', '__proto__', null],
    ['QuicHandling', 'ALLOW', 'allow'],
    ['QuicHandling', '1', null],
    ['QuicHandling', 'constructor', null],
    ['EnableConvertWarnToBlock', 'TRUE', true],
    ['EnableConvertWarnToBlock', '1', true],
    ['EnableConvertWarnToBlock', '0', false],
    ['EnableConvertWarnToBlock', 'yes', null],
    ['InspectForwardedTraffic', 'false', false],
    ['ConnmarkMask', '0x30000000', 0x3000_0000],
    ['ConnmarkMask', '805306368', 0x3000_0000],
    ['ConnmarkMask', '0X3', 3],
    ['ConnmarkMask', '0x30000001', null],
    ['ConnmarkMask', '0x100000001', null],
    ['ConnmarkMask', '-1', null],
    ['ConnmarkMask', '3e0', null],
    ['FailPolicyGateAbsent', 'closed', 'closed'],
    ['FailPolicyQueueFull', 'Open', 'open'],
    ['FailPolicyInspectionLimit', 'shut', null],
    ['FailPolicyTableMissing', 'closed', 'closed'],
    ['JournalMaxRecords', '1000', 1000],
    ['JournalMaxRecords', '999', null],
    ['JournalMaxRecords', '100000001', null],
    ['JournalMaxRecords', '1e6', null],
    ['JournalMaxRecords', '1000.5', null],
    ['JournalMaxRecords', '', null],
    ['LowReputationAction', 'Warn', 'warn'],
    ['LowReputationAction', 'none', null],
    ['ExcludedIpAddresses', '', ''],
    ['ExcludedIpAddresses', ' 192.0.2.1 , 2001:DB8:0::/32,192.0.2.1/32,, ', '192.0.2.1,2001:db8::/32'],
    ['ExcludedIpAddresses', '10.1.2.3/8', null],
    ['ExcludedIpAddresses', 'a.example', null],
    [
      'ExcludedIpAddresses',
      Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`).join(),
      Array.from({ length: 1000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`).join(),
    ],
    ['ExcludedIpAddresses', Array.from({ length: 1001 }, (_, n) => `10.0.${n >> 8}.${n & 255}`).join(), null],
    ['ExclusionProcess', '/usr/bin/curl, wget,wget', '/usr/bin/curl,wget'],
    ['ExclusionProcess', '/opt/My Program/run', '/opt/My Program/run'],
    ['ExclusionProcess', 'bin/curl', null],
    ['ExclusionProcess', '/usr/bin/', null],
    ['ExclusionProcess', '/', null],
    ['ExclusionProcess', 'a\nb', null],
    ['ExclusionProcess', `/${'x'.repeat(512)}`, null],
    ['WebContentFilteringProcesses', 'Browsers', 'browsers'],
    ['WebContentFilteringProcesses', 'chrome', null],
    ['DeviceGroup', 'Finance, North', 'Finance, North'],
    ['DeviceGroup', 'x'.repeat(129), null],
    ['DeviceGroup', 'a\tb', null],
    ['FeedBlockConfidence', '0', 0],
    ['FeedBlockConfidence', '100', 100],
    ['FeedBlockConfidence', '101', null],
    ['DefaultFeeds', 'FALSE', false],
    ['ProtectedNames', 'WWW.Example.org., bücher.example,intranet', 'www.example.org,xn--bcher-kva.example,intranet'],
    ['ProtectedNames', '*.example.org', null],
    ['ProtectedNames', '192.0.2.1', null],
    ['ProtectedNames', '１２７.１', null],
    ['ProtectedNames', 'bücher.example/x', null],
    ['ProtectedNames', 'a..b', null],
    ['ProtectedNames', 'a b.example', null],
    ['FeedMaxBytes', '0x400', 1024],
    ['FeedMaxBytes', '9'.repeat(16), null],
  ];
  for (const [name, text, want] of cases) {
    test(`${name} ${JSON.stringify(text)}: ${String(want)}`, () => assert.equal(SETTINGS[name].read(text), want));
  }

  for (const name of SETTING_NAMES) {
    test(`${name}: its default can be typed, and it says what it accepts`, () => {
      const { default: value, read, accepts, meaning } = SETTINGS[name];
      assert.equal(read(String(value)), value);
      assert.ok(accepts.length > 0 && meaning.length > 0);
    });
  }

  test('names', () => {
    assert.equal(isSettingName('QuicHandling'), true);
    for (const name of ['quichandling', 'toString', 'constructor', '__proto__', '']) {
      assert.equal(isSettingName(name), false, name);
    }
  });
});

suite('gateSettingsFrom', () => {
  test('the defaults of the table are the defaults of the gate', () => {
    assert.deepEqual(
      gateSettingsFrom((name) => SETTINGS[name].default),
      DEFAULT_GATE_SETTINGS,
    );
  });

  const cases: readonly (readonly [SettingName, string | number | boolean, object])[] = [
    ['EnableNetworkProtection', 'audit', { mode: 'audit' }],
    ['QuicHandling', 'allow', { quicHandling: 'allow' }],
    ['EnableConvertWarnToBlock', true, { convertWarnToBlock: true }],
    ['LowReputationAction', 'block', { lowReputation: 'block' }],
    ['LowReputationAction', 'nonsense', {}],
    ['ExcludedIpAddresses', '192.0.2.1,2001:db8::/32', { excludedAddresses: ['192.0.2.1', '2001:db8::/32'] }],
    ['ExclusionProcess', '/usr/bin/curl,wget', { excludedExecutables: ['/usr/bin/curl', 'wget'] }],
    ['InspectForwardedTraffic', false, { inspectForwarded: false }],
    ['ConnmarkMask', 3, { connmarkMask: 3 }],
    ['ConnmarkMask', 1, {}],
    ['FailPolicyGateAbsent', 'closed', { failGateAbsent: 'closed' }],
    ['FailPolicyQueueFull', 'closed', { failQueueFull: 'closed' }],
    ['FailPolicyInspectionLimit', 'closed', { failInspectionLimit: 'closed' }],
    ['FailPolicyTableMissing', 'closed', { failTableMissing: 'closed' }],
    ['FailPolicyTableMissing', 'nonsense', {}],
    ['JournalMaxRecords', 1000, {}],
  ];
  for (const [changed, value, want] of cases) {
    test(`${changed} = ${String(value)}`, () => {
      const settings = gateSettingsFrom((name) => (name === changed ? value : SETTINGS[name].default));
      assert.deepEqual(settings, { ...DEFAULT_GATE_SETTINGS, ...want });
      assert.notEqual(readGateSettings(settings), null);
    });
  }
});
