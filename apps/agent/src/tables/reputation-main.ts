/**
 * The program of the child process: fetches a feed, or reads all feeds and writes the reputation table.
 *
 * Easy to get wrong: this file and all it imports are loaded from memory by child-program.ts, so imports must be
 * static, and nothing here may look for files of the project.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { TableBuilder } from '@sallyport/hosts/build';
import type { ResponseCategory, Rule } from '@sallyport/hosts/rule';
import { MAX_PATH_BYTES } from '@sallyport/hosts/url-path';

import type { ExceptionEntry, FeedSink } from '../feeds/entry-recorder.ts';
import { FeedError } from '../feeds/feed-error.ts';
import type { Format } from '../feeds/line-parsers.ts';
import { openFeedSource } from '../feeds/open-source.ts';
import { readFeed } from '../feeds/read-feed.ts';
import type { FeedToRead, ReputationMessage, ReputationTask } from './reputation-task.ts';

/** Categories as `feed add --category` takes them, and what events call them (defender-spec 2.2). */
const CATEGORIES: Readonly<Record<string, ResponseCategory>> = {
  phishing: 'Phishing',
  malicious: 'Malicious',
  c2: 'C2',
  untrusted: 'Untrusted',
};

export async function run(task: ReputationTask, send: (message: ReputationMessage) => void): Promise<void> {
  let reading: string | null = null;
  try {
    if (task.kind === 'fetch') {
      await fetchFeed(task, send);
    } else {
      const builder = new TableBuilder({ hashKey: task.hashKey });
      for (const feed of task.feeds) {
        reading = feed.id;
        await addFeed(builder, feed, task.maxBytes, send);
      }
      reading = null;
      send({ kind: 'progress', line: `compiling ${builder.entries.toLocaleString('en')} entries` });
      const { entries } = builder;
      const bytes = builder.build();
      writeDurably(task.to, bytes);
      send({ kind: 'done', entries: entries - builder.duplicates, bytes: bytes.length });
    }
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    send({ kind: 'refused', feed: reading, code: error.code, message: error.message });
  }
}

async function fetchFeed(
  task: ReputationTask & { kind: 'fetch' },
  send: (message: ReputationMessage) => void,
): Promise<void> {
  await using source = await openFeedSource(task.location, { maxBytes: task.maxBytes });
  send({ kind: 'progress', line: `reading ${source.describe}` });
  await writeFile(task.to, source.stream, { flag: 'wx', mode: 0o640 });
}

async function addFeed(
  builder: TableBuilder,
  feed: FeedToRead,
  maxBytes: number,
  send: (message: ReputationMessage) => void,
): Promise<void> {
  const rule = (action: Rule['action']): number =>
    builder.addRule({
      action,
      category: CATEGORIES[feed.category] ?? 'Malicious',
      id: feed.id,
      title: feed.location,
      source: 'feed',
      expiresAt: null,
    });
  await using source = await openFeedSource(feed.path, { maxBytes });
  const report = await readFeed(
    source.stream,
    {
      name: feed.location,
      format: feed.format as Format | 'detect', // oxlint-disable-line typescript/no-unsafe-type-assertion -- the agent accepts no other (feed-store)
      onProgress: ({ lines }) =>
        send({ kind: 'progress', line: `${feed.location}: ${lines.toLocaleString('en')} lines` }),
    },
    sinkInto(builder, rule('block'), rule),
  );
  send({ kind: 'report', feed: feed.id, report });
}

/**
 * Exceptions become allow entries, so they win over block entries of the same or a shorter name, whichever feed those
 * are from. Ports cannot be told apart by the table: an entry for one port counts for all (the report says how many).
 */
function sinkInto(builder: TableBuilder, block: number, rule: (action: Rule['action']) => number): FeedSink {
  let allow = -1;
  const url = (host: string, path: string, index: number): void => {
    // No browser and no server takes a request line that long; the builder refuses it.
    if (path.length < MAX_PATH_BYTES) builder.addUrl(host, path, index);
  };
  const except = (entry: ExceptionEntry): void => {
    if (allow < 0) allow = rule('allow');
    if (entry.kind === 'host') builder.addHost(entry.name, allow, entry.match);
    else if (entry.kind === 'ip') builder.addIp(entry.address, allow);
    else url(entry.host, entry.path, allow);
  };
  return {
    host: (name, match) => builder.addHost(name, block, match),
    ip: (address) => builder.addIp(address, block),
    cidr: (address, prefixLength) => builder.addCidr(address, prefixLength, block),
    url: (host, path) => url(host, path, block),
    exception: except,
  };
}

/** A table of feeds is used again after a restart, so it has to be on the disk before its name is. */
function writeDurably(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o640);
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
