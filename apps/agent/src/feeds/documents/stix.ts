/**
 * STIX 2.1 and 2.0 bundles (and TAXII envelopes and plain arrays of objects): the patterns of indicators as entries.
 *
 * Easy to get wrong: a `domain-name` or `url` object by itself says that something was seen, not that it is bad. Only
 * indicators give entries. Objects are judged one by one: when a bundle holds an indicator in two versions, and only
 * the later is revoked, the earlier still counts (TAXII servers give out the last version alone).
 */
import type { ResponseCategory } from '@sallyport/hosts/rule';

import type { EntryRecorder } from '../entry-recorder.ts';
import { FeedError, printable } from '../feed-error.ts';
import type { EntryDetail } from '../feed-sink.ts';
import type { InvalidReason, SkipReason } from '../lines/reasons.ts';
import { flagField, isObject, type JsonObject, objectsField, textField, textsField } from './json-fields.ts';
import { type JsonShape, readJsonItems } from './json-items.ts';
import { recordAddress, recordHost, recordUrl } from './record-value.ts';
import type { DocumentContext, DocumentReader } from './registry.ts';
import { type Alternative, conclude } from './stix-conditions.ts';
import { parsePattern } from './stix-pattern.ts';
import { parseTimestamp } from './stix-timestamp.ts';

type Label = 'objects' | 'object' | 'type' | 'misp' | 'warninglist';

const BUNDLE: JsonShape<Label> = {
  members: {
    type: 'type',
    objects: { label: 'objects', elements: 'object' },
    Event: { label: 'misp' },
    response: { label: 'misp' },
    list: { label: 'warninglist' },
  },
  elements: 'object',
};

export const readStix: DocumentReader = async (source, recorder, context) => {
  const name = printable(context.name, 400);
  let item = 0;
  const found: { list: boolean; type: string | null; looksLike: string | null } = {
    list: false,
    type: null,
    looksLike: null,
  };
  await readJsonItems(source, context.name, BUNDLE, {
    onOpen(label) {
      if (label === 'objects') found.list = true;
      if (label === 'misp') found.looksLike = 'a MISP event: use --format misp';
      if (label === 'warninglist') found.looksLike = 'a MISP warninglist, which lists what not to block';
    },
    onItem(label, value) {
      if (label === 'type' && typeof value === 'string') found.type = value;
      if (label !== 'object') return;
      item++;
      context.onItem();
      readObject(value, item, recorder, context);
    },
    onUnreadable(label, text, reason) {
      if (label !== 'object') return;
      item++;
      context.onItem();
      context.onInvalid(item, text, reason);
    },
  });
  if (found.list || item > 0) return;
  const hint =
    found.looksLike !== null
      ? `; it looks like ${found.looksLike}`
      : found.type !== null
        ? `; it is a single object of type "${printable(found.type)}"`
        : '';
  throw new FeedError('wrong-format', `${name}: not a STIX bundle: it has no list "objects"${hint}`);
};

/** Objects that say what was seen (STIX 2.1, section 6), as far as they could be mistaken for entries. */
const OBSERVED: ReadonlySet<string> = new Set([
  'domain-name',
  'ipv4-addr',
  'ipv6-addr',
  'network-traffic',
  'observed-data',
  'url',
]);

function readObject(value: unknown, item: number, recorder: EntryRecorder, context: DocumentContext): void {
  if (!isObject(value)) {
    context.onInvalid(item, quote(value), 'not a STIX object');
    return;
  }
  const type = textField(value, 'type');
  if (type === null) context.onInvalid(item, textField(value, 'id') ?? '', 'an object without a type');
  else if (type === 'indicator') readIndicator(value, item, recorder, context);
  else recorder.skip(OBSERVED.has(type) ? 'observed-object' : 'other-object');
}

const quote = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function readIndicator(indicator: JsonObject, item: number, recorder: EntryRecorder, context: DocumentContext): void {
  const invalid = (text: string, reason: string): void => context.onInvalid(item, text, reason);
  const text = textField(indicator, 'pattern');
  if (text === null) return invalid(textField(indicator, 'id') ?? '', 'an indicator without a pattern');
  const validity = validityOf(indicator, context.nowMs);
  if (typeof validity !== 'string' && validity.badTimestamp !== null) return invalid(validity.badTimestamp, 'bad date');
  const kinds = kindsOf(indicator);
  const skip = typeof validity === 'string' ? validity : skipReason(indicator, kinds);
  if (skip !== null) {
    recorder.skip(skip);
    return;
  }

  const pattern = parsePattern(text);
  if (pattern.kind === 'rejected') {
    return invalid(text.slice(Math.max(0, pattern.offset - 20)), `not a STIX pattern: ${pattern.reason}`);
  }
  const { expiresAtMs } = typeof validity === 'string' ? { expiresAtMs: null } : validity;
  const detail: EntryDetail = {
    port: null,
    confidence: confidenceOf(indicator),
    expiresAtMs,
    responseCategory: responseCategoryOf(indicator, kinds),
    webCategory: null,
  };
  let reported = false;
  for (const result of conclude(pattern.value)) {
    if (typeof result === 'string') {
      recorder.skip(result);
      continue;
    }
    const reason = recordAlternative(result, detail, recorder, context.nowMs);
    if (reason === null || reported) continue;
    // An item is invalid once, however many of its values are.
    reported = true;
    invalid(result.target.value, reason);
  }
}

