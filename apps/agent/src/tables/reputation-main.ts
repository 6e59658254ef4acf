/**
 * The program of the child process: fetches a feed, or reads all feeds and writes their tables.
 *
 * Builders cannot take entries back. When a feed turns out to be unusable after some of it was entered, all is thrown
 * away and compiled again without its new content; that costs time in a rare case and no memory in the usual one.
 *
 * Easy to get wrong: this file and all it imports are loaded from memory by child-program.ts, so imports must be
 * static, and nothing here may look for files of the project.
 */
import { writeFile } from 'node:fs/promises';

import { TableBuilder } from '@sallyport/hosts/build';

import { byteSize, FeedError } from '../feeds/feed-error.ts';
import { openFeedSource } from '../feeds/open-source.ts';
import { buildPopularTable } from './popular-table.ts';
import { MAX_FEEDS, ReputationCensus } from './reputation-census.ts';
import { FeedReader } from './reputation-reading.ts';
import { ReputationRepeats } from './reputation-repeats.ts';
import { type Compilation, ReputationSink } from './reputation-sink.ts';
import type { CompileTask, FeedToRead, ReadingReport, ReputationMessage, ReputationTask } from './reputation-task.ts';
import { writeDurably } from './write-durably.ts';

type Send = (message: ReputationMessage) => void;

export async function run(task: ReputationTask, send: Send): Promise<void> {
  if (task.kind === 'compile') return compile(task, send);
  try {
    await fetchFeed(task, send);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    send({ kind: 'refused', feed: null, code: error.code, message: error.message });
  }
}

async function fetchFeed(task: ReputationTask & { kind: 'fetch' }, send: Send): Promise<void> {
  await using source = await openFeedSource(task.location, {
    maxBytes: task.maxBytes,
    validators: task.validators,
    asSent: true,
  });
  if (source.notModified) {
    send({ kind: 'not-modified' });
    return;
  }
  send({ kind: 'progress', line: `fetching ${source.describe}` });
  // Flushed: the row that names this copy is committed to the disk, so the copy has to be there as well.
  const told = tellingProgress(source.stream, (bytes) =>
    send({ kind: 'progress', line: `fetching ${source.describe}: ${byteSize(bytes)}` }),
  );
  await writeFile(task.to, told, { flag: 'wx', mode: 0o640, flush: true });
  send({ kind: 'fetched', validators: source.validators });
}

/** Of every so many bytes: a server that gives a byte now and then is not a sign of life. */
const TOLD_BYTES = 1024 * 1024;

async function* tellingProgress(
  stream: AsyncIterable<Uint8Array>,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let tellAt = TOLD_BYTES;
  for await (const chunk of stream) {
    yield chunk;
    bytes += chunk.length;
    if (bytes < tellAt) continue;
    tellAt = bytes + TOLD_BYTES;
    onProgress(bytes);
  }
}

async function compile(task: CompileTask, send: Send): Promise<void> {
  const reader = new FeedReader(task);
  let feeds = task.feeds;
  const hasCandidates = feeds.some((feed) => feed.candidate !== null);
  for (;;) {
    const built = await enterAll(reader, feeds, task, send);
    if (built.kind === 'without') {
      feeds = feeds.flatMap((feed) => (feed.id === built.feed ? fallBack(feed) : [feed]));
      if (hasCandidates && !feeds.some((feed) => feed.candidate !== null)) {
        send({ kind: 'nothing-new' });
        return;
      }
      continue;
    }
    const { reputation, categories } = built.compilation;
    const { entries } = reputation;
    // The first start on a device has nothing to tell.
    if (entries > 0) send({ kind: 'progress', line: `compiling ${entries.toLocaleString('en')} entries` });
    // One after another: each may be as large as the memory that is left.
    let bytes = 0;
    for (const [path, build] of [
      [task.to.popular, () => buildPopularTable(task.hashKey)],
      [task.to.categories, () => categories.build()],
      [task.to.reputation, () => reputation.build()],
    ] as const) {
      const table = build();
      writeDurably(path, table);
      bytes = table.length;
    }
    for (const [feed, report] of built.reports) send({ kind: 'report', feed, report });
    send({ kind: 'done', entries: entries - reputation.duplicates, bytes });
    return;
  }
}

type Entered =
  | {
      readonly kind: 'all';
      readonly compilation: Compilation;
      readonly reports: ReadonlyMap<string, ReadingReport>;
    }
  /** To be tried again without the new content of this feed. */
  | { readonly kind: 'without'; readonly feed: string };

async function enterAll(
  reader: FeedReader,
  feeds: readonly FeedToRead[],
  task: CompileTask,
  send: Send,
): Promise<Entered> {
  const compilation: Compilation = {
    reputation: new TableBuilder({ hashKey: task.hashKey }),
    categories: new TableBuilder({ hashKey: task.hashKey }),
    census: new ReputationCensus(),
    repeats: new ReputationRepeats(task.hashKey),
    blockConfidence: task.blockConfidence,
  };
  const reports = new Map<string, ReadingReport>();
  for (const [index, feed] of feeds.entries()) {
    const sink = new ReputationSink(compilation, feed, 1 + (index % MAX_FEEDS));
    try {
      const read = await reader.read(feed, sink, (line) => send({ kind: 'progress', line }));
      if (read.wholeFeed !== null) {
        const { sentence, entries } = read.wholeFeed;
        send({ kind: 'withheld', feed: feed.id, reason: sentence, entries });
        return { kind: 'without', feed: feed.id };
      }
      reports.set(feed.id, read.report);
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      send({ kind: 'refused', feed: feed.id, code: error.code, message: error.message });
      return { kind: 'without', feed: feed.id };
    }
  }
  return { kind: 'all', compilation, reports };
}

/** The feed with what was in force before, or no feed. */
function fallBack(feed: FeedToRead): FeedToRead[] {
  const previous = feed.candidate?.previous ?? null;
  return previous === null ? [] : [{ ...feed, ...previous, candidate: null }];
}
