/** Opens what there is to find processes by, in the thread that judges; what is missing is a problem, no failure. */
import { readlinkSync } from 'node:fs';

import type { ConnectMap } from './connect-watch.ts';
import type { ProcessSources } from './connection-subject.ts';
import { FlowProcesses } from './flow-process.ts';
import { Processes } from './processes.ts';
import { SocketOwners } from './socket-owners.ts';

export interface OpenSources {
  readonly sources: ProcessSources;
  /** One line each, for `status`. */
  readonly problems: string[];
}

export function openProcessSources(connects: ConnectMap | null): OpenSources {
  const problems: string[] = [];
  let searched: SocketOwners | null = null;
  try {
    searched = new SocketOwners();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`attribution: connections older than the gate have no process, because ${reason}`);
  }
  if (!canReadOthers()) {
    problems.push('attribution: rules for programs do not act, because the gate may not see those of other processes');
  }
  const seen = connects === null ? null : new FlowProcesses(connects.fd, connects.netns);
  return { sources: { seen, searched, processes: new Processes() }, problems };
}

/** Whether the kernel shows us the program of a process that is not ours: needs CAP_SYS_PTRACE. */
function canReadOthers(): boolean {
  try {
    readlinkSync('/proc/1/exe');
    return true;
  } catch {
    return false;
  }
}
