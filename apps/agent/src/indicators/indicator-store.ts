/**
 * The custom indicators. One is known by its canonical value and, where it is not for everybody, by whom it is for: the
 * same submitted again replaces what it said before and keeps its id (defender-spec 2.6: POST is an upsert).
 *
 * They have a database of their own because an import is one transaction that lasts for seconds, and nothing else may
 * end up in it. Nothing is held in memory: half a million indicators are 300 MB of objects. Work of that size is done
 * by a child process, to which the whole database is lent.
 *
 * Easy to get wrong: while the database is lent, it is closed here. Whoever reads or writes does so inside `exclusive`,
 * which waits until it is back.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';

import type { IndicatorQuery } from '@sallyport/contract/control';
import type { Indicator } from '@sallyport/contract/indicator';
import { SCOPE_FIELDS } from '@sallyport/contract/indicator-values';

import { openDatabase, transaction } from '../state/database.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import type { IndicatorDraft } from './read-indicator.ts';

// `size` is kept because counting half a million rows takes a tenth of a second, and every change would have to.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS indicator (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    expires_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS indicator_expiry ON indicator (expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE TABLE IF NOT EXISTS stored (generation INTEGER NOT NULL, size INTEGER NOT NULL) STRICT;
  INSERT INTO stored SELECT 0, (SELECT count(*) FROM indicator) WHERE NOT EXISTS (SELECT 1 FROM stored)
`;

const COLUMNS = 'id, expires_ms, created_ms, updated_ms, body';
type Row = Record<string, unknown>;

/** An indicator that was put, and what it replaced. */
export interface PutIndicator {
  readonly indicator: Indicator;
  readonly replaced: Indicator | null;
}

/** For compiling: what a table needs of an indicator, without the cost of reading it. */
export interface StoredIndicator {
  readonly id: number;
  /** JSON of an IndicatorDraft. */
  readonly body: string;
}

/** So many expired ones are deleted at once: some milliseconds. */
const EXPIRED_PER_TURN = 250;
/** An import's keys come in any order: with the usual page cache each of them would be a read and a write. */
const IMPORT_CACHE_KIB = 128 * 1024;

export class IndicatorStore implements Disposable {
  readonly #directory: StateDirectory;
  #open: OpenStore | null;
  #size = 0;
  #generation = 0;
  #isExpiring = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws ControlError as `openDatabase` does. */
  constructor(directory: StateDirectory) {
    this.#directory = directory;
    this.#open = this.#reopen();
  }

  [Symbol.dispose](): void {
    this.#open?.database.close();
    this.#open = null;
  }

  get size(): number {
    return this.#size;
  }

  /** Rises with every change, over restarts: a table of the same generation holds just what is stored. */
  get generation(): number {
    return this.#generation;
  }

  /** Steps run one after another. A step must not ask for another one. */
  exclusive<T>(step: () => T | Promise<T>): Promise<T> {
    const run = this.#last.then(step, step);
    this.#last = run.catch(() => {});
    return run;
  }

  /**
   * Closes the database, so that another process can open it until `borrowing` settles. To be used inside `exclusive`.
   * Should it not open again, this and every later use throws ControlError until it does.
   */
  async lend<T>(borrowing: () => Promise<T>): Promise<T> {
    this[Symbol.dispose]();
    try {
      return await borrowing();
    } finally {
      this.#open = this.#reopen();
    }
  }

