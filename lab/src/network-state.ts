/**
 * Everything about a namespace's network that a program could leave behind, as one text: two of them are compared to
 * say "left as found".
 *
 * Counters of the kernel's own (open files, entropy, …) are left out, and so are the dates in the comments of
 * `iptables-save`. Packet counters of rules are in, unless the caller lets traffic pass in between.
 */
import type { Namespace } from './namespace.ts';

/** Sysctls that change by themselves, or with what other programs of the machine do. */
const VOLATILE =
  /^(?:fs\.(?:dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota\.)|kernel\.(?:random\.|ns_last_pid|pty\.nr|perf_event_max_sample_rate|perf_cpu_time|pid_max)|net\.netfilter\.nf_conntrack_count|net\.ipv4\.tcp_fastopen_key|vm\.)/;

const COMMANDS = [
  ['iptables-nft-save'],
  ['ip6tables-nft-save'],
  ['ip', 'rule'],
  ['ip', '-6', 'rule'],
  ['ip', 'route', 'show', 'table', 'all'],
  ['sysctl', '-a'],
] as const satisfies readonly (readonly [string, ...string[]])[];

/** The output of each program under its name: rule sets, policy rules, routes, sysctls. Default: with rules' counters. */
export async function networkState(namespace: Namespace, { counters = true } = {}): Promise<string> {
  const parts: string[] = [];
  const ruleset = ['nft', ...(counters ? [] : ['--stateless']), 'list', 'ruleset'] as const;
  for (const argv of [ruleset, ...COMMANDS]) {
    // sysctl complains about entries that only the first namespace may read, and prints the rest.
    const { stdout } = await namespace.exec(argv);
    const lines = stdout.split('\n').filter((line) => !line.startsWith('# ') && !VOLATILE.test(line));
    parts.push(`$ ${argv.join(' ')}`, ...lines);
  }
  return parts.join('\n');
}
