/** Feeds as a table, the report after one was read, what guard rails hold back, and the catalogue. */
import type { CatalogueView, FeedReportView, FeedView, HeldEntry } from '@sallyport/contract/control';

import type { Layout } from '../layout.ts';
import { renderProse } from '../prose.ts';
import { count, counted } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, type Column, renderFields, renderTable } from '../table.ts';
import { age, durationText } from '../time.ts';

export const feedColumns: readonly Column[] = [
  { header: 'FEED', shrinkTo: 4 },
  { header: 'NAME', shrinkTo: 16 },
  { header: 'CATEGORY', shrinkTo: 9 },
  { header: 'ENTRIES', align: 'right' },
  { header: 'HELD', align: 'right' },
  { header: 'READ' },
  { header: 'NEXT' },
];

export function feedRow(feed: FeedView, layout: Layout): Cell[] {
  const { hosts, ips, cidrs, urls } = feed.entries;
  const read = feed.refreshedMs === null ? 'never' : age(feed.refreshedMs, layout.nowMs);
  const held = feed.pending === null ? count(feed.held) : 'all';
  return [
    feed.id,
    feed.name ?? shownLocation(feed.location),
    feed.category,
    count(hosts + ips + cidrs + urls),
    held === '0' ? ['dim', held] : ['yellow', held],
    feed.problem === null ? read : ['yellow', `${read} ▲`],
    next(feed, layout.nowMs),
  ];
}

function next(feed: FeedView, nowMs: number): Cell {
  if (!feed.enabled) return ['dim', 'off'];
  if (feed.nextMs === null) return ['dim', '-'];
  return feed.nextMs <= nowMs ? 'now' : `in ${durationText(feed.nextMs - nowMs)}`;
}

