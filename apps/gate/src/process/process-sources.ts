/** Opens what there is to find processes by, in the thread that judges; what is missing is a problem, no failure. */
import { readFileSync } from 'node:fs';

import type { ConnectMap } from './connect-watch.ts';
import type { ProcessSources } from './connection-subject.ts';
import { FlowProcesses } from './flow-process.ts';
import { OriginalEnds } from './original-ends.ts';
import { Processes } from './processes.ts';
import { SocketOwners } from './socket-owners.ts';

export interface OpenSources {
  readonly sources: ProcessSources;
  /** One line each, for `status`. */
  readonly problems: string[];
}

export function openProcessSources(connects: ConnectMap | null): OpenSources {
  const problems: string[] = [];
  const seen = connects === null ? null : new FlowProcesses(connects.fd, connects.netns);
  let searched: ProcessSources['searched'] = null;
  try {
    searched = rewrittenOrOld(seen, new OriginalEnds(), new SocketOwners());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`attribution: connections older than the gate or rewritten have no process, because ${reason}`);
  }
  if (!mayReadOthers()) {
    problems.push('attribution: rules for programs do not act, because the gate has no CAP_SYS_PTRACE');
  }
  return { sources: { seen, searched, processes: new Processes() }, problems };
}

/** What was not seen under the ends that its packets have: it had others, or it was there before anybody watched. */
const rewrittenOrOld = (
  seen: FlowProcesses | null,
  originals: OriginalEnds,
  owners: SocketOwners,
): ProcessSources['searched'] => ({
  find: (ends) => {
    const original = originals.find(ends);
    if (original === null) return owners.find(ends);
    return seen?.find(original) ?? owners.find(original);
  },
});

const CAP_SYS_PTRACE = 19n;

/** Whether the kernel shows us the program of a process that is not ours (proc(5), /proc/PID/exe). */
function mayReadOthers(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
}
