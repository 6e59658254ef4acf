/**
 * Adds, refreshes and removes feeds. Each is one sequence: store a raw copy, read all feeds and compile, hand the
 * table over, and only then commit; a failure on the way leaves everything as it was.
 *
 * Easy to get wrong: these sequences must not overlap, or the later one would compile without what the earlier one is
 * about to commit. They stand in a queue.
 */
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import type { FeedAdd, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import type { FeedStore, StoredFeed } from '../feed-store/feed-store.ts';
import { byteSize, printable } from '../feeds/feed-error.ts';
import type { FeedReport } from '../feeds/read-feed.ts';
import type { Facts } from '../state/facts.ts';
import { giveToOwner, type StateDirectory } from '../state/state-directory.ts';
import type { PublishedTables } from '../tables/published-tables.ts';
import type { ReputationCompiler } from '../tables/reputation-compiler.ts';
import type { FeedToRead } from '../tables/reputation-task.ts';

const FEED_FORMATS = ['detect', 'hosts', 'domains', 'adblock', 'cidr'] as const;
const FEED_CATEGORIES = ['malicious', 'phishing', 'c2', 'untrusted'] as const;

export type OnProgress = (line: string) => void;
export type FeedContent = AsyncIterable<Uint8Array> | undefined;

interface Parts {
  readonly directory: StateDirectory;
  readonly store: FeedStore;
  readonly compiler: ReputationCompiler;
  readonly tables: PublishedTables;
  readonly facts: Facts;
  readonly maxBytes: () => number;
  readonly now: () => number;
}

const IS_URL = /^[a-z][a-z0-9+.-]*:\/\//i;

export class FeedIntake {
  readonly #parts: Parts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  add(feed: FeedAdd, content: FeedContent, onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const { store } = this.#parts;
      const location = feed.location.trim();
      const wantedFormat = oneOf('format', FEED_FORMATS, feed.format);
      const category = oneOf('category', FEED_CATEGORIES, feed.category);
      if (location === '') throw new ControlError('invalid', 'feed: name a file or an http(s) URL');
      if (location.length > 4096)
        throw new ControlError('invalid', 'feed: the location is longer than 4096 characters');
      const known = store.find(location);
      if (known !== null) {
        const id = known.view.id;
        throw new ControlError(
          'conflict',
          `${printable(location, 400)} is feed ${id} already; use \`feed refresh ${id}\`, or remove it first`,
        );
      }
      const id = store.nextId();
      return this.#take(id, { location, wantedFormat, category, addedMs: this.#parts.now() }, content, onProgress);
    });
  }

  refresh(idOrLocation: string, content: FeedContent, onProgress: OnProgress): Promise<FeedView> {
    return this.#inTurn(async () => {
      const feed = this.#find(idOrLocation);
      const { id, location, category, addedMs } = feed.view;
      try {
        return await this.#take(
          id,
          { location, wantedFormat: feed.wantedFormat, category, addedMs },
          content,
          onProgress,
        );
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        this.#parts.store.put({ ...feed, view: { ...feed.view, problem } });
        throw error;
      }
    });
  }

  remove(idOrLocation: string): Promise<FeedView> {
    return this.#inTurn(async () => {
      const feed = this.#find(idOrLocation);
      const rest = this.#parts.store.all().filter((other) => other !== feed);
      await this.#publish(rest.map(toRead(this.#parts.store)), () => {});
      this.#parts.store.remove(feed);
      this.#rememberTable();
      return feed.view;
    });
  }

  /** Puts the table that was compiled last in force. False when it does not fit the feeds any more. */
  adoptLast(): boolean {
    const { store, tables, facts, compiler } = this.#parts;
    const [file, key] = (facts.get(TABLE_FACT) ?? '').split(' ');
    if (file === undefined || key !== keyOf(store.all()) || !compiler.has(file)) return store.all().length === 0;
    tables.adopt('reputation', file);
    return true;
  }

  /** Reads all stored feeds and compiles their table. Throws ControlError; the table in force stays then. */
  recompile(onProgress: OnProgress): Promise<void> {
    return this.#inTurn(async () => {
      const { store } = this.#parts;
      await this.#publish(store.all().map(toRead(store)), onProgress);
      this.#rememberTable();
    });
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Copy, compile, hand over, commit. */
  async #take(
    id: string,
    wanted: { location: string; wantedFormat: string; category: string; addedMs: number },
    content: FeedContent,
    onProgress: OnProgress,
  ): Promise<FeedView> {
    const { store, now, directory } = this.#parts;
    const copy = store.newContent(id, now());
    try {
      await this.#copy(wanted.location, content, store.path(copy), onProgress);
      giveToOwner(directory, store.path(copy));
      const others = store.all().filter((feed) => feed.view.id !== id);
      const subject: FeedToRead = {
        id,
        location: wanted.location,
        path: store.path(copy),
        format: wanted.wantedFormat,
        category: wanted.category,
      };
      const reports = await this.#publish([...others.map(toRead(store)), subject], onProgress);
      const report = reports.get(id);
      if (report === undefined) throw new ControlError('internal', 'the feed reader gave no report');
      const view = viewOf(id, wanted, report, now());
      store.put({ view, wantedFormat: wanted.wantedFormat, content: copy });
      this.#rememberTable();
      return view;
    } catch (error) {
      rmSync(store.path(copy), { force: true });
      throw error;
    }
  }

  async #copy(location: string, content: FeedContent, to: string, onProgress: OnProgress): Promise<void> {
    const { compiler, maxBytes } = this.#parts;
    if (content === undefined) {
      if (!IS_URL.test(location) && !location.startsWith('/')) {
        throw new ControlError('invalid', `${printable(location, 400)}: give the whole path, beginning with /`);
      }
      await compiler.fetch(location, to, maxBytes(), onProgress);
      return;
    }
    // Not a stream and a pipeline: a write stream that is given up may still create its file afterwards.
    await writeFile(to, bounded(content, location, maxBytes()), { flag: 'wx', mode: 0o640 }).catch((error: unknown) => {
      if (error instanceof ControlError) throw error;
      throw new ControlError(
        'unavailable',
        `${printable(location, 400)}: cannot be stored (${error instanceof Error ? error.message : ''})`,
        { cause: error },
      );
    });
  }

  async #publish(feeds: readonly FeedToRead[], onProgress: OnProgress): Promise<ReadonlyMap<string, FeedReport>> {
    const { compiler, tables, maxBytes } = this.#parts;
    const { file, reports } = await compiler.compile(feeds, maxBytes(), onProgress);
    const refusal = await tables.publish('reputation', file);
    if (refusal !== null) throw new ControlError('unavailable', `the gate refused the new table: ${refusal}`);
    return reports;
  }

  /** The next start uses the table again if the feeds are still the same. */
  #rememberTable(): void {
    const { facts, tables, store } = this.#parts;
    facts.set(TABLE_FACT, `${tables.current('reputation') ?? ''} ${keyOf(store.all())}`);
  }

  #find(idOrLocation: string): StoredFeed {
    const feed = this.#parts.store.find(idOrLocation.trim());
    if (feed !== null) return feed;
    const known = this.#parts.store.all().map(({ view }) => view.id);
    const hint = known.length === 0 ? 'there are no feeds' : 'see `feed list`';
    throw new ControlError('not-found', `${printable(idOrLocation, 200)}: no such feed; ${hint}`);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(step, step);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

