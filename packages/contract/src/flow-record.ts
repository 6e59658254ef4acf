/**
 * One judged flow as bytes: written by the gate's worker into its ring, stored by the agent's journal as it is,
 * and turned into event rows only when somebody reads them. TypeBox-free, because the gate writes it.
 *
 * Layout, little-endian, version 2 (docs/formats/flow-record.md):
 *
 *   0  u16 length of the whole record      25 u8  flags            36 u8  name length (0-253)
 *   2  u8  version                         26 u8  action           37 u8  application protocol length
 *   3  u8  effect                          27 u8  category         38 u16 URL length
 *   4  f64 sequence                        28 u8  layer            40 u16 rule id length
 *  12  f64 time, Unix milliseconds         29 u8  cause            42 u16 rule title length
 *  20  u8  address length (4 or 16)        30 u8  matched          44 u32 user id, 0xffffffff unknown
 *  21  u8  IP protocol (6, 17)             31 u8  hook             48 local address, remote address, name,
 *  22  u8  web category, 0 none            32 u16 local port          application protocol, URL, rule id, title
 *  23  u8  confidence, 255 unknown         34 u16 remote port
 *  24  u8  name source
 *
 * Version 1, of which journals are full: 22 and 23 are reserved, and the addresses begin at 44.
 */

export const EFFECTS = ['pass', 'audit', 'block', 'warn'] as const;
export const NAME_SOURCES = ['none', 'sni', 'http-host', 'quic-sni', 'connect', 'dns'] as const;
export const ACTIONS = ['none', 'allow', 'audit', 'warn', 'block'] as const;
export const LAYERS = ['none', 'indicator', 'reputation', 'category', 'score', 'exclusion'] as const;
export const MATCHES = ['none', 'host', 'url', 'ip', 'cidr'] as const;
export const HOOKS = ['output', 'forward'] as const;
/** Why the verdict is what it is: the policy, or which fail policy stood in for it. */
export const CAUSES = [
  'policy',
  'time-cap',
  'byte-cap',
  'conflicting-segments',
  'table-missing',
  'ambiguous-name',
] as const;
/** ResponseCategory values (defender-spec 2.2), in an order that is part of the format: append only. */
export const RESPONSE_CATEGORIES = [
  'None',
  'CustomBlockList',
  'CustomAllowList',
  'CustomPolicy',
  'CasbPolicy',
  'Malicious',
  'Phishing',
  'Untrusted',
  'C2',
  'COCO',
  'CmdCtrl',
  'TechScam',
] as const;
/** Web categories (defender-spec 6), in an order that is part of the format: append only. */
export const WEB_CATEGORIES = [
  'Cults',
  'Gambling',
  'Nudity',
  'Pornography / Sexually explicit',
  'Sex education',
  'Tasteless',
  'Violence',
  'Download sites',
  'Image sharing',
  'Peer-to-peer',
  'Streaming media & downloads',
  'Child abuse images',
  'Criminal activity',
  'Hacking',
  'Hate & intolerance',
  'Illegal drug',
  'Illegal software',
  'School cheating',
  'Self-harm',
  'Weapons',
  'Chat',
  'Games',
  'Instant messaging',
  'Professional network',
  'Social networking',
  'Web-based email',
  'Newly registered domains',
  'Parked domains',
] as const;

export type Effect = (typeof EFFECTS)[number];
export type NameSource = (typeof NAME_SOURCES)[number];
export type RecordedAction = (typeof ACTIONS)[number];
export type Layer = (typeof LAYERS)[number];
export type Match = (typeof MATCHES)[number];
export type Hook = (typeof HOOKS)[number];
export type Cause = (typeof CAUSES)[number];
export type RecordedWebCategory = (typeof WEB_CATEGORIES)[number];
export type RecordedCategory = (typeof RESPONSE_CATEGORIES)[number];

const VERSION = 2;
/** Bytes before the addresses, by version. */
const FIXED_OF: Readonly<Record<number, number>> = { 1: 44, 2: 48 };
const FIXED = 48;
const UNKNOWN_UID = 0xffff_ffff;
const UNKNOWN_CONFIDENCE = 255;
const FLAG_ECH = 1;
const FLAG_AMBIGUOUS = 2;
const MAX_TEXT = { name: 253, alpn: 64, url: 1024, ruleId: 128, ruleTitle: 256 } as const;

