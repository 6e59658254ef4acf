/**
 * Finds who answers: the running agent through its control socket, or, when none runs, the agent's core opened here.
 *
 * What is easily got wrong: a root shell that opens the core would leave root-owned files that the agent (an
 * unprivileged user) cannot write any more. So without an agent, root acts as the owner of STATE/agent first.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Control } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { stateDirectory } from '../state/state-directory.ts';
import type { OpenedControl } from './context.ts';
import { actAs, type Owner } from './identity.ts';

/** The two ways in, as main.ts hands them over: each is imported only when it is taken. */
export interface Doors {
  /** Null when nobody listens. */
  connect(stateDirectory: string): Promise<Control | null>;
  openOffline(stateDirectory: string): Promise<Control>;
}

/** Throws ControlError `unavailable` when there is no state or no right to it; the message says what to do. */
export async function openControl(directory: string, commandLine: string, doors: Doors): Promise<OpenedControl> {
  const root = resolve(directory);
  const owner = agentOwner(root, commandLine);
  const client = await doors.connect(root);
  if (client !== null) return opened(client, true, (step) => step());
  const { asCaller } = actAs(owner);
  return opened(await doors.openOffline(root), false, asCaller);
}

/** The user that the agent runs as: whoever owns STATE/agent. */
function agentOwner(root: string, commandLine: string): Owner {
  const { agent } = stateDirectory(root);
  try {
    accessSync(agent, constants.R_OK | constants.W_OK | constants.X_OK);
    const { uid, gid } = statSync(agent);
    return { uid, gid };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const remedy = 'start it once with: sudo ./sallyport up (or name another directory with --state-dir)';
      throw new ControlError('unavailable', `there is no Sallyport state in ${root}: ${remedy}`, {
        cause: error,
      });
    }
    throw new ControlError('unavailable', `${root} needs root: run sudo ${commandLine}`, { cause: error });
  }
}

function opened(control: Control, running: boolean, asCaller: OpenedControl['asCaller']): OpenedControl {
  return {
    control,
    running,
    asCaller,
    async [Symbol.asyncDispose]() {
      if (isAsyncDisposable(control)) await control[Symbol.asyncDispose]();
      else if (isDisposable(control)) control[Symbol.dispose]();
    },
  };
}

const isAsyncDisposable = (value: object): value is AsyncDisposable => Symbol.asyncDispose in value;
const isDisposable = (value: object): value is Disposable => Symbol.dispose in value;
