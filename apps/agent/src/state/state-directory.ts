/**
 * Where everything of one agent lies, derived from its state directory and nothing else, so that several agents run
 * side by side.
 *
 *   STATE/managed.json         settings that win over local ones; written by the administrator
 *   STATE/gate/gate.sock       the gate listens here
 *   STATE/agent/               owned by the agent's user
 *     state.db                 settings, feeds, category policies
 *     indicators.db            custom indicators
 *     journal.db               what was recorded
 *     tables/ feeds/           compiled tables, raw copies of feeds
 *     control.sock             0600
 *
 * Easy to get wrong: a command run by root while no agent runs creates files here too. They must belong to the owner
 * of STATE/agent, or the unprivileged agent cannot open them later: pass every created file to `giveToOwner`.
 */
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { ControlError } from '@sallyport/contract/control-error';

export const DEFAULT_STATE_DIRECTORY = '/var/lib/sallyport';

export interface StateDirectory {
  /** As people know it: for messages, never for opening anything. */
  readonly root: string;
  readonly agent: string;
  readonly stateDatabase: string;
  readonly indicatorDatabase: string;
  readonly journalDatabase: string;
  readonly tables: string;
  readonly feeds: string;
  readonly controlSocket: string;
  readonly gateSocket: string;
  /** The time up to which protection was seen, see journal/protection-gap.ts. */
  readonly lastEnforcing: string;
  /** In rising precedence. */
  readonly managedFiles: readonly string[];
}

/** Paths only; nothing is touched. */
export function stateDirectory(root: string): StateDirectory {
  const agent = join(root, 'agent');
  const own = join(root, 'managed.json');
  return {
    root,
    agent,
    stateDatabase: join(agent, 'state.db'),
    indicatorDatabase: join(agent, 'indicators.db'),
    journalDatabase: join(agent, 'journal.db'),
    tables: join(agent, 'tables'),
    feeds: join(agent, 'feeds'),
    controlSocket: join(agent, 'control.sock'),
    gateSocket: join(root, 'gate', 'gate.sock'),
    lastEnforcing: join(agent, 'last-enforcing'),
    managedFiles: root === DEFAULT_STATE_DIRECTORY ? [own, '/etc/sallyport/managed.json'] : [own],
  };
}

/** Makes what is missing. Throws ControlError `unavailable` with the remedy when this user may not. */
export function makeStateDirectory(directory: StateDirectory): void {
  for (const path of [directory.agent, directory.tables, directory.feeds]) {
    try {
      if (mkdirSync(path, { recursive: true, mode: 0o750 }) !== undefined) giveToOwner(directory, path);
    } catch (error) {
      throw unavailable(path, error);
    }
  }
}

/** Does nothing unless this process is root and STATE/agent belongs to somebody else. */
export function giveToOwner(directory: StateDirectory, path: string): void {
  if (process.geteuid?.() !== 0 || path === directory.agent) return;
  const { uid, gid } = statSync(directory.agent);
  if (uid !== 0) chownSync(path, uid, gid);
}

export function unavailable(path: string, error: unknown): ControlError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    return new ControlError('unavailable', `${path}: permission denied; run as root or as the agent's user`);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new ControlError('unavailable', `${path}: ${text}`, { cause: error });
}
