/**
 * Gives up root for good, before the agent opens anything.
 *
 * Easy to get wrong: supplementary groups first, then the group, then the user; in any other order the later calls are
 * refused or root's groups stay. And all modules must be loaded before: the new user may not be able to read them.
 */
import { readFileSync } from 'node:fs';

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** By name from /etc/passwd; null when there is no such user. */
export function userNamed(name: string): Identity | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name && uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

/** Throws when anything of root would be left. */
export function dropTo({ uid, gid }: Identity): void {
  if (uid === 0 || gid === 0) throw new Error('the agent does not run as root; give another user');
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  const isRoot = process.getuid?.() === 0 || process.geteuid?.() === 0 || process.getegid?.() === 0;
  if (isRoot) throw new Error('privileges could not be dropped');
}
