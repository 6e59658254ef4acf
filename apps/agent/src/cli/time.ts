/**
 * Times as they are typed and as they are shown. Typed: RFC 3339 or a duration (`30m`, `24h`, `7d`). Shown: local
 * time. The clock is always a parameter.
 */
import { UsageError } from './usage-error.ts';

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const isUnit = (text: string): text is keyof typeof UNIT_MS => Object.hasOwn(UNIT_MS, text);

// RFC 3339 section 5.6, seconds required, lower-case letters allowed; a blank instead of T as the RFC's note permits.
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

const FORMS = 'RFC 3339, such as 2030-01-31T12:00:00Z, or a duration such as 30m, 24h or 7d';

/** `24h` in milliseconds, or null. */
export function readDuration(text: string): number | null {
  const [, digits, unit] = /^(\d{1,6})([smhdw])$/.exec(text.toLowerCase()) ?? [];
  return digits !== undefined && unit !== undefined && isUnit(unit) ? Number(digits) * UNIT_MS[unit] : null;
}

/** RFC 3339 as Unix milliseconds, or null; 30 February is null as well, where `Date` would read 2 March. */
export function readTimestamp(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null;
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase());
  return Number.isNaN(ms) ? null : ms;
}

/** `--since`: a moment in the past. */
export function readSince(text: string, nowMs: number): number {
  const duration = readDuration(text);
  if (duration !== null) return nowMs - duration;
  const moment = readTimestamp(text);
  if (moment === null) throw new UsageError(`--since does not understand '${text}': write ${FORMS}`);
  return moment;
}

/** `--expires` as RFC 3339 in UTC. Whether it lies in the future is the agent's to judge, for every way in. */
export function readExpiry(text: string, nowMs: number): string {
  const duration = readDuration(text);
  const moment = duration === null ? readTimestamp(text) : nowMs + duration;
  if (moment === null) throw new UsageError(`--expires does not understand '${text}': write ${FORMS}`);
  return new Date(moment).toISOString();
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-22 22:41:10`, local. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-11-22 22:41`, for what nobody needs to the second. */
export const localMinute = (ms: number): string => localTime(ms).slice(0, -3);

/** How long `ms` is, in its two largest units: `3 h 12 min`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 7 ? `${days} d` : `${days} d ${hours % 24} h`;
}

export const age = (ms: number, nowMs: number): string =>
  nowMs - ms < 1000 ? 'just now' : `${durationText(nowMs - ms)} ago`;
