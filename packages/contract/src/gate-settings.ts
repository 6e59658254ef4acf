/**
 * What the gate obeys: the part of the settings that reaches the privileged half.
 *
 * Free of TypeBox on purpose: the gate runs as root and its only production dependency is koffi, so it checks
 * what the (possibly compromised) agent sends with `readGateSettings` below and refuses anything unexpected.
 */
import { canonicalNetwork } from './network-text.ts';

export const MODES = ['disabled', 'audit', 'block'] as const;
export type Mode = (typeof MODES)[number];

export const FAIL_POLICIES = ['open', 'closed'] as const;
export type FailPolicy = (typeof FAIL_POLICIES)[number];

export const QUIC_HANDLINGS = ['block', 'allow'] as const;
export type QuicHandling = (typeof QUIC_HANDLINGS)[number];

/** What becomes of names on no list that look like a trap. */
export const LOW_REPUTATION_ACTIONS = ['off', 'audit', 'warn', 'block'] as const;
export type LowReputationAction = (typeof LOW_REPUTATION_ACTIONS)[number];

/** Every exclusion is looked at for every connection. */
export const MAX_EXCLUDED_ADDRESSES = 1000;
export const MAX_EXCLUDED_EXECUTABLES = 256;
const MAX_EXECUTABLE_LENGTH = 512;

export interface GateSettings {
  readonly mode: Mode;
  /** `block` rejects QUIC Initial packets in block mode, so that browsers fall back to TCP at once. */
  readonly quicHandling: QuicHandling;
  /** Judge traffic that this machine forwards (containers, virtual machines, gateway mode). */
  readonly inspectForwarded: boolean;
  readonly convertWarnToBlock: boolean;
  readonly lowReputation: LowReputationAction;
  /** Remote addresses and networks that are never judged, each in the spelling of `canonicalNetwork`. */
  readonly excludedAddresses: readonly string[];
  /** Programs that are never judged: absolute paths, or file names where there is no slash. */
  readonly excludedExecutables: readonly string[];
  /** Two bits of the conntrack mark that are ours. Everything outside the mask is left as found. */
  readonly connmarkMask: number;
  /** Gate dead or hung (a hung gate is ended by the supervisor, which makes it dead). */
  readonly failGateAbsent: FailPolicy;
  readonly failQueueFull: FailPolicy;
  /** A hello that is not complete within the byte or time cap, or that contradicts itself. */
  readonly failInspectionLimit: FailPolicy;
  /** No table was ever loaded, or the last one does not verify. */
  readonly failTableMissing: FailPolicy;
}

export const DEFAULT_GATE_SETTINGS: GateSettings = {
  mode: 'block',
  quicHandling: 'block',
  inspectForwarded: true,
  convertWarnToBlock: false,
  lowReputation: 'audit',
  excludedAddresses: [],
  excludedExecutables: [],
  connmarkMask: 0x3000_0000,
  failGateAbsent: 'open',
  failQueueFull: 'open',
  failInspectionLimit: 'open',
  failTableMissing: 'open',
};

/** Exactly two bits within 32: one for "allowed", one for "blocked". */
export function isConnmarkMask(value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value <= 0 || value > 0xffff_ffff) return false;
  let bits = 0;
  for (let rest = value >>> 0; rest !== 0; rest &= rest - 1) bits++;
  return bits === 2;
}

/** An absolute path, or a file name alone. A relative path means nothing here, and a control character nothing good. */
export const isExecutable = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_EXECUTABLE_LENGTH &&
  /^(?:\/.*[^/]|[^/]+)$/.test(value) &&
  !/[\p{Cc}\p{Cs}]/u.test(value);

/** Strict: every field present and of its type, or null. Unknown fields are refused as well. */
export function readGateSettings(value: unknown): GateSettings | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- each field is checked below
  if (Object.keys(fields).length !== Object.keys(DEFAULT_GATE_SETTINGS).length) return null;
  const mode = oneOf(MODES, fields['mode']);
  const quicHandling = oneOf(QUIC_HANDLINGS, fields['quicHandling']);
  const inspectForwarded = fields['inspectForwarded'];
  const convertWarnToBlock = fields['convertWarnToBlock'];
  const lowReputation = oneOf(LOW_REPUTATION_ACTIONS, fields['lowReputation']);
  const excludedAddresses = listOf(fields['excludedAddresses'], MAX_EXCLUDED_ADDRESSES, isCanonicalNetwork);
  const excludedExecutables = listOf(fields['excludedExecutables'], MAX_EXCLUDED_EXECUTABLES, isExecutable);
  const connmarkMask = fields['connmarkMask'];
  const failGateAbsent = oneOf(FAIL_POLICIES, fields['failGateAbsent']);
  const failQueueFull = oneOf(FAIL_POLICIES, fields['failQueueFull']);
  const failInspectionLimit = oneOf(FAIL_POLICIES, fields['failInspectionLimit']);
  const failTableMissing = oneOf(FAIL_POLICIES, fields['failTableMissing']);
  if (
    mode === null ||
    quicHandling === null ||
    typeof inspectForwarded !== 'boolean' ||
    typeof convertWarnToBlock !== 'boolean' ||
    lowReputation === null ||
    excludedAddresses === null ||
    excludedExecutables === null ||
    !isConnmarkMask(connmarkMask) ||
    failGateAbsent === null ||
    failQueueFull === null ||
    failInspectionLimit === null ||
    failTableMissing === null
  ) {
    return null;
  }
  return {
    mode,
    quicHandling,
    inspectForwarded,
    convertWarnToBlock,
    lowReputation,
    excludedAddresses,
    excludedExecutables,
    connmarkMask,
    failGateAbsent,
    failQueueFull,
    failInspectionLimit,
    failTableMissing,
  };
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}

const isCanonicalNetwork = (value: unknown): value is string =>
  typeof value === 'string' && value.length < 64 && canonicalNetwork(value) === value;

function listOf(value: unknown, maximum: number, isItem: (item: unknown) => item is string): readonly string[] | null {
  if (!Array.isArray(value) || value.length > maximum) return null;
  const items: string[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isItem(item)) return null;
    items.push(item);
  }
  return items;
}
