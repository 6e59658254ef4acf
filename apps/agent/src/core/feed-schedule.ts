/**
 * Keeps URL feeds fresh: asks each server on its interval, one after another, and takes what is new with one
 * compilation for all. Whatever fails, what was in force stays in force.
 *
 * A round ends its fetching early when it has collected content for a while, so that a dozen dead servers, thirty
 * seconds each, do not keep the good ones out of force. Without a network it ends after a few servers, says so once,
 * and later asks one server at a time until one answers.
 *
 * Easy to get wrong: servers that are gone for good look like a missing network. Those that failed least are therefore
 * asked first, so that a good feed never waits behind dead ones. And a feed is looked up again after
 * its server has answered, as somebody may have removed it meanwhile.
 */
import type { FeedStore } from '../feed-store/feed-store.ts';
import type { StoredFeed } from '../feed-store/stored-feed.ts';
import type { Validators } from '../feeds/open-source.ts';
import { NoNetworkError } from '../tables/no-network-error.ts';
import { isUrl } from './feed-content.ts';
import type { FeedIntake } from './feed-intake.ts';

const MINUTE_MS = 60_000;
/** After a failure: this long, then twice as long each time, never longer than the interval. */
const FIRST_RETRY_MS = 5 * MINUTE_MS;
/** Moments of many devices are spread over a tenth of the interval. */
const JITTER = 0.1;
/** So many servers in a row that cannot be met: it is the network. */
const MISSED_SERVERS = 3;
/** Content waits no longer than this for the rest of its round. */
const COLLECT_MS = 15_000;

interface Parts {
  readonly store: FeedStore;
  readonly intake: Pick<FeedIntake, 'fetch' | 'takeFetched'>;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** One line for people, at the end of a round that went wrong. */
  readonly onTrouble: (line: string) => void;
}

/** What one round came to. */
export interface Round {
  readonly taken: readonly string[];
  readonly unchanged: readonly string[];
  /** Feed names by what went wrong. */
  readonly failed: ReadonlyMap<string, readonly string[]>;
  /** Not asked, as there is no network. */
  readonly skipped: readonly string[];
}

type Content = { readonly file: string; readonly validators: Validators };

export class FeedSchedule {
  readonly #parts: Parts;
  #running: Promise<Round> | null = null;
  #isStopped = false;
  /** Servers that could not be met since the last one that was. */
  readonly #missed = new Set<string>();
  #isOfflineTold = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Begins a round when a feed is due and none is under way. To be called about once a second. */
  tick(): void {
    if (this.#running === null && !this.#isStopped && this.#due().length > 0) this.runDue().catch(() => {});
  }

  /** Asks every server that is due; joins a round that is under way. */
  runDue(): Promise<Round> {
    this.#running ??= this.#round().finally(() => (this.#running = null));
    return this.#running;
  }

  /** Ends after the fetch that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.catch(() => {});
  }

  #due(): readonly StoredFeed[] {
    const nowMs = this.#parts.now();
    return this.#parts.store
      .all()
      .filter(({ view }) => isDue(view.nextMs, nowMs) && view.enabled && isUrl(view.location))
      .toSorted((one, other) => one.failures - other.failures);
  }

  async #round(): Promise<Round> {
    const { intake, now } = this.#parts;
    const taken: string[] = [];
    const unchanged: string[] = [];
    const failed = new Map<string, string[]>();
    const fail = (feed: StoredFeed, reason: string): void => {
      this.#noteFailure(feed.view.id, reason);
      failed.set(shortReason(reason), [...(failed.get(shortReason(reason)) ?? []), nameOf(feed)]);
    };
    let collected = new Map<string, Content>();
    let collectingSince = 0;
    const take = async (): Promise<void> => {
      const contents = collected;
      collected = new Map();
      if (contents.size > 0) await this.#take(contents, taken, fail);
    };
    const due = this.#due();
    let asked = 0;
    /** Why servers could not be met in this round; many feeds are on one server. */
    const unmet = new Map<string, string>();
    for (const feed of due) {
      if (this.#isStopped) break;
      asked++;
      const server = serverOf(feed);
      const already = unmet.get(server);
      if (already !== undefined) {
        fail(feed, already);
        continue;
      }
      try {
        const fetched = await intake.fetch(feed, () => {});
        this.#met();
        if (fetched.kind === 'content') {
          if (collected.size === 0) collectingSince = now();
          collected.set(feed.view.id, fetched);
        } else {
          unchanged.push(nameOf(feed));
          this.#noteUnchanged(feed.view.id);
        }
      } catch (error) {
        if (this.#isStopped) break;
        fail(feed, messageOf(error));
        if (error instanceof NoNetworkError) {
          unmet.set(server, shortReason(error.message));
          this.#missed.add(server);
          if (this.#isOffline) break;
        } else this.#met();
      }
      if (collected.size > 0 && now() - collectingSince > COLLECT_MS) await take();
    }
    await take();
    const skipped = this.#isOffline && !this.#isStopped ? this.#postpone(due, due.slice(asked)) : [];
    if (failed.size > 0 && !this.#isStopped && !this.#isOfflineTold) {
      this.#parts.onTrouble(troubleLine(failed, skipped));
      this.#isOfflineTold = this.#isOffline;
    }
    return { taken, unchanged, failed, skipped };
  }

  #met(): void {
    this.#missed.clear();
    this.#isOfflineTold = false;
  }

  get #isOffline(): boolean {
    return this.#missed.size >= MISSED_SERVERS;
  }

  /** All at one moment, so that the next round is one as well. Names of those that were not asked. */
  #postpone(due: readonly StoredFeed[], unasked: readonly StoredFeed[]): string[] {
    const { store, now } = this.#parts;
    const skipped = new Set(unasked.map(({ view }) => view.id));
    const nextMs = now() + FIRST_RETRY_MS;
    for (const { view: before } of due) {
      const feed = store.find(before.id);
      if (feed === null || !feed.view.enabled) continue;
      const problem = skipped.has(before.id) ? 'there is no network; asked again in some minutes' : feed.view.problem;
      store.put({ ...feed, view: { ...feed.view, problem, nextMs } });
    }
    return unasked.map(nameOf);
  }

