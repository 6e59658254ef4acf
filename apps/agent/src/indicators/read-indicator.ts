/**
 * Checks and canonicalises an indicator as somebody typed it. Nothing is guessed: what is wrong is named with its
 * field and the remedy, in one line.
 *
 * Easy to get wrong: `1.2.3.999` is a legal host name by its characters, so a name whose last label is a number is
 * treated as a mistyped address here.
 */
import type { Indicator } from '@sallyport/contract/indicator';
import {
  INDICATOR_ACTIONS,
  INDICATOR_TYPES,
  type IndicatorType,
  SEVERITIES,
} from '@sallyport/contract/indicator-values';
import { canonicalHost, formatIp, type HostReject, parseCidr, parseIp } from '@sallyport/hosts/canonical';
import { MAX_PATH_BYTES } from '@sallyport/hosts/url-path';

/** As typed or as it came over a socket: nothing about it is known yet. */
export type UncheckedIndicator = { readonly [Field in string]?: unknown };

export type IndicatorDraft = Omit<Indicator, 'id' | 'creationTimeDateTimeUtc' | 'lastUpdateTime'>;

export type ReadIndicator =
  | { readonly kind: 'ok'; readonly value: IndicatorDraft }
  | { readonly kind: 'rejected'; readonly field: string; readonly reason: string };

interface Target {
  readonly type: IndicatorType;
  readonly value: string;
}

/** What a value names, or why it cannot be used. */
type ReadTarget =
  | { readonly kind: 'ok'; readonly target: Target }
  | { readonly kind: 'rejected'; readonly reason: string };

