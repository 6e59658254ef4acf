/**
 * Every setting: its name (Defender's where one exists, defender-spec 1.2-1.5), type, default and meaning. This table
 * is the single source: `config get`, `config set`, the managed file and the gate's settings derive from it.
 */
import {
  DEFAULT_GATE_SETTINGS,
  FAIL_POLICIES,
  type GateSettings,
  isConnmarkMask,
  isExecutable,
  LOW_REPUTATION_ACTIONS,
  MAX_EXCLUDED_ADDRESSES,
  MAX_EXCLUDED_EXECUTABLES,
  MODES,
  QUIC_HANDLINGS,
} from './gate-settings.ts';
import { canonicalNetwork } from './network-text.ts';

export const SETTING_SOURCES = ['managed', 'local', 'default'] as const;
export type SettingSource = (typeof SETTING_SOURCES)[number];
export type SettingValue = string | number | boolean;

interface Definition {
  readonly default: SettingValue;
  readonly meaning: string;
  /** What a user may type; the returned value is what is stored. Null when it is none of the accepted forms. */
  readonly read: (text: string) => SettingValue | null;
  readonly accepts: string;
}

const choice = (values: readonly string[], aliases: Readonly<Record<string, string>> = {}) => ({
  accepts: values.join(' | '),
  read: (text: string): string | null => {
    const lower = text.toLowerCase();
    return values.find((value) => value === lower) ?? (Object.hasOwn(aliases, lower) ? (aliases[lower] ?? null) : null);
  },
});

const flag = {
  accepts: 'true | false',
  read: (text: string): boolean | null => {
    const lower = text.toLowerCase();
    if (lower === 'true' || lower === '1') return true;
    return lower === 'false' || lower === '0' ? false : null;
  },
};

const integer = (minimum: number, maximum: number) => ({
  accepts: `a whole number from ${minimum} to ${maximum}`,
  read: (text: string): number | null => {
    if (!/^(0x[0-9a-f]{1,8}|\d{1,15})$/i.test(text)) return null;
    const value = Number(text);
    return value >= minimum && value <= maximum ? value : null;
  },
});

/** Items between commas; stored as one text without blanks around them, each item once, in the order of typing. */
const list = (what: string, maximum: number, readItem: (text: string) => string | null) => ({
  accepts: `${what}, at most ${maximum}, with commas between them; an empty text for none`,
  read: (text: string): string | null => {
    const items = new Set<string>();
    for (const typed of itemsOf(text)) {
      const item = readItem(typed);
      if (item === null) return null;
      items.add(item);
    }
    return items.size > maximum ? null : [...items].join(',');
  },
});

/** What the text of a list setting holds. */
export const itemsOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** Letters of other scripts become A-labels. An address is no name. */
function hostName(text: string): string | null {
  const name = asciiName(text)?.replace(/\.$/, '') ?? '';
  if (name.length > 253 || /(?:^|\.)[0-9]+$/.test(name)) return null;
  return /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name) ? name : null;
}

function asciiName(text: string): string | null {
  if (/^[\x21-\x7e]+$/.test(text)) return text.toLowerCase();
  // Nothing that means something in a URL: its parser is asked about the host alone.
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(text) || !URL.canParse(`http://${text}/`)) return null;
  return new URL(`http://${text}/`).hostname;
}

const MAX_GROUP_LENGTH = 128;
const MAX_PROTECTED_NAMES = 1000;

const failPolicy = (meaning: string) => ({ default: 'open', meaning, ...choice(FAIL_POLICIES) });

