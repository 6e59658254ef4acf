/**
 * MISP events, as a file, an export (`{"response": [...]}`) or the members of a MISP feed: attributes for detection.
 *
 * Easy to get wrong: most attributes are context. Only those with `to_ids` are meant to be acted on, and of a pair
 * `domain|ip` only the name is an entry, because the address it had then is often a shared host.
 */
import type { ResponseCategory } from '@sallyport/hosts/rule';

import type { EntryRecorder } from '../entry-recorder.ts';
import { FeedError, printable } from '../feed-error.ts';
import { type EntryDetail, PLAIN } from '../feed-sink.ts';
import { readPort } from '../lines/host-text.ts';
import type { InvalidReason } from '../lines/reasons.ts';
import { flagField, isObject, type JsonObject, objectsField, textField } from './json-fields.ts';
import { type JsonShape, readJsonItems } from './json-items.ts';
import { recordAddress, recordHost, recordUrl } from './record-value.ts';
import type { DocumentContext, DocumentReader } from './registry.ts';

type Label = 'event' | 'attribute' | 'object' | 'list' | 'type' | 'stix';

const PARTS = {
  Attribute: { label: 'event', elements: 'attribute' },
  Object: { label: 'event', elements: 'object' },
} as const satisfies Record<string, JsonShape<Label>>;

/** With its wrapper `{"Event": …}`, as feeds and exports have it, or without. */
const EVENT: JsonShape<Label> = {
  members: { ...PARTS, Event: { label: 'event', members: PARTS } },
};

const DOCUMENT: JsonShape<Label> = {
  members: {
    ...EVENT.members,
    /** Events, or attributes from a search. */
    response: { label: 'event', elements: EVENT, members: EVENT.members ?? {} },
    list: { label: 'list' },
    type: 'type',
    objects: { label: 'stix' },
  },
  elements: EVENT,
};

/** What a document says that names what must not be blocked. */
const WARNINGLIST_HINT =
  'this is a MISP warninglist, and a MISP warninglist lists what not to block; add it with --format warninglist';

export const readMisp: DocumentReader = async (source, recorder, context) => {
  const name = printable(context.name, 400);
  const reading = new MispReading(recorder, context);
  const found = { event: false, list: false, type: false, stix: false };
  await readJsonItems(source, context.name, DOCUMENT, {
    onOpen(label) {
      if (label === 'event' || label === 'list' || label === 'stix') found[label] = true;
    },
    onItem(label, value) {
      if (label === 'attribute') reading.attribute(value, false);
      else if (label === 'object') reading.object(value);
      else if (label === 'type') found.type = typeof value === 'string';
    },
    onUnreadable(label, text, reason) {
      if (label === 'attribute' || label === 'object') reading.unreadable(text, reason);
    },
  });
  if (found.event) return;
  if (found.list && found.type) throw new FeedError('wrong-format', `${name}: ${WARNINGLIST_HINT}`);
  const hint = found.stix
    ? '; it looks like a STIX bundle: use --format stix'
    : '; of a MISP feed, add the folder or an archive of it, not its manifest';
  throw new FeedError('wrong-format', `${name}: not a MISP event: it has no "Event" and no "Attribute"${hint}`);
};

class MispReading {
  readonly #recorder: EntryRecorder;
  readonly #context: DocumentContext;
  #item = 0;

  constructor(recorder: EntryRecorder, context: DocumentContext) {
    this.#recorder = recorder;
    this.#context = context;
  }

  /** An object is a group of attributes; with it all of them are deleted. */
  object(value: unknown): void {
    if (!isObject(value)) {
      this.unreadable(JSON.stringify(value) ?? '', 'not a MISP object');
      return;
    }
    const deleted = flagField(value, 'deleted');
    for (const attribute of objectsField(value, 'Attribute')) this.attribute(attribute, deleted);
  }