interface Validity {
  readonly expiresAtMs: number | null;
  readonly badTimestamp: string | null;
}

/** From revocation and the indicator's own dates, without those in its pattern. */
function validityOf(indicator: JsonObject, nowMs: number): Validity | SkipReason {
  if (flagField(indicator, 'revoked')) return 'revoked';
  const times: Record<'valid_from' | 'valid_until', number | null> = { valid_from: null, valid_until: null };
  for (const key of ['valid_from', 'valid_until'] as const) {
    const raw = Object.hasOwn(indicator, key) ? indicator[key] : null;
    if (raw === null || raw === undefined) continue;
    const time = typeof raw === 'string' ? parseTimestamp(raw) : null;
    if (time === null) return { expiresAtMs: null, badTimestamp: `${key} ${quote(raw)}` };
    times[key] = time;
  }
  if (times.valid_until !== null && times.valid_until <= nowMs) return 'expired';
  if (times.valid_from !== null && times.valid_from > nowMs) return 'not-yet-valid';
  return { expiresAtMs: times.valid_until, badTimestamp: null };
}

/** `indicator_types` of 2.1, `labels` of 2.0; both are open vocabularies. */
const kindsOf = (indicator: JsonObject): readonly string[] =>
  [...textsField(indicator, 'indicator_types'), ...textsField(indicator, 'labels')].map((kind) => kind.toLowerCase());

function skipReason(indicator: JsonObject, kinds: readonly string[]): SkipReason | null {
  const language = textField(indicator, 'pattern_type');
  if (language !== null && language !== 'stix') return 'other-language';
  return kinds.includes('benign') ? 'benign' : null;
}

/** Tried in order: a phishing site may be labelled malicious as well. */
const CATEGORIES: ReadonlyArray<readonly [RegExp, ResponseCategory]> = [
  [/^(?:c2|c&c|cnc|command[-_ ]and[-_ ]control)(?:$|[-_ ])/, 'C2'],
  [/^(?:phish|credential[-_ ]phish|spear[-_ ]?phish)/, 'Phishing'],
  [/^tech(?:nical)?[-_ ]?support[-_ ]?scam|^tech[-_ ]?scam/, 'TechScam'],
  [/^(?:malicious-activity|compromised|malware)/, 'Malicious'],
  [/^(?:anomalous-activity|anonymization)$/, 'Untrusted'],
];

/** Null leaves it to the feed. */
function responseCategoryOf(indicator: JsonObject, kinds: readonly string[]): ResponseCategory | null {
  const phases = objectsField(indicator, 'kill_chain_phases').map((phase) => textField(phase, 'phase_name') ?? '');
  const all = [...kinds, ...phases.map((phase) => phase.toLowerCase())];
  return CATEGORIES.find(([pattern]) => all.some((kind) => pattern.test(kind)))?.[1] ?? null;
}

function confidenceOf(indicator: JsonObject): number | null {
  const value = Object.hasOwn(indicator, 'confidence') ? indicator['confidence'] : null;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 100 ? value : null;
}

function recordAlternative(
  { target, port, fromMs, untilMs }: Alternative,
  shared: EntryDetail,
  recorder: EntryRecorder,
  nowMs: number,
): InvalidReason | null {
  if (untilMs !== null && untilMs <= nowMs) return recorder.skip('expired');
  if (fromMs !== null && fromMs > nowMs) return recorder.skip('not-yet-valid');
  const expiresAtMs = untilMs === null ? shared.expiresAtMs : Math.min(untilMs, shared.expiresAtMs ?? untilMs);
  const detail = { ...shared, port, expiresAtMs };
  switch (target.kind) {
    case 'host':
      return recordHost(recorder, target.value, target.match, detail);
    case 'url':
      return recordUrl(recorder, target.value, detail);
    case 'address':
      return recordAddress(recorder, target.value, detail);
    default:
      return target satisfies never;
  }
}
