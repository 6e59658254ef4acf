/**
 * The custom indicators. One is known by its canonical value and, where it is not for everybody, by whom it is for: the
 * same submitted again replaces what it said before and keeps its id (defender-spec 2.6: POST is an upsert).
 *
 * They have a database of their own because an import is one transaction that lasts over many turns of the event loop,
 * and nothing else may end up in it. Nothing is held in memory: half a million indicators are 300 MB of objects.
 *
 * Easy to get wrong: while an import is open, its rows are visible on this connection. Whoever reads or writes does so
 * inside `exclusive`, which waits for it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { IndicatorQuery } from '@sallyport/contract/control';
import type { Indicator } from '@sallyport/contract/indicator';
import { SCOPE_FIELDS } from '@sallyport/contract/indicator-values';

import { openDatabase, transaction } from '../state/database.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import type { IndicatorDraft } from './read-indicator.ts';

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
  CREATE TABLE IF NOT EXISTS generation (number INTEGER NOT NULL) STRICT;
  INSERT INTO generation SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM generation)
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

export class IndicatorStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #write: StatementSync;
  readonly #byKey: StatementSync;
  readonly #byKeyPrefix: StatementSync;
  readonly #byId: StatementSync;
  readonly #delete: StatementSync;
  readonly #expired: StatementSync;
  readonly #after: StatementSync;
  #size: number;
  #generation: number;
  #importing = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws ControlError as `openDatabase` does. `before` is the database in which earlier versions kept them. */
  constructor(directory: StateDirectory, before: DatabaseSync) {
    this.#database = openDatabase(directory, directory.indicatorDatabase, 'always', SCHEMA);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#write = prepare(
      `INSERT INTO indicator (key, expires_ms, created_ms, updated_ms, body) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET expires_ms = excluded.expires_ms, updated_ms = excluded.updated_ms, body = excluded.body`,
    );
    this.#byKey = prepare(`SELECT ${COLUMNS} FROM indicator WHERE key = ?`);
    // A scope stands behind a line break, which no value holds.
    this.#byKeyPrefix = prepare(`SELECT ${COLUMNS} FROM indicator WHERE key > ? AND key < ? LIMIT 2`);
    this.#byId = prepare(`SELECT ${COLUMNS} FROM indicator WHERE id = ?`);
    this.#delete = prepare('DELETE FROM indicator WHERE id = ?');
    this.#expired = prepare('DELETE FROM indicator WHERE expires_ms <= ?');
    this.#after = prepare('SELECT id, body FROM indicator WHERE id > ? ORDER BY id LIMIT ?');
    this.#size = this.#count();
    this.#generation = Number(prepare('SELECT number FROM generation').get()?.['number'] ?? 0);
    this.#takeOver(before);
  }

  [Symbol.dispose](): void {
    this.#database.close();
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

  put(draft: IndicatorDraft, nowMs: number): PutIndicator {
    return this.#change(() => {
      const key = keyOf(draft);
      const before = this.#byKey.get(key);
      this.#writeRow(key, draft, nowMs);
      const after = this.#byKey.get(key) ?? {};
      return { indicator: toIndicator(after), replaced: before === undefined ? null : toIndicator(before) };
    });
  }

  /** Ordered by id. */
  page({ after = 0, limit = 1000, newest = false }: IndicatorQuery): Indicator[] {
    const most = Math.min(Math.max(Math.trunc(limit), 0), 5000);
    const order = newest ? 'DESC' : 'ASC';
    const rows = this.#database
      .prepare(`SELECT ${COLUMNS} FROM indicator WHERE id > ? ORDER BY id ${order} LIMIT ?`)
      .all(after, most)
      .map(toIndicator);
    return newest ? rows.toReversed() : rows;
  }

  /** At most `limit` of those with a higher id, ordered by id. */
  storedAfter(id: number, limit: number): readonly StoredIndicator[] {
    return this.#after.all(id, limit).map((row) => ({ id: Number(row['id']), body: String(row['body']) }));
  }

  /**
   * By id or canonical value. Of several on one value the one that is for everybody; `several` when there is none such
   * and the value alone does not say which.
   */
  find(valueOrId: string): Indicator | 'several' | null {
    const byKey = this.#byKey.get(valueOrId);
    if (byKey !== undefined) return toIndicator(byKey);
    const scoped = this.#byKeyPrefix.all(`${valueOrId}\n`, `${valueOrId}\u000B`);
    if (scoped.length > 1) return 'several';
    const [only] = scoped;
    if (only !== undefined) return toIndicator(only);
    const byId = /^\d{1,15}$/.test(valueOrId) ? this.#byId.get(Number(valueOrId)) : undefined;
    return byId === undefined ? null : toIndicator(byId);
  }

  remove(indicator: Indicator): void {
    this.#change(() => this.#delete.run(Number(indicator.id)));
  }

  /**
   * Deletes what has expired and returns how many that were. None while an import is open; the next call finds them.
   * The generation stays: rules that are void in a table change nothing.
   */
  removeExpired(nowMs: number): number {
    if (this.#importing) return 0;
    const due = this.#database.prepare('SELECT 1 FROM indicator WHERE expires_ms <= ? LIMIT 1').get(nowMs);
    if (due === undefined) return 0;
    const removed = Number(this.#expired.run(nowMs).changes);
    this.#size = this.#count();
    return removed;
  }

  /** To be used inside `exclusive`. Disposing it without `commit` undoes everything. */
  beginImport(nowMs: number): IndicatorImport {
    this.#importing = true;
    // Keys come in any order; with the usual page cache every one of them would be a read and a write.
    this.#database.exec('PRAGMA cache_size = -65536; BEGIN IMMEDIATE');
    let isOpen = true;
    const end = (how: 'COMMIT' | 'ROLLBACK'): void => {
      isOpen = false;
      this.#importing = false;
      this.#database.exec(`${how}; PRAGMA cache_size = -256; PRAGMA shrink_memory; PRAGMA wal_checkpoint(TRUNCATE)`);
    };
    return {
      put: (draft) => this.#writeRow(keyOf(draft), draft, nowMs),
      commit: () => {
        this.#bump();
        end('COMMIT');
        this.#generation++;
        this.#size = this.#count();
      },
      [Symbol.dispose]: () => {
        if (isOpen) end('ROLLBACK');
      },
    };
  }

  #change<T>(step: () => T): T {
    const result = transaction(this.#database, () => {
      this.#bump();
      return step();
    });
    this.#generation++;
    this.#size = this.#count();
    return result;
  }

  #bump(): void {
    this.#database.exec('UPDATE generation SET number = number + 1');
  }

  #writeRow(key: string, draft: IndicatorDraft, nowMs: number): void {
    const expiresMs = draft.expirationTime === null ? null : Date.parse(draft.expirationTime);
    this.#write.run(key, expiresMs, nowMs, nowMs, JSON.stringify(draft));
  }

  #count(): number {
    return Number(this.#database.prepare('SELECT count(*) AS n FROM indicator').get()?.['n'] ?? 0);
  }

  /** Indicators of version 0.1, with their ids. They stay where they were as long as nothing here is safe on the disk. */
  #takeOver(before: DatabaseSync): void {
    const rows = before.prepare('SELECT id, body FROM indicator ORDER BY id').all();
    if (rows.length === 0) return;
    this.#change(() => {
      const insert = this.#database.prepare(
        'INSERT OR IGNORE INTO indicator (id, key, expires_ms, created_ms, updated_ms, body) VALUES (?, ?, ?, ?, ?, ?)',
      );
      for (const row of rows) {
        const old = JSON.parse(String(row['body'])) as Indicator; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by version 0.1
        const { id, creationTimeDateTimeUtc, lastUpdateTime, ...draft } = old;
        const expiresMs = draft.expirationTime === null ? null : Date.parse(draft.expirationTime);
        const [createdMs, updatedMs] = [Date.parse(creationTimeDateTimeUtc), Date.parse(lastUpdateTime)];
        insert.run(Number(id), keyOf(draft), expiresMs, createdMs, updatedMs, JSON.stringify(draft));
      }
    });
    before.exec('DELETE FROM indicator');
  }
}

export interface IndicatorImport extends Disposable {
  put(draft: IndicatorDraft): void;
  commit(): void;
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