  attribute(value: unknown, deleted: boolean): void {
    const type = isObject(value) ? textField(value, 'type') : null;
    const text = isObject(value) ? textField(value, 'value') : null;
    if (!isObject(value) || type === null || text === null) {
      this.unreadable(JSON.stringify(value) ?? '', 'not a MISP attribute');
      return;
    }
    this.#item++;
    this.#context.onItem();
    const reason = this.#record(value, type, text, deleted);
    if (reason !== null) this.#context.onInvalid(this.#item, text, reason);
  }

  unreadable(text: string, reason: string): void {
    this.#item++;
    this.#context.onItem();
    this.#context.onInvalid(this.#item, text, reason);
  }

  #record(attribute: JsonObject, type: string, text: string, deleted: boolean): InvalidReason | null {
    const record = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (record === undefined) return this.#recorder.skip('other-type');
    if (deleted || flagField(attribute, 'deleted')) return this.#recorder.skip('deleted');
    if (!flagField(attribute, 'to_ids')) return this.#recorder.skip('not-to-ids');
    return record(this.#recorder, text, detailOf(attribute));
  }
}

type Recording = (recorder: EntryRecorder, text: string, detail: EntryDetail) => InvalidReason | null;

const source: Recording = (recorder) => recorder.skip('source-address');

/** Attribute types that name a destination. A MISP domain covers what is below it, a hostname is one host. */
const TYPES: Readonly<Record<string, Recording>> = {
  domain: (recorder, text, detail) => recordHost(recorder, text, 'suffix', detail),
  'domain|ip': (recorder, text, detail) => recordHost(recorder, text.split('|', 1)[0] ?? '', 'suffix', detail),
  hostname: (recorder, text, detail) => recordHost(recorder, text, 'exact', detail),
  'hostname|port': (recorder, text, detail) =>
    withPort(text, detail, (host, own) => recordHost(recorder, host, 'exact', own)),
  'ip-dst': recordAddress,
  'ip-dst|port': (recorder, text, detail) =>
    withPort(text, detail, (address, own) => recordAddress(recorder, address, own)),
  'ip-src': source,
  'ip-src|port': source,
  url: recordUrl,
  // Often only a path, which is then skipped.
  uri: recordUrl,
};

/** `value|port`; older events write a colon. */
function withPort(
  text: string,
  detail: EntryDetail,
  record: (value: string, detail: EntryDetail) => InvalidReason | null,
): InvalidReason | null {
  const at = text.includes('|') ? text.lastIndexOf('|') : text.lastIndexOf(':');
  const port = at < 0 ? null : readPort(text.slice(at + 1).trim());
  return port === null ? 'bad port' : record(text.slice(0, at), { ...detail, port });
}

/** Tags of the common taxonomies. */
const CATEGORIES: ReadonlyArray<readonly [RegExp, ResponseCategory]> = [
  [/kill-chain:"?command and control|(?:^|[:="\s])(?:c2|c&c|command-and-control)(?:$|["\s-])/i, 'C2'],
  [/phish/i, 'Phishing'],
  [/(?:^|[:="\s])tech[-\s]?(?:support[-\s]?)?scam/i, 'TechScam'],
];

/** The taxonomy misp:confidence-level, with the numbers that it gives itself. */
const CONFIDENCE: Readonly<Record<string, number>> = {
  'misp:confidence-level="completely-confident"': 100,
  'misp:confidence-level="usually-confident"': 75,
  'misp:confidence-level="fairly-confident"': 50,
  'misp:confidence-level="rarely-confident"': 25,
  'misp:confidence-level="unconfident"': 0,
};

function detailOf(attribute: JsonObject): EntryDetail {
  const tags = objectsField(attribute, 'Tag').map((tag) => (textField(tag, 'name') ?? '').slice(0, 200));
  if (tags.length === 0) return PLAIN;
  const rated = tags.find((tag) => Object.hasOwn(CONFIDENCE, tag));
  return {
    ...PLAIN,
    confidence: rated === undefined ? null : (CONFIDENCE[rated] ?? null),
    responseCategory: CATEGORIES.find(([pattern]) => tags.some((tag) => pattern.test(tag)))?.[1] ?? null,
  };
}