/** The longest record `encodeFlowRecord` can write. */
export const MAX_FLOW_RECORD =
  FIXED + 32 + MAX_TEXT.name + MAX_TEXT.alpn + MAX_TEXT.url + MAX_TEXT.ruleId + MAX_TEXT.ruleTitle;

export interface FlowRecord {
  sequence: number;
  atMs: number;
  protocol: number;
  hook: Hook;
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  /** As read from the wire, empty when there was none. */
  name: Uint8Array;
  nameSource: NameSource;
  /** The list of the TLS extension as on the wire (RFC 7301 section 3.1), each name behind its length; maybe clipped. */
  alpn: Uint8Array;
  /** Plain HTTP only: scheme, host and target as asked for; empty otherwise. */
  url: Uint8Array;
  ech: boolean;
  ambiguous: boolean;
  effect: Effect;
  action: RecordedAction;
  category: RecordedCategory;
  /** Of the entry that web content filtering found, whether or not it decided. */
  webCategory: RecordedWebCategory | null;
  /** 0-100, how sure the deciding rule is; null when it does not say. */
  confidence: number | null;
  /** Whose connection it is; null when that is not known. */
  uid: number | null;
  layer: Layer;
  matched: Match;
  cause: Cause;
  ruleId: string;
  ruleTitle: string;
}

const EMPTY = new Uint8Array(0);
const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { ignoreBOM: true });

/** Writes `record` at `offset` and returns its length, or 0 when it does not fit. Over-long texts are clipped. */
export function encodeFlowRecord(record: FlowRecord, into: Uint8Array, view: DataView, offset: number): number {
  const { name, alpn, url } = record;
  const nameLength = Math.min(name.length, MAX_TEXT.name);
  const alpnLength = Math.min(alpn.length, MAX_TEXT.alpn);
  const urlLength = Math.min(url.length, MAX_TEXT.url);
  // Most flows match no rule: no text is encoded, nothing is allocated.
  const id = record.ruleId === '' ? EMPTY : clip(record.ruleId, MAX_TEXT.ruleId);
  const title = record.ruleTitle === '' ? EMPTY : clip(record.ruleTitle, MAX_TEXT.ruleTitle);
  const addressLength = record.remoteAddress.length;
  const length = FIXED + 2 * addressLength + nameLength + alpnLength + urlLength + id.length + title.length;
  if (offset + length > into.length) return 0;

  view.setUint16(offset, length, true);
  into[offset + 2] = VERSION;
  into[offset + 3] = EFFECTS.indexOf(record.effect);
  view.setFloat64(offset + 4, record.sequence, true);
  view.setFloat64(offset + 12, record.atMs, true);
  into[offset + 20] = addressLength;
  into[offset + 21] = record.protocol;
  into[offset + 22] = record.webCategory === null ? 0 : WEB_CATEGORIES.indexOf(record.webCategory) + 1;
  into[offset + 23] = record.confidence ?? UNKNOWN_CONFIDENCE;
  into[offset + 24] = NAME_SOURCES.indexOf(record.nameSource);
  into[offset + 25] = (record.ech ? FLAG_ECH : 0) | (record.ambiguous ? FLAG_AMBIGUOUS : 0);
  into[offset + 26] = ACTIONS.indexOf(record.action);
  into[offset + 27] = RESPONSE_CATEGORIES.indexOf(record.category);
  into[offset + 28] = LAYERS.indexOf(record.layer);
  into[offset + 29] = CAUSES.indexOf(record.cause);
  into[offset + 30] = MATCHES.indexOf(record.matched);
  into[offset + 31] = HOOKS.indexOf(record.hook);
  view.setUint16(offset + 32, record.localPort, true);
  view.setUint16(offset + 34, record.remotePort, true);
  into[offset + 36] = nameLength;
  into[offset + 37] = alpnLength;
  view.setUint16(offset + 38, urlLength, true);
  view.setUint16(offset + 40, id.length, true);
  view.setUint16(offset + 42, title.length, true);
  view.setUint32(offset + 44, record.uid ?? UNKNOWN_UID, true);

  let at = offset + FIXED;
  at = copy(record.localAddress, addressLength, into, at);
  at = copy(record.remoteAddress, addressLength, into, at);
  at = copy(name, nameLength, into, at);
  at = copy(alpn, alpnLength, into, at);
  at = copy(url, urlLength, into, at);
  at = copy(id, id.length, into, at);
  copy(title, title.length, into, at);
  return length;
}

