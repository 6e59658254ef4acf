/**
 * What category policies make of an entry of a web category (defender-spec 4.6): blocked for whom a policy blocks it,
 * otherwise counted, provided there is any policy. Several policies add up.
 *
 * Easy to get wrong: rules keep the id of the list they come from, because exceptions of a list take back what has its
 * id. Policies for other device groups are as if they did not exist.
 */
import type { CategoryPolicy, CategoryState } from '@sallyport/contract/category-policy';
import type { Rule } from '@sallyport/hosts/rule';
import type { Scope } from '@sallyport/hosts/scope';
import { parentOf, type WebCategory } from '@sallyport/hosts/web-category';

import { resolveScope, type Users } from '../indicators/scope-items.ts';
import { BROWSERS } from './browsers.ts';

export interface CategorySettings {
  /** Setting DeviceGroup; empty for none. */
  readonly deviceGroup: string;
  /** Setting WebContentFilteringProcesses. */
  readonly processes: 'all' | 'browsers';
  readonly users: Users;
}

/** Rules as far as a category decides them; id and list are those of the entry. */
export type CategoryRule = Pick<Rule, 'action' | 'category'> & {
  readonly policy: string | null;
  readonly scope?: Scope;
};

export const isForDevice = (policy: CategoryPolicy, deviceGroup: string): boolean =>
  policy.deviceGroups.length === 0 || policy.deviceGroups.includes(deviceGroup);

const blocks = (policy: CategoryPolicy, category: WebCategory): boolean =>
  policy.categories.includes(category) || policy.categories.includes(parentOf(category));

/** By category: the rules its entries get on this device. Empty when no policy is for it. */
export function categoryRules(
  policies: readonly CategoryPolicy[],
  settings: CategorySettings,
): (category: WebCategory) => readonly CategoryRule[] {
  const mine = policies.filter((policy) => isForDevice(policy, settings.deviceGroup));
  return (category) => {
    if (mine.length === 0) return [];
    const rules: CategoryRule[] = [];
    for (const policy of mine) {
      if (!blocks(policy, category)) continue;
      const scope = scopeOf(policy, settings);
      if (scope === null) continue;
      rules.push({
        action: 'block',
        category: 'CustomPolicy',
        policy: policy.name,
        ...(scope !== undefined && { scope }),
      });
    }
    // A block for everybody leaves nobody to be counted.
    const everybody = rules.find(({ scope }) => scope === undefined);
    if (everybody !== undefined) return [everybody];
    return [...rules, { action: 'audit', category: 'CustomPolicy', policy: null }];
  };
}

/** A policy that names programs is for those; browsers are meant only where it names none. Null: for nobody. */
function scopeOf({ users, executables }: CategoryPolicy, settings: CategorySettings): Scope | undefined | null {
  const programs = executables.length > 0 || settings.processes === 'all' ? executables : BROWSERS;
  return resolveScope({ users, executables: programs }, settings.users).scope;
}

/**
 * For `rewriteRules`: the rules in force for each rule of the table of categories as the lists say it. Exceptions of
 * lists stay as they are.
 */
export function categoryRewrite(
  policies: readonly CategoryPolicy[],
  settings: CategorySettings,
): (base: Rule) => readonly Rule[] {
  const rulesFor = categoryRules(policies, settings);
  return (base) => {
    if (base.action === 'allow' || base.webCategory === undefined) return [base];
    return rulesFor(base.webCategory).map(({ policy, ...rule }): Rule => ({
      ...base,
      ...rule,
      title: policy === null ? base.title : `${policy}: ${base.webCategory}`,
    }));
  };
}

/** How a category stands on this device, and by which policies. */
export function categoryState(
  policies: readonly CategoryPolicy[],
  settings: CategorySettings,
  category: WebCategory,
): { readonly state: CategoryState; readonly policies: readonly string[] } {
  const rules = categoryRules(policies, settings)(category);
  const blocking = rules.filter(({ action }) => action === 'block');
  const names = blocking.map(({ policy }) => policy ?? '');
  if (rules.length === 0) return { state: 'off', policies: [] };
  if (blocking.length === 0) return { state: 'audited', policies: [] };
  const isForAll = blocking.some(({ scope }) => scope === undefined || scope.executables === BROWSERS);
  return { state: isForAll ? 'blocked' : 'blocked-for-some', policies: names };
}
