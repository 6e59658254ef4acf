/**
 * Reads the journal as event rows, a page at a time.
 *
 * Easy to get wrong: no statement stays open between pages. A reader may take minutes, and an open statement would
 * keep the write-ahead log from being reset, so that it grows for as long as somebody reads slowly.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import type { EventQuery } from '@sallyport/contract/control';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { type Device, flowRows, ownRow } from './event-rows.ts';
import type { Journal } from './journal.ts';
import type { OwnRecord } from './own-record.ts';

const PAGE = 500;

interface Entry {
  readonly atMs: number;
  readonly rows: readonly DeviceNetworkEvent[];
}

/** What has been read of the two tables, by order of arrival. */
export interface Position {
  flow: number;
  own: number;
}

/**
 * Oldest first; newest first when there is a limit. `until` leaves out what arrived after that position. Rows that
 * arrive while reading may or may not be among them.
 */
export function* readEvents(
  journal: Journal,
  device: Device,
  query: EventQuery,
  until: Position | null = null,
): Generator<DeviceNetworkEvent> {
  const newestFirst = query.limit !== undefined;
  const wanted = wantedIds(query);
  const flows = byTime(journal.database, 'flow', 'sequence', query, until?.flow ?? null, device);
  const owns = byTime(journal.database, 'own', 'id', query, until?.own ?? null, device);
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  for (const { rows } of merge(flows, owns, newestFirst)) {
    for (const row of newestFirst ? rows.toReversed() : rows) {
      if (left <= 0) return;
      if (wanted !== null && !wanted.has(row.EventId)) continue;
      left--;
      yield row;
    }
  }
}

/** Behind everything that is there now. */
export const endOf = (journal: Journal): Position => ({ flow: journal.lastSequence, own: journal.lastOwnId });

/**
 * What arrives from now on, or behind `from`, until the signal aborts. With `sinceMs`, what is there already from that time on comes
 * first; nothing is left out or doubled in between.
 */
export async function* followEvents(
  journal: Journal,
  device: Device,
  query: EventQuery,
  signal: AbortSignal,
  from: Position = endOf(journal),
): AsyncGenerator<DeviceNetworkEvent> {
  const position = { ...from };
  const wanted = wantedIds(query);
  if (query.sinceMs !== undefined) {
    const { limit: _, ...backlog } = query;
    yield* readEvents(journal, device, backlog, { ...position });
  }
  let arrived = Promise.withResolvers<void>();
  const wake = (): void => arrived.resolve();
  const stop = journal.onAppend(wake);
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      arrived = Promise.withResolvers<void>();
      const end = endOf(journal);
      const entries = arrivedSince(journal.database, position, end, wanted, device);
      for (const row of entries.flatMap(({ rows }) => rows)) {
        if (wanted === null || wanted.has(row.EventId)) yield row;
      }
      if (position.flow >= end.flow && position.own >= end.own) await arrived.promise;
    }
  } finally {
    stop();
    signal.removeEventListener('abort', wake);
  }
}

const wantedIds = (query: EventQuery): ReadonlySet<number> | null =>
  query.ids === undefined || query.ids.length === 0 ? null : new Set(query.ids);

/** One table's entries in order of time, by key-set paging over the index on time. */
function* byTime(
  database: DatabaseSync,
  table: 'flow' | 'own',
  key: 'sequence' | 'id',
  query: EventQuery,
  untilKey: number | null,
  device: Device,
): Generator<Entry> {
  const newestFirst = query.limit !== undefined;
  const wanted = wantedIds(query);
  // Spelled exactly as in the partial index, so that it is used.
  const protectionOnly = table === 'flow' && wanted !== null && !wanted.has(0) ? 'AND event_id <> 0' : '';
  const page = database.prepare(
    `SELECT ${key} AS key, at_ms, record FROM ${table}
     WHERE (at_ms, ${key}) ${newestFirst ? '<' : '>'} (?, ?) AND at_ms >= ? AND ${key} <= ? ${protectionOnly}
     ORDER BY at_ms ${newestFirst ? 'DESC' : 'ASC'}, ${key} ${newestFirst ? 'DESC' : 'ASC'} LIMIT ${PAGE}`,
  );
  const extreme = newestFirst ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
  const sinceMs = Math.trunc(query.sinceMs ?? Number.MIN_SAFE_INTEGER);
  let at = extreme;
  let last = extreme;
  for (;;) {
    const rows = page.all(at, last, sinceMs, untilKey ?? Number.MAX_SAFE_INTEGER);
    for (const row of rows) yield entryOf(table, row, device);
    const final = rows.at(-1);
    if (final === undefined || rows.length < PAGE) return;
    at = Number(final['at_ms']);
    last = Number(final['key']);
  }
}

/** The next entries up to `end` by order of arrival; moves `position`. Connections that nobody wants are not decoded. */
function arrivedSince(
  database: DatabaseSync,
  position: Position,
  end: Position,
  wanted: ReadonlySet<number> | null,
  device: Device,
): readonly Entry[] {
  const entries: Entry[] = [];
  for (const { table, key } of [
    { table: 'flow', key: 'sequence' },
    { table: 'own', key: 'id' },
  ] as const) {
    const protectionOnly = wanted !== null && !wanted.has(0) ? 'AND event_id <> 0' : '';
    const rows = database
      .prepare(
        `SELECT ${key} AS key, at_ms, record FROM ${table}
         WHERE ${key} > ? AND ${key} <= ? ${protectionOnly} ORDER BY ${key} LIMIT ${PAGE}`,
      )
      .all(position[table], end[table]);
    for (const row of rows) entries.push(entryOf(table, row, device));
    // Fewer than a page: nothing up to the end was left out.
    position[table] = rows.length < PAGE ? Math.max(position[table], end[table]) : Number(rows.at(-1)?.['key']);
  }
  return entries.sort((a, b) => a.atMs - b.atMs);
}

function entryOf(table: 'flow' | 'own', row: Record<string, SQLInputValue>, device: Device): Entry {
  const { at_ms: at, key, record } = row;
  const atMs = Number(at);
  if (table === 'flow') return { atMs, rows: record instanceof Uint8Array ? flowRows(record, device) : [] };
  const own = JSON.parse(typeof record === 'string' ? record : 'null') as OwnRecord; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by journal.ts
  return { atMs, rows: [ownRow(own, Number(key), atMs, device)] };
}

function* merge(a: Iterator<Entry>, b: Iterator<Entry>, newestFirst: boolean): Generator<Entry> {
  let left = a.next();
  let right = b.next();
  while (left.done !== true || right.done !== true) {
    const leftAt = left.done === true ? null : left.value.atMs;
    const rightAt = right.done === true ? null : right.value.atMs;
    const takeLeft = rightAt === null || (leftAt !== null && (newestFirst ? leftAt >= rightAt : leftAt <= rightAt));
    if (takeLeft && left.done !== true) {
      yield left.value;
      left = a.next();
    } else if (right.done !== true) {
      yield right.value;
      right = b.next();
    }
  }
}
