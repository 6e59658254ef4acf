/**
 * The agent without its edges: everything `Control` can ask for, done on the stores of one state directory. The
 * control server, the command line without an agent, and main.ts all stand on it. Long because every command ends here;
 * what one does is in the folder it belongs to.
 *
 * Easy to get wrong: a change is stored first and handed to the gate second. When the gate refuses, the change stays
 * stored and the error says so; what is malformed is refused before anything is stored.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { CategoryPolicy, CategoryView } from '@sallyport/contract/category-policy';
import type {
  CatalogueView,
  CheckAs,
  CheckView,
  Control,
  EventQuery,
  FeedAdd,
  FeedReportView,
  FeedView,
  ImportResult,
  IndicatorQuery,
  PolicyView,
  SettingView,
  StatusView,
} from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import { type GateStatus, TABLE_SLOTS, type TableSlot } from '@sallyport/contract/gate-link';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';
import { gateSettingsFrom, itemsOf, SETTING_NAMES } from '@sallyport/contract/settings';
import { parentOf, WEB_CATEGORIES } from '@sallyport/hosts/web-category';
import { scoreName } from '@sallyport/policy/score/score-name';
import { policySettingsFrom } from '@sallyport/policy/settings';

import { categoryState } from '../categories/category-rules.ts';
import { CategoryStore } from '../categories/category-store.ts';
import { readCategoryPolicy } from '../categories/read-category-policy.ts';
import { EVENT_IDS } from '../event-log/channel.ts';
import { JournaldForwarder } from '../event-log/journald-forwarder.ts';
import type { DatagramSocket } from '../event-log/journald-socket.ts';
import type { CatalogueFeed } from '../feed-catalogue/catalogue-entry.ts';
import { CATALOGUE } from '../feed-catalogue/catalogue.ts';
import { FeedStore } from '../feed-store/feed-store.ts';
import { GateLink } from '../gate-link/gate-link.ts';
import { IndicatorStore } from '../indicators/indicator-store.ts';
import { readIndicator } from '../indicators/read-indicator.ts';
import { readTarget } from '../indicators/read-target.ts';
import { endOf, followEvents, type Position, readEvents } from '../journal/event-query.ts';
import { type Device, thisDevice } from '../journal/event-rows.ts';
import { Journal } from '../journal/journal.ts';
import { GapDetector } from '../journal/protection-gap.ts';
import { SettingsStore } from '../settings/settings-store.ts';
import { openDatabase } from '../state/database.ts';
import { Facts } from '../state/facts.ts';
import { makeStateDirectory, type StateDirectory } from '../state/state-directory.ts';
import { STATE_SCHEMA } from '../state/state-schema.ts';
import type { ChildProgram } from '../tables/child-program.ts';
import { PublishedTables } from '../tables/published-tables.ts';
import { ReputationCompiler } from '../tables/reputation-compiler.ts';
import { TableFiles } from '../tables/table-files.ts';
import { VERSION } from '../version.ts';
import { FeedIntake } from './feed-intake.ts';
import { FeedSchedule } from './feed-schedule.ts';
import { FeedSelection } from './feed-selection.ts';
import { PolicyTables } from './policy-tables.ts';
import { policyView } from './policy-view.ts';
import { checkTarget, type TableBytes } from './target-check.ts';

export interface CoreOptions {
  readonly directory: StateDirectory;
  /** See tables/child-program.ts: has to be collected before privileges are dropped. */
  readonly feedReader: ChildProgram;
  /** The same for what compiles indicators and category policies. */
  readonly policyCompiler: ChildProgram;
  /** Public feeds to choose from. Absent: the catalogue that ships. */
  readonly catalogue?: readonly CatalogueFeed[];
  /** Use those of the catalogue that are free for any use, while the setting DefaultFeeds allows it. */
  readonly usesDefaultFeeds?: boolean;
  /** Where events are copied to, while the setting JournaldEvents allows it. Absent: nowhere. */
  readonly openJournald?: () => DatagramSocket | null;
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
  readonly #categories: CategoryStore;
  readonly #feeds: FeedStore;
  readonly #intake: FeedIntake;
  readonly #schedule: FeedSchedule;
  readonly #selection: FeedSelection;
  readonly #journal: Journal;
  readonly #journald: JournaldForwarder;
  /** Where this run's events begin. */
  readonly #firstEvent: Position;
  readonly #gaps: GapDetector;
  readonly #facts: Facts;
  readonly #files: TableFiles;
  readonly #tables: PublishedTables;
  readonly #hashKey: readonly [number, number];
  readonly #policyTables: PolicyTables;
  readonly #problems = new Map<string, string>();
  readonly #statusListeners = new Set<() => void>();
  readonly #stop = new AbortController();
  /** The table of the last run holds just the feeds that are stored. */
  readonly #tablesFit: boolean;
  readonly #indicatorsFit: boolean;
  #onNotice: (line: string) => void = () => {};
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
    this.#firstEvent = endOf(this.#journal);
    this.#journald = new JournaldForwarder({
      isWanted: () => this.#settings.value('JournaldEvents') === true,
      open: options.openJournald ?? (() => null),
    });
    this.#gaps = resources.use(new GapDetector(this.#directory));
    this.#facts = new Facts(database);
    this.#device = thisDevice(this.#facts.once('device-id', () => randomBytes(20).toString('hex')));
    this.#hashKey = readHashKey(this.#facts.once('table-key', () => randomBytes(8).toString('hex')));
    this.#settings = new SettingsStore(
      database,
      this.#directory.managedFiles,
      (change) =>
        this.#journal.appendOwn({
          kind: 'setting-changed',
          name: change.name,
          oldValue: String(change.old.value),
          newValue: String(change.new.value),
          source: change.new.source,
        }),
      ({ name, value }) => this.#journal.appendOwn({ kind: 'change-refused', name, value: String(value) }),
    );
    this.#indicators = resources.use(new IndicatorStore(this.#directory));
    this.#indicators.takeOver(database);
    this.#categories = new CategoryStore(database);
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
      blockConfidence: () => Number(this.#settings.value('FeedBlockConfidence')),
      protectedNames: () => itemsOf(String(this.#settings.value('ProtectedNames'))),
      onCategories: () => this.#policyTables.takeCategories(),
      removeTable: (file) => this.#files.remove(file),
      now: this.#now,
    });
    this.#schedule = new FeedSchedule({
      store: this.#feeds,
      intake: this.#intake,
      now: this.#now,
      random: Math.random,
      onTrouble: (line) => this.#onNotice(line),
    });
    this.#selection = new FeedSelection({
      catalogue: options.catalogue ?? CATALOGUE,
      store: this.#feeds,
      intake: this.#intake,
      facts: this.#facts,
      usesDefaults: () => options.usesDefaultFeeds === true && this.#settings.value('DefaultFeeds') === true,
    });
    this.#tablesFit = this.#intake.adoptLast();
    this.#policyTables = new PolicyTables({
      program: options.policyCompiler,
      directory: this.#directory,
      files: this.#files,
      tables: this.#tables,
      indicators: this.#indicators,
      policies: () => this.#categories.all(),
      settings: this.#settings,
      facts: this.#facts,
      hashKey: this.#hashKey,
      categoryBase: () => this.#intake.categoryBase,
      signal: this.#stop.signal,
    });
    this.#indicatorsFit = this.#policyTables.adoptLast();
    this.#noteManagedChanges();
    this.#resources = resources.move();
  }

  // ---- what main.ts drives ------------------------------------------------------------------------------------------

  /** Compiles what is needed and meets the gate. `onProgress` hears what is loaded. */
  async start(onProgress: (line: string) => void): Promise<void> {
    this.#startedMs = this.#now();
    void this.#copyToJournald();
    await this.#indicators.removeExpired(this.#now());
    onProgress(`${this.#indicators.size.toLocaleString('en')} custom indicators`);
    // Users may have changed since the table of the last run; until it is compiled anew, that one protects.
    const indicators = this.#policyTables.compileIndicators();
    if (this.#indicatorsFit) void this.#noting('indicators', indicators);
    else await this.#noting('indicators', indicators);
    // What cannot be compiled is no reason not to start: the gate has its tables of before.
    const areCategoriesSound = await this.#noting('categories', this.#policyTables.compileCategories());
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
    if (!this.#tablesFit || !areCategoriesSound) {
      const compiled = this.#intake.recompile(onProgress).then(
        () => this.#problems.delete('categories'),
        (error: unknown) => {
          if (!this.#stop.signal.aborted)
            this.#problems.set('feeds', `the feeds cannot be loaded: ${messageOf(error)}`);
        },
      );
      if (this.#feeds.all().some(({ content }) => content !== null)) await compiled;
    }
    this.#isLoaded = true;
    this.#link.askStatus();
    // Servers are asked by the schedule, in the background: nothing here waits for the network.
    this.#onNotice = onProgress;
    for (const line of await this.#selection.applyDefaults()) onProgress(line);
  }

  /** To be called about once a second. */
  tick(): void {
    this.#link?.askStatus();
    this.#journal.checkpoint();
    if (this.#settings.reloadManaged()) {
      this.#facts.set(EFFECTIVE_FACT, this.#effectiveText());
      void this.#applySettings();
      void this.#noting('feeds', this.#applyFeedSettings());
      void this.#noting('indicators', this.#policyTables.settingsChanged());
    }
    if (this.#isLoaded) this.#schedule.tick();
    void this.#policyTables
      .removeExpired(this.#now())
      .catch((error: unknown) => this.#problems.set('indicators', `indicators: ${messageOf(error)}`));
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
      ...this.#policyTables.problems,
      ...this.#intake.problems,
      ...(link?.problem === null || link === null ? [] : [link.problem]),
      ...(this.#malformedBytes === 0
        ? []
        : [`${this.#malformedBytes} bytes of events were not understood; gate and agent differ in version`]),
      ...(this.#journald.dropped === 0
        ? []
        : [
            `journald did not take everything (${this.#journald.dropped.toLocaleString('en')} so far); \`sallyport events\` has it`,
          ]),
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
    await this.#schedule.stop();
    await this.#intake.settled();
    await this.#indicators.exclusive(() => {});
    await this.#policyTables.settled();
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
    if (FEED_SETTINGS.has(view.name)) await this.#applyFeedSettings();
    await this.#policyTables.settingsChanged();
    return view;
  }

  async addIndicator(input: IndicatorInput): Promise<Indicator> {
    const read = readIndicator(input, this.#now());
    if (read.kind === 'rejected') throw new ControlError('invalid', `${read.field}: ${read.reason}`);
    const indicator = await this.#indicators.exclusive(() => {
      const put = this.#indicators.put(read.value, this.#now());
      this.#policyTables.noteIndicator(put.replaced, put.indicator);
      return put.indicator;
    });
    await this.#policyTables.compileIndicators();
    return indicator;
  }

  indicators(query: IndicatorQuery = {}): Promise<readonly Indicator[]> {
    return this.#indicators.exclusive(() => this.#indicators.page(query));
  }

  async removeIndicator(value: string): Promise<Indicator> {
    const text = value.trim();
    const target = readTarget(text);
    const removed = await this.#indicators.exclusive(() => {
      const byValue = target.kind === 'ok' ? this.#indicators.find(target.target.value) : null;
      const found = byValue ?? this.#indicators.find(text);
      if (found === null || found === 'several') return found;
      this.#indicators.remove(found);
      this.#policyTables.noteIndicator(found, null);
      return found;
    });
    const shown = JSON.stringify(text.slice(0, 200));
    if (removed === 'several') {
      throw new ControlError(
        'conflict',
        `${shown}: several indicators, for different users or programs; name the id that \`indicator list\` shows`,
      );
    }
    if (removed === null) {
      throw new ControlError(
        'not-found',
        `${shown}: no such indicator; name the value or id that \`indicator list\` shows`,
      );
    }
    await this.#policyTables.compileIndicators();
    return removed;
  }

  async importIndicators(
    lines: AsyncIterable<Uint8Array>,
    onProgress: (line: string) => void = () => {},
  ): Promise<ImportResult> {
    return this.#policyTables.importIndicators(lines, this.#now(), onProgress);
  }

  async categories(): Promise<readonly CategoryView[]> {
    const policies = this.#categories.all();
    const settings = this.#policyTables.categorySettings;
    const entries = this.#categoryEntries();
    return WEB_CATEGORIES.map((name): CategoryView => ({
      name,
      parent: parentOf(name),
      ...categoryState(policies, settings, name),
      entries: entries === null ? null : (entries.get(name) ?? 0),
    }));
  }

  async categoryPolicies(): Promise<readonly CategoryPolicy[]> {
    return this.#categories.all();
  }

  async putCategoryPolicy(input: CategoryPolicy): Promise<CategoryPolicy> {
    const read = readCategoryPolicy(input);
    if (read.kind === 'rejected') throw new ControlError('invalid', `${read.field}: ${read.reason}`);
    this.#categories.put(read.policy);
    await this.#policyTables.compileCategories();
    return read.policy;
  }

  async removeCategoryPolicy(name: string): Promise<CategoryPolicy> {
    const found = this.#categories.find(name);
    if (found === null) {
      throw new ControlError(
        'not-found',
        `${JSON.stringify(name.slice(0, 64))}: no such policy; \`category policy list\` shows them all`,
      );
    }
    this.#categories.remove(found.name);
    await this.#policyTables.compileCategories();
    return found;
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
    return this.#fed(this.#selection.remove(idOrLocation));
  }

  async feedReport(idOrLocation: string): Promise<FeedReportView> {
    return this.#intake.report(idOrLocation);
  }

  async catalogue(): Promise<readonly CatalogueView[]> {
    return this.#selection.catalogue();
  }

  enableFeed(idOrLocation: string, onProgress?: (line: string) => void): Promise<FeedView> {
    return this.#fed(this.#selection.enable(idOrLocation, onProgress ?? (() => {})));
  }

  disableFeed(idOrLocation: string): Promise<FeedView> {
    return this.#fed(this.#selection.disable(idOrLocation));
  }

  approveFeed(
    idOrLocation: string,
    entries: readonly string[],
    onProgress?: (line: string) => void,
  ): Promise<FeedView> {
    return this.#fed(this.#intake.approve(idOrLocation, entries, onProgress ?? (() => {})));
  }

  async check(target: string, as: CheckAs = {}): Promise<CheckView> {
    // Without an agent nothing was compiled yet, and what is stored is to count all the same.
    if (this.#startedMs === null) await this.#policyTables.compileStored();
    const settings = policySettingsFrom(gateSettingsFrom((name) => this.#settings.value(name)));
    const { users } = this.#policyTables.categorySettings;
    const score = settings.lowReputation === 'off' ? null : scoreName;
    return checkTarget(target, as, { settings, tables: this.#tableBytes(), score, users }, this.#now());
  }

  async policy(): Promise<PolicyView> {
    const entries = this.#categoryEntries();
    const reputation = this.#tables.current('reputation');
    return policyView({
      gate: gateSettingsFrom((name) => this.#settings.value(name)),
      categories: this.#policyTables.categorySettings,
      policies: this.#categories.all(),
      indicators: { stored: this.#indicators.size, otherGroups: this.#policyTables.otherGroups },
      reputationEntries: reputation === null ? 0 : this.#files.entries(reputation),
      categoryEntries: entries?.values().reduce((sum, each) => sum + each, 0) ?? null,
      problems: this.problems,
    });
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
    for (const slot of TABLE_SLOTS) {
      const reason = refused[slot];
      if (reason === undefined) this.#problems.delete(slot);
      else this.#problems.set(slot, `the gate refused the ${slot} table: ${reason}`);
    }
    // A table of an earlier run may have been damaged since, or be of another format: the sources are still there.
    if (FEED_SLOTS.some((slot) => refused[slot] !== undefined)) {
      await this.#intake
        .recompile(() => {})
        .then(
          () => FEED_SLOTS.forEach((slot) => this.#problems.delete(slot)),
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

  async #copyToJournald(): Promise<void> {
    const query = { ids: LOGGED_IDS };
    const events = followEvents(this.#journal, this.#device, query, this.#stop.signal, this.#firstEvent);
    try {
      await this.#journald.forward(events);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#problems.set('journald', `journald gets no events: ${messageOf(error)}`);
    }
  }

  /** Whether it succeeded. Its failure is shown until the same succeeds. */
  async #noting(what: 'indicators' | 'categories' | 'feeds', work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      this.#problems.delete(what);
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#problems.set(what, `the ${what} cannot be compiled: ${messageOf(error)}`);
      return false;
    }
  }

  #tableBytes(): TableBytes {
    const read = (slot: TableSlot): readonly [TableSlot, Uint8Array | null] => {
      const file = this.#tables.current(slot);
      return [slot, file === null ? null : readFileSync(this.#files.path(file))];
    };
    return Object.fromEntries(TABLE_SLOTS.map(read)) as TableBytes; // oxlint-disable-line typescript/no-unsafe-type-assertion -- one entry a slot
  }

  /** By category, what the feeds in force have. Null when no feed has any. */
  #categoryEntries(): ReadonlyMap<string, number> | null {
    const entries = new Map<string, number>();
    for (const { view } of this.#feeds.all()) {
      if (!view.enabled) continue;
      for (const [category, count] of Object.entries(this.#feeds.report(view.id)?.webCategories ?? {})) {
        entries.set(category, (entries.get(category) ?? 0) + count);
      }
    }
    return entries.size === 0 ? null : entries;
  }

  /** Each change of a feed compiles all of them, so its success ends an earlier failure. */
  async #fed(change: Promise<FeedView>): Promise<FeedView> {
    const view = await change;
    this.#problems.delete('feeds');
    for (const slot of FEED_SLOTS) this.#problems.delete(slot);
    return view;
  }

  /** Feeds follow their settings. What has to be compiled again is in force when this resolves. */
  async #applyFeedSettings(): Promise<void> {
    if (!this.#isLoaded) return;
    await this.#selection.applyDefaults();
    if (!this.#intake.isCurrent) await this.#intake.recompile(() => {});
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

/** Entries of the event log: what journald gets. Connections stay in the journal. */
const LOGGED_IDS = EVENT_IDS.filter((id) => id !== 0);
/** Slots whose tables are made of feeds. */
const FEED_SLOTS = ['reputation', 'categories', 'popular'] as const satisfies readonly TableSlot[];
const FEED_SETTINGS: ReadonlySet<string> = new Set(['DefaultFeeds', 'FeedBlockConfidence', 'ProtectedNames']);
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

const entriesOf = ({ entries: { hosts, ips, cidrs, urls } }: FeedView): string =>
  (hosts + ips + cidrs + urls).toLocaleString('en');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
