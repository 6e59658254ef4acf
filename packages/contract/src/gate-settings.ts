/**
 * What the gate obeys: the part of the settings that reaches the privileged half.
 *
 * Free of TypeBox on purpose: the gate runs as root and its only production dependency is koffi, so it checks
 * what the (possibly compromised) agent sends with `readGateSettings` below and refuses anything unexpected.
 */

export const MODES = ['disabled', 'audit', 'block'] as const;
export type Mode = (typeof MODES)[number];

export const FAIL_POLICIES = ['open', 'closed'] as const;
export type FailPolicy = (typeof FAIL_POLICIES)[number];

export const QUIC_HANDLINGS = ['block', 'allow'] as const;
export type QuicHandling = (typeof QUIC_HANDLINGS)[number];

export interface GateSettings {
  readonly mode: Mode;
  /** `block` rejects QUIC Initial packets in block mode, so that browsers fall back to TCP at once. */
  readonly quicHandling: QuicHandling;
  /** Judge traffic that this machine forwards (containers, virtual machines, gateway mode). */
  readonly inspectForwarded: boolean;
  readonly convertWarnToBlock: boolean;
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

/** Strict: every field present and of its type, or null. Unknown fields are refused as well. */
export function readGateSettings(value: unknown): GateSettings | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- each field is checked below
  if (Object.keys(fields).length !== Object.keys(DEFAULT_GATE_SETTINGS).length) return null;
  const mode = oneOf(MODES, fields['mode']);
  const quicHandling = oneOf(QUIC_HANDLINGS, fields['quicHandling']);
  const inspectForwarded = fields['inspectForwarded'];
  const convertWarnToBlock = fields['convertWarnToBlock'];
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