class Refusal extends Error {
  readonly field: string;

  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

const TEXT_LIMITS = { title: 256, description: 4096, recommendedActions: 4096, category: 64 } as const;
const FIELDS: ReadonlySet<string> = new Set([
  'indicatorValue',
  'indicatorType',
  'action',
  'expirationTime',
  'severity',
  'mitreTechniques',
  'rbacGroups',
  'generateAlert',
  ...Object.keys(TEXT_LIMITS),
]);

/** `nowMs` decides what has expired. Absent, null and empty optional fields are the same. */
export function readIndicator(input: UncheckedIndicator, nowMs: number): ReadIndicator {
  try {
    return { kind: 'ok', value: draft(input, nowMs) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'rejected', field: error.field, reason: error.message };
    throw error;
  }
}

function draft(input: UncheckedIndicator, nowMs: number): IndicatorDraft {
  const unknown = Object.keys(input).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw new Refusal(unknown.slice(0, 64), 'no such field');

  const text = input['indicatorValue'];
  if (typeof text !== 'string' || text.trim() === '') {
    throw new Refusal('indicatorValue', 'missing; give a domain, an http(s) URL, an IP address or a CIDR');
  }
  const read = readTarget(text.trim());
  if (read.kind === 'rejected') throw new Refusal('indicatorValue', read.reason);
  const { target } = read;

  const action = readAction(input['action']);
  const type = optionalWord('indicatorType', input['indicatorType'], INDICATOR_TYPES);
  if (type !== null && type !== target.type) {
    throw new Refusal(
      'indicatorType',
      `${target.value} is a ${target.type}, not a ${type}; leave the type out or correct it`,
    );
  }
  const alert = optionalFlag('generateAlert', input['generateAlert']);
  if (action === 'Audit' && alert === false) {
    throw new Refusal('generateAlert', 'must be True when the action is Audit');
  }
  const severity = optionalWord('severity', input['severity'], SEVERITIES);
  const description = optionalText('description', input);
  const recommendedActions = optionalText('recommendedActions', input);
  const category = optionalText('category', input);
  const mitreTechniques = optionalList('mitreTechniques', input['mitreTechniques'], 16);
  const rbacGroups = optionalList('rbacGroups', input['rbacGroups'], 256);
  return {
    indicatorValue: target.value,
    indicatorType: target.type,
    action,
    title: optionalText('title', input) ?? target.value.slice(0, TEXT_LIMITS.title),
    expirationTime: readExpiry(input['expirationTime'], nowMs),
    ...(description !== null && { description }),
    ...(severity !== null && { severity }),
    ...(recommendedActions !== null && { recommendedActions }),
    ...(category !== null && { category }),
    ...(mitreTechniques !== null && { mitreTechniques }),
    ...(rbacGroups !== null && { rbacGroups }),
    ...((alert ?? (action === 'Audit' || null)) !== null && { generateAlert: alert ?? true }),
  };
}

/** The canonical value and its type; also how `check` and `remove` understand what is typed. */
export function readTarget(text: string): ReadTarget {
  const refuse = (reason: string): ReadTarget => ({ kind: 'rejected', reason });
  const accept = (type: IndicatorType, value: string): ReadTarget => ({ kind: 'ok', target: { type, value } });
  const shown = quote(text);
  if (text.length > 2048) return refuse('longer than 2048 characters');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return readUrl(text);
  if (text.includes('/')) {
    const cidr = parseCidr(text);
    if (cidr.kind === 'ok' && cidr.prefixLength === 0)
      return refuse(`${shown} covers every address; name smaller networks`);
    if (cidr.kind === 'ok') {
      const address = formatIp(cidr.bytes);
      const whole = cidr.prefixLength === cidr.bytes.length * 8;
      return accept('IpAddress', whole ? address : `${address}/${cidr.prefixLength}`);
    }
    switch (cidr.reason) {
      case 'host-bits-set':
        return refuse(`${shown} has bits set behind its prefix; the network is ${cidr.network}`);
      case 'bad-prefix-length':
        return refuse(`${shown}: the prefix length must be 0–32 for IPv4 or 0–128 for IPv6`);
      case 'bad-address':
      case 'no-prefix-length': {
        const host = text.slice(0, text.indexOf('/'));
        const fault = addressFault(host);
        return refuse(
          fault ?? `${shown} looks like a URL without its scheme; write http://${quote(text).slice(1, -1)}`,
        );
      }
      default:
        return cidr satisfies never;
    }
  }
  const address = parseIp(text);
  if (address !== null) return accept('IpAddress', formatIp(address));
  const fault = addressFault(text);
  if (fault !== null) return refuse(fault);
  if (/^\[.*\]$/.test(text)) return refuse(`${shown}: write the IPv6 address without brackets`);
  if (/^[^:]+:\d+$/.test(text)) return refuse(`${shown}: ports are not part of an indicator; leave the port out`);

  const below = text.startsWith('*.');
  if (!below && text.includes('*')) return refuse(`${shown}: "*" is only allowed as a leading "*."`);
  const host = canonicalHost(below ? text.slice(2) : text);
  if (host.kind === 'rejected') return refuse(`${shown} ${HOST_FAULTS[host.reason]}`);
  if (!host.value.includes('.'))
    return refuse(
      `${shown} is a top-level domain or a bare name; name at least two labels, such as example.${host.value}`,
    );
  return accept('DomainName', below ? `*.${host.value}` : host.value);
}

function readUrl(text: string): ReadTarget {
  const refuse = (reason: string): ReadTarget => ({ kind: 'rejected', reason });
  const shown = quote(text);
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/i.exec(text);
  const scheme = parts?.[1]?.toLowerCase() ?? '';
  if (scheme !== 'http' && scheme !== 'https') return refuse(`${shown}: only http and https URLs are supported`);
  const authority = parts?.[2] ?? '';
  if (authority.includes('@')) return refuse(`${shown}: leave user name and password out`);
  const port = /:(\d*)$/.exec(authority.replace(/^\[[^\]]*\]/, ''));
  if (port !== null && port[1] !== '' && port[1] !== (scheme === 'http' ? '80' : '443')) {
    return refuse(`${shown}: ports are not part of an indicator; leave :${port[1]} out`);
  }
  const hostText = port === null ? authority : authority.slice(0, -port[0].length);
  const literal = parseIp(hostText.startsWith('[') && hostText.endsWith(']') ? hostText.slice(1, -1) : hostText);
  let host: string;
  if (literal !== null) {
    host = literal.length === 16 ? `[${formatIp(literal)}]` : formatIp(literal);
  } else {
    const fault = addressFault(hostText);
    if (fault !== null) return refuse(fault);
    const name = canonicalHost(hostText);
    if (name.kind === 'rejected') return refuse(`${shown}: the host ${HOST_FAULTS[name.reason]}`);
    if (!name.value.includes('.')) return refuse(`${shown}: the host is a top-level domain or a bare name`);
    host = name.value;
  }
  const rest = parts?.[3] ?? '';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(rest)) return refuse(`${shown}: white space in a URL; encode it as %20`);
  const path = encodeNonAscii(rest.startsWith('/') ? rest : `/${rest}`);
  if (path.length >= MAX_PATH_BYTES) return refuse(`the path of the URL is longer than ${MAX_PATH_BYTES - 1} bytes`);
  return { kind: 'ok', target: { type: 'Url', value: `${scheme}://${host}${path}` } };
}

/** Browsers send a path in UTF-8, percent-encoded. */
const encodeNonAscii = (path: string): string =>
  path.replaceAll(/[^\u0000-\u007f]+/gu, (run) => encodeURIComponent(run.toWellFormed())); // oxlint-disable-line no-control-regex -- the ASCII range

const HOST_FAULTS = {
  empty: 'is empty',
  'empty-label': 'has an empty label (two dots in a row, or a leading dot)',
  'label-too-long': 'has a label of more than 63 characters',
  'name-too-long': 'is longer than 253 characters',
  'bad-character': 'is no domain, URL, IP address or CIDR: it has a character that cannot stand in a host name',
  'bad-idna': 'is not a valid internationalised name',
  address: 'is an IP address in an unusual form; write it plainly',
} as const satisfies Record<HostReject, string>;