  put(draft: IndicatorDraft, nowMs: number): PutIndicator {
    const { byKey, write } = this.#statements;
    return this.#change<PutIndicator>(() => {
      const key = keyOf(draft);
      const before = byKey.get(key);
      writeRow(write, key, draft, nowMs);
      const indicator = toIndicator(byKey.get(key) ?? {});
      const replaced = before === undefined ? null : toIndicator(before);
      return { added: replaced === null ? 1 : 0, value: { indicator, replaced } };
    });
  }

  /** Ordered by id. */
  page({ after = 0, limit = 1000, newest = false }: IndicatorQuery): Indicator[] {
    const most = Math.min(Math.max(Math.trunc(limit), 0), 5000);
    const { pageOfFirst, pageOfLast } = this.#statements;
    const rows = (newest ? pageOfLast : pageOfFirst).all(after, most).map(toIndicator);
    return newest ? rows.toReversed() : rows;
  }

  /** At most `limit` of those with a higher id, ordered by id. */
  storedAfter(id: number, limit: number): readonly StoredIndicator[] {
    return this.#statements.after.all(id, limit).map((row) => ({ id: Number(row['id']), body: String(row['body']) }));
  }

  /**
   * By id or canonical value. Of several on one value the one that is for everybody; `several` when there is none such
   * and the value alone does not say which.
   */
  find(valueOrId: string): Indicator | 'several' | null {
    const { byKey, byKeyPrefix, byId } = this.#statements;
    const forAll = byKey.get(valueOrId);
    if (forAll !== undefined) return toIndicator(forAll);
    const scoped = byKeyPrefix.all(`${valueOrId}\n`, `${valueOrId}\u000B`);
    if (scoped.length > 1) return 'several';
    const [only] = scoped;
    if (only !== undefined) return toIndicator(only);
    const withId = /^\d{1,15}$/.test(valueOrId) ? byId.get(Number(valueOrId)) : undefined;
    return withId === undefined ? null : toIndicator(withId);
  }

  remove(indicator: Indicator): void {
    const { remove } = this.#statements;
    this.#change(() => ({ added: -Number(remove.run(Number(indicator.id)).changes), value: null }));
  }

  /**
   * Deletes what has expired, some hundred at a time so that others get their turn, and returns how many that were.
   * None while the database is lent or an earlier call goes on. The generation stays: rules that are void in a table
   * change nothing.
   */
  async removeExpired(nowMs: number): Promise<number> {
    if (this.#isExpiring || this.#open?.firstExpired.get(nowMs) === undefined) return 0;
    this.#isExpiring = true;
    let removed = 0;
    try {
      for (let more = true; more; await setImmediate()) {
        // Closed meanwhile: the agent is ending.
        const step = await this.exclusive(() => (this.#open === null ? 0 : this.#removeSomeExpired(nowMs)));
        removed += step;
        more = step === EXPIRED_PER_TURN;
      }
    } finally {
      this.#isExpiring = false;
    }
    return removed;
  }

  /** To be used inside `exclusive`. Disposing it without `commit` undoes everything. */
  beginImport(nowMs: number): IndicatorImport {
    const { database, write, count } = this.#statements;
    database.exec(`PRAGMA cache_size = -${IMPORT_CACHE_KIB}; BEGIN IMMEDIATE`);
    let isOpen = true;
    const end = (how: 'COMMIT' | 'ROLLBACK'): void => {
      isOpen = false;
      database.exec(`${how}; PRAGMA cache_size = -256; PRAGMA shrink_memory; PRAGMA wal_checkpoint(TRUNCATE)`);
    };
    return {
      put: (draft) => writeRow(write, keyOf(draft), draft, nowMs),
      commit: () => {
        const size = Number(count.get()?.['size']);
        this.#note(size - this.#size);
        end('COMMIT');
        this.#generation++;
        this.#size = size;
      },
      [Symbol.dispose]: () => {
        if (isOpen) end('ROLLBACK');
      },
    };
  }

  /** Indicators of version 0.1, with their ids. They stay where they were as long as nothing here is safe on the disk. */
  takeOver(before: DatabaseSync): void {
    const rows = before.prepare('SELECT id, body FROM indicator ORDER BY id').all();
    if (rows.length === 0) return;
    this.#change(() => {
      const insert = this.#statements.database.prepare(
        'INSERT OR IGNORE INTO indicator (id, key, expires_ms, created_ms, updated_ms, body) VALUES (?, ?, ?, ?, ?, ?)',
      );
      let added = 0;
      for (const row of rows) {
        const old = JSON.parse(String(row['body'])) as Indicator; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by version 0.1
        const { id, creationTimeDateTimeUtc, lastUpdateTime, ...draft } = old;
        const expiresMs = draft.expirationTime === null ? null : Date.parse(draft.expirationTime);
        const [createdMs, updatedMs] = [Date.parse(creationTimeDateTimeUtc), Date.parse(lastUpdateTime)];
        added += Number(
          insert.run(Number(id), keyOf(draft), expiresMs, createdMs, updatedMs, JSON.stringify(draft)).changes,
        );
      }
      return { added, value: null };
    });
    before.exec('DELETE FROM indicator');
  }

  get #statements(): OpenStore {
    this.#open ??= this.#reopen();
    return this.#open;
  }

  #reopen(): OpenStore {
    const open = prepareAll(openDatabase(this.#directory, this.#directory.indicatorDatabase, 'always', SCHEMA));
    const stored = open.database.prepare('SELECT generation, size FROM stored').get();
    this.#generation = Number(stored?.['generation'] ?? 0);
    this.#size = Number(stored?.['size'] ?? 0);
    return open;
  }

  /** `step` says by how many the indicators became more. */
  #change<T>(step: () => { readonly added: number; readonly value: T }): T {
    const { added, value } = transaction(this.#statements.database, () => {
      const changed = step();
      this.#note(changed.added);
      return changed;
    });
    this.#generation++;
    this.#size += added;
    return value;
  }

  #note(added: number): void {
    this.#statements.note.run(added);
  }

  #removeSomeExpired(nowMs: number): number {
    const { database, removeExpired, shrink } = this.#statements;
    const removed = transaction(database, () => {
      const changes = Number(removeExpired.run(nowMs, EXPIRED_PER_TURN).changes);
      shrink.run(changes);
      return changes;
    });
    this.#size -= removed;
    return removed;
  }
}

