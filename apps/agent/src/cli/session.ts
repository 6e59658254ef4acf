/**
 * Finds who answers: the running agent through its control socket, or, when none runs, the agent's core opened here.
 *
 * What is easily got wrong: a root shell that opens the core would leave root-owned files that the agent (an
 * unprivileged user) cannot write any more. So without an agent, root becomes the owner of STATE/agent first; and since
 * that user may not be able to read our sources, everything is imported before.
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Control } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { stateDirectory } from '../state/state-directory.ts';
import type { AsCaller, OpenedControl } from './context.ts';
import { actingAs, become, type Owner } from './identity.ts';
import { UsageError } from './usage-error.ts';

/** The two ways in, as main.ts hands them over. */
export interface Doors {
  /** Null when nobody listens. */
  readonly connect: (root: string) => Promise<Control | null>;
  /** Loads all that opening the core needs, and returns what opens it. */
  readonly loadCore: () => Promise<(root: string) => Control & AsyncDisposable>;
}

/** Throws ControlError `unavailable` when there is no state or no right to it; the message says what to do. */
export async function openControl(
  directory: string,
  commandLine: string,
  doors: Doors,
  asCaller?: AsCaller,
): Promise<OpenedControl> {
  if (directory === '') throw new UsageError('--state-dir needs a value: --state-dir DIR');
  const root = resolve(directory);
  const owner = agentOwner(root, commandLine);
  const client = await doors.connect(root);
  if (client !== null) {
    // The client opens one connection per call, so there is nothing to close.
    if (asCaller !== undefined) asCaller(await client.feeds());
    return { control: client, running: true, [Symbol.asyncDispose]: async () => undefined };
  }
  const openCore = await doors.loadCore();
  const { reachable, feeds } = await actingAs(owner, async () => {
    if (!isReachable(root)) return { reachable: false, feeds: null };
    if (asCaller === undefined) return { reachable: true, feeds: null };
    await using core = openCore(root);
    return { reachable: true, feeds: await core.feeds() };
  });
  if (feeds !== null) asCaller?.(feeds);
  // A directory above may be closed to the agent's user (the launcher then shows the agent its state by a mount). Only
  // root gets there, and the core hands what it creates to the owner.
  if (reachable) become(owner);
  const core = openCore(root);
  if (!reachable) asCaller?.(await core.feeds());
  return { control: core, running: false, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
}

function isReachable(root: string): boolean {
  try {
    // Not access(2): it asks for the real user, who is still root here.
    readdirSync(stateDirectory(root).agent);
    return true;
  } catch {
    return false;
  }
}

/**
 * The user that the agent runs as: whoever owns STATE/agent. Its group is the agent's own or, where that belongs to root
 * so that the gate can read it, the one of STATE, which is open to the agent by its group.
 */
function agentOwner(root: string, commandLine: string): Owner {
  const { agent } = stateDirectory(root);
  try {
    accessSync(agent, constants.R_OK | constants.W_OK | constants.X_OK);
    const { uid, gid } = statSync(agent);
    return { uid, gid: gid === 0 ? statSync(root).gid : gid };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const remedy = 'start it once with: sudo ./sallyport up (or name another directory with --state-dir)';
      throw new ControlError('unavailable', `there is no Sallyport state in ${root}: ${remedy}`, { cause: error });
    }
    throw new ControlError('unavailable', `${root} needs root: run sudo ${commandLine}`, { cause: error });
  }
}
