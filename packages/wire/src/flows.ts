/**
 * Reads recorded flows with known answers and says where this package disagrees with them.
 *
 * It feeds the payloads one by one, in arrival order, through the same {@link ByteStream} and {@link readFirstBytes} as
 * live traffic, and stops at the first decision: a file read whole at once would hide every mistake about segments.
 * One JSON record per line: `seqs` (offset of each payload in the client's stream), `payloads` (hex), `expected`.
 */
import { MAX_STEPS, readFirstBytes, type Stage } from './classify.ts';
import { BodyTracker } from './http/body.ts';
import { partialRequestHead, type RequestHead } from './http/request.ts';
import { ByteStream } from './stream.ts';
import { alpnOf, type ClientHello } from './tls/client-hello.ts';

export interface Expected {
  readonly kind: string;
  /** On the wire: with the port for HTTP, null when the flow names none. */
  readonly host: string | null;
  readonly alpn?: readonly string[];
  readonly ech?: boolean;
  readonly esni?: boolean;
  readonly pq?: boolean;
  readonly target?: string;
  readonly method?: string;
  readonly incomplete?: boolean;
  readonly inner?: { readonly kind: string; readonly host: string | null; readonly alpn?: readonly string[] };
  readonly requests?: readonly { readonly method: string; readonly host: string | null; readonly uri: string }[];
}

export interface FlowRecord {
  readonly id: string;
  readonly proto: string;
  readonly tier: string;
  readonly tags: readonly string[];
  readonly seqs: readonly number[];
  readonly payloads: readonly Uint8Array[];
  readonly expected: Expected;
}

/** One thing a flow said: a hello, a request, a proxy request. Texts are Latin-1 of the bytes on the wire. */
export interface Said {
  readonly kind: 'tls' | 'http' | 'socks' | 'h2c';
  /** server_name, Host field, `:authority`, or SOCKS host. */
  readonly host: string | null;
  /** Every host that policy would judge. */
  readonly hosts: readonly string[];
  readonly method?: string;
  readonly target?: string;
  readonly hello?: { alpn: string[]; ech: boolean; esni: boolean; postQuantum: boolean; version: number };
}

export interface Reading {
  /** `incomplete`: the flow ended while more bytes were awaited; `conflict`: overlapping segments that differ. */
  readonly kind: 'tls' | 'http' | 'other' | 'incomplete' | 'conflict';
  /** What the bytes looked like when they ended (`incomplete`), or why they are unknown (`other`). */
  readonly detail: string;
  /** Host field of a request head that never ended. */
  readonly partialHost: string | null;
  /** In wire order: the outermost first. */
  readonly said: readonly Said[];
}

