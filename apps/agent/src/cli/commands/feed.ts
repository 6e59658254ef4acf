/**
 * `sallyport feed …`. A local feed is opened here and streamed to the agent: the agent's user may not be able to read
 * it, the caller is.
 */
import type { Control, FeedAdd, FeedReportView, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { parseFormat } from '../../feeds/formats.ts';
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { didYouMean } from '../closest.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { type FeedLocation, readFeedLocation } from '../feed-location.ts';
import { type LocalFile, openLocalFeed } from '../local-file.ts';
import { progressOn } from '../progress.ts';
import { byteSize } from '../quantity.ts';
import { printable, printableJson } from '../safe-text.ts';
import {
  renderCatalogue,
  renderFeedReport,
  renderFeeds,
  renderHeld,
  renderWholeReport,
  shownLocation,
} from '../screens/feeds.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { readDuration } from '../time.ts';
import { UsageError } from '../usage-error.ts';

const SUB_COMMANDS = {
  add,
  list,
  refresh,
  remove,
  enable: (args: readonly string[], context: Context) => turn('enable', args, context),
  disable: (args: readonly string[], context: Context) => turn('disable', args, context),
  catalogue,
  report,
  held,
  approve,
} as const;

const NAMES = Object.keys(SUB_COMMANDS) as readonly (keyof typeof SUB_COMMANDS)[]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- keys of the literal above

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('feed', NAMES, args);
  return SUB_COMMANDS[name](rest, context);
}