export const SETTINGS = {
  EnableNetworkProtection: {
    default: DEFAULT_GATE_SETTINGS.mode,
    meaning: 'what happens to a connection that policy is against: nothing, a record, or a reset',
    // Set-MpPreference accepts numbers and words; mdatp only the words (defender-spec 1.2).
    ...choice(MODES, { '0': 'disabled', '1': 'block', '2': 'audit', enabled: 'block', auditmode: 'audit' }),
  },
  QuicHandling: {
    default: DEFAULT_GATE_SETTINGS.quicHandling,
    meaning: 'in block mode, reject QUIC Initial packets so that browsers fall back to TCP, or let QUIC pass unread',
    ...choice(QUIC_HANDLINGS),
  },
  EnableConvertWarnToBlock: { default: false, meaning: 'warn verdicts become blocks without a bypass', ...flag },
  LowReputationAction: {
    default: DEFAULT_GATE_SETTINGS.lowReputation,
    meaning: 'what happens to names on no list that look like a trap: nothing, a record, a warning, or a reset',
    ...choice(LOW_REPUTATION_ACTIONS),
  },
  ExcludedIpAddresses: {
    default: '',
    meaning: 'remote addresses and networks that are never judged',
    ...list('addresses and networks such as 192.0.2.1 or 2001:db8::/32', MAX_EXCLUDED_ADDRESSES, canonicalNetwork),
  },
  ExclusionProcess: {
    default: '',
    meaning: 'programs whose connections are never judged',
    ...list('absolute paths or file names', MAX_EXCLUDED_EXECUTABLES, (text) => (isExecutable(text) ? text : null)),
  },
  WebContentFilteringProcesses: {
    default: 'all',
    meaning: 'whose connections web content filtering is about: those of every program, or of web browsers alone',
    ...choice(['all', 'browsers']),
  },
  DeviceGroup: {
    default: '',
    meaning: 'the group this device belongs to; indicators for other groups do not act here',
    accepts: `a name of at most ${MAX_GROUP_LENGTH} characters; an empty text for none`,
    read: (text: string): string | null =>
      text.length <= MAX_GROUP_LENGTH && !/[\p{Cc}\p{Cs}]/u.test(text) ? text : null,
  },
  FeedBlockConfidence: {
    default: 50,
    meaning: 'entries of feeds that are less sure than this (0-100) are recorded, not blocked',
    ...integer(0, 100),
  },
  DefaultFeeds: { default: true, meaning: 'use the feeds of the catalogue that are free for any use', ...flag },
  ProtectedNames: {
    default: '',
    meaning: 'names that no feed may block, with everything below them',
    ...list('host names', MAX_PROTECTED_NAMES, hostName),
  },
  InspectForwardedTraffic: {
    default: true,
    meaning: 'judge what this machine forwards: containers, virtual machines, gateway mode',
    ...flag,
  },
  ConnmarkMask: {
    default: DEFAULT_GATE_SETTINGS.connmarkMask,
    meaning: 'the two bits of the conntrack mark that belong to Sallyport',
    accepts: 'a 32-bit mask with exactly two bits set, such as 0x30000000',
    read: (text: string): number | null => {
      const value = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : 0;
      return isConnmarkMask(value) ? value : null;
    },
  },
  FailPolicyGateAbsent: failPolicy('when the gate is dead or hung'),
  FailPolicyQueueFull: failPolicy('when packets arrive faster than they are judged'),
  FailPolicyInspectionLimit: failPolicy('when a hello is not complete within its byte and time caps'),
  FailPolicyTableMissing: failPolicy('when there is no verified table to judge by'),
  JournalMaxRecords: {
    default: 1_000_000,
    meaning: 'records kept in the journal; the oldest plain connections go first',
    ...integer(1_000, 100_000_000),
  },
  JournaldEvents: {
    default: true,
    meaning: 'copy what is blocked, audited or set to journald, where it runs',
    ...flag,
  },
  FeedMaxBytes: {
    default: 536_870_912,
    meaning: 'the largest feed that is read, in bytes',
    ...integer(1_024, 1_099_511_627_776),
  },
} as const satisfies Record<string, Definition>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- keys of the literal above

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);

/** The part of the settings that the gate obeys. `valueOf` answers with the effective value of a setting. */
export function gateSettingsFrom(valueOf: (name: SettingName) => SettingValue): GateSettings {
  const pick = <T extends string>(values: readonly T[], name: SettingName, fallback: T): T =>
    values.find((value) => value === valueOf(name)) ?? fallback;
  const mask = valueOf('ConnmarkMask');
  return {
    mode: pick(MODES, 'EnableNetworkProtection', DEFAULT_GATE_SETTINGS.mode),
    quicHandling: pick(QUIC_HANDLINGS, 'QuicHandling', DEFAULT_GATE_SETTINGS.quicHandling),
    inspectForwarded: valueOf('InspectForwardedTraffic') === true,
    convertWarnToBlock: valueOf('EnableConvertWarnToBlock') === true,
    lowReputation: pick(LOW_REPUTATION_ACTIONS, 'LowReputationAction', DEFAULT_GATE_SETTINGS.lowReputation),
    excludedAddresses: itemsOf(String(valueOf('ExcludedIpAddresses'))),
    excludedExecutables: itemsOf(String(valueOf('ExclusionProcess'))),
    connmarkMask: isConnmarkMask(mask) ? mask : DEFAULT_GATE_SETTINGS.connmarkMask,
    failGateAbsent: pick(FAIL_POLICIES, 'FailPolicyGateAbsent', 'open'),
    failQueueFull: pick(FAIL_POLICIES, 'FailPolicyQueueFull', 'open'),
    failInspectionLimit: pick(FAIL_POLICIES, 'FailPolicyInspectionLimit', 'open'),
    failTableMissing: pick(FAIL_POLICIES, 'FailPolicyTableMissing', 'open'),
  };
}
