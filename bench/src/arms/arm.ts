/**
 * An arm: one way to treat the traffic of a client namespace, switched on for as long as it lives.
 *
 * An arm that can count what it handled must do so: a figure measured on a path that was bypassed
 * looks excellent. The count is of flows or packets, whatever is at least one for each connection.
 */
import type { Namespace } from '@sallyport/lab/namespace';

export interface Arm extends AsyncDisposable {
  readonly namespace: Namespace;
  /** What was handled since the arm began; grows by at least one with each connection. */
  readonly handled?: () => Promise<number>;
  /** The process that, with all its children, does the arm's work in user space. */
  readonly rootPid?: number;
}

/**
 * Connection tracking keeps a closed connection for 120 s. At the bench's rates that would fill the
 * table (262,144 entries on a small machine) within seconds, and a full table drops packets: what
 * was measured then would be the full table. Used in every namespace whose rules track connections.
 */
export async function shortenTimeWait(namespace: Namespace): Promise<void> {
  await namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_time_wait', 5);
}

/** Packets handed to NFQUEUE listeners in a namespace so far (the kernel's id_sequence, all queues). */
export async function queuedPackets(namespace: Namespace): Promise<number> {
  const text = await namespace.must(['cat', '/proc/net/netfilter/nfnetlink_queue']);
  // Columns: queue, port id, waiting, copy mode, copy range, dropped, dropped for user, id sequence, 1.
  const rows = text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/));
  return rows.reduce((sum, row) => sum + Number(row[7]), 0);
}

/** Packets that matched the rules whose text contains `part`, from `iptables-nft -L -v -x -n`. */
export async function rulePackets(namespace: Namespace, table: string, part: string): Promise<number> {
  const text = await namespace.must(['iptables-nft', '-t', table, '-L', '-v', '-x', '-n']);
  const rows = text.split('\n').filter((line) => line.includes(part));
  return rows.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);
}
