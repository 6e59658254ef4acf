/**
 * `sallyport feed add|list|refresh|remove`. A local feed is opened here and streamed to the agent: the agent's user may
 * not be able to read it, the caller is.
 */
import type { Control, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { didYouMean } from '../closest.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { type FeedLocation, readFeedLocation } from '../feed-location.ts';
import { type LocalFile, openLocalFile } from '../local-file.ts';
import { byteSize } from '../quantity.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderFeedReport, renderFeeds } from '../screens/feeds.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

const FORMATS = ['hosts', 'domains', 'adblock', 'cidr'] as const;
const CATEGORIES = ['phishing', 'malicious', 'c2', 'untrusted'] as const;

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('feed', ['add', 'list', 'refresh', 'remove'], args);
  switch (name) {
    case 'add':
      return add(rest, context);
    case 'list':
      return list(rest, context);
    case 'refresh':
      return refresh(rest, context);
    case 'remove':
      return remove(rest, context);
  }
}

async function add(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed add', args);
  expectPositionals('feed add', ['PATH|URL'], positionals);
  const format = options.format === undefined ? 'detect' : choice('--format', options.format, FORMATS);
  const category = options.category === undefined ? 'malicious' : choice('--category', options.category, CATEGORIES);
  const location = readFeedLocation(positionals[0] ?? '');
  using file = location.kind === 'file' ? openLocalFile(location.path) : null;
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  if (file !== null) await checkSize(file, opened.control);
  using progress = progressOn(context);
  const feed = await opened.control.addFeed(
    { location: file === null ? locationText(location) : file.path, format, category },
    file?.content(),
    progress.show,
  );
  progress.clear();
  const lines = options.json ? [printableJson(feed, 2)] : renderFeedReport('added', feed, context.layout());
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

async function refresh(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed refresh', args);
  expectPositionals('feed refresh', ['[ID]'], positionals);
  const wanted = positionals[0];
  using files = new DisposableStack();
  const chosen: { feed: FeedView; file: LocalFile | ControlError | null }[] = [];
  let known = 0;
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY, (feeds) => {
    known = feeds.length;
    const named = wanted === undefined ? feeds : feeds.filter((feed) => isNamed(feed, wanted));
    if (wanted !== undefined && named.length === 0) throw unknownFeed(wanted, feeds);
    for (const feed of named) chosen.push({ feed, file: openFeedFile(feed, files) });
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
      if (!options.json) await printLines(context.out, renderFeedReport('refreshed', view, context.layout()));
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

/** Null for a URL. What is wrong with one feed's file is kept for its turn. */
function openFeedFile(feed: FeedView, files: DisposableStack): LocalFile | ControlError | null {
  const location = readFeedLocation(feed.location);
  if (location.kind === 'url') return null;
  try {
    return files.use(openLocalFile(location.path));
  } catch (error) {
    if (error instanceof ControlError) return error;
    throw error;
  }
}

async function remove(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('feed remove', args);
  expectPositionals('feed remove', ['ID'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const feeds = await opened.control.feeds();
  const wanted = positionals[0] ?? '';
  const feed = feeds.find((each) => isNamed(each, wanted));
  if (feed === undefined) throw unknownFeed(wanted, feeds);
  const removed = await opened.control.removeFeed(feed.id);
  const line = `removed ${printable(removed.location)} (${printable(removed.id)})`;
  await printLines(context.out, [options.json ? printableJson(removed, 2) : line]);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

/** By id, by location as stored, or by a path relative to here. */
function isNamed(feed: FeedView, typed: string): boolean {
  if (feed.id === typed || feed.location === typed) return true;
  const location = /^[a-z]+:/i.test(typed) ? null : readFeedLocation(typed);
  return location?.kind === 'file' && location.path === feed.location;
}

function unknownFeed(typed: string, feeds: readonly FeedView[]): ControlError {
  const remedy =
    didYouMean(
      typed,
      feeds.map(({ id }) => id),
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

function choice<const T extends readonly string[]>(option: string, typed: string, known: T): T[number] {
  const value = known.find((each) => each === typed.toLowerCase());
  if (value !== undefined) return value;
  const remedy = didYouMean(typed, known) || `: write one of ${known.join(', ')}`;
  throw new UsageError(`feed add: ${option} '${printable(typed)}' is not known${remedy}`);
}

interface Progress extends Disposable {
  readonly show: (line: string) => void;
  readonly clear: () => void;
}

/** One line that is written over, on a terminal; nothing into a file. */
function progressOn({ err }: Context): Progress {
  let shown = false;
  const clear = (): void => {
    if (shown) void err.write('\r\x1b[K');
    shown = false;
  };
  return {
    show(line) {
      if (!err.isTerminal) return;
      void err.write(`\r\x1b[K${printable(line)}`);
      shown = true;
    },
    clear,
    [Symbol.dispose]: clear,
  };
}
