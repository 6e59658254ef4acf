/**
 * Every setting: its name (Defender's where one exists, defender-spec 1.2-1.5), type, default and meaning. This table
 * is the single source: `config get`, `config set`, the managed file and the gate's settings derive from it.
 */
import {
  DEFAULT_GATE_SETTINGS,
  FAIL_POLICIES,
  type GateSettings,
  isConnmarkMask,
  MODES,
  QUIC_HANDLINGS,
} from './gate-settings.ts';

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
    connmarkMask: isConnmarkMask(mask) ? mask : DEFAULT_GATE_SETTINGS.connmarkMask,
    failGateAbsent: pick(FAIL_POLICIES, 'FailPolicyGateAbsent', 'open'),
    failQueueFull: pick(FAIL_POLICIES, 'FailPolicyQueueFull', 'open'),
    failInspectionLimit: pick(FAIL_POLICIES, 'FailPolicyInspectionLimit', 'open'),
    failTableMissing: pick(FAIL_POLICIES, 'FailPolicyTableMissing', 'open'),
  };
}
