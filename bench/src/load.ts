/**
 * The load: new connections with wrk, one large transfer with curl.
 *
 * `Connection: close` makes every request a connection of its own, so requests per second are
 * connections per second. Each run goes to another address of the server (see `site`): ephemeral
 * ports of one address would run out, and `connect()` itself would then be measured.
 */
import { CommandFailed } from '@sallyport/lab/command';
import type { Namespace } from '@sallyport/lab/namespace';
import type { DualStack } from '@sallyport/lab/topology';

export type Scheme = 'http' | 'https';

/** Concurrent connections of the load; the same as in the figures of the design. */
const CONNECTIONS = 16;

export interface ConnectionLoad {
  readonly connectionsPerSecond: number;
  /** Connections that were answered. */
  readonly connections: number;
}

/** Name of the server's address number `n` (any number; addresses are used in turn). */
export const site = (n: number, addresses: number): string => `site-${n % addresses}.bench.example`;

/** Names for `Namespace.setHosts`: one for each service address of the server. */
export const siteHosts = (addresses: readonly DualStack[]): Record<string, string[]> =>
  Object.fromEntries(addresses.map(({ v4 }, n) => [site(n, addresses.length), [v4]]));

/** Settings under which a namespace can open connections at full speed for minutes. */
export async function prepareClient(namespace: Namespace): Promise<void> {
  await namespace.sysctl('net.ipv4.ip_local_port_range', '1024 65535');
  await namespace.sysctl('net.ipv4.tcp_tw_reuse', 1);
}

/**
 * Keeps the server from remembering closed connections. The kernel has one table of TCP sockets for
 * all namespaces; with the server's TIME_WAIT sockets in it, whatever lists sockets on the client is
 * slowed down by what in reality is another machine's memory. Seen with OpenSnitch: 2,280
 * connections/s with 300 of them in the kernel, 740 with 40,000, 130 with 75,000.
 */
export async function prepareServer(namespace: Namespace): Promise<void> {
  await namespace.sysctl('net.ipv4.tcp_max_tw_buckets', 100);
}

/**
 * Opens connections to `host` for `seconds`, one request each. Throws `CommandFailed` when a single
 * one failed or was answered with an error: a figure for work that was not done would be worthless.
 */
export async function loadConnections(
  namespace: Namespace,
  scheme: Scheme,
  host: string,
  seconds: number,
): Promise<ConnectionLoad> {
  const options = ['--threads', '1', '--connections', `${CONNECTIONS}`, '--duration', `${seconds}s`, '--timeout', '5s'];
  const argv = ['wrk', ...options, '--header', 'Connection: close', `${scheme}://${host}/`] as const;
  const text = await namespace.must(argv);
  const outcome = parseWrk(text);
  if (outcome === undefined) throw new CommandFailed(argv, `unexpected output:\n${text}`);
  if (outcome.failures !== undefined) throw new CommandFailed(argv, outcome.failures);
  return outcome.load;
}

/** Reads wrk's report; `failures` quotes its complaints. Undefined when it is no such report. */
export function parseWrk(text: string): { load: ConnectionLoad; failures?: string } | undefined {
  const connections = /^\s*(\d+) requests in /m.exec(text)?.[1];
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1];
  if (connections === undefined || rate === undefined) return undefined;
  const load = { connections: Number(connections), connectionsPerSecond: Number(rate) };
  const failures = /^\s*(?:Socket errors|Non-2xx or 3xx responses): .*$/gm;
  const lines = text.match(failures)?.map((line) => line.trim());
  if (load.connections === 0) return { load, failures: 'no request was answered' };
  return lines === undefined ? { load } : { load, failures: lines.join('; ') };
}

/** Fetches the bulk file `times` times over one connection; bytes per second. Throws on any failure. */
export async function loadBulk(namespace: Namespace, scheme: Scheme, host: string, times: number): Promise<number> {
  const targets = Array.from({ length: times }, () => ['-o', '/dev/null', `${scheme}://${host}/bulk`]).flat();
  const format = '%{http_code} %{size_download} %{time_total}\n';
  const argv = ['curl', '-sS', '-4', '--insecure', '--fail', '-w', format, ...targets] as const;
  const rows = (await namespace.must(argv))
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  if (rows.length !== times || rows.some(([status]) => status !== 200))
    throw new CommandFailed(argv, 'not all were 200');
  const sum = (column: number): number => rows.reduce((total, row) => total + (row[column] ?? 0), 0);
  return sum(1) / sum(2);
}