const TABLE_FACT = 'reputation-table';

/** Names the content of all feeds: raw copies are never changed in place. */
const keyOf = (feeds: readonly StoredFeed[]): string =>
  feeds.length === 0 ? '-' : feeds.map((feed) => feed.content).join(',');

const toRead =
  (store: FeedStore) =>
  ({ view, content }: StoredFeed): FeedToRead => ({
    id: view.id,
    location: view.location,
    path: store.path(content),
    format: view.format,
    category: view.category,
  });

const viewOf = (
  id: string,
  wanted: { location: string; category: string; addedMs: number },
  report: FeedReport,
  nowMs: number,
): FeedView => ({
  id,
  location: wanted.location,
  format: report.format,
  category: wanted.category,
  addedMs: wanted.addedMs,
  refreshedMs: nowMs,
  entries: report.entries,
  exceptions: report.exceptions,
  skipped: Object.fromEntries(Object.entries(report.skipped)),
  invalid: report.invalid,
  problem: null,
});

async function* bounded(
  content: AsyncIterable<Uint8Array>,
  location: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of content) {
    total += chunk.length;
    if (total > maxBytes) {
      throw new ControlError(
        'invalid',
        `${printable(location, 400)}: more than the limit of ${byteSize(maxBytes)} for one feed; raise the setting FeedMaxBytes or split the list`,
      );
    }
    yield chunk;
  }
}

function oneOf<T extends string>(field: string, accepted: readonly T[], value: string): T {
  const lower = value.trim().toLowerCase();
  const known = accepted.find((candidate) => candidate === lower);
  if (known !== undefined) return known;
  throw new ControlError('invalid', `${field}: "${printable(value)}" is not accepted; use ${accepted.join(' | ')}`);
}
