/**
 * Past events, and past events followed by new ones. What is easily got wrong: between reading the journal and
 * listening lies a moment in which events would be lost, so listening begins first and doubles are dropped.
 */
import type { Control, EventQuery } from '@sallyport/contract/control';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

type EventSource = Pick<Control, 'events' | 'followEvents'>;

/** How many of the last past events are remembered to recognise them again. */
const REMEMBERED = 4096;

/** Oldest first; the newest `limit` of them, or all. */
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

/** `limit` past events (null: all, 0: none), then new ones until `signal` aborts. */
export async function* pastAndNew(
  source: EventSource,
  query: EventQuery,
  limit: number | null,
  signal: AbortSignal,
): AsyncGenerator<DeviceNetworkEvent> {
  const news = source.followEvents(query.ids === undefined ? {} : { ids: query.ids }, signal)[Symbol.asyncIterator]();
  let next = news.next();
  // Awaited below, after the past: until then a rejection must not count as unhandled.
  next.catch(() => undefined);
  try {
    const seen = new Set<string>();
    if (limit !== 0) {
      for await (const event of pastEvents(source, query, limit)) {
        if (signal.aborted) return;
        seen.add(identity(event));
        if (seen.size > REMEMBERED) forgetOldest(seen);
        yield event;
      }
    }
    for (let step = await next; step.done !== true; step = await next) {
      next = news.next();
      next.catch(() => undefined);
      if (!seen.delete(identity(step.value))) yield step.value;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // Not awaited: return() of a generator that waits for an event would wait as well. The signal ends it.
    void news.return?.().catch(() => undefined);
  }
}

/** ReportId is unique only with Timestamp (and DeviceName, which is ours). */
const identity = (event: DeviceNetworkEvent): string => `${String(event.Timestamp)} ${String(event.ReportId)}`;

function forgetOldest(seen: Set<string>): void {
  const [oldest] = seen;
  if (oldest !== undefined) seen.delete(oldest);
}
