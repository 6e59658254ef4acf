/**
 * Past events, and past events followed by new ones, oldest first. What is easily got wrong: between reading the
 * journal and listening lies a moment in which events would be lost, so listening begins at the time of the last event
 * that was read, and what comes twice is dropped.
 */
import type { Control, EventQuery } from '@sallyport/contract/control';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

type EventSource = Pick<Control, 'events' | 'followEvents'>;

/** The newest `limit` events, or all, which are then not held in memory. */
export async function* pastEvents(
  source: Pick<EventSource, 'events'>,
  query: EventQuery,
  limit: number | null,
): AsyncGenerator<DeviceNetworkEvent> {
  if (limit === null) {
    yield* source.events(query);
    return;
  }
  const newest: DeviceNetworkEvent[] = [];
  for await (const event of source.events({ ...query, limit })) newest.push(event);
  yield* newest.reverse();
}

/** The newest `limit` past events (null: those that `query.sinceMs` asks for), then new ones until `signal` aborts. */
export async function* pastAndNew(
  source: EventSource,
  query: EventQuery,
  limit: number | null,
  signal: AbortSignal,
): AsyncGenerator<DeviceNetworkEvent> {
  try {
    if (limit === null) {
      yield* source.followEvents(query, signal);
      return;
    }
    const shown = new Set<string>();
    let sinceMs = query.sinceMs ?? 0;
    for await (const event of pastEvents(source, query, limit)) {
      sinceMs = Date.parse(String(event.Timestamp));
      shown.add(identity(event));
      yield event;
    }
    for await (const event of source.followEvents({ ...query, sinceMs }, signal)) {
      if (!shown.delete(identity(event))) yield event;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** ReportId is unique only with Timestamp; a connection and the verdict on it share both. */
const identity = ({ Timestamp, ReportId, ActionType }: DeviceNetworkEvent): string =>
  `${String(Timestamp)} ${String(ReportId)} ${ActionType}`;