type OpenStore = ReturnType<typeof prepareAll>;

/** Preparing a statement costs more than running it. */
function prepareAll(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    database,
    write: prepare(
      `INSERT INTO indicator (key, expires_ms, created_ms, updated_ms, body) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms, updated_ms = excluded.updated_ms, body = excluded.body`,
    ),
    count: prepare('SELECT count(*) AS size FROM indicator'),
    note: prepare('UPDATE stored SET generation = generation + 1, size = size + ?'),
    shrink: prepare('UPDATE stored SET size = size - ?'),
    byKey: prepare(`SELECT ${COLUMNS} FROM indicator WHERE key = ?`),
    // A scope stands behind a line break, which no value holds.
    byKeyPrefix: prepare(`SELECT ${COLUMNS} FROM indicator WHERE key > ? AND key < ? LIMIT 2`),
    byId: prepare(`SELECT ${COLUMNS} FROM indicator WHERE id = ?`),
    remove: prepare('DELETE FROM indicator WHERE id = ?'),
    firstExpired: prepare('SELECT 1 FROM indicator WHERE expires_ms <= ? LIMIT 1'),
    removeExpired: prepare(
      'DELETE FROM indicator WHERE id IN (SELECT id FROM indicator WHERE expires_ms <= ? LIMIT ?)',
    ),
    after: prepare('SELECT id, body FROM indicator WHERE id > ? ORDER BY id LIMIT ?'),
    pageOfFirst: prepare(`SELECT ${COLUMNS} FROM indicator WHERE id > ? ORDER BY id LIMIT ?`),
    pageOfLast: prepare(`SELECT ${COLUMNS} FROM indicator WHERE id > ? ORDER BY id DESC LIMIT ?`),
  };
}

export interface IndicatorImport extends Disposable {
  put(draft: IndicatorDraft): void;
  commit(): void;
}

function writeRow(write: StatementSync, key: string, draft: IndicatorDraft, nowMs: number): void {
  const expiresMs = draft.expirationTime === null ? null : Date.parse(draft.expirationTime);
  write.run(key, expiresMs, nowMs, nowMs, JSON.stringify(draft));
}

/** What makes two indicators the same. */
function keyOf(draft: IndicatorDraft): string {
  const scope = SCOPE_FIELDS.filter((field) => draft[field] !== undefined).map((field) => [field, draft[field]]);
  return scope.length === 0 ? draft.indicatorValue : `${draft.indicatorValue}\n${JSON.stringify(scope)}`;
}

function toIndicator(row: Row): Indicator {
  const draft = JSON.parse(String(row['body'])) as IndicatorDraft; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `#writeRow`
  return {
    id: String(row['id']),
    ...draft,
    creationTimeDateTimeUtc: new Date(Number(row['created_ms'])).toISOString(),
    lastUpdateTime: new Date(Number(row['updated_ms'])).toISOString(),
  };
}