export interface Disagreement {
  readonly id: string;
  readonly tier: string;
  readonly kind: string;
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

export interface Tally {
  flows: number;
  /** Flows whose kind and host agree. */
  hostAgrees: number;
  /** Flows that agree in every field compared. */
  allAgrees: number;
}

export interface FlowSummary {
  /** By `kind tier`, e.g. `tls core`; derived flows that end early are `tls-truncated`. */
  readonly tallies: Record<string, Tally>;
  /** UDP flows, which are not read by this package yet. */
  notReadYet: number;
  readonly disagreements: Disagreement[];
  /** `line N: reason` for each line that is no record. */
  readonly problems: string[];
}

/** Reads the flow as the gate would see it. Never throws. */
export function readFlow(record: FlowRecord): Reading {
  const listener = new Listener((record.expected.requests?.length ?? 0) > 0);
  for (let i = 0; i < record.payloads.length && !listener.done; i++) {
    const payload = record.payloads[i];
    if (payload !== undefined) listener.take(record.seqs[i] ?? 0, payload);
  }
  return listener.reading();
}

/** Every field in which reading and record differ; empty when they agree. */
export function agreement(record: FlowRecord, reading: Reading): Disagreement[] {
  const { expected } = record;
  const found: Disagreement[] = [];
  const compare = (field: string, want: unknown, got: unknown): void => {
    const wanted = JSON.stringify(want ?? null);
    const given = JSON.stringify(got ?? null);
    if (wanted === given) return;
    found.push({ id: record.id, tier: record.tier, kind: expected.kind, field, expected: wanted, got: given });
  };

  const outer = reading.said[0];
  if (expected.incomplete === true) {
    compare('kind', `incomplete ${expected.kind}`, `${reading.kind} ${reading.detail}`);
    return found;
  }
  if (reading.kind === 'incomplete' && reading.detail === 'http') {
    // The record ends inside the head: awaiting the rest is the right answer, and a name seen so far the right name.
    compare('kind', expected.kind, reading.detail);
    if (expected.host !== null) compare('host', expected.host, reading.partialHost);
    return found;
  }
  const inner = expected.inner;
  // `other` with `inner`: the hello or request lies behind a preamble or a SOCKS request.
  const direct = reading.kind === 'tls' || reading.kind === 'http' ? outer : undefined;
  compare(
    'kind',
    expected.kind === 'tls' || expected.kind === 'http' ? expected.kind : 'other',
    direct?.kind ?? 'other',
  );
  compare('host', expected.host, direct?.host);
  if (inner !== undefined) {
    const within = reading.said.find(
      (said, index) => said.kind === inner.kind && (index > 0 || expected.kind !== 'http'),
    );
    compare('inner.kind', inner.kind, within?.kind);
    compare('inner.host', inner.host, within?.host);
    if (inner.alpn !== undefined) compare('inner.alpn', inner.alpn, within?.hello?.alpn);
  }
  if (direct?.hello !== undefined) {
    if (expected.alpn !== undefined) compare('alpn', expected.alpn, direct.hello.alpn);
    if (expected.ech !== undefined) compare('ech', expected.ech, direct.hello.ech);
    if (expected.esni !== undefined) compare('esni', expected.esni, direct.hello.esni);
    if (expected.pq !== undefined) compare('pq', expected.pq, direct.hello.postQuantum);
  }
  if (direct?.kind === 'http') {
    if (expected.method !== undefined) compare('method', expected.method, direct.method);
    if (expected.target !== undefined) compare('target', expected.target, direct.target);
  }
  if (expected.requests !== undefined) {
    const requests = reading.said.filter((said) => said.kind === 'http');
    compare(
      'requests',
      expected.requests.map(({ method, host, uri }) => [method, host, uri]),
      requests.slice(0, expected.requests.length).map(({ method, host, target }) => [method, host, target]),
    );
  }
  return found;
}

/** Reads JSON lines and counts. Lines that are no record are reported and passed over. */
export function summarise(lines: Iterable<string>): FlowSummary {
  const summary: FlowSummary = { tallies: {}, notReadYet: 0, disagreements: [], problems: [] };
  let number = 0;
  for (const line of lines) addLine(summary, line, ++number);
  return summary;
}

/** Adds line `number` (from 1) of a file to a summary: for callers that stream. */
export function addLine(summary: FlowSummary, line: string, number: number): void {
  if (line.trim() === '') return;
  const record = parseFlowRecord(line);
  if (typeof record === 'string') {
    summary.problems.push(`line ${number}: ${record}`);
    return;
  }
  if (record.proto !== 'tcp') {
    summary.notReadYet++;
    return;
  }
  const found = agreement(record, readFlow(record));
  const kind = record.expected.incomplete === true ? `${record.expected.kind}-truncated` : record.expected.kind;
  const tally = (summary.tallies[`${kind} ${record.tier}`] ??= { flows: 0, hostAgrees: 0, allAgrees: 0 });
  tally.flows++;
  if (found.length === 0) tally.allAgrees++;
  if (!found.some(({ field }) => field.endsWith('kind') || field.endsWith('host'))) tally.hostAgrees++;
  summary.disagreements.push(...found);
}

/** The record in a line of JSON, or the reason why there is none. */
export function parseFlowRecord(line: string): FlowRecord | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (!isObject(json)) return 'not an object';
  const { id, proto, tier, tags, seqs, payloads, expected } = json;
  if (typeof id !== 'string') return 'id is not a string';
  if (typeof proto !== 'string') return 'proto is not a string';
  if (!isObject(expected) || typeof expected['kind'] !== 'string') return 'expected.kind is not a string';
  const { inner, requests } = expected;
  if (inner !== undefined && (!isObject(inner) || typeof inner['kind'] !== 'string'))
    return 'expected.inner has no kind';
  if (requests !== undefined && !(Array.isArray(requests) && requests.every(isObject))) {
    return 'expected.requests is not a list of objects';
  }
  if (!Array.isArray(payloads)) return 'payloads is not a list';
  const bytes: Uint8Array[] = [];
  for (const payload of payloads) {
    const decoded = typeof payload === 'string' ? fromHex(payload) : null;
    if (decoded === null) return `payloads[${bytes.length}] is not hexadecimal`;
    bytes.push(decoded);
  }
  const offsets: number[] = [];
  if (Array.isArray(seqs)) {
    for (const seq of seqs) {
      if (!Number.isSafeInteger(seq)) return `seqs[${offsets.length}] is not an integer`;
      offsets.push(Number(seq));
    }
  }
  if (proto === 'tcp' && offsets.length !== bytes.length) return 'seqs and payloads differ in length';
  return {
    id,
    proto,
    tier: typeof tier === 'string' ? tier : 'core',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    seqs: offsets,
    payloads: bytes,
    // All other fields are only compared as JSON, so a wrong type there is a disagreement and nothing worse.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kind, inner and requests are checked above
    expected: expected as unknown as Expected,
  };
}

