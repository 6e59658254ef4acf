/**
 * The feeds of this device: one row each, which names the raw copies that count. A refresh is therefore one row
 * update: either the old copy counts or the new one. Reports lie in a table beside, as few ask for them.
 *
 * Easy to get wrong: a copy may only go after the row that stops naming it is committed. What a crash leaves behind in
 * between is named by no row, and swept at the next start.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { transaction } from '../state/database.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import { EMPTY_VIEW, type StoredFeed, type StoredReport } from './stored-feed.ts';

export class FeedStore {
  readonly #database: DatabaseSync;
  readonly #directory: StateDirectory;
  readonly #feeds = new Map<string, StoredFeed>();
  #copies = 0;

  /** Sweeps copies that no row names: leftovers of an add or refresh that did not come to its end. */
  constructor(database: DatabaseSync, directory: StateDirectory) {
    this.#database = database;
    this.#directory = directory;
    for (const row of database.prepare('SELECT body FROM feed ORDER BY id').iterate()) {
      const feed = readStored(String(row['body']));
      this.#feeds.set(feed.view.id, feed);
    }
    const used = new Set(this.all().flatMap(filesOf));
    for (const file of readdirSync(directory.feeds)) {
      if (!used.has(file)) rmSync(this.path(file), { force: true, recursive: true });
    }
  }

  /** In the order in which they were added. */
  all(): readonly StoredFeed[] {
    return [...this.#feeds.values()];
  }

  /** By id, location, the catalogue's id, or a name that only one has. */
  find(text: string): StoredFeed | null {
    const byId = this.#feeds.get(text);
    if (byId !== undefined) return byId;
    const all = this.all();
    const exact = all.find(({ view }) => view.location === text || view.catalogueId === text);
    if (exact !== undefined) return exact;
    const named = all.filter(({ view }) => view.name === text);
    return named.length === 1 ? (named[0] ?? null) : null;
  }

  nextId(): string {
    const row = this.#database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'feed'`).get();
    return String(Number(row?.['seq'] ?? 0) + 1);
  }

  path(file: string): string {
    return join(this.#directory.feeds, file);
  }

  /** Whether the copy is still there. */
  holds(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** A name for a new raw copy. */
  newFile(id: string, nowMs: number): string {
    return `${id}-${nowMs}-${++this.#copies}`;
  }

  report(id: string): StoredReport | null {
    const row = this.#database.prepare('SELECT body FROM feed_report WHERE id = ?').get(Number(id));
    if (row === undefined) return null;
    return JSON.parse(String(row['body'])) as StoredReport; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `put` below
  }

  /** Adds or replaces; copies that are no longer named go. A report that is not given stays as it was. */
  put(feed: StoredFeed, report?: StoredReport): void {
    const before = this.#feeds.get(feed.view.id);
    const id = Number(feed.view.id);
    transaction(this.#database, () => {
      this.#database
        .prepare(
          `INSERT INTO feed (id, location, content, body) VALUES (?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET content = excluded.content, body = excluded.body`,
        )
        .run(id, feed.view.location, feed.content ?? '', JSON.stringify(feed));
      if (report !== undefined) {
        this.#database
          .prepare('INSERT OR REPLACE INTO feed_report (id, body) VALUES (?, ?)')
          .run(id, JSON.stringify(report));
      }
    });
    this.#feeds.set(feed.view.id, feed);
    if (before === undefined) return;
    const kept = filesOf(feed);
    for (const file of filesOf(before)) if (!kept.includes(file)) this.drop(file);
  }

  remove(feed: StoredFeed): void {
    const id = Number(feed.view.id);
    transaction(this.#database, () => {
      this.#database.prepare('DELETE FROM feed WHERE id = ?').run(id);
      this.#database.prepare('DELETE FROM feed_report WHERE id = ?').run(id);
    });
    this.#feeds.delete(feed.view.id);
    for (const file of filesOf(feed)) this.drop(file);
  }

  /** Deletes a raw copy. */
  drop(file: string): void {
    rmSync(this.path(file), { force: true });
  }
}

const filesOf = ({ content, pending }: StoredFeed): string[] => [content, pending].filter((file) => file !== null);

/** Rows of the first version have fewer fields. */
function readStored(body: string): StoredFeed {
  const row = JSON.parse(body) as Partial<StoredFeed> & Pick<StoredFeed, 'view' | 'wantedFormat'>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `put` above
  return {
    content: null,
    pending: null,
    validators: null,
    approved: [],
    failures: 0,
    ...row,
    view: { ...EMPTY_VIEW, ...row.view },
  };
}
