/**
 * Web content filtering (defender-spec 4.6): which categories are blocked for whom. Names of categories are those of
 * the hosts package, parents (`Leisure`) or children (`Chat`); a parent stands for its children, now and later.
 *
 * Easy to get wrong: a policy without categories is not empty. It asks for usage statistics and blocks nothing.
 */

/** What somebody submits; the agent checks names and fields. A policy of the same name is replaced. */
export interface CategoryPolicy {
  readonly name: string;
  /** What is blocked. Empty: nothing, all is recorded. */
  readonly categories: readonly string[];
  /** Only for devices of these groups (setting DeviceGroup). Empty: all. */
  readonly deviceGroups: readonly string[];
  /** Only for these users: names, uids or ranges. Empty: everybody. */
  readonly users: readonly string[];
  /** Only for these programs: absolute paths or file names. Empty: all. */
  readonly executables: readonly string[];
}

export const CATEGORY_STATES = ['off', 'audited', 'blocked', 'blocked-for-some'] as const;
/** `off`: no policy is for this device, so nothing is asked. `blocked-for-some`: by policies for users or programs. */
export type CategoryState = (typeof CATEGORY_STATES)[number];

/** One of the 28, as it stands on this device. */
export interface CategoryView {
  readonly name: string;
  readonly parent: string;
  readonly state: CategoryState;
  /** Names of the policies that block it here. */
  readonly policies: readonly string[];
  /** Names, addresses and URLs known of it. Null when no list of categories is loaded. */
  readonly entries: number | null;
}
