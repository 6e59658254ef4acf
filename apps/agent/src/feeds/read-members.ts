/**
 * Reads a feed that may be an archive: each member as a feed of its own, into one sink, with one report.
 *
 * Easy to get wrong: archives hold more than lists. A member that gives nothing (a licence, a manifest, an event
 * without indicators) is passed over and named in the report. A member that gave entries before it turned out to be
 * broken ends the whole feed, because its entries cannot be taken back.
 */
import { type FeedMember, MAX_NAME } from './archives/feed-member.ts';
import { ut1Member, isUt1Path, type Ut1Meaning } from './archives/ut1.ts';
import { FeedError, printable } from './feed-error.ts';
import type { EntryDetail, FeedSink } from './feed-sink.ts';
import type { InvalidLine } from './lines/tally.ts';
import { type FeedReport, readFeed, type ReadFeedOptions } from './read-feed.ts';

export interface SkippedMember {
  /** Printable. */
  readonly name: string;
  readonly reason: string;
}

/** Of all members together. In `invalid`, reasons begin with the member's name; positions are within the member. */
export interface MembersReport extends FeedReport {
  readonly members: {
    readonly read: number;
    readonly skipped: { readonly count: number; readonly first: readonly SkippedMember[] };
  };
}

const KEPT_SKIPPED = 200;
const KEPT_INVALID = 10;
const KEPT_POSITIONS = 5;

/** Of a MISP feed: the index and the hashes of what its events name. */
const MISP_INDEXES: ReadonlySet<string> = new Set(['manifest.json', 'hashes.csv']);

/**
 * Gives the entries of all members to `sink`. Members with paths of the UT1 layout get its categories when the format
 * is `ut1` or detected. Throws `FeedError` like `readFeed`, also when no member gave an entry.
 */
export async function readFeedMembers(
  members: AsyncIterable<FeedMember>,
  options: ReadFeedOptions,
  sink: FeedSink,
): Promise<MembersReport> {
  const merged = new MergedReport();
  const layout = new Layout(options.format);
  let first: FeedError | null = null;
  for await (const { name, stream } of members) {
    const plan = layout.planOf(name);
    if (plan.kind === 'skipped') {
      merged.skip(name, plan.reason);
      continue;
    }
    const counting = countingSink(plan.kind === 'plain' ? sink : categorised(sink, plan));
    const watched = new WatchedStream(stream);
    try {
      merged.add(name, await readFeed(watched, memberOptions(options, name, plan, merged.read), counting.sink));
    } catch (error) {
      // A damaged, cancelled or too large archive is no matter of one member.
      if (!(error instanceof FeedError) || counting.given() || watched.failed) throw error;
      first ??= error;
      merged.skip(name, error.message);
    }
  }
  const report = merged.report();
  if (report !== null) return report;
  if (first !== null && merged.skippedCount === 1) throw first;
  const why = merged.firstReason();
  throw new FeedError(
    'empty',
    `${printable(options.name, 400)}: none of its ${merged.skippedCount} files gives entries${why === null ? '' : `; ${why}`}`,
  );
}

type Plan = { readonly kind: 'plain' } | Ut1Meaning;

/** Tells from their paths what members are. */
class Layout {
  readonly #format: ReadFeedOptions['format'];
  /** Once a list of UT1 was seen, the rest is of its layout or none. */
  #isUt1: boolean;
  readonly #seen = new Set<string>();

  constructor(format: ReadFeedOptions['format']) {
    this.#format = format;
    this.#isUt1 = format === 'ut1';
  }

