/**
 * The agent without its edges: everything `Control` can ask for, done on the stores of one state directory. The
 * control server, the command line without an agent, and main.ts all stand on it.
 *
 * Easy to get wrong: a change is stored first and handed to the gate second. When the gate refuses, the change stays
 * stored and the error says so; what is malformed is refused before anything is stored.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type {
  CheckView,
  Control,
  EventQuery,
  FeedAdd,
  FeedView,
  ImportResult,
  SettingView,
  StatusView,
} from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import type { GateStatus } from '@sallyport/contract/gate-link';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';
import { gateSettingsFrom, SETTING_NAMES } from '@sallyport/contract/settings';

import { FeedStore } from '../feed-store/feed-store.ts';
import { GateLink } from '../gate-link/gate-link.ts';
import { IndicatorStore } from '../indicators/indicator-store.ts';
import { type IndicatorDraft, readIndicator, readTarget } from '../indicators/read-indicator.ts';
import { followEvents, readEvents } from '../journal/event-query.ts';
import { type Device, thisDevice } from '../journal/event-rows.ts';
import { Journal } from '../journal/journal.ts';
import { GapDetector } from '../journal/protection-gap.ts';
import { SettingsStore } from '../settings/settings-store.ts';
import { openDatabase } from '../state/database.ts';
import { Facts } from '../state/facts.ts';
import { makeStateDirectory, type StateDirectory } from '../state/state-directory.ts';
import { STATE_SCHEMA } from '../state/state-schema.ts';
import type { ChildProgram } from '../tables/child-program.ts';
import { CoalescedTask } from '../tables/coalesced-task.ts';
import { buildIndicatorTable } from '../tables/indicator-table.ts';
import { PublishedTables } from '../tables/published-tables.ts';
import { ReputationCompiler } from '../tables/reputation-compiler.ts';
import { TableFiles } from '../tables/table-files.ts';
import { VERSION } from '../version.ts';
import { FeedIntake } from './feed-intake.ts';
import { checkTarget } from './target-check.ts';

export interface CoreOptions {
  readonly directory: StateDirectory;
  /** See tables/child-program.ts: has to be collected before privileges are dropped. */
  readonly feedReader: ChildProgram;
  readonly now?: () => number;
}

/** A gate that does not answer sooner is shown as it was last. */
const STATUS_WAIT_MS = 300;

export class AgentCore implements Control, AsyncDisposable {
  readonly #resources: DisposableStack;
  readonly #directory: StateDirectory;
  readonly #now: () => number;
  readonly #device: Device;
  readonly #settings: SettingsStore;
  readonly #indicators: IndicatorStore;
  readonly #feeds: FeedStore;
  readonly #intake: FeedIntake;
  readonly #journal: Journal;
  readonly #gaps: GapDetector;
  readonly #facts: Facts;
  readonly #files: TableFiles;
  readonly #tables: PublishedTables;
  readonly #hashKey: readonly [number, number];
  readonly #indicatorTable = new CoalescedTask(() => this.#compileIndicators());
  readonly #problems = new Map<string, string>();
  readonly #statusListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  /** The table of the last run holds just the feeds that are stored. */
  readonly #tablesFit: boolean;
  #link: GateLink | null = null;
  #startedMs: number | null = null;
  #isLoaded = false;
  #handedOver = false;
  #malformedBytes = 0;

