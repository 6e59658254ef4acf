/**
 * The custom indicators, by their canonical value: a value that is submitted again replaces what it said before and
 * keeps its id (defender-spec 2.6: POST is an upsert).
 *
 * Easy to get wrong: the table is compiled from *all* indicators on every change, so they are also kept in memory, in
 * the order of their ids; the database is written first.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { Indicator } from '@sallyport/contract/indicator';

import { transaction } from '../state/database.ts';
import type { IndicatorDraft } from './read-indicator.ts';

export class IndicatorStore {
  readonly #database: DatabaseSync;
  readonly #next: StatementSync;
  readonly #write: StatementSync;
  readonly #delete: StatementSync;
  readonly #byValue = new Map<string, Indicator>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#next = database.prepare(`SELECT seq + 1 AS id FROM sqlite_sequence WHERE name = 'indicator'`);
    this.#write = database.prepare(
      `INSERT INTO indicator (id, value, expires_ms, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (value) DO UPDATE SET expires_ms = excluded.expires_ms, body = excluded.body`,
    );
    this.#delete = database.prepare('DELETE FROM indicator WHERE value = ?');
    for (const row of database.prepare('SELECT body FROM indicator ORDER BY id').iterate()) {
      const indicator = JSON.parse(String(row['body'])) as Indicator; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `put` below
      this.#byValue.set(indicator.indicatorValue, indicator);
    }
  }

  get size(): number {
    return this.#byValue.size;
  }

  all(): readonly Indicator[] {
    return [...this.#byValue.values()];
  }

  put(draft: IndicatorDraft, nowMs: number): Indicator {
    return this.putAll([draft], nowMs)[0] ?? missing();
  }

  /** All or none. */
  putAll(drafts: readonly IndicatorDraft[], nowMs: number): readonly Indicator[] {
    const now = new Date(nowMs).toISOString();
    const written = transaction(this.#database, () => {
      let id = Number(this.#next.get()?.['id'] ?? 1);
      const batch = new Map<string, Indicator>();
      return drafts.map((draft) => {
        const old = batch.get(draft.indicatorValue) ?? this.#byValue.get(draft.indicatorValue);
        const indicator: Indicator = {
          id: old?.id ?? String(id++),
          ...draft,
          creationTimeDateTimeUtc: old?.creationTimeDateTimeUtc ?? now,
          lastUpdateTime: now,
        };
        batch.set(indicator.indicatorValue, indicator);
        const expiresMs = draft.expirationTime === null ? null : Date.parse(draft.expirationTime);
        this.#write.run(Number(indicator.id), indicator.indicatorValue, expiresMs, JSON.stringify(indicator));
        return indicator;
      });
    });
    for (const indicator of written) this.#byValue.set(indicator.indicatorValue, indicator);
    return written;
  }

  /** By canonical value or id; null when there is none. */
  find(valueOrId: string): Indicator | null {
    const byValue = this.#byValue.get(valueOrId);
    if (byValue !== undefined || !/^\d{1,15}$/.test(valueOrId)) return byValue ?? null;
    return this.#byValue.values().find((indicator) => indicator.id === valueOrId) ?? null;
  }

  remove(indicator: Indicator): void {
    this.#delete.run(indicator.indicatorValue);
    this.#byValue.delete(indicator.indicatorValue);
  }

  /** Deletes what has expired and returns how many that were. */
  removeExpired(nowMs: number): number {
    let removed = 0;
    for (const indicator of this.#byValue.values()) {
      if (indicator.expirationTime === null || Date.parse(indicator.expirationTime) > nowMs) continue;
      this.remove(indicator);
      removed++;
    }
    return removed;
  }
}

function missing(): never {
  throw new Error('putAll returned nothing for a draft');
}
