/**
 * Whom a rule is for. Device groups are not here: a rule that is not for this device never reaches its tables.
 *
 * Easy to get wrong: a criterion about something that is not known of a connection does not hold, so a scoped rule is
 * silent until the connection is attributed. Within a criterion one item suffices; all given criteria must hold.
 */

/** Inclusive. A single user is a range of one. */
export type UidRange = readonly [first: number, last: number];

export interface Scope {
  readonly uids?: readonly UidRange[];
  /** Absolute paths; one without a slash is compared with the file name alone. */
  readonly executables?: readonly string[];
  /** Control groups below the hierarchy's root, with a leading slash; each covers those below it. */
  readonly cgroups?: readonly string[];
  /** Ids, full or the first 12 digits or more, or names. */
  readonly containers?: readonly string[];
}

/** What is known of the process behind a connection; null where it is not known. */
export interface Subject {
  readonly uid: number | null;
  /** Absolute path. */
  readonly executable: string | null;
  /** Below the hierarchy's root, with a leading slash. */
  readonly cgroup: string | null;
  readonly container: { readonly id: string; readonly name: string | null } | null;
}

export function isInScope(scope: Scope, subject: Subject | null): boolean {
  if (subject === null) return isEveryone(scope);
  return (
    (scope.uids === undefined || holdsUid(scope.uids, subject.uid)) &&
    (scope.executables === undefined || holdsExecutable(scope.executables, subject.executable)) &&
    (scope.cgroups === undefined || holdsCgroup(scope.cgroups, subject.cgroup)) &&
    (scope.containers === undefined || holdsContainer(scope.containers, subject.container))
  );
}

/** Whether the scope names nobody in particular. */
export const isEveryone = (scope: Scope): boolean =>
  scope.uids === undefined &&
  scope.executables === undefined &&
  scope.cgroups === undefined &&
  scope.containers === undefined;

const holdsUid = (ranges: readonly UidRange[], uid: number | null): boolean =>
  uid !== null && ranges.some(([first, last]) => uid >= first && uid <= last);

function holdsExecutable(executables: readonly string[], path: string | null): boolean {
  if (path === null) return false;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return executables.some((wanted) => wanted === (wanted.includes('/') ? path : name));
}

const holdsCgroup = (cgroups: readonly string[], cgroup: string | null): boolean =>
  cgroup !== null && cgroups.some((wanted) => withSlash(cgroup).startsWith(withSlash(wanted)));

const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

/** Container runtimes show ids cut to 12 digits. */
const SHORT_ID = 12;

const holdsContainer = (wanted: readonly string[], container: Subject['container']): boolean =>
  container !== null &&
  wanted.some(
    (item) => item === container.name || (item.length >= SHORT_ID && container.id.startsWith(item.toLowerCase())),
  );
