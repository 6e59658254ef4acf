/**
 * Past events, and past events followed by new ones, oldest first. What is easily got wrong: between reading the
 * journal and listening lies a moment in which events would be lost, so listening begins at the time of the last event
 * that was read, and what comes twice is dropped.
 */
import type { Control, EventQuery } from '@sallyport/contract/control';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

type EventSource = Pick<Control, 'events' | 'followEvents'>;

export interface EventSelection {
  /** What the journal is asked for. */
  readonly query: EventQuery;
  /** What of that is wanted; null for all. */
  readonly accepts: ((event: DeviceNetworkEvent) => boolean) | null;
  /** The newest so many of the past, or null for all. */
  readonly limit: number | null;
}

/** Without a limit, events are not held in memory. */
export async function* pastEvents(
  source: Pick<EventSource, 'events'>,
  { query, accepts, limit }: EventSelection,
): AsyncGenerator<DeviceNetworkEvent> {
  if (limit === null) {
    for await (const event of source.events(query)) if (accepts?.(event) ?? true) yield event;
    return;
  }
  const newest: DeviceNetworkEvent[] = [];
  // The journal counts before `accepts` does.
  const asked = accepts === null ? limit : Number.MAX_SAFE_INTEGER;
  for await (const event of source.events({ ...query, limit: asked })) {
    if (accepts?.(event) ?? true) newest.push(event);
    if (newest.length >= limit) break;
  }
  yield* newest.reverse();
}

/** Past events as above, then new ones until `signal` aborts. Without a limit: from `query.sinceMs` on, or new ones. */
export async function* pastAndNew(
  source: EventSource,
  selection: EventSelection,
  signal: AbortSignal,
): AsyncGenerator<DeviceNetworkEvent> {
  const { query, accepts, limit } = selection;
  try {
    const shown = new Set<string>();
    let from = query;
    if (limit !== null) {
      let sinceMs = query.sinceMs ?? 0;
      for await (const event of pastEvents(source, selection)) {
        sinceMs = Date.parse(String(event.Timestamp));
        shown.add(identity(event));
        yield event;
      }
      from = { ...query, sinceMs };
    }
    for await (const event of source.followEvents(from, signal)) {
      if (!shown.delete(identity(event)) && (accepts?.(event) ?? true)) yield event;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** ReportId is unique only with Timestamp; a connection and the verdict on it share both. */
const identity = ({ Timestamp, ReportId, ActionType }: DeviceNetworkEvent): string =>
  `${String(Timestamp)} ${String(ReportId)} ${ActionType}`;