  async #take(
    contents: ReadonlyMap<string, Content>,
    taken: string[],
    fail: (feed: StoredFeed, reason: string) => void,
  ): Promise<void> {
    const { store, intake } = this.#parts;
    try {
      const intakes = await intake.takeFetched(contents, () => {});
      for (const id of contents.keys()) {
        const feed = store.find(id);
        const became = intakes.get(id);
        if (feed === null || became === undefined) continue;
        if (became.kind === 'refused') {
          fail(feed, became.reason);
          continue;
        }
        this.#planNext(id, feed.view.intervalMs);
        if (became.kind === 'taken') taken.push(nameOf(feed));
      }
    } catch (error) {
      // Not one feed's fault: the gate refused, or the reader could not run. All are asked again soon.
      for (const id of contents.keys()) {
        const feed = store.find(id);
        if (feed !== null && !this.#isStopped) fail(feed, messageOf(error));
      }
    }
  }

  #noteUnchanged(id: string): void {
    const { store, now } = this.#parts;
    const feed = store.find(id);
    if (feed === null) return;
    // What is held back is still what the server has, so its problem stays.
    const problem = feed.view.pending === null ? null : feed.view.problem;
    store.put({ ...feed, failures: 0, view: { ...feed.view, checkedMs: now(), problem } });
    this.#planNext(id, feed.view.intervalMs);
  }

  #noteFailure(id: string, problem: string): void {
    const { store, now, random } = this.#parts;
    const feed = store.find(id);
    if (feed === null) return;
    const nextMs = now() + retryAfter(feed.failures, feed.view.intervalMs ?? Number.POSITIVE_INFINITY, random());
    store.put({ ...feed, failures: feed.failures + 1, view: { ...feed.view, problem, nextMs } });
  }

  #planNext(id: string, intervalMs: number | null): void {
    const { store, now, random } = this.#parts;
    const feed = store.find(id);
    if (feed === null || intervalMs === null) return;
    const nextMs = feed.view.enabled ? now() + nextAfter(intervalMs, random()) : null;
    store.put({ ...feed, view: { ...feed.view, nextMs } });
  }
}

/** From 90 to 100 % of the interval. `random`: 0 to 1. */
export const nextAfter = (intervalMs: number, random: number): number => Math.round(intervalMs * (1 - JITTER * random));

/** `failures` before this one. */
export const retryAfter = (failures: number, intervalMs: number, random: number): number =>
  nextAfter(Math.min(intervalMs, FIRST_RETRY_MS * 2 ** Math.min(failures, 20)), random);

const isDue = (nextMs: number | null, nowMs: number): boolean => nextMs !== null && nextMs <= nowMs;

const serverOf = ({ view }: StoredFeed): string => URL.parse(view.location)?.host ?? view.location;

const nameOf = ({ view }: StoredFeed): string => view.catalogueId ?? view.name ?? view.location;

/** Without the location in front, so that feeds that fail alike are told in one go. */
function shortReason(reason: string): string {
  const colon = /^\S*:\/\/\S*: /.exec(reason)?.[0].length ?? 0;
  return reason.slice(colon);
}

function troubleLine(failed: ReadonlyMap<string, readonly string[]>, skipped: readonly string[]): string {
  const count = [...failed.values()].reduce((sum, names) => sum + names.length, skipped.length);
  const parts = [...failed].map(([reason, names]) => `${names.join(', ')} (${reason})`);
  if (skipped.length > 0) parts.push(`${skipped.join(', ')} (not asked: no server can be reached)`);
  const network = skipped.length > 0 ? 'no network: ' : '';
  return `${network}${count} ${count === 1 ? 'feed' : 'feeds'} could not be read, what they held before stays in force: ${parts.join('; ')}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