/** One connection as the gate would follow it. */
class Listener {
  readonly #stream = new ByteStream();
  readonly #keepReading: boolean;
  readonly #said: Said[] = [];
  #body: BodyTracker | null = null;
  #stage: Stage = 'first';
  #steps = 0;
  #indirect = false;
  #outcome: { kind: Reading['kind']; detail: string } | null = null;
  #awaiting = 'nothing';
  done = false;

  constructor(keepReading: boolean) {
    this.#keepReading = keepReading;
  }

  take(offset: number, payload: Uint8Array): void {
    if (this.#stream.push(offset, payload) === 'conflict') this.#end('conflict', `at ${offset}`);
    while (!this.done && this.#read(this.#stream.contiguous())) {
      // Each turn consumes bytes, so this ends with the bytes at hand.
    }
  }

  reading(): Reading {
    const said = this.#said;
    if (this.#outcome !== null) return { ...this.#outcome, partialHost: null, said };
    if (said.length > 0) return { kind: this.#outermost(), detail: 'ended', partialHost: null, said };
    if (this.#awaiting === 'nothing')
      return { kind: 'other', detail: 'ended after a preamble', partialHost: null, said };
    const partial = this.#awaiting === 'http' ? partialRequestHead(this.#stream.contiguous()) : null;
    const host = partial?.hostField ?? null;
    return { kind: 'incomplete', detail: this.#awaiting, partialHost: host === null ? null : latin1(host), said };
  }

  /** What the connection is on the outside: `other` when a preamble or a SOCKS request came first. */
  #outermost(): Reading['kind'] {
    const first = this.#said[0];
    return this.#indirect || first === undefined || first.kind === 'socks' || first.kind === 'h2c'
      ? 'other'
      : first.kind;
  }

  /** Reads once; true if there is more to read in the bytes at hand. */
  #read(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return false;
    if (this.#body !== null) return this.#readBody(this.#body, bytes);
    const answer = readFirstBytes(bytes, this.#stage);
    this.#awaiting = 'nothing';
    switch (answer.kind) {
      case 'tls':
        this.#said.push(helloSaid(answer.hello));
        return this.#end('tls', 'decided');
      case 'http':
        this.#said.push(requestSaid(answer.head));
        if (!this.#keepReading || !answer.head.complete) return this.#end('http', 'decided');
        this.#body = new BodyTracker(answer.head.bodyLength);
        return this.#pass(answer.head.headLength);
      case 'http2': {
        const host = answer.authority === null ? null : latin1(answer.authority);
        this.#said.push({ kind: 'h2c', host, hosts: answer.hosts.map(latin1) });
        return this.#end('other', 'decided');
      }
      case 'connect':
        this.#said.push(requestSaid(answer.head));
        return this.#step(answer.tunnelOffset, 'first');
      case 'socks': {
        const host = answer.host === null ? null : latin1(answer.host);
        this.#said.push({ kind: 'socks', host, hosts: host === null ? [] : [host] });
        return this.#step(answer.tunnelOffset, 'first');
      }
      case 'preamble':
        this.#indirect ||= this.#said.length === 0;
        return this.#step(answer.tunnelOffset, answer.stage);
      case 'unknown':
        return this.#end('other', answer.why);
      case 'incomplete':
        this.#awaiting = answer.looksLike;
        return false;
    }
  }

  #readBody(body: BodyTracker, bytes: Uint8Array): boolean {
    const step = body.consume(bytes);
    if (step.kind === 'broken') return this.#end('http', 'body framing broken');
    if (step.kind === 'body') return this.#pass(bytes.length);
    this.#body = null;
    return this.#pass(step.at);
  }

  #step(length: number, stage: Stage): boolean {
    if (++this.#steps > MAX_STEPS) return this.#end('other', 'too many steps');
    this.#stage = stage;
    return this.#pass(length);
  }

  #pass(length: number): true {
    this.#stream.discard(length);
    return true;
  }

  /** A decision about the first thing said stands, whatever comes behind it. */
  #end(kind: Reading['kind'], detail: string): false {
    this.#outcome = { kind: this.#said.length === 0 || kind === 'conflict' ? kind : this.#outermost(), detail };
    this.done = true;
    return false;
  }
}

function helloSaid(hello: ClientHello): Said {
  const host = hello.serverName === null ? null : latin1(hello.serverName);
  const { ech, esni, postQuantum, version } = hello;
  return {
    kind: 'tls',
    host,
    hosts: host === null ? [] : [host],
    hello: { alpn: alpnOf(hello.alpnList), ech, esni, postQuantum, version },
  };
}

const requestSaid = (head: RequestHead): Said => ({
  kind: 'http',
  host: head.hostField === null ? null : latin1(head.hostField),
  hosts: head.hosts.map(latin1),
  method: head.method,
  target: latin1(head.target),
});

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return null;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