/** Why something that looks like an address is none; null when it does not look like one. */
function addressFault(text: string): string | null {
  const shown = quote(text);
  if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) {
    return parseIp(text) === null
      ? `${shown} is not an IPv6 address; expected up to eight groups of up to four hex digits`
      : null;
  }
  if (!/^[0-9]+(?:\.[0-9]*)*$/.test(text) || parseIp(text) !== null)
    return /\.[0-9]+\.?$/.test(text) ? numericEnd(text) : null;
  const parts = text.split('.');
  if (parts.length !== 4) return `${shown} is not an IPv4 address; it has ${parts.length} parts instead of four`;
  for (const part of parts) {
    if (part === '') return `${shown} is not an IPv4 address; one of its parts is empty`;
    if (Number(part) > 255) return `${shown} is not an IPv4 address; ${part.slice(0, 16)} is more than 255`;
    if (part.length > 1 && part.startsWith('0'))
      return `${shown} is not an IPv4 address; write ${part.slice(0, 16)} without leading zeros`;
  }
  return null;
}

const numericEnd = (text: string): string | null =>
  parseIp(text) === null ? `${quote(text)} ends in a number and is neither a domain nor an IP address` : null;

function readAction(value: unknown): IndicatorDraft['action'] {
  if (value === undefined || value === null || value === '') {
    throw new Refusal('action', `missing; use ${INDICATOR_ACTIONS.join(' | ')}`);
  }
  const lower = textOf(value).toLowerCase();
  const known = INDICATOR_ACTIONS.find((action) => action.toLowerCase() === lower);
  if (known !== undefined) return known;
  if (lower === 'allow') return 'Allowed';
  if (lower === 'blockandremediate') throw new Refusal('action', 'BlockAndRemediate is for files; use Block');
  throw new Refusal('action', `${quote(textOf(value))} is not accepted; use ${INDICATOR_ACTIONS.join(' | ')}`);
}

/** RFC 3339 with a zone; the date must exist, which `Date.parse` alone does not check. */
function readExpiry(value: unknown, nowMs: number): string | null {
  if (value === undefined || value === null || value === '') return null;
  const field = 'expirationTime';
  const text = textOf(value).trim();
  const parts = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2})$/.exec(
    text,
  );
  const atMs = parts === null ? Number.NaN : Date.parse(text.replace(' ', 'T').toUpperCase());
  const lastDay = new Date(Date.UTC(Number(parts?.[1]), Number(parts?.[2]), 0)).getUTCDate();
  if (Number.isNaN(atMs) || Number(parts?.[3]) > lastDay) {
    throw new Refusal(field, `${quote(text)} is not a date and time; write it like 2030-01-31T12:00:00Z`);
  }
  if (atMs <= nowMs) {
    throw new Refusal(
      field,
      `${quote(text)} is past (now ${new Date(nowMs).toISOString()}); name a later time or leave it out`,
    );
  }
  return new Date(atMs).toISOString();
}

function optionalWord<T extends string>(field: string, value: unknown, words: readonly T[]): T | null {
  if (value === undefined || value === null || value === '') return null;
  const lower = textOf(value).toLowerCase();
  const known = words.find((word) => word.toLowerCase() === lower);
  if (known === undefined)
    throw new Refusal(field, `${quote(textOf(value))} is not accepted; use ${words.join(' | ')}`);
  return known;
}

function optionalFlag(field: string, value: unknown): boolean | null {
  if (value === undefined || value === null || value === '') return null;
  const lower = textOf(value).toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw new Refusal(field, `${quote(textOf(value))} is not accepted; use True | False`);
  return lower === 'true';
}

function optionalText(field: keyof typeof TEXT_LIMITS, input: UncheckedIndicator): string | null {
  const value = input[field];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Refusal(field, 'not a text');
  const limit = TEXT_LIMITS[field];
  if (value.length > limit) throw new Refusal(field, `${value.length} characters; at most ${limit} are kept`);
  return value;
}

function optionalList(field: string, value: unknown, limit: number): string[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value) || value.length > 64) throw new Refusal(field, 'not a list of at most 64 texts');
  return value.map((item: unknown) => {
    if (typeof item !== 'string' || item.length > limit)
      throw new Refusal(field, `not a text of at most ${limit} characters`);
    return item;
  });
}

/** Quoted, on one line, cut: whatever was typed ends up on a terminal. */
const quote = (text: string): string =>
  JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text).replaceAll(/\p{C}/gu, '\uFFFD');

/** As typed; what is neither text nor a flag or number cannot match any word. */
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : typeof value;
