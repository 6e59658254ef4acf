/**
 * The agent's core in the process of a command, for when no agent runs: changes are stored, and the next agent brings
 * them into force. While it is open no agent can start on the same state directory, so it is to be closed soon.
 */
import type { Control } from '@sallyport/contract/control';

import { stateDirectory } from '../state/state-directory.ts';
import { AgentCore } from './agent-core.ts';
import { feedReaderProgram } from './feed-reader-program.ts';
import { policyProgram } from './policy-program.ts';

/** Throws ControlError `conflict` when the directory is in use, `unavailable` when this user may not open it. */
export const openOffline = async (root: string): Promise<Control & AsyncDisposable> =>
  new AgentCore({
    directory: stateDirectory(root),
    feedReader: feedReaderProgram(),
    policyCompiler: policyProgram(),
  });