  planOf(name: string): Plan {
    if (name === '') return { kind: 'plain' };
    if (this.#format === 'misp' && MISP_INDEXES.has(baseName(name))) {
      return { kind: 'skipped', reason: 'an index of the events, not an event' };
    }
    this.#isUt1 ||= this.#format === 'detect' && isUt1Path(name);
    if (!this.#isUt1) return { kind: 'plain' };
    const member = ut1Member(name);
    if (member === null) return { kind: 'skipped', reason: 'not a list of the UT1 layout' };
    const { folder, file, meaning } = member;
    if (meaning.kind === 'skipped') return { kind: 'skipped', reason: `${folder}: ${meaning.reason}` };
    const list = `${folder}/${file}`;
    if (this.#seen.has(list)) return { kind: 'skipped', reason: `the same list as ${list}, which was read` };
    this.#seen.add(list);
    return meaning;
  }
}

/** Knows whether an error came from the stream or from what reads it. */
class WatchedStream implements AsyncIterable<Uint8Array> {
  failed = false;
  readonly #stream: AsyncIterable<Uint8Array>;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const chunks = this.#stream[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await chunks.next().catch((error: unknown) => {
          this.failed = true;
          throw error;
        });
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function memberOptions(options: ReadFeedOptions, name: string, plan: Plan, before: number): ReadFeedOptions {
  if (name === '') return options;
  const { onProgress } = options;
  return {
    ...options,
    name: `${printable(options.name, MAX_NAME - 150)}, ${printable(name, 150)}`,
    format: plan.kind === 'plain' ? options.format : 'ut1',
    ...(onProgress && { onProgress: ({ lines, bytes }) => onProgress({ lines: before + lines, bytes }) }),
  };
}

/** The same sink, and whether anything went into it. */
function countingSink(sink: FeedSink): { readonly sink: FeedSink; given(): boolean } {
  let given = false;
  return {
    given: () => given,
    sink: {
      host(name, match, detail) {
        given = true;
        sink.host(name, match, detail);
      },
      ip(address, detail) {
        given = true;
        sink.ip(address, detail);
      },
      cidr(address, prefixLength, detail) {
        given = true;
        sink.cidr(address, prefixLength, detail);
      },
      url(host, path, detail) {
        given = true;
        sink.url(host, path, detail);
      },
      exception(entry) {
        given = true;
        sink.exception(entry);
      },
    },
  };
}

/** Details of a folder's entries carry its category. */
function categorised(sink: FeedSink, meaning: Exclude<Ut1Meaning, { kind: 'skipped' }>): FeedSink {
  // Nearly all entries of a folder share one detail, so that one copy serves them.
  let plain: EntryDetail | null = null;
  let copy: EntryDetail | null = null;
  const withCategory = (detail: EntryDetail): EntryDetail => {
    if (detail === plain && copy !== null) return copy;
    plain = detail;
    copy =
      meaning.kind === 'web'
        ? { ...detail, webCategory: meaning.category }
        : { ...detail, responseCategory: meaning.category };
    return copy;
  };
  return {
    host: (name, match, detail) => sink.host(name, match, withCategory(detail)),
    ip: (address, detail) => sink.ip(address, withCategory(detail)),
    cidr: (address, prefixLength, detail) => sink.cidr(address, prefixLength, withCategory(detail)),
    url: (host, path, detail) => sink.url(host, path, withCategory(detail)),
    exception: (entry) => sink.exception({ ...entry, detail: withCategory(entry.detail) }),
  };
}

class MergedReport {
  read = 0;
  skippedCount = 0;
  #members = 0;
  #format: FeedReport['format'] | null = null;
  #exceptions = 0;
  #portQualified = 0;
  #invalidCount = 0;
  readonly #entries = { hosts: 0, ips: 0, cidrs: 0, urls: 0 };
  readonly #skipped: { -readonly [Reason in keyof FeedReport['skipped']]: number } = {};
  readonly #skippedAt: { -readonly [Reason in keyof FeedReport['skippedAt']]: number[] } = {};
  readonly #invalid: InvalidLine[] = [];
  readonly #skippedMembers: SkippedMember[] = [];

  add(name: string, report: FeedReport): void {
    this.#members++;
    this.#format ??= report.format;
    this.read += report.read;
    for (const kind of ['hosts', 'ips', 'cidrs', 'urls'] as const) this.#entries[kind] += report.entries[kind];
    this.#exceptions += report.exceptions;
    this.#portQualified += report.portQualified;
    for (const [reason, count] of entriesOf(report.skipped)) {
      this.#skipped[reason] = (this.#skipped[reason] ?? 0) + (count ?? 0);
    }
    for (const [reason, positions] of entriesOf(report.skippedAt)) {
      this.#skippedAt[reason] = [...(this.#skippedAt[reason] ?? []), ...(positions ?? [])].slice(0, KEPT_POSITIONS);
    }
    this.#invalidCount += report.invalid.count;
    for (const { line, text, reason } of report.invalid.first) {
      if (this.#invalid.length === KEPT_INVALID) break;
      this.#invalid.push({ line, text, reason: name === '' ? reason : `${printable(name)}: ${reason}` });
    }
  }

  skip(name: string, reason: string): void {
    this.skippedCount++;
    if (this.#skippedMembers.length < KEPT_SKIPPED) this.#skippedMembers.push({ name, reason });
  }

  firstReason(): string | null {
    const first = this.#skippedMembers[0];
    return first === undefined ? null : `${printable(first.name)}: ${first.reason}`;
  }

  /** Null when no member was read. */
  report(): MembersReport | null {
    if (this.#format === null) return null;
    return {
      format: this.#format,
      read: this.read,
      entries: this.#entries,
      exceptions: this.#exceptions,
      portQualified: this.#portQualified,
      skipped: this.#skipped,
      skippedAt: this.#skippedAt,
      invalid: { count: this.#invalidCount, first: this.#invalid },
      members: { read: this.#members, skipped: { count: this.skippedCount, first: this.#skippedMembers } },
    };
  }
}

/** `Object.entries` with the keys' own type. */
const entriesOf = <Key extends string, Value>(
  counts: Readonly<Partial<Record<Key, Value>>>,
): ReadonlyArray<readonly [Key, Value | undefined]> => Object.entries(counts) as never; // oxlint-disable-line typescript/no-unsafe-type-assertion -- made by this program
