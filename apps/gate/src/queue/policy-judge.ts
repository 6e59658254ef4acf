/** Asks the policy about what the inspector read, and writes the answer into the ring. */
import type { Cause, FlowRecord, RecordedCategory } from '@sallyport/contract/flow-record';
import type { TableSlot } from '@sallyport/contract/gate-link';
import type { FailPolicy, GateSettings } from '@sallyport/contract/gate-settings';
import { HostTable } from '@sallyport/hosts/table';
import { judge, PASS } from '@sallyport/policy/judge';
import { scoreName } from '@sallyport/policy/score/score-name';
import { policySettingsFrom } from '@sallyport/policy/settings';
import type { PolicySettings, Question, Tables, Verdict } from '@sallyport/policy/verdict';

import { HOOK_LOCAL_OUT, UNKNOWN_UID } from '../netlink/queue.ts';
import { ConnectionSubject, type ProcessSources } from '../process/connection-subject.ts';
import type { FlowEnds, HeldPacket } from './flow.ts';
import type { Judge } from './inspector.ts';
import { NameScores } from './name-scores.ts';
import type { SharedControl } from './protocol.ts';
import type { Reading } from './reading.ts';
import type { RingProducer } from './record-ring.ts';

const EMPTY = new Uint8Array(0);
const CLOSED_WITHOUT_TABLE: Verdict = { ...PASS, effect: 'block' };
const WOULD_CLOSE_WITHOUT_TABLE: Verdict = { ...PASS, effect: 'audit' };

export class PolicyJudge implements Judge {
  readonly #ring: RingProducer;
  readonly #counters: SharedControl;
  readonly #tables: { -readonly [Field in keyof Tables]: Tables[Field] } = {
    indicators: null,
    reputation: null,
    categories: null,
    popular: null,
    score: null,
  };
  /** One object for all questions, which looks nothing up before it is asked. */
  readonly #subject: ConnectionSubject;
  readonly #record: FlowRecord;
  #settings: GateSettings;
  #policy: PolicySettings;
  #scores: NameScores | null = null;
  /** Unix milliseconds of the current turn of the loop. */
  nowMs = 0;
  #sequence: number;

  /** `sources`: ways to find the process behind a connection; null when there are none. */
  constructor(
    ring: RingProducer,
    counters: SharedControl,
    settings: GateSettings,
    firstSequence: number,
    sources: ProcessSources | null = null,
  ) {
    this.#subject = new ConnectionSubject(sources);
    this.#ring = ring;
    this.#counters = counters;
    this.#sequence = firstSequence;
    this.#record = emptyRecord();
    this.#settings = settings;
    this.#policy = policySettingsFrom(settings);
    this.setSettings(settings);
  }

  setSettings(settings: GateSettings): void {
    this.#settings = settings;
    this.#policy = policySettingsFrom(settings);
    if (settings.lowReputation === 'off') this.#scores = null;
    else this.#scores ??= new NameScores(scoreName);
    this.#tables.score = this.#scores?.ask ?? null;
  }

  get failInspectionLimit(): FailPolicy {
    return this.#settings.mode === 'block' ? this.#settings.failInspectionLimit : 'open';
  }

  /** Swaps a table; the old one answers until the very packet before. Bytes were verified by the main thread. */
  setTable(slot: TableSlot, bytes: Uint8Array): void {
    this.#tables[slot] = HostTable.view(bytes);
  }

  judge(reading: Reading, ends: FlowEnds): Verdict {
    const question: Question = {
      names: reading.names,
      url: reading.url,
      remoteIp: ends.bytes.subarray(ends.destinationAt, ends.destinationAt + ends.addressLength),
      remotePort: ends.destinationPort,
      subject: this.#subject,
    };
    this.#subject.set(ends);
    const { indicators, reputation } = this.#tables;
    const isMissing = indicators === null && reputation === null;
    if (isMissing && this.#settings.failTableMissing === 'open') return PASS;
    const verdict = judge(question, this.#tables, this.#policy, this.nowMs);
    if (!isMissing || verdict.layer === 'exclusion') return verdict;
    return this.#settings.mode === 'block' ? CLOSED_WITHOUT_TABLE : WOULD_CLOSE_WITHOUT_TABLE;
  }

  record(reading: Reading, ends: FlowEnds, packet: HeldPacket, verdict: Verdict, cause: Cause): void {
    const { bytes, addressLength, sourceAt, destinationAt } = ends;
    const record = this.#record;
    record.sequence = this.#sequence++;
    record.atMs = this.nowMs;
    record.protocol = ends.protocol;
    record.hook = packet.hook === HOOK_LOCAL_OUT ? 'output' : 'forward';
    record.localAddress = bytes.subarray(sourceAt, sourceAt + addressLength);
    record.localPort = ends.sourcePort;
    record.remoteAddress = bytes.subarray(destinationAt, destinationAt + addressLength);
    record.remotePort = ends.destinationPort;
    record.name = verdict.matchedName ?? reading.names[0] ?? EMPTY;
    record.nameSource = reading.nameSource;
    record.alpn = reading.alpnList ?? EMPTY;
    record.url = reading.url === null ? EMPTY : urlBytes(reading.url);
    record.ech = reading.ech;
    record.ambiguous = reading.ambiguous;
    record.effect = verdict.effect;
    record.action = verdict.action;
    record.category = verdict.responseCategory ?? NO_CATEGORY;
    record.webCategory = verdict.webCategory;
    record.confidence = verdict.rule?.confidence ?? null;
    record.uid = ends.uid === UNKNOWN_UID ? null : ends.uid;
    record.layer = verdict.layer;
    record.matched = verdict.matched ?? 'none';
    record.cause = verdict === CLOSED_WITHOUT_TABLE || verdict === WOULD_CLOSE_WITHOUT_TABLE ? 'table-missing' : cause;
    record.ruleId = verdict.rule?.id ?? '';
    record.ruleTitle = verdict.rule?.title ?? '';
    this.#ring.push(record);
    if (verdict.effect === 'audit') this.#counters.add('audited', 1);
    else if (verdict.effect !== 'pass') this.#counters.add('blocked', 1);
  }
}

const NO_CATEGORY: RecordedCategory = 'None';
const SCHEME = new TextEncoder().encode('http://');

function urlBytes({ host, path }: { readonly host: Uint8Array; readonly path: Uint8Array }): Uint8Array {
  const url = new Uint8Array(SCHEME.length + host.length + path.length);
  url.set(SCHEME);
  url.set(host, SCHEME.length);
  url.set(path, SCHEME.length + host.length);
  return url;
}

const emptyRecord = (): FlowRecord => ({
  sequence: 0,
  atMs: 0,
  protocol: 6,
  hook: 'output',
  localAddress: EMPTY,
  localPort: 0,
  remoteAddress: EMPTY,
  remotePort: 0,
  name: EMPTY,
  nameSource: 'none',
  alpn: EMPTY,
  url: EMPTY,
  ech: false,
  ambiguous: false,
  effect: 'pass',
  action: 'none',
  category: 'None',
  webCategory: null,
  confidence: null,
  uid: null,
  layer: 'none',
  matched: 'none',
  cause: 'policy',
  ruleId: '',
  ruleTitle: '',
});
