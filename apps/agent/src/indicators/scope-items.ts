/**
 * The items of a scope as people write them, and what they mean to a table.
 *
 * Easy to get wrong: an unknown user must not widen a rule. Of several users those that are known count; when none is
 * known the rule is for nobody and is left out.
 */
import type { ScopeField } from '@sallyport/contract/indicator-values';
import type { Scope, UidRange } from '@sallyport/hosts/scope';

import { quote } from './quote.ts';

export type ReadItem =
  | { readonly kind: 'ok'; readonly value: string }
  | { readonly kind: 'rejected'; readonly reason: string };

/** 2^32 - 1 is "no user". */
const MAX_UID = 0xffff_fffe;

const refuse = (reason: string): ReadItem => ({ kind: 'rejected', reason });

/** One item of a list, checked and in its one written form. */
export function readScopeItem(field: ScopeField, text: string): ReadItem {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return refuse(`${quote(text)} holds a control character`);
  switch (field) {
    case 'users': {
      if (/^\d/.test(text)) {
        const range = readUids(text);
        if (range === null) return refuse(`${quote(text)} is no uid or range of uids; write 1000 or 1000-1999`);
        return { kind: 'ok', value: range[0] === range[1] ? String(range[0]) : range.join('-') };
      }
      if (/[\s:/]/.test(text) || text.length > 64) return refuse(`${quote(text)} is no user name`);
      return { kind: 'ok', value: text };
    }
    case 'executables':
      return text.includes('/') && !text.startsWith('/')
        ? refuse(`${quote(text)} is a relative path; write it from the root, or the file name alone`)
        : { kind: 'ok', value: text };
    case 'cgroups':
      if (!text.startsWith('/')) return refuse(`${quote(text)}: write the control group with a leading slash`);
      return text.replace(/\/+$/, '') === ''
        ? refuse('the root control group is everything; leave the field out')
        : { kind: 'ok', value: text.replace(/\/+$/, '') };
    case 'containers':
      return /\s/.test(text) ? refuse(`${quote(text)} is no container`) : { kind: 'ok', value: text };
    default:
      return field satisfies never;
  }
}

/** `1000` or `1000-1999`; null for anything else. */
function readUids(text: string): UidRange | null {
  const parts = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  if (parts === null) return null;
  const first = Number(parts[1]);
  const last = parts[2] === undefined ? first : Number(parts[2]);
  return first <= last && last <= MAX_UID ? [first, last] : null;
}

/** Uid by user name. */
export type Users = Readonly<Record<string, number>>;

/** Lists as `readScopeItem` leaves them. Absent and empty: everybody. */
export type ScopeLists = { readonly [Field in ScopeField]?: readonly string[] };

export interface ResolvedScope {
  /** Undefined: everybody. Null: nobody, because none of the users is known. */
  readonly scope: Scope | undefined | null;
  readonly unknownUsers: readonly string[];
}

const NO_SCOPE: ResolvedScope = { scope: undefined, unknownUsers: [] };

export function resolveScope(lists: ScopeLists, users: Users): ResolvedScope {
  const given = (list: readonly string[] | undefined): boolean => list !== undefined && list.length > 0;
  const { users: names, executables, cgroups, containers } = lists;
  if (!given(names) && !given(executables) && !given(cgroups) && !given(containers)) return NO_SCOPE;
  const unknownUsers: string[] = [];
  const uids: UidRange[] = [];
  for (const name of names ?? []) {
    const uid = Object.hasOwn(users, name) ? users[name] : undefined;
    const range = uid === undefined ? readUids(name) : ([uid, uid] as const);
    if (range === null) unknownUsers.push(name);
    else uids.push(range);
  }
  if (given(names) && uids.length === 0) return { scope: null, unknownUsers };
  const scope: Scope = {
    ...(uids.length > 0 && { uids }),
    ...(executables !== undefined && executables.length > 0 && { executables }),
    ...(cgroups !== undefined && cgroups.length > 0 && { cgroups }),
    ...(containers !== undefined && containers.length > 0 && { containers }),
  };
  return { scope, unknownUsers };
}
