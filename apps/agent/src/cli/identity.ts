/**
 * Which user this process acts as. Effective ids decide who owns the files that are created; the saved ids stay, so
 * that a feed which only root may read can still be opened (`asCaller`).
 *
 * What is easily got wrong: the group goes before the user, because afterwards there is no right to change it.
 */

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Identity {
  /** Runs a synchronous step with the rights the command was started with. */
  readonly asCaller: <T>(step: () => T) => T;
}

const UNCHANGED: Identity = { asCaller: (step) => step() };

/** From now on this process creates files as `owner`. Does nothing unless root acts for somebody else. */
export function actAs(owner: Owner): Identity {
  const caller = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  if (caller.uid !== 0 || owner.uid === 0) return UNCHANGED;
  const groups = process.getgroups?.() ?? [];
  become(owner, [owner.gid]);
  return {
    asCaller: (step) => {
      process.seteuid?.(caller.uid);
      become(caller, groups);
      try {
        return step();
      } finally {
        become(owner, [owner.gid]);
      }
    },
  };
}

function become({ uid, gid }: Owner, groups: readonly number[]): void {
  process.setgroups?.([...groups]);
  process.setegid?.(gid);
  process.seteuid?.(uid);
}
