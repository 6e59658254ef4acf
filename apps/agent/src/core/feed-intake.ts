/**
 * Adds, refreshes, switches, approves and removes feeds. Each is one sequence: store a raw copy, read all feeds and
 * compile, hand the tables over, and only then commit; a failure on the way leaves everything as it was.
 *
 * Easy to get wrong: these sequences must not overlap, or the later one would compile without what the earlier one is
 * about to commit. They stand in a queue. Fetching for the schedule is outside of it, as a server may take minutes.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import type { FeedAdd, FeedReportView, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import { FORMAT_VERSION } from '@sallyport/hosts/format';

import type { CatalogueFeed } from '../feed-catalogue/catalogue-entry.ts';
import type { FeedStore } from '../feed-store/feed-store.ts';
import { EMPTY_VIEW, entryCount, NO_ENTRIES, type StoredFeed, type StoredReport } from '../feed-store/stored-feed.ts';
import { printable } from '../feeds/feed-error.ts';
import type { Validators } from '../feeds/open-source.ts';
import type { Facts } from '../state/facts.ts';
import { giveToOwner, type StateDirectory } from '../state/state-directory.ts';
import type { PublishedTables } from '../tables/published-tables.ts';
import type { Compiled, CompiledFiles, ReputationCompiler } from '../tables/reputation-compiler.ts';
import type { Candidate, FeedToRead, ReadingReport } from '../tables/reputation-task.ts';
import { approvalsAfter } from './feed-approvals.ts';
import { bounded, type FeedContent, isUrl } from './feed-content.ts';
import { intervalOf, readFeedOptions } from './feed-options.ts';
import { readTablesFact, TABLES_FACT, type TablesFact } from './feed-tables-fact.ts';

export type OnProgress = (line: string) => void;

interface Parts {
  readonly directory: StateDirectory;
  readonly store: FeedStore;
  readonly compiler: ReputationCompiler;
  readonly tables: PublishedTables;
  readonly facts: Facts;
  readonly maxBytes: () => number;
  readonly blockConfidence: () => number;
  readonly protectedNames: () => readonly string[];
  /**
   * Brings a new table of web categories, a file of the table directory, into force, as policies will have it. Resolves
   * to why the gate refused what was made of it, or null.
   */
  readonly onCategories: (file: string) => Promise<string | null>;
  /** Deletes a table file. */
  readonly removeTable: (file: string) => void;
  readonly now: () => number;
}

/** Content that is not in force yet. */
interface NewContent {
  /** Of the raw copy. */
  readonly file: string;
  /** Null for files, and for what was approved. */
  readonly validators: Validators | null;
  /** False: whatever its size. */
  readonly isGuarded: boolean;
}

/** What became of the new content of one feed. */
export type Intake =
  | { readonly kind: 'taken'; readonly view: FeedView }
  | { readonly kind: 'withheld'; readonly view: FeedView }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a server gave. */
export type FetchedContent =
  | { readonly kind: 'content'; readonly file: string; readonly validators: Validators }
  | { readonly kind: 'not-modified' };

export class FeedIntake {
  readonly #parts: Parts;
  #last: Promise<unknown> = Promise.resolve();
  #categoryBase: string | null = null;
  #behind: readonly string[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Web categories before policies: a file of the table directory, or null when none was compiled yet. */
  get categoryBase(): string | null {
    return this.#categoryBase;
  }

  /** Which tables are not of the feeds as they are, one line each. */
  get problems(): readonly string[] {
    return this.#behind;
  }

  // ---- what somebody asks for ---------------------------------------------------------------------------------------

