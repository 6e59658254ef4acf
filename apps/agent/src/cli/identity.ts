/**
 * Which user this process acts as. A command that root starts goes on as the agent's user when it has to touch the
 * agent's files itself.
 *
 * What is easily got wrong: the groups go before the user, because afterwards there is no right to change them; and a
 * process that only changed its effective ids hands its real ones, root's, to every child it starts.
 */

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Whether there is anything to give up: root acts for somebody else. */
const isRootFor = (owner: Owner): boolean => process.geteuid?.() === 0 && owner.uid !== 0;

/** Becomes `owner` for good. Does nothing unless this is root and `owner` is not. */
export function become(owner: Owner): void {
  if (!isRootFor(owner)) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}

/** Runs `step` as `owner`, then is the caller again. For reading what tells which files the caller is to open. */
export async function actingAs<T>(owner: Owner, step: () => Promise<T>): Promise<T> {
  if (!isRootFor(owner)) return step();
  const caller = { gid: process.getegid?.() ?? 0, groups: process.getgroups?.() ?? [] };
  process.setgroups?.([owner.gid]);
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
  try {
    return await step();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(caller.gid);
    process.setgroups?.(caller.groups);
  }
}
