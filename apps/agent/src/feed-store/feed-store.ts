/**
 * The feeds that are in force: one row and one raw copy each. A feed's row names the file with its content, so that
 * a refresh is one row update: either the old copy counts or the new one.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import type { FeedView } from '@sallyport/contract/control';

import type { StateDirectory } from '../state/state-directory.ts';

export interface StoredFeed {
  readonly view: FeedView;
  /** As asked for: a format's name, or `detect`. */
  readonly wantedFormat: string;
  /** File name of the raw copy in STATE/agent/feeds. */
  readonly content: string;
}

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
      const feed = JSON.parse(String(row['body'])) as StoredFeed; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `put` below
      this.#feeds.set(feed.view.id, feed);
    }
    const used = new Set(this.all().map((feed) => feed.content));
    for (const file of readdirSync(directory.feeds)) {
      if (!used.has(file)) rmSync(this.path(file), { force: true, recursive: true });
    }
  }

  all(): readonly StoredFeed[] {
    return [...this.#feeds.values()];
  }

  /** By id or location. */
  find(idOrLocation: string): StoredFeed | null {
    return this.#feeds.get(idOrLocation) ?? this.all().find((feed) => feed.view.location === idOrLocation) ?? null;
  }

  nextId(): string {
    const row = this.#database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'feed'`).get();
    return String(Number(row?.['seq'] ?? 0) + 1);
  }

  path(content: string): string {
    return join(this.#directory.feeds, content);
  }

  /** A name for a new raw copy. */
  newContent(id: string, nowMs: number): string {
    return `${id}-${nowMs}-${++this.#copies}`;
  }

  /** Adds or replaces; the copy that is no longer named goes. */
  put(feed: StoredFeed): void {
    const old = this.#feeds.get(feed.view.id);
    this.#database
      .prepare(
        `INSERT INTO feed (id, location, content, body) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET content = excluded.content, body = excluded.body`,
      )
      .run(Number(feed.view.id), feed.view.location, feed.content, JSON.stringify(feed));
    this.#feeds.set(feed.view.id, feed);
    if (old !== undefined && old.content !== feed.content) rmSync(this.path(old.content), { force: true });
  }

  remove(feed: StoredFeed): void {
    this.#database.prepare('DELETE FROM feed WHERE id = ?').run(Number(feed.view.id));
    this.#feeds.delete(feed.view.id);
    rmSync(this.path(feed.content), { force: true });
  }
}