  add(feed: FeedAdd, content: FeedContent, onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const { store, now } = this.#parts;
      const options = readFeedOptions(feed);
      this.#refuseKnown(options.location);
      const id = store.nextId();
      const stored: StoredFeed = {
        view: {
          ...EMPTY_VIEW,
          ...options,
          id,
          intervalMs: intervalOf(options.location, options.intervalMs),
          addedMs: now(),
        },
        wantedFormat: options.format,
        content: null,
        pending: null,
        validators: null,
        approved: [],
        failures: 0,
      };
      return this.#takeNow(stored, content, onProgress);
    });
  }

  refresh(text: string, content: FeedContent, onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const feed = this.find(text);
      if (!feed.view.enabled) {
        throw new ControlError('invalid', `feed ${feed.view.id} is off; \`feed enable ${feed.view.id}\` first`);
      }
      try {
        return await this.#takeNow(feed, content, onProgress);
      } catch (error) {
        this.noteProblem(feed.view.id, error instanceof Error ? error.message : String(error));
        throw error;
      }
    });
  }

  remove(text: string): Promise<FeedView> {
    return this.#inTurn(async () => {
      const { store } = this.#parts;
      const feed = this.find(text);
      await this.#withFeeds(
        store.all().filter((other) => other !== feed),
        () => {},
      );
      store.remove(feed);
      this.#rememberTables();
      return feed.view;
    });
  }

  setEnabled(text: string, enabled: boolean, onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const feed = this.find(text);
      if (feed.view.enabled === enabled) return feed.view;
      const nextMs = enabled && feed.view.intervalMs !== null ? this.#parts.now() : null;
      // What somebody turned on is no longer `up`'s to take away.
      const origin = enabled && feed.view.origin === 'default' ? 'chosen' : feed.view.origin;
      const change = (of: StoredFeed): StoredFeed => ({ ...of, view: { ...of.view, enabled, origin, nextMs } });
      if (feed.content === null) this.#parts.store.put(change(feed));
      else await this.#changeFeed(feed, change, onProgress);
      this.#rememberTables();
      return this.find(feed.view.id).view;
    });
  }

  /** `entries` empty: content that is held back as a whole; otherwise entries, or `*`. */
  approve(text: string, entries: readonly string[], onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const feed = this.find(text);
      if (entries.length === 0) return this.#approveContent(feed, onProgress);
      const held = this.#parts.store.report(feed.view.id)?.held ?? [];
      const approved = approvalsAfter(feed, held, entries);
      await this.#changeFeed(feed, (of) => ({ ...of, approved }), onProgress);
      this.#rememberTables();
      return this.find(feed.view.id).view;
    });
  }

  report(text: string): FeedReportView {
    const { view, approved } = this.find(text);
    const report = this.#parts.store.report(view.id);
    return {
      feed: view,
      read: report?.read ?? 0,
      added: report === null ? 0 : entryCount(report.entries) - report.duplicates.own,
      audited: report?.audited ?? 0,
      portQualified: report?.portQualified ?? 0,
      webCategories: report?.webCategories ?? {},
      skipped: report?.skipped ?? [],
      held: report?.held ?? [],
      narrowed: report?.narrowed ?? 0,
      damage: report?.damage ?? null,
      members: report?.members ?? { read: 0, skipped: { count: 0, first: [] } },
      approved,
    };
  }

  /** Throws ControlError `not-found`. */
  find(text: string): StoredFeed {
    const feed = this.#parts.store.find(text.trim());
    if (feed !== null) return feed;
    const hint = this.#parts.store.all().length === 0 ? 'there are no feeds' : 'see `feed list`';
    throw new ControlError('not-found', `${printable(text, 200)}: no such feed; ${hint}`);
  }

  // ---- the catalogue ------------------------------------------------------------------------------------------------

  /** Makes a feed of an entry of the catalogue; its content comes with the schedule. */
  adopt(entry: CatalogueFeed, origin: 'chosen' | 'default'): Promise<FeedView> {
    return this.#inTurn(async () => {
      const { store, now } = this.#parts;
      this.#refuseKnown(entry.url);
      const nowMs = now();
      const view: FeedView = {
        ...EMPTY_VIEW,
        id: store.nextId(),
        location: entry.url,
        name: entry.name,
        catalogueId: entry.id,
        origin,
        format: entry.format,
        category: entry.category,
        confidence: entry.confidence ?? null,
        intervalMs: entry.intervalHours * 3_600_000,
        addedMs: nowMs,
        nextMs: nowMs,
      };
      const wantedFormat = entry.format;
      store.put({ view, wantedFormat, content: null, pending: null, validators: null, approved: [], failures: 0 });
      this.#rememberTables();
      return view;
    });
  }

  /** Forgets feeds that `up` made by itself. Those that somebody has turned off stay, so that they stay off. */
  dropDefaults(onProgress: OnProgress): Promise<readonly FeedView[]> {
    return this.#inTurn(async () => {
      const { store } = this.#parts;
      const going = store.all().filter(({ view }) => view.origin === 'default' && view.enabled);
      if (going.length === 0) return [];
      const staying = store.all().filter((feed) => !going.includes(feed));
      if (going.some(({ content }) => content !== null)) await this.#withFeeds(staying, onProgress);
      for (const feed of going) store.remove(feed);
      this.#rememberTables();
      return going.map(({ view }) => view);
    });
  }

  // ---- the schedule -------------------------------------------------------------------------------------------------

  /** What the server has now. Outside of the queue. Throws ControlError; no file is left then. */
  async fetch(feed: StoredFeed, onProgress: OnProgress): Promise<FetchedContent> {
    const { store, compiler, directory, maxBytes, now } = this.#parts;
    const file = store.newFile(feed.view.id, now());
    try {
      const { location } = feed.view;
      const validators = await compiler.fetch(location, store.path(file), maxBytes(), feed.validators, onProgress);
      if (validators === null) return { kind: 'not-modified' };
      giveToOwner(directory, store.path(file));
      return { kind: 'content', file, validators };
    } catch (error) {
      store.drop(file);
      throw error;
    }
  }

  /**
   * Takes what was fetched of several feeds, with one compilation. Feeds that are gone or off by now are left out.
   * Throws ControlError when the tables cannot be compiled or the gate refuses them.
   */
  takeFetched(
    fetched: ReadonlyMap<string, { readonly file: string; readonly validators: Validators }>,
    onProgress: OnProgress,
  ): Promise<ReadonlyMap<string, Intake>> {
    return this.#inTurn(async () => {
      const { store } = this.#parts;
      const candidates = new Map<string, NewContent>();
      for (const [id, { file, validators }] of fetched) {
        if (store.find(id)?.view.enabled === true) candidates.set(id, { file, validators, isGuarded: true });
        else store.drop(file);
      }
      if (candidates.size === 0) return new Map();
      try {
        return await this.#take(store.all(), candidates, onProgress);
      } finally {
        this.#dropUnnamed(fetched);
      }
    });
  }

  /** Without effect when the feed is gone. */
  noteProblem(id: string, problem: string): void {
    const feed = this.#parts.store.find(id);
    if (feed !== null) this.#parts.store.put({ ...feed, view: { ...feed.view, problem } });
  }

  // ---- the start ----------------------------------------------------------------------------------------------------

  /** Puts the tables that were compiled last in force. False when they do not fit the feeds any more. */
  adoptLast(): boolean {
    const { tables, facts, compiler } = this.#parts;
    const last = readTablesFact(facts.get(TABLES_FACT));
    const { reputation = '', popular = '', categories = '' } = last?.files ?? {};
    if (compiler.has(categories)) this.#categoryBase = categories;
    compiler.sweepCategories(this.#categoryBase);
    if (last === null || !compiler.has(reputation)) return false;
    tables.adopt('reputation', reputation);
    const isWhole = compiler.has(popular) && compiler.has(categories);
    if (compiler.has(popular)) tables.adopt('popular', popular);
    return isWhole && last.key === this.#key();
  }

  /** Do the tables in force hold what the stored feeds and settings say? */
  get isCurrent(): boolean {
    return readTablesFact(this.#parts.facts.get(TABLES_FACT))?.key === this.#key();
  }

  /** Reads all stored feeds and compiles their tables. Throws ControlError; the tables in force stay then. */
  recompile(onProgress: OnProgress): Promise<void> {
    return this.#inTurn(async () => {
      await this.#withFeeds(this.#parts.store.all(), onProgress);
      this.#rememberTables();
    });
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#last;
  }

  // ---- how it is done -----------------------------------------------------------------------------------------------

  /** Copy, compile, hand over, commit. */
  async #takeNow(feed: StoredFeed, content: FeedContent, onProgress: OnProgress): Promise<FeedView> {
    const { store, directory, now } = this.#parts;
    const { id, location } = feed.view;
    const file = store.newFile(id, now());
    try {
      const validators = await this.#copy(location, content, store.path(file), onProgress);
      giveToOwner(directory, store.path(file));
      const all = store.all().some(({ view }) => view.id === id) ? store.all() : [...store.all(), feed];
      const intake = (await this.#take(all, new Map([[id, { file, validators, isGuarded: true }]]), onProgress)).get(
        id,
      );
      if (intake === undefined) throw new ControlError('internal', 'the feed reader gave no report');
      if (intake.kind === 'refused') throw new ControlError('invalid', intake.reason);
      return intake.view;
    } finally {
      this.#dropUnnamed(new Map([[id, { file }]]));
    }
  }

  async #approveContent(feed: StoredFeed, onProgress: OnProgress): Promise<FeedView> {
    const { store } = this.#parts;
    const { id, held } = feed.view;
    if (feed.pending === null) {
      const remedy = held === 0 ? 'nothing of it is held back' : 'name entries that are held back, or --all';
      throw new ControlError('invalid', `feed ${id}: ${remedy}; see \`feed held ${id}\``);
    }
    const content = { file: feed.pending, validators: feed.validators, isGuarded: false };
    const intake = (await this.#take(store.all(), new Map([[id, content]]), onProgress)).get(id);
    if (intake?.kind !== 'taken') throw new ControlError('invalid', intake?.kind === 'refused' ? intake.reason : '');
    return intake.view;
  }

  /** `change` is made twice: for compiling, and to what the schedule has made of the feed meanwhile. */
  async #changeFeed(feed: StoredFeed, change: (of: StoredFeed) => StoredFeed, onProgress: OnProgress): Promise<void> {
    const { store } = this.#parts;
    const all = store.all().map((other) => (other === feed ? change(other) : other));
    const compiled = await this.#publish(all, new Map(), onProgress);
    store.put(change(this.find(feed.view.id)));
    this.#commitReports(compiled);
  }

  /** Compiles `feeds` as they shall be, and commits what the reading told of them. */
  async #withFeeds(feeds: readonly StoredFeed[], onProgress: OnProgress): Promise<void> {
    const compiled = await this.#publish(feeds, new Map(), onProgress);
    this.#commitReports(compiled);
  }

  /** Compiles `feeds` with the new content of some, and commits what became of each. */
  async #take(
    feeds: readonly StoredFeed[],
    candidates: ReadonlyMap<string, NewContent>,
    onProgress: OnProgress,
  ): Promise<ReadonlyMap<string, Intake>> {
    const { store } = this.#parts;
    const compiled = await this.#publish(feeds, candidates, onProgress);
    const intakes = new Map<string, Intake>();
    for (const feed of feeds) {
      const { id } = feed.view;
      const content = candidates.get(id);
      if (content === undefined) continue;
      const stored = store.find(id) ?? feed;
      const intake = this.#commit(stored, content, compiled);
      intakes.set(id, intake);
    }
    this.#commitReports(compiled, candidates);
    if (compiled.files !== null) this.#rememberTables();
    return intakes;
  }

  #commit(feed: StoredFeed, content: NewContent, compiled: Compiled): Intake {
    const { store, now } = this.#parts;
    const { id } = feed.view;
    const nowMs = now();
    const refusal = compiled.refused.get(id);
    if (refusal !== undefined) return { kind: 'refused', reason: refusal };
    const { intervalMs, location } = feed.view;
    const asked = {
      checkedMs: isUrl(location) ? nowMs : null,
      nextMs: intervalMs === null ? null : nowMs + intervalMs,
    };
    const withheld = compiled.withheld.get(id);
    if (withheld !== undefined) {
      const view: FeedView = {
        ...feed.view,
        ...asked,
        pending: { ...withheld, atMs: nowMs },
        problem: `new content is held back: it ${withheld.reason}; sallyport feed approve ${id} accepts it`,
      };
      store.put({ ...feed, view, pending: content.file, validators: content.validators });
      return { kind: 'withheld', view };
    }
    const report = compiled.reports.get(id);
    if (report === undefined) throw new ControlError('internal', 'the feed reader gave no report');
    const view: FeedView = { ...viewAfter(feed.view, report), ...asked, refreshedMs: nowMs, pending: null };
    const { validators } = content;
    store.put({ ...feed, view, content: content.file, pending: null, validators, failures: 0 }, storedReport(report));
    return { kind: 'taken', view };
  }

  /** A feed's figures may change with another's: duplicates, and what could not be read again. */
  #commitReports(compiled: Compiled, except: ReadonlyMap<string, unknown> = new Map()): void {
    const { store } = this.#parts;
    for (const feed of store.all()) {
      const { id } = feed.view;
      if (except.has(id)) continue;
      const report = compiled.reports.get(id);
      const refusal = compiled.refused.get(id);
      if (report !== undefined) {
        const view = { ...viewAfter(feed.view, report), problem: feed.view.problem };
        if (JSON.stringify(view) !== JSON.stringify(feed.view)) store.put({ ...feed, view }, storedReport(report));
      } else if (refusal !== undefined) {
        const problem = `its stored copy cannot be used: ${refusal}`;
        store.put({ ...feed, view: { ...feed.view, problem, entries: NO_ENTRIES, exceptions: 0, held: 0 } });
      }
    }
  }

  async #publish(
    feeds: readonly StoredFeed[],
    candidates: ReadonlyMap<string, NewContent>,
    onProgress: OnProgress,
  ): Promise<Compiled> {
    const { compiler, maxBytes, blockConfidence, protectedNames, now } = this.#parts;
    const compiled = await compiler.compile(
      {
        feeds: feeds.flatMap((feed) => this.#toRead(feed, candidates.get(feed.view.id))),
        maxBytes: maxBytes(),
        blockConfidence: blockConfidence(),
        protectedNames: protectedNames(),
        nowMs: now(),
      },
      onProgress,
    );
    if (compiled.files !== null) await this.#handOver(compiled.files);
    return compiled;
  }

  /** Reputation first: when the gate refuses it, nothing has happened. */
  async #handOver(files: CompiledFiles): Promise<void> {
    const { compiler, tables, onCategories, removeTable } = this.#parts;
    const refusal = await tables.publish('reputation', files.reputation);
    if (refusal !== null) {
      compiler.discard(files);
      throw new ControlError('unavailable', `the gate refused the new table: ${refusal}`);
    }
    const popular = await tables.publish('popular', files.popular);
    const before = this.#categoryBase;
    this.#categoryBase = files.categories;
    const categories = await onCategories(files.categories);
    if (before !== null) removeTable(before);
    this.#behind = [
      ...(popular === null ? [] : [`the popular names of before are in force: ${popular}`]),
      ...(categories === null ? [] : [`the web categories of before are in force: ${categories}`]),
    ];
  }

  #toRead(feed: StoredFeed, content: NewContent | undefined): FeedToRead[] {
    const { store } = this.#parts;
    const { view } = feed;
    if (!view.enabled) return [];
    const previous = feed.content === null ? null : { path: store.path(feed.content), format: formatAgain(feed) };
    const common = {
      id: view.id,
      title: view.name ?? view.location,
      location: view.location,
      category: view.category,
      confidence: view.confidence,
      approved: feed.approved,
    };
    if (content === undefined) return previous === null ? [] : [{ ...common, ...previous, candidate: null }];
    const isComparable = content.isGuarded && previous !== null;
    const candidate: Candidate = {
      previous,
      previousEntries: isComparable ? entryCount(view.entries) + view.held : null,
    };
    return [{ ...common, path: store.path(content.file), format: feed.wantedFormat, candidate }];
  }

  async #copy(location: string, content: FeedContent, to: string, onProgress: OnProgress): Promise<Validators | null> {
    const { compiler, maxBytes } = this.#parts;
    if (content === undefined) {
      if (!isUrl(location) && !location.startsWith('/')) {
        throw new ControlError('invalid', `${printable(location, 400)}: give the whole path, beginning with /`);
      }
      return compiler.fetch(location, to, maxBytes(), null, onProgress);
    }
    // Not a stream and a pipeline: a write stream that is given up may still create its file afterwards.
    const options = { flag: 'wx', mode: 0o640, flush: true } as const;
    await writeFile(to, bounded(content, location, maxBytes()), options).catch((error: unknown) => {
      if (error instanceof ControlError) throw error;
      throw new ControlError(
        'unavailable',
        `${printable(location, 400)}: cannot be stored (${error instanceof Error ? error.message : ''})`,
        { cause: error },
      );
    });
    return null;
  }

  #refuseKnown(location: string): void {
    const known = this.#parts.store.find(location);
    if (known === null) return;
    const id = known.view.id;
    throw new ControlError(
      'conflict',
      `${printable(location, 400)} is feed ${id} already; use \`feed refresh ${id}\`, or remove it first`,
    );
  }

  #dropUnnamed(files: ReadonlyMap<string, { readonly file: string }>): void {
    const { store } = this.#parts;
    for (const [id, { file }] of files) {
      const feed = store.find(id);
      if (feed?.content !== file && feed?.pending !== file) rmSync(store.path(file), { force: true });
    }
  }

  /** The next start uses the tables again if feeds and settings are still the same. */
  #rememberTables(): void {
    const { facts, tables } = this.#parts;
    const files = {
      reputation: tables.current('reputation') ?? '',
      popular: tables.current('popular') ?? '',
      categories: this.#categoryBase ?? '',
    };
    // Tables that are not all in force are compiled again.
    const key = this.#behind.length === 0 ? this.#key() : '';
    facts.set(TABLES_FACT, JSON.stringify({ files, key } satisfies TablesFact));
  }

  /** Names everything that goes into the tables: raw copies are never changed in place. */
  #key(): string {
    const { store, blockConfidence, protectedNames } = this.#parts;
    const feeds = store
      .all()
      .flatMap((feed) => (feed.content === null ? [] : this.#toRead(feed, undefined)))
      .map((feed, index) => [index, feed.path.slice(feed.path.lastIndexOf('/')), { ...feed, path: '' }]);
    const all = [FORMAT_VERSION, blockConfidence(), protectedNames(), feeds];
    return createHash('sha256').update(JSON.stringify(all)).digest('base64url');
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(step, step);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Detected once, a format stays until the next content; one that was asked for may carry a column map. */
const formatAgain = ({ wantedFormat, view }: StoredFeed): string =>
  wantedFormat === 'detect' ? view.format : wantedFormat;

const viewAfter = (view: FeedView, report: ReadingReport): FeedView => ({
  ...view,
  format: report.format,
  entries: report.entries,
  exceptions: report.exceptions,
  duplicates: report.duplicates,
  skipped: Object.fromEntries(report.skipped.map(({ reason, count }) => [reason, count])),
  invalid: report.invalid,
  held: report.heldEntries,
  problem: null,
});

/** Without what the view has. */
function storedReport(report: ReadingReport): StoredReport {
  const { format: _, exceptions: __, invalid: ___, ...rest } = report;
  return rest;
}