/** Keys for a feed's server stand in its URL, and lists of feeds are shown around. */
export const shownLocation = (location: string): string =>
  /^https?:\/\//i.test(location)
    ? location.replace(/(\?[^#]*?\b(?:auth-?key|api-?key|key|token)=)[^&#]+/gi, '$1…')
    : location;

export function renderFeeds(feeds: readonly FeedView[], layout: Layout): string[] {
  if (feeds.length === 0) {
    return ['no feeds; add one with: sallyport feed add PATH|URL, or choose from: sallyport feed catalogue'];
  }
  const rows = feeds.map((feed) => feedRow(feed, layout));
  return [...renderTable(feedColumns, rows, layout), ...problemLines(feeds, layout)];
}

/** What went wrong last, told once for all feeds that it is true of: without a network that is every one. */
export function problemLines(feeds: readonly FeedView[], layout: Layout, indent = 0): string[] {
  const told = feeds.filter(({ problem }) => problem !== null);
  const alike = Map.groupBy(told, ({ problem }) => (problem ?? '').replace(/^https?:\/\/\S+: /, ''));
  return [...alike].flatMap(([problem, those]) =>
    renderProse(
      `${' '.repeat(indent)}${layout.paint('yellow', '▲')} `,
      `${those.map(({ id }) => id).join(', ')}: ${problem}`,
      layout,
      indent + 2,
    ),
  );
}

/** What one reading of a feed brought: the entries first, then what was left out or held back, and why. */
export function renderFeedReport(
  verb: string,
  report: Pick<FeedReportView, 'feed' | 'held' | 'damage'>,
  layout: Layout,
): string[] {
  const { feed } = report;
  const lines = [
    `${layout.paint('green', verb)} ${printable(shownLocation(feed.location))}`,
    `  id ${printable(feed.id)} · format ${printable(feed.format)} · category ${printable(feed.category)}`,
    `  ${entriesText(feed)}`,
  ];
  const { own, others } = feed.duplicates;
  const said = [own > 0 ? `${count(own)} said twice` : '', others > 0 ? `${count(others)} known from other feeds` : ''];
  if (own + others > 0) lines.push(`  of these ${said.filter(Boolean).join(', ')}`);
  const skipped = Object.entries(feed.skipped).filter(([, number]) => number > 0);
  if (skipped.length > 0) {
    const parts = skipped.map(([why, number]) => `${count(number)} ${why}`);
    lines.push(...renderProse('  left out: ', parts.join(', '), layout));
  }
  lines.push(...invalidLines(feed, layout));
  lines.push(...heldLines(report, layout), ...damageLines(report, layout));
  if (feed.problem !== null) lines.push(...renderProse(`  ${layout.paint('yellow', '▲')} `, feed.problem, layout, 4));
  return lines;
}

function entriesText(feed: FeedView): string {
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
  const exceptions = feed.exceptions === 0 ? '' : ` · ${counted(feed.exceptions, 'exception')}`;
  return `${entries === '' ? 'no entries' : entries}${exceptions}`;
}

function invalidLines(feed: FeedView, layout: Layout): string[] {
  if (feed.invalid.count === 0) return [];
  return [
    `  ${layout.paint('yellow', `not understood: ${counted(feed.invalid.count, 'line')}`)}`,
    ...feed.invalid.first.flatMap(({ line, text, reason }) =>
      renderProse('    ', `line ${line}: ${reason}: ${text}`, layout),
    ),
  ];
}

/** `feed report`: everything about the last reading. */
export function renderWholeReport(report: FeedReportView, layout: Layout): string[] {
  const { feed } = report;
  const when = (ms: number | null): string => (ms === null ? 'never' : age(ms, layout.nowMs));
  const fields: [string, string][] = [
    ['location', shownLocation(feed.location)],
    ['id', feed.catalogueId === null ? feed.id : `${feed.id} (${feed.catalogueId})`],
    ['state', stateText(feed)],
    ['format', feed.format],
    ['category', feed.category],
    ['confidence', feed.confidence === null ? 'full' : String(feed.confidence)],
    ['read', when(feed.refreshedMs)],
  ];
  if (feed.intervalMs !== null) {
    const nextMs = feed.nextMs === null ? '' : `, next in ${durationText(feed.nextMs - layout.nowMs)}`;
    fields.push(['asked', `${when(feed.checkedMs)}, every ${durationText(feed.intervalMs)}${nextMs}`]);
  }
  fields.push(['lines', count(report.read)]);
  const { members } = report;
  if (members.read + members.skipped.count > 1) {
    fields.push(['files', `${count(members.read)} read, ${count(members.skipped.count)} left out`]);
  }
  fields.push(
    ['entries', entriesText(feed)],
    ['added', `${count(report.added)} different ones`],
    ['duplicate', `${count(feed.duplicates.own)} said twice, ${count(feed.duplicates.others)} known from other feeds`],
  );
  if (report.audited > 0) fields.push(['recorded', `${count(report.audited)} below FeedBlockConfidence, not blocked`]);
  if (report.portQualified > 0) fields.push(['one port', `${count(report.portQualified)} count for one port only`]);
  if (report.narrowed > 0) {
    fields.push(['narrowed', `${count(report.narrowed)} customers of shared hosting, to their very name`]);
  }
  for (const [category, number] of Object.entries(report.webCategories)) fields.push([category, count(number)]);
  const lines = [printable(feed.name ?? shownLocation(feed.location)), ...renderFields(fields, layout, 2)];
  for (const { reason, count: number, lines: at } of report.skipped) {
    const where = at.length === 0 ? '' : ` (${number > at.length ? 'first ' : ''}at ${at.map(count).join(', ')})`;
    lines.push(...renderProse('  left out: ', `${count(number)} ${reason}${where}`, layout));
  }
  for (const { name, reason } of members.skipped.first) {
    lines.push(...renderProse('  left out: ', `file ${name}: ${reason}`, layout));
  }
  lines.push(...invalidLines(feed, layout));
  lines.push(...heldLines(report, layout), ...damageLines(report, layout));
  if (report.approved.length > 0) {
    const approved = report.approved.includes('*') ? 'everything' : report.approved.join(', ');
    lines.push(...renderProse('  approved: ', approved, layout));
  }
  if (feed.problem !== null) lines.push(...renderProse(`  ${layout.paint('yellow', '▲')} `, feed.problem, layout, 4));
  return lines;
}

/** Of one reason; the others are a command away. */
const NAMED_HELD = 3;

/** What guard rails hold back, by reason. */
function heldLines({ feed, held }: Pick<FeedReportView, 'feed' | 'held'>, layout: Layout): string[] {
  if (feed.held === 0) return [];
  const lines = [`  ${layout.paint('yellow', '▲')} held back: ${counted(feed.held, 'entry', 'entries')}`];
  for (const [sentence, entries] of Map.groupBy(held, (each) => each.sentence)) {
    const more = entries.length - NAMED_HELD;
    const named = entries.slice(0, NAMED_HELD).map(({ entry }) => entry);
    const names = `${named.join(', ')}${more > 0 ? ` and ${count(more)} more` : ''}`;
    lines.push(...renderProse('      ', `${names}: ${entries.length > 1 ? 'each ' : ''}${sentence}`, layout));
  }
  const unnamed = feed.held - shownHeld(held);
  if (unnamed > 0) lines.push(`      and ${count(unnamed)} more of these kinds`);
  lines.push(`    all of them: sallyport feed held ${printable(feed.id)}`);
  return lines;
}

const shownHeld = (held: readonly HeldEntry[]): number => held.reduce((sum, each) => sum + each.count, 0);

/** What believing the list blindly would do. */
function damageLines({ damage }: Pick<FeedReportView, 'damage'>, layout: Layout): string[] {
  if (damage === null || damage.popularBlocked.before + damage.publicSuffixes.before === 0) return [];
  const { popularBlocked: popular, publicSuffixes: suffixes } = damage;
  const kinds = [
    { ...popular, text: counted(popular.before, 'popular host') },
    { ...suffixes, text: counted(suffixes.before, 'public suffix', 'public suffixes') },
  ].filter(({ before }) => before > 0);
  const believed = kinds.map(({ text }) => text).join(' and ');
  const now = kinds.map(({ after }) => count(after)).join(' and ');
  return renderProse('  ', `believed blindly, it would block ${believed}; now ${now}`, layout);
}

function stateText(feed: FeedView): string {
  const origin = { added: 'added by location', chosen: 'from the catalogue', default: 'default feed' }[feed.origin];
  return `${feed.enabled ? 'on' : 'off'}, ${origin}`;
}

/** `feed held`: what waits for approval, by feed. */
export function renderHeld(reports: readonly FeedReportView[], layout: Layout): string[] {
  const waiting = reports.filter(({ feed }) => feed.held > 0 || feed.pending !== null);
  if (waiting.length === 0) return ['nothing is held back'];
  return waiting.flatMap(({ feed, held }) => {
    const lines = [`feed ${printable(feed.id)}: ${printable(feed.name ?? shownLocation(feed.location))}`];
    if (feed.pending !== null) {
      const { reason, entries, atMs } = feed.pending;
      const text = `new content of ${counted(entries, 'entry', 'entries')}, ${age(atMs, layout.nowMs)}: it ${reason}; sallyport feed approve ${feed.id}`;
      lines.push(...renderProse('  ', text, layout));
    }
    for (const [sentence, entries] of Map.groupBy(held, (each) => each.sentence)) {
      lines.push(...renderProse('  ', entries.length > 1 ? `each ${sentence}:` : `${sentence}:`, layout));
      for (const { entry, count: times, approvable } of entries) {
        const often = times > 1 ? ` (${count(times)} times)` : '';
        lines.push(`    ${printable(entry)}${often}${approvable ? '' : ' – cannot be approved'}`);
      }
    }
    const more = feed.held - shownHeld(held);
    if (more > 0) lines.push(`  and ${count(more)} more`);
    if (feed.held > 0) lines.push(`  to let them act: sallyport feed approve ${printable(feed.id)} ENTRY… | --all`);
    return lines;
  });
}

const USES: Readonly<Record<string, string>> = {
  any: 'any use',
  attribution: 'any, naming it',
  'non-commercial': 'non-commercial',
  unstated: 'unstated',
};

export function renderCatalogue(catalogue: readonly CatalogueView[], layout: Layout): string[] {
  const idWidth = Math.max(...catalogue.map(({ id }) => id.length));
  const stateOf = ({ state, needsKey }: CatalogueView): string =>
    state === 'available' ? (needsKey ? 'key' : '') : state;
  // A licence and a description are sentences, and no terminal has room for both in one row.
  const lines = [...Map.groupBy(catalogue, ({ purpose }) => purpose)].flatMap(([purpose, entries]) => [
    layout.paint('bold', printable(purpose)),
    ...entries.flatMap((entry) => {
      const state = stateOf(entry).padEnd(3);
      const lead = `  ${layout.paint(entry.state === 'on' ? 'green' : 'dim', state)}  ${printable(entry.id).padEnd(idWidth)}  `;
      const use = USES[entry.use] ?? entry.use;
      const text = `${entry.description} · ${entry.category} · ${use} (${entry.licence})`;
      return renderProse(lead, text, layout, idWidth + 9);
    }),
  ]);
  const legend = 'on, off: in use or turned off here; key: the publisher wants one.';
  const hint = 'up turns on the threat lists that allow any use; sallyport feed enable ID turns on another.';
  return [...lines, ...renderProse('', `${legend} ${hint}`, layout)];
}
