/** The kernel's own counters of our queue: /proc/net/netfilter/nfnetlink_queue, one line a queue. */
import { readFileSync } from 'node:fs';

export interface QueueStatistics {
  /** Packets that wait for a verdict now. */
  readonly waiting: number;
  /** Dropped because the queue was full, and because our socket's buffer was. */
  readonly queueDropped: number;
  readonly userDropped: number;
}

const NONE: QueueStatistics = { waiting: 0, queueDropped: 0, userDropped: 0 };

export function readQueueStatistics(queueNumber: number): QueueStatistics {
  try {
    return parseQueueStatistics(readFileSync('/proc/self/net/netfilter/nfnetlink_queue', 'utf8'), queueNumber);
  } catch {
    return NONE;
  }
}

/** Columns (net/netfilter/nfnetlink_queue.c, seq_show): queue, port, waiting, mode, range, dropped, user dropped, id, 1. */
export function parseQueueStatistics(text: string, queueNumber: number): QueueStatistics {
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/).map(Number);
    if (columns[0] !== queueNumber) continue;
    return { waiting: columns[2] ?? 0, queueDropped: columns[5] ?? 0, userDropped: columns[6] ?? 0 };
  }
  return NONE;
}
