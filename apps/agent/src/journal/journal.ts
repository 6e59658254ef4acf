/**
 * The durable journal: the gate's flow records as the bytes they came in, and the agent's own records.
 *
 * Durability: WAL with synchronous=NORMAL. What `append` has stored survives the death of this process, because the
 * pages are with the kernel. A power cut can take what was written since the last checkpoint; `checkpoint`, called
 * once a second, bounds that to about a second without an fsync for every batch.
 *
 * Easy to get wrong: a batch may arrive twice (the gate sends again what was not acknowledged), so a sequence that is
 * known is ignored; and the bound drops connection records before protection records, whatever their age.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { type Effect, flowRecordHead } from '@sallyport/contract/flow-record';

import { openDatabase, transaction } from '../state/database.ts';
import type { StateDirectory } from '../state/state-directory.ts';
import { eventIdOfOwn, type OwnRecord } from './own-record.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS flow (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    record BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS flow_at ON flow (at_ms);
  CREATE INDEX IF NOT EXISTS flow_protection ON flow (at_ms) WHERE event_id <> 0;
  CREATE TABLE IF NOT EXISTS own (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    event_id INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS own_at ON own (at_ms)
`;

const EVENT_IDS = { pass: 0, audit: 1125, block: 1126, warn: 1126 } as const satisfies Record<Effect, number>;
/** Records above the bound before any are dropped: one delete of many rows is much cheaper than many of one. */
const slackOf = (maxRecords: number): number => Math.max(64, Math.floor(maxRecords / 100));
/** Drops within this time share one record, or a full journal would fill itself with records of dropping. */
const DROP_RECORD_MS = 3_600_000;

export interface Appended {
  /** New ones; those known before are not counted. */
  readonly stored: number;
  /** The highest sequence in the batch, which may now be acknowledged; null when there was none. */
  readonly highest: number | null;
  /** Bytes at the end that are no record of a known version. */
  readonly malformedBytes: number;
}

export class Journal implements Disposable {
  readonly #database: DatabaseSync;
  readonly #maxRecords: () => number;
  readonly #now: () => number;
  readonly #insertFlow: StatementSync;
  readonly #insertOwn: StatementSync;
  readonly #listeners = new Set<() => void>();
  #flows: number;
  #owns: number;
  /** Below it there are no connection records any more: spares the next drop a walk over protection records. */
  #dropFrom = Number.MIN_SAFE_INTEGER;
  #dropRecord: { id: number; connections: number; protection: number; fromMs: number } | null = null;
  #dirty = false;

  /** Throws ControlError when the file cannot be opened or is in use. `maxRecords` is asked after every append. */
  constructor(directory: StateDirectory, maxRecords: () => number, now: () => number = Date.now) {
    this.#database = openDatabase(directory, directory.journalDatabase, 'process', SCHEMA);
    this.#maxRecords = maxRecords;
    this.#now = now;
    this.#insertFlow = this.#database.prepare('INSERT OR IGNORE INTO flow VALUES (?, ?, ?, ?)');
    this.#insertOwn = this.#database.prepare('INSERT INTO own (at_ms, event_id, record) VALUES (?, ?, ?)');
    this.#flows = this.#number('SELECT count(*) AS n FROM flow');
    this.#owns = this.#number('SELECT count(*) AS n FROM own');
  }

  get database(): DatabaseSync {
    return this.#database;
  }

  get records(): number {
    return this.#flows + this.#owns;
  }

  /** The size of the database file, free pages included. */
  get bytes(): number {
    const pages = this.#database.prepare('PRAGMA page_count').get()?.['page_count'];
    const size = this.#database.prepare('PRAGMA page_size').get()?.['page_size'];
    return Number(pages) * Number(size);
  }

  get oldestMs(): number | null {
    const row = this.#database
      .prepare(
        'SELECT min(at_ms) AS at FROM (SELECT min(at_ms) AS at_ms FROM flow UNION ALL SELECT min(at_ms) FROM own)',
      )
      .get();
    return typeof row?.['at'] === 'number' ? row['at'] : null;
  }

  /** The highest flow sequence that is stored, 0 when there is none. */
  get lastSequence(): number {
    return this.#number('SELECT coalesce(max(sequence), 0) AS n FROM flow');
  }

