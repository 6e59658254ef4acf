/**
 * Reads one feed for the tables: its members, through the guard rails, into the sink; and tells what it brought.
 *
 * Easy to get wrong: what is held back was read and is no entry. The figures of the report are those of the sink, which
 * only sees what passed.
 */
import { FeedError } from '../feeds/feed-error.ts';
import { isFormat } from '../feeds/formats.ts';
import { type Approvals, GuardRails } from '../feeds/guard/guard-rails.ts';
import { GuardedNames } from '../feeds/guard/guarded-names.ts';
import { GuardedNetworks } from '../feeds/guard/guarded-networks.ts';
import type { WholeFeedHeld } from '../feeds/guard/held-entry.ts';
import { defaultPopularHosts } from '../feeds/guard/popular-hosts.ts';
import { defaultPublicSuffixes } from '../feeds/guard/public-suffixes.ts';
import { openFeedMembers } from '../feeds/open-source.ts';
import { type MembersReport, readFeedMembers } from '../feeds/read-members.ts';
import { ownAddresses } from './own-addresses.ts';
import type { ReputationSink } from './reputation-sink.ts';
import type { CompileTask, FeedToRead, ReadingReport } from './reputation-task.ts';

/** Every text is approved. */
class Everything extends Set<string> {
  override has(): boolean {
    return true;
  }
}

export interface FeedReading {
  readonly report: ReadingReport;
  /** Not null: the content is not to be used. */
  readonly wholeFeed: WholeFeedHeld | null;
}

/** What all feeds of one compilation are measured by. */
export class FeedReader {
  readonly #maxBytes: number;
  readonly #nowMs: number;
  readonly #names: GuardedNames;
  readonly #networks: GuardedNetworks;

  constructor({ maxBytes, nowMs, protectedNames }: CompileTask) {
    this.#maxBytes = maxBytes;
    this.#nowMs = nowMs;
    this.#names = new GuardedNames({
      suffixes: defaultPublicSuffixes(),
      popular: defaultPopularHosts(),
      protectedNames,
    });
    this.#networks = new GuardedNetworks(ownAddresses());
  }

  /** Throws FeedError; what the sink was given until then is not to be used. */
  async read(feed: FeedToRead, sink: ReputationSink, onProgress: (line: string) => void): Promise<FeedReading> {
    const { format } = feed;
    if (format !== 'detect' && !isFormat(format)) throw new FeedError('wrong-format', `${format} is no format`);
    const rails = new GuardRails(sink, {
      names: this.#names,
      networks: this.#networks,
      approvals: approvalsOf(feed),
      previousEntries: feed.candidate?.previousEntries ?? null,
    });
    await using source = await openFeedMembers(feed.path, { maxBytes: this.#maxBytes });
    const members = await readFeedMembers(
      source.members(),
      {
        name: feed.location,
        format,
        nowMs: this.#nowMs,
        onProgress: ({ lines }) => onProgress(`${feed.location}: ${lines.toLocaleString('en')} lines`),
      },
      rails,
    );
    const held = rails.finish();
    const { entries, exceptions, duplicates, audited, portQualified, webCategories } = sink;
    return {
      wholeFeed: held.wholeFeed,
      report: {
        format: members.format,
        read: members.read,
        entries,
        exceptions,
        duplicates,
        audited,
        portQualified,
        webCategories,
        skipped: skippedOf(members),
        invalid: members.invalid,
        members: members.members,
        heldEntries: held.heldEntries,
        held: held.held,
        narrowed: held.narrowed,
        damage: held.damage,
      },
    };
  }
}

function approvalsOf({ approved }: FeedToRead): Approvals {
  return { entries: approved.includes('*') ? new Everything() : new Set(approved), shrink: false, growth: false };
}

function skippedOf({ skipped, skippedAt }: MembersReport): ReadingReport['skipped'] {
  const lines = new Map<string, readonly number[]>(Object.entries(skippedAt));
  return Object.entries(skipped).map(([reason, count]) => ({ reason, count, lines: lines.get(reason) ?? [] }));
}
