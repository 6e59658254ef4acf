/**
 * Which entries of a feed act although guard rails would hold them back, because somebody said so.
 *
 * Easy to get wrong: the report names only the first entries of each reason, so an entry that it does not name may be
 * held back all the same.
 */
import type { HeldEntry } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import type { StoredFeed } from '../feed-store/stored-feed.ts';
import { printable } from '../feeds/feed-error.ts';

/**
 * The approvals of `feed` with `entries` added, of which `*` stands for all. `report` is what its last reading held back. Throws
 * ControlError: `invalid` for what nobody can approve, `not-found` for what is not held back.
 */
export function approvalsAfter(
  feed: StoredFeed,
  report: readonly HeldEntry[],
  entries: readonly string[],
): readonly string[] {
  const { id, held } = feed.view;
  const wanted = entries.map((entry) => entry.trim());
  if (wanted.includes('*')) return ['*'];
  const seen = report.reduce((sum, { count }) => sum + count, 0);
  const entryOf = (text: string): string => {
    const found = report.find(({ entry }) => entry === text || entry === text.toLowerCase());
    if (found?.approvable === false) {
      const remedy = 'add an indicator if it is meant';
      throw new ControlError(
        'invalid',
        `feed ${id}: ${found.entry} ${found.sentence}: it cannot be approved; ${remedy}`,
      );
    }
    if (found !== undefined || seen < held || feed.approved.includes(text)) return found?.entry ?? text;
    throw new ControlError(
      'not-found',
      `feed ${id}: ${printable(text, 200)} is not held back; \`feed held ${id}\` lists what is`,
    );
  };
  return [...new Set([...feed.approved, ...wanted.map(entryOf)])];
}
