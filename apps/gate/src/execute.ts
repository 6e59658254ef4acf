/** Runs the system's rule-set programs: no shell, a fixed search path, and a time limit so that a lock cannot hang the gate. */
import { spawnSync } from 'node:child_process';

import type { CommandResult } from './ruleset/ruleset.ts';

const PATH = '/usr/sbin:/sbin:/usr/bin:/bin';
const TIMEOUT_MS = 10_000;

export function execute(program: string, args: readonly string[], input = ''): CommandResult {
  const result = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { PATH, LC_ALL: 'C' },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) {
    const missing = 'code' in result.error && result.error.code === 'ENOENT';
    return {
      status: missing ? 127 : 1,
      stdout: '',
      stderr: missing ? `${program} is not installed` : result.error.message,
    };
  }
  return { status: result.status ?? 1, stdout: result.stdout, stderr: result.stderr };
}
