/**
 * Checks and normalises a category policy as somebody typed it: names in any case, each item once.
 *
 * Easy to get wrong: a parent stays a parent. Writing its children instead would leave out what a later version adds.
 */
import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import { SCOPE_FIELDS } from '@sallyport/contract/indicator-values';
import { PARENT_CATEGORIES, WEB_CATEGORIES } from '@sallyport/hosts/web-category';

import { quote } from '../indicators/quote.ts';
import { readScopeItem } from '../indicators/scope-items.ts';

export type ReadCategoryPolicy =
  | { readonly kind: 'ok'; readonly policy: CategoryPolicy }
  | { readonly kind: 'rejected'; readonly field: string; readonly reason: string };

const NAMES: readonly string[] = [...PARENT_CATEGORIES, ...WEB_CATEGORIES];
const MAX_NAME = 64;
const MAX_ITEMS = 64;

/** A category or parent in any case, with `and` for `&` and loose spacing; null when it is none. */
export function categoryNamed(text: string): string | null {
  const wanted = loose(text);
  return NAMES.find((name) => loose(name) === wanted) ?? null;
}

export const CATEGORY_NAMES: readonly string[] = NAMES;

const loose = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll('&', ' and ')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();

export function readCategoryPolicy(input: CategoryPolicy): ReadCategoryPolicy {
  const refuse = (field: string, reason: string): ReadCategoryPolicy => ({ kind: 'rejected', field, reason });
  const name = input.name.trim();
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name === '' || name.length > MAX_NAME || /[\u0000-\u001f\u007f]/.test(name)) {
    return refuse('name', `${quote(input.name)} is no name of 1 to ${MAX_NAME} characters`);
  }
  const categories = new Set<string>();
  for (const typed of input.categories) {
    const category = categoryNamed(typed);
    if (category === null) return refuse('categories', `${quote(typed)} is no category; category list shows them all`);
    categories.add(category);
  }
  const groups = input.deviceGroups.map((group) => group.trim());
  const badGroup = groups.find((group) => group === '' || group.length > 128 || group.includes(','));
  if (badGroup !== undefined) return refuse('deviceGroups', `${quote(badGroup)} is no name of a group`);
  const scope: Record<'users' | 'executables', string[]> = { users: [], executables: [] };
  for (const field of SCOPE_FIELDS) {
    if (field !== 'users' && field !== 'executables') continue;
    for (const typed of input[field]) {
      const item = readScopeItem(field, typed.trim());
      if (item.kind === 'rejected') return refuse(field, item.reason);
      scope[field].push(item.value);
    }
  }
  const policy: CategoryPolicy = {
    name,
    categories: NAMES.filter((each) => categories.has(each)),
    deviceGroups: unique(groups),
    users: unique(scope.users),
    executables: unique(scope.executables),
  };
  for (const [field, items] of Object.entries(policy)) {
    if (Array.isArray(items) && items.length > MAX_ITEMS) return refuse(field, `more than ${MAX_ITEMS} items`);
  }
  return { kind: 'ok', policy };
}

const unique = (items: readonly string[]): string[] => [...new Set(items)];
