/** Feeds as a table, and the report after one was read. */
import type { FeedView } from '@sallyport/contract/control';

import type { Layout } from '../layout.ts';
import { renderProse } from '../prose.ts';
import { count, counted } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderTable } from '../table.ts';
import { age } from '../time.ts';

export const feedColumns: readonly Column[] = [
  { header: 'FEED', shrinkTo: 8 },
  { header: 'LOCATION', shrinkTo: 16 },
  { header: 'CATEGORY' },
  { header: 'HOSTS', align: 'right' },
  { header: 'ADDRESSES', align: 'right' },
  { header: 'URLS', align: 'right' },
  { header: 'READ' },
];

export function feedRow(feed: FeedView, layout: Layout): Cell[] {
  const { hosts, ips, cidrs, urls } = feed.entries;
  const read = age(feed.refreshedMs, layout.nowMs);
  return [
    feed.id,
    feed.location,
    feed.category,
    count(hosts),
    count(ips + cidrs),
    count(urls),
    feed.problem === null ? read : ['yellow', `${read} ▲`],
  ];
}

export function renderFeeds(feeds: readonly FeedView[], layout: Layout): string[] {
  if (feeds.length === 0) return ['no feeds; add one with: sallyport feed add PATH|URL'];
  const rows = feeds.map((feed) => feedRow(feed, layout));
  const problems = feeds
    .filter(({ problem }) => problem !== null)
    .flatMap(({ id, problem }) => renderProse(`${layout.paint('yellow', '▲')} `, `${id}: ${problem ?? ''}`, layout, 2));
  return [...renderTable(feedColumns, rows, layout), ...problems];
}

/** What one reading of a feed brought: the entries first, then what was left out and why. */
export function renderFeedReport(verb: string, feed: FeedView, layout: Layout): string[] {
  const { hosts, ips, cidrs, urls } = feed.entries;
  const kinds = [
    [hosts, 'host'],
    [ips, 'address', 'addresses'],
    [cidrs, 'network'],
    [urls, 'URL'],
  ] as const;
  const entries = kinds
    .filter(([number]) => number > 0)
    .map(([number, noun, plural]) => counted(number, noun, plural))
    .join(', ');
  const lines = [
    `${layout.paint('green', verb)} ${printable(feed.location)}`,
    `  id ${printable(feed.id)} · format ${printable(feed.format)} · category ${printable(feed.category)}`,
    `  ${entries === '' ? 'no entries' : entries}${feed.exceptions === 0 ? '' : ` · ${counted(feed.exceptions, 'exception')}`}`,
  ];
  const skipped = Object.entries(feed.skipped).filter(([, number]) => number > 0);
  if (skipped.length > 0) {
    const parts = skipped.map(([why, number]) => `${count(number)} ${why}`);
    lines.push(...renderProse('  left out: ', parts.join(', '), layout));
  }
  if (feed.invalid.count > 0) {
    lines.push(`  ${layout.paint('yellow', `not understood: ${counted(feed.invalid.count, 'line')}`)}`);
    for (const { line, text, reason } of feed.invalid.first) {
      lines.push(...renderProse('    ', `line ${line}: ${reason}: ${text}`, layout));
    }
  }
  if (feed.problem !== null) lines.push(...renderProse(`  ${layout.paint('yellow', '▲')} `, feed.problem, layout, 4));
  return lines;
}