  get lastOwnId(): number {
    return this.#number('SELECT coalesce(max(id), 0) AS n FROM own');
  }

  /** Called after every commit, to wake those who follow. Returns how to stop that. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stores flow records that lie back to back in `batch`, in one transaction. */
  append(batch: Uint8Array): Appended {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    let offset = 0;
    let stored = 0;
    let highest: number | null = null;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      while (offset < batch.length) {
        const head = flowRecordHead(batch, view, offset);
        if (head === null || !Number.isSafeInteger(head.sequence)) break;
        const { sequence, length } = head;
        const result = this.#insertFlow.run(
          sequence,
          Math.trunc(head.atMs),
          EVENT_IDS[head.effect],
          batch.subarray(offset, offset + length),
        );
        stored += Number(result.changes);
        highest = Math.max(highest ?? sequence, sequence);
        offset += length;
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#flows += stored;
    this.#afterWrite();
    return { stored, highest, malformedBytes: batch.length - offset };
  }

  appendOwn(record: OwnRecord, atMs: number = this.#now()): void {
    this.#writeOwn(record, atMs);
    this.#afterWrite();
  }

  /** Moves what was committed into the database file and onto the disk. Does nothing when nothing was. */
  checkpoint(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #afterWrite(): void {
    this.#dirty = true;
    const maximum = this.#maxRecords();
    if (this.records > maximum + slackOf(maximum)) this.#drop(this.records - maximum);
    for (const listener of this.#listeners) listener();
  }

  #writeOwn(record: OwnRecord, atMs: number): number {
    const { lastInsertRowid } = this.#insertOwn.run(atMs, eventIdOfOwn(record), JSON.stringify(record));
    this.#owns++;
    return Number(lastInsertRowid);
  }

  /** Oldest connections first, then oldest protection records, then the agent's own; what went is recorded. */
  #drop(excess: number): void {
    transaction(this.#database, () => {
      const connections = this.#dropConnections(excess);
      const rest = excess - connections;
      const protection = rest > 0 ? this.#delete('flow', 'sequence', rest) : 0;
      const own = rest > protection ? this.#delete('own', 'id', rest - protection) : 0;
      this.#flows -= connections + protection;
      this.#owns -= own;
      this.#recordDrop(connections, protection + own);
    });
  }

  #dropConnections(count: number): number {
    const last = this.#database
      .prepare(
        `SELECT max(sequence) AS last, count(*) AS n FROM
           (SELECT sequence FROM flow WHERE sequence >= ? AND event_id = 0 ORDER BY sequence LIMIT ?)`,
      )
      .get(this.#dropFrom, count);
    if (typeof last?.['last'] !== 'number') return 0;
    this.#database
      .prepare('DELETE FROM flow WHERE sequence BETWEEN ? AND ? AND event_id = 0')
      .run(this.#dropFrom, last['last']);
    this.#dropFrom = last['last'];
    return Number(last['n']);
  }

  #delete(table: 'flow' | 'own', key: 'sequence' | 'id', count: number): number {
    const statement = `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} ORDER BY ${key} LIMIT ?)`;
    return Number(this.#database.prepare(statement).run(count).changes);
  }

  #recordDrop(connections: number, protection: number): void {
    const atMs = this.#now();
    const old = this.#dropRecord;
    const isRecent = old !== null && atMs - old.fromMs < DROP_RECORD_MS && atMs >= old.fromMs;
    const total = isRecent
      ? { connections: old.connections + connections, protection: old.protection + protection, fromMs: old.fromMs }
      : { connections, protection, fromMs: atMs };
    const record: OwnRecord = { kind: 'events-dropped', where: 'journal', ...total };
    const updated = isRecent
      ? this.#database
          .prepare('UPDATE own SET at_ms = ?, record = ? WHERE id = ?')
          .run(atMs, JSON.stringify(record), old.id).changes
      : 0;
    const id = isRecent && updated === 1 ? old.id : this.#writeOwn(record, atMs);
    this.#dropRecord = { id, ...total };
  }

  #number(query: string): number {
    return Number(this.#database.prepare(query).get()?.['n']);
  }
}