async function add(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed add', args);
  expectPositionals('feed add', ['PATH|URL'], positionals);
  const wanted = {
    format: formatOf(options.format),
    category: options.category ?? 'malicious',
    ...(options.confidence !== undefined && { confidence: confidenceOf(options.confidence) }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.interval !== undefined && { intervalMs: intervalOf(options.interval) }),
  } satisfies Omit<FeedAdd, 'location'>;
  const location = readFeedLocation(positionals[0] ?? '');
  using file = location.kind === 'file' ? openLocalFeed(location.path) : null;
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  if (file !== null) await checkSize(file, opened.control);
  using progress = progressOn(context);
  const feed = await opened.control.addFeed(
    { ...wanted, location: file === null ? locationText(location) : file.path },
    file?.content(),
    progress.show,
  );
  progress.clear();
  const lines = options.json ? [printableJson(feed, 2)] : await reportLines('added', feed, opened.control, context);
  await printLines(context.out, lines);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

async function list(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed list', args);
  expectPositionals('feed list', [], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const feeds = await opened.control.feeds();
  await printLines(context.out, options.json ? [printableJson(feeds, 2)] : renderFeeds(feeds, context.layout()));
  return EXIT.ok;
}

async function catalogue(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed catalogue', args);
  expectPositionals('feed catalogue', [], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const entries = await opened.control.catalogue();
  const lines = options.json ? [printableJson(entries, 2)] : renderCatalogue(entries, context.layout());
  await printLines(context.out, lines);
  return EXIT.ok;
}

/** One after another; what is wrong with one does not keep the others. */
async function turn(way: 'enable' | 'disable', args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf(`feed ${way}`, args);
  if (positionals.length === 0) expectPositionals(`feed ${way}`, ['ID…'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const { control, running } = opened;
  const turned: FeedView[] = [];
  for (const id of positionals) {
    using progress = progressOn(context);
    try {
      const feed = await (way === 'enable' ? control.enableFeed(id, progress.show) : control.disableFeed(id));
      progress.clear();
      turned.push(feed);
      if (!options.json) await context.out.write(`${turnedLine(way, feed, running)}\n`);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      progress.clear();
      await context.err.write(`sallyport: ${printable(error.message)}\n`);
    }
  }
  if (options.json) await printLines(context.out, [printableJson(turned, 2)]);
  if (turned.length > 0) await noticeWhenStored(context, opened);
  return turned.length < positionals.length ? EXIT.failed : EXIT.ok;
}

function turnedLine(way: 'enable' | 'disable', feed: FeedView, running: boolean): string {
  const shown = `${printable(feed.name ?? shownLocation(feed.location))} (${printable(feed.id)})`;
  if (way === 'disable') return `disabled ${shown}`;
  const isComing = feed.refreshedMs === null && running;
  return `enabled ${shown}${isComing ? '; it is read in the background, see sallyport feed list' : ''}`;
}

async function report(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed report', args);
  expectPositionals('feed report', ['ID'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const feed = await named(opened.control, positionals[0] ?? '');
  const whole = await opened.control.feedReport(feed.id);
  await printLines(context.out, options.json ? [printableJson(whole, 2)] : renderWholeReport(whole, context.layout()));
  return EXIT.ok;
}

async function held(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed held', args);
  expectPositionals('feed held', ['[ID]'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const wanted = positionals[0];
  const feeds = wanted === undefined ? await opened.control.feeds() : [await named(opened.control, wanted)];
  const reports: FeedReportView[] = [];
  for (const { id, held: count, pending } of feeds) {
    if (count > 0 || pending !== null) reports.push(await opened.control.feedReport(id));
  }
  const json = reports.map(({ feed, held: entries }) => ({
    feed: feed.id,
    location: feed.location,
    pending: feed.pending,
    count: feed.held,
    held: entries,
  }));
  await printLines(context.out, options.json ? [printableJson(json, 2)] : renderHeld(reports, context.layout()));
  return EXIT.ok;
}

async function approve(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed approve', args);
  const [id, ...entries] = positionals;
  if (id === undefined) expectPositionals('feed approve', ['ID'], positionals);
  if (options.all && entries.length > 0) throw new UsageError('feed approve: name entries, or --all, not both');
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const feed = await named(opened.control, id ?? '');
  using progress = progressOn(context);
  const approved = await opened.control.approveFeed(feed.id, options.all ? ['*'] : entries, progress.show);
  progress.clear();
  const lines = options.json
    ? [printableJson(approved, 2)]
    : await reportLines('approved', approved, opened.control, context);
  await printLines(context.out, lines);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

async function refresh(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed refresh', args);
  expectPositionals('feed refresh', ['[ID]'], positionals);
  const wanted = positionals[0];
  using files = new DisposableStack();
  const chosen: { feed: FeedView; file: LocalFile | ControlError | null }[] = [];
  let known = 0;
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY, (feeds) => {
    known = feeds.length;
    const meant = feeds.filter((feed) => (wanted === undefined ? feed.enabled : isNamed(feed, wanted)));
    if (wanted !== undefined && meant.length === 0) throw unknownFeed(wanted, feeds);
    for (const feed of meant) chosen.push({ feed, file: openFeedFile(feed, files) });
  });
  if (known === 0) {
    await printLines(context.out, options.json ? ['[]'] : renderFeeds([], context.layout()));
    return EXIT.ok;
  }
  const refreshed: FeedView[] = [];
  for (const { feed, file } of chosen) {
    using progress = progressOn(context);
    try {
      if (file instanceof ControlError) throw file;
      if (file !== null) await checkSize(file, opened.control);
      const view = await opened.control.refreshFeed(feed.id, file?.content(), progress.show);
      progress.clear();
      refreshed.push(view);
      if (!options.json) await printLines(context.out, await reportLines('refreshed', view, opened.control, context));
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      progress.clear();
      // The other feeds do not suffer for this one; what it held stays in force.
      await context.err.write(`sallyport: ${printable(`feed ${feed.id}: ${error.message}`)}\n`);
    }
  }
  if (options.json) await printLines(context.out, [printableJson(refreshed, 2)]);
  if (refreshed.length > 0) await noticeWhenStored(context, opened);
  return refreshed.length < chosen.length ? EXIT.failed : EXIT.ok;
}

async function reportLines(verb: string, feed: FeedView, control: Control, context: Context): Promise<string[]> {
  const read = await control.feedReport(feed.id);
  return renderFeedReport(verb, { ...read, feed }, context.layout());
}

/** Null for a URL. What is wrong with one feed's file is kept for its turn. */
function openFeedFile(feed: FeedView, files: DisposableStack): LocalFile | ControlError | null {
  const location = readFeedLocation(feed.location);
  if (location.kind === 'url') return null;
  try {
    return files.use(openLocalFeed(location.path));
  } catch (error) {
    if (error instanceof ControlError) return error;
    throw error;
  }
}

async function remove(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed remove', args);
  expectPositionals('feed remove', ['ID'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const feed = await named(opened.control, positionals[0] ?? '');
  const removed = await opened.control.removeFeed(feed.id);
  const line = `removed ${printable(shownLocation(removed.location))} (${printable(removed.id)})`;
  await printLines(context.out, [options.json ? printableJson(removed, 2) : line]);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

/** Throws ControlError `not-found`. */
async function named(control: Control, typed: string): Promise<FeedView> {
  const feeds = await control.feeds();
  const feed = feeds.find((each) => isNamed(each, typed));
  if (feed === undefined) throw unknownFeed(typed, feeds);
  return feed;
}

/** By id, by the catalogue's id, by name, by location as stored, or by a path relative to here. */
function isNamed(feed: FeedView, typed: string): boolean {
  if ([feed.id, feed.location, feed.catalogueId, feed.name].includes(typed)) return true;
  const location = /^[a-z]+:/i.test(typed) ? null : readFeedLocation(typed);
  return location?.kind === 'file' && location.path === feed.location;
}

function unknownFeed(typed: string, feeds: readonly FeedView[]): ControlError {
  const remedy =
    didYouMean(
      typed,
      feeds.flatMap(({ id, catalogueId }) => [id, ...(catalogueId === null ? [] : [catalogueId])]),
    ) || '; sallyport feed list shows them all';
  return new ControlError('not-found', `there is no feed '${typed}'${remedy}`);
}

/** A 3 GB file is refused before a byte of it is read; the agent counts as well, for what grows meanwhile. */
async function checkSize(file: LocalFile, control: Control): Promise<void> {
  const settings = await control.settings();
  const most = settings.find(({ name }) => name === 'FeedMaxBytes')?.value;
  if (typeof most !== 'number' || file.size <= most) return;
  const sizes = `${byteSize(file.size)}, FeedMaxBytes is ${byteSize(most)}`;
  throw new ControlError(
    'invalid',
    `${file.path}: is too large (${sizes}): sallyport config set FeedMaxBytes raises it`,
  );
}

const locationText = (location: FeedLocation): string => (location.kind === 'url' ? location.url : location.path);

/** A typing mistake in the format is told before anything is opened; the agent checks again. */
function formatOf(typed: string | undefined): string {
  if (typed === undefined) return 'detect';
  const format = typed.startsWith('csv:') ? typed : typed.toLowerCase();
  const parsed = parseFormat(format);
  if (parsed.kind === 'ok' || format === 'detect') return format;
  throw new UsageError(`feed add: --format '${printable(typed)}' is not known: ${parsed.reason}`);
}

function confidenceOf(typed: string): number {
  if (/^\d{1,3}$/.test(typed) && Number(typed) <= 100) return Number(typed);
  throw new UsageError(`feed add: --confidence '${printable(typed)}' is no whole number from 0 to 100`);
}

function intervalOf(typed: string): number {
  const interval = readDuration(typed);
  if (interval !== null) return interval;
  throw new UsageError(`feed add: --interval '${printable(typed)}' is no time such as 30m, 6h or 2d`);
}