/** What is cheap to know without decoding: enough to store, number and index a record. */
export interface FlowRecordHead {
  readonly length: number;
  readonly sequence: number;
  readonly atMs: number;
  readonly effect: Effect;
}

/** The head of the record at `offset`, or null when the bytes there are no whole record of a known version. */
export function flowRecordHead(bytes: Uint8Array, view: DataView, offset: number): FlowRecordHead | null {
  const fixed = FIXED_OF[bytes[offset + 2] ?? 0];
  const effect = EFFECTS[bytes[offset + 3] ?? 255];
  if (fixed === undefined || effect === undefined || offset + fixed > bytes.length) return null;
  const length = view.getUint16(offset, true);
  if (length < fixed || length > MAX_FLOW_RECORD || offset + length > bytes.length) return null;
  return { length, sequence: view.getFloat64(offset + 4, true), atMs: view.getFloat64(offset + 12, true), effect };
}

/** The whole record, or null when the bytes are not exactly one record of a known version. The views are into `bytes`. */
export function decodeFlowRecord(bytes: Uint8Array): FlowRecord | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = flowRecordHead(bytes, view, 0);
  if (head === null || head.length !== bytes.length) return null;
  const at = (index: number) => bytes[index] ?? 0;
  const isFirst = at(2) === 1;
  const fixed = FIXED_OF[at(2)] ?? FIXED;
  const confidence = isFirst ? UNKNOWN_CONFIDENCE : at(23);
  const uid = isFirst ? UNKNOWN_UID : view.getUint32(44, true);
  const addressLength = at(20);
  const lengths = [
    addressLength,
    addressLength,
    at(36),
    at(37),
    view.getUint16(38, true),
    view.getUint16(40, true),
    view.getUint16(42, true),
  ];
  if ((addressLength !== 4 && addressLength !== 16) || lengths.reduce((a, b) => a + b, fixed) !== bytes.length)
    return null;
  let offset = fixed;
  const [localAddress, remoteAddress, name, alpn, url, id, title] = lengths.map((length) =>
    bytes.subarray(offset, (offset += length)),
  );
  const flags = at(25);
  return {
    sequence: head.sequence,
    atMs: head.atMs,
    protocol: at(21),
    hook: HOOKS[at(31)] ?? 'output',
    localAddress: localAddress ?? EMPTY,
    localPort: view.getUint16(32, true),
    remoteAddress: remoteAddress ?? EMPTY,
    remotePort: view.getUint16(34, true),
    name: name ?? EMPTY,
    nameSource: NAME_SOURCES[at(24)] ?? 'none',
    alpn: alpn ?? EMPTY,
    url: url ?? EMPTY,
    ech: (flags & FLAG_ECH) !== 0,
    ambiguous: (flags & FLAG_AMBIGUOUS) !== 0,
    effect: head.effect,
    action: ACTIONS[at(26)] ?? 'none',
    category: RESPONSE_CATEGORIES[at(27)] ?? 'None',
    webCategory: isFirst ? null : (WEB_CATEGORIES[at(22) - 1] ?? null),
    confidence: confidence > 100 ? null : confidence,
    uid: uid === UNKNOWN_UID ? null : uid,
    layer: LAYERS[at(28)] ?? 'none',
    matched: MATCHES[at(30)] ?? 'none',
    cause: CAUSES[at(29)] ?? 'policy',
    ruleId: text.decode(id ?? EMPTY),
    ruleTitle: text.decode(title ?? EMPTY),
  };
}

function clip(value: string, max: number): Uint8Array {
  const bytes = utf8.encode(value);
  if (bytes.length <= max) return bytes;
  let end = max;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--; // never cut inside a UTF-8 sequence
  return bytes.subarray(0, end);
}

function copy(from: Uint8Array, length: number, into: Uint8Array, at: number): number {
  for (let i = 0; i < length; i++) into[at + i] = from[i] ?? 0; // set(subarray) allocates a view; these are short
  return at + length;
}