  /** Throws ControlError: `conflict` when the directory is in use, `unavailable` when this user may not open it. */
  constructor(options: CoreOptions) {
    this.#directory = options.directory;
    this.#now = options.now ?? Date.now;
    using resources = new DisposableStack();
    makeStateDirectory(this.#directory);
    const database = openDatabase(this.#directory, this.#directory.stateDatabase, 'always', STATE_SCHEMA);
    resources.defer(() => database.close());
    this.#journal = resources.use(
      new Journal(this.#directory, () => Number(this.#settings.value('JournalMaxRecords')), this.#now),
    );
    this.#gaps = resources.use(new GapDetector(this.#directory));
    this.#facts = new Facts(database);
    this.#device = thisDevice(this.#facts.once('device-id', () => randomBytes(20).toString('hex')));
    this.#hashKey = readHashKey(this.#facts.once('table-key', () => randomBytes(8).toString('hex')));
    this.#settings = new SettingsStore(database, this.#directory.managedFiles, (change) =>
      this.#journal.appendOwn({
        kind: 'setting-changed',
        name: change.name,
        oldValue: String(change.old.value),
        newValue: String(change.new.value),
        source: change.new.source,
      }),
    );
    this.#indicators = new IndicatorStore(database);
    this.#feeds = new FeedStore(database, this.#directory);
    this.#files = new TableFiles(this.#directory);
    this.#tables = new PublishedTables(this.#files, (table) => this.#link?.applyTable(table) ?? Promise.resolve(null));
    this.#intake = new FeedIntake({
      directory: this.#directory,
      store: this.#feeds,
      compiler: new ReputationCompiler(options.feedReader, this.#files, this.#hashKey, this.#stop.signal),
      tables: this.#tables,
      facts: this.#facts,
      maxBytes: () => Number(this.#settings.value('FeedMaxBytes')),
      now: this.#now,
    });
    this.#tablesFit = this.#intake.adoptLast();
    this.#noteManagedChanges();
    this.#resources = resources.move();
  }

  // ---- what main.ts drives ------------------------------------------------------------------------------------------

  /** Compiles what is needed and meets the gate. `onProgress` hears what is loaded. */
  async start(onProgress: (line: string) => void): Promise<void> {
    this.#startedMs = this.#now();
    this.#indicators.removeExpired(this.#now());
    onProgress(`${this.#indicators.size.toLocaleString('en')} custom indicators`);
    await this.#indicatorTable.request();
    for (const { view } of this.#feeds.all())
      onProgress(`feed ${view.id}: ${entriesOf(view)} entries of ${view.location}`);
    this.#link = new GateLink(this.#directory.gateSocket, {
      lastSequence: () => this.#journal.lastSequence,
      onRecords: (batch) => {
        const { highest, malformedBytes } = this.#journal.append(batch);
        this.#malformedBytes += malformedBytes;
        return highest;
      },
      onStatus: (status) => this.#observe(status),
      onConnect: () => void this.#handOverAll(),
    });
    this.#link.start();
    // The gate already judges by settings and indicators, and by its table of before, if it has one.
    if (!this.#tablesFit) {
      await this.#intake.recompile(onProgress).catch((error: unknown) => {
        this.#problems.set('feeds', `the feeds cannot be loaded: ${messageOf(error)}`);
      });
    }
    this.#isLoaded = true;
    this.#link.askStatus();
  }

  /** To be called about once a second. */
  tick(): void {
    this.#link?.askStatus();
    this.#journal.checkpoint();
    if (this.#settings.reloadManaged()) {
      this.#facts.set(EFFECTIVE_FACT, this.#effectiveText());
      void this.#applySettings();
    }
    if (this.#indicators.removeExpired(this.#now()) > 0) void this.#indicatorTable.request().catch(() => {});
  }

  /** True once the gate has answered for settings and tables of this agent and judges by them, or has to do nothing. */
  get isReady(): boolean {
    const status = this.#link?.status ?? null;
    if (status === null || !this.#isLoaded || !this.#handedOver || status.mode !== this.#mode) return false;
    return this.#mode === 'disabled' || status.enforcingSinceMs > 0;
  }

  /** What stands in the way of protection, one line each. */
  get problems(): readonly string[] {
    const link = this.#link;
    return [
      ...this.#settings.problems,
      ...this.#problems.values(),
      ...(link?.problem === null || link === null ? [] : [link.problem]),
      ...(this.#malformedBytes === 0
        ? []
        : [`${this.#malformedBytes} bytes of events were not understood; gate and agent differ in version`]),
      ...(this.#startedMs !== null && link !== null && !link.connected ? ['the gate does not answer'] : []),
      ...(link?.status?.problems ?? []),
    ];
  }

  /** Called whenever a status of the gate has come in. */
  onGateStatus(listener: () => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#link?.close();
    await this.#intake.settled();
    await this.#indicatorTable.settled();
    this.#resources.dispose();
  }

  // ---- Control ------------------------------------------------------------------------------------------------------

  async status(): Promise<StatusView> {
    const gate = (await this.#link?.freshStatus(STATUS_WAIT_MS)) ?? null;
    const value = (name: (typeof SETTING_NAMES)[number]): string => String(this.#settings.value(name));
    return {
      version: VERSION,
      pid: this.#startedMs === null ? null : process.pid,
      startedMs: this.#startedMs,
      stateDirectory: this.#directory.root,
      networkProtectionStatus: this.#protectionStatus(),
      mode: this.#mode,
      gate,
      failPolicy: Object.fromEntries(
        SETTING_NAMES.filter((name) => name.startsWith('FailPolicy')).map((name) => [name, value(name)]),
      ),
      indicators: this.#indicators.size,
      feeds: this.#feeds.all().map(({ view }) => view),
      journal: { records: this.#journal.records, bytes: this.#journal.bytes, oldestMs: this.#journal.oldestMs },
      problems: this.problems,
    };
  }

  async settings(): Promise<readonly SettingView[]> {
    return this.#settings.all();
  }

  async set(name: string, value: string): Promise<SettingView> {
    const view = this.#settings.set(name, value);
    this.#facts.set(EFFECTIVE_FACT, this.#effectiveText());
    const refusal = await this.#applySettings();
    if (refusal !== null)
      throw new ControlError('unavailable', `${name} is stored, but the gate refused it: ${refusal}`);
    return view;
  }

  async addIndicator(input: IndicatorInput): Promise<Indicator> {
    const read = readIndicator(input, this.#now());
    if (read.kind === 'rejected') throw new ControlError('invalid', `${read.field}: ${read.reason}`);
    const indicator = this.#indicators.put(read.value, this.#now());
    await this.#indicatorTable.request();
    return indicator;
  }

  async indicators(): Promise<readonly Indicator[]> {
    return this.#indicators.all();
  }

  async removeIndicator(value: string): Promise<Indicator> {
    const text = value.trim();
    const target = readTarget(text);
    const found =
      this.#indicators.find(target.kind === 'ok' ? target.target.value : text) ?? this.#indicators.find(text);
    if (found === null) {
      const shown = JSON.stringify(text.slice(0, 200));
      throw new ControlError(
        'not-found',
        `${shown}: no such indicator; name the value or id that \`indicator list\` shows`,
      );
    }
    this.#indicators.remove(found);
    await this.#indicatorTable.request();
    return found;
  }

  async importIndicators(
    inputs: readonly { readonly row: number; readonly input: IndicatorInput }[],
  ): Promise<ImportResult> {
    const drafts: IndicatorDraft[] = [];
    const failures: { row: number; field: string; reason: string }[] = [];
    for (const { row, input } of inputs) {
      const read = readIndicator(input, this.#now());
      if (read.kind === 'ok') drafts.push(read.value);
      else failures.push({ row, field: read.field, reason: read.reason });
    }
    if (failures.length > 0) return { imported: 0, failures };
    this.#indicators.putAll(drafts, this.#now());
    await this.#indicatorTable.request();
    return { imported: drafts.length, failures };
  }

  addFeed(feed: FeedAdd, content?: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<FeedView> {
    return this.#fed(this.#intake.add(feed, content, onProgress ?? (() => {})));
  }

  async feeds(): Promise<readonly FeedView[]> {
    return this.#feeds.all().map(({ view }) => view);
  }

  refreshFeed(
    idOrLocation: string,
    content?: AsyncIterable<Uint8Array>,
    onProgress?: (line: string) => void,
  ): Promise<FeedView> {
    return this.#fed(this.#intake.refresh(idOrLocation, content, onProgress ?? (() => {})));
  }

  removeFeed(idOrLocation: string): Promise<FeedView> {
    return this.#fed(this.#intake.remove(idOrLocation));
  }

  async check(target: string): Promise<CheckView> {
    const { mode, convertWarnToBlock } = gateSettingsFrom((name) => this.#settings.value(name));
    const reputation = this.#tables.current('reputation');
    return checkTarget(
      target,
      { mode, convertWarnToBlock },
      {
        indicators: buildIndicatorTable(this.#indicators.all(), this.#hashKey),
        reputation: reputation === null ? null : readFileSync(this.#files.path(reputation)),
      },
      this.#now(),
    );
  }

  async *events(query: EventQuery): AsyncGenerator<DeviceNetworkEvent> {
    yield* readEvents(this.#journal, this.#device, query);
  }

  followEvents(query: EventQuery, signal: AbortSignal): AsyncGenerator<DeviceNetworkEvent> {
    return followEvents(this.#journal, this.#device, query, signal);
  }

  // ---- the gate -----------------------------------------------------------------------------------------------------

  get #mode(): string {
    return String(this.#settings.value('EnableNetworkProtection'));
  }

  #protectionStatus(): string {
    if (this.#stop.signal.aborted) return 'stopping';
    if (this.#startedMs === null) return 'stopped';
    if (this.isReady) return 'started';
    return this.#handedOver ? 'restarting' : 'starting';
  }

  async #handOverAll(): Promise<void> {
    const [settingsRefusal, refused] = await Promise.all([this.#applySettings(), this.#tables.handOverAll()]);
    for (const slot of ['indicators', 'reputation'] as const) {
      const reason = refused[slot];
      if (reason === undefined) this.#problems.delete(slot);
      else this.#problems.set(slot, `the gate refused the ${slot} table: ${reason}`);
    }
    // A table of an earlier run may have been damaged since, or be of another format: the sources are still there.
    if (refused.reputation !== undefined) {
      await this.#intake
        .recompile(() => {})
        .then(
          () => this.#problems.delete('reputation'),
          () => {},
        );
    }
    this.#handedOver = settingsRefusal === null && this.#link?.connected === true;
    this.#link?.askStatus();
  }

  /** Null, or why the gate keeps its old settings. */
  async #applySettings(): Promise<string | null> {
    const applied = await this.#link?.applySettings(gateSettingsFrom((name) => this.#settings.value(name)));
    const refusal = applied === null || applied === undefined || applied.ok ? null : applied.reason;
    if (refusal === null) this.#problems.delete('settings');
    else this.#problems.set('settings', `the gate refused the settings: ${refusal}`);
    this.#link?.askStatus();
    return refusal;
  }

  async #compileIndicators(): Promise<void> {
    const bytes = buildIndicatorTable(this.#indicators.all(), this.#hashKey);
    const file = this.#files.write('indicators', bytes, { durable: false });
    const refusal = await this.#tables.publish('indicators', file);
    if (refusal !== null)
      throw new ControlError('unavailable', `stored, but the gate refused the new table: ${refusal}`);
  }

  /** Each change of a feed compiles all of them, so its success ends an earlier failure. */
  async #fed(change: Promise<FeedView>): Promise<FeedView> {
    const view = await change;
    this.#problems.delete('feeds');
    this.#problems.delete('reputation');
    return view;
  }

  #observe(status: GateStatus): void {
    const gap = this.#gaps.observe(status, this.#now());
    if (gap !== null) {
      this.#journal.appendOwn({ kind: 'protection-gap', fromMs: gap.fromMs, reason: gap.reason }, gap.toMs);
    }
    this.#noteLostRecords(status);
    for (const listener of this.#statusListeners) listener();
  }

  /** The gate's ring overflowed while this agent was away or too slow. */
  #noteLostRecords(status: GateStatus): void {
    if (status.recordsDropped === 0) return;
    const [gate, count] = (this.#facts.get(DROPPED_FACT) ?? '').split(' ');
    const known = Number(gate) === status.startedMs ? Number(count) : 0;
    if (status.recordsDropped <= known) return;
    this.#journal.appendOwn({
      kind: 'events-dropped',
      where: 'gate',
      connections: status.recordsDropped - known,
      protection: 0,
      fromMs: status.startedMs,
    });
    this.#facts.set(DROPPED_FACT, `${status.startedMs} ${status.recordsDropped}`);
  }

  /** The managed file may have changed while no agent ran: that is a change of settings as well. */
  #noteManagedChanges(): void {
    const text = this.#effectiveText();
    const before = new Map((this.#facts.get(EFFECTIVE_FACT) ?? '').split('\n').map(splitLine));
    for (const { name, value, source } of this.#settings.all()) {
      const old = before.get(name);
      if (old === undefined || old === String(value)) continue;
      this.#journal.appendOwn({ kind: 'setting-changed', name, oldValue: old, newValue: String(value), source });
    }
    this.#facts.set(EFFECTIVE_FACT, text);
  }

  #effectiveText(): string {
    return this.#settings
      .all()
      .map(({ name, value }) => `${name}=${String(value)}`)
      .join('\n');
  }
}

const DROPPED_FACT = 'gate-records-dropped';
const EFFECTIVE_FACT = 'effective-settings';

function splitLine(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

const readHashKey = (hex: string): readonly [number, number] => [
  Number.parseInt(hex.slice(0, 8), 16),
  Number.parseInt(hex.slice(8, 16), 16),
];

const entriesOf = ({ entries }: FeedView): string =>
  (entries.hosts + entries.ips + entries.cidrs + entries.urls).toLocaleString('en');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
