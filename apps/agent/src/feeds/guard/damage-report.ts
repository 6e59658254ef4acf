/**
 * What a feed would do if it were believed blindly, and what is left of that behind the guard rails; the import report
 * shows both. The four figures are those that were measured on published lists.
 *
 * Easy to get wrong: `before` and `after` count different names, not entries, so that a list that says everything
 * twice is not twice as bad. Names below registries of institutions or with a wildcard are without end, so no more than
 * `MAX_NAMES` are told apart; the guarded table holds fewer.
 */
import type { HostMatch } from '../feed-sink.ts';
import type { GuardedNames } from './guarded-names.ts';
import type { HeldReason } from './held-entry.ts';

const MAX_NAMES = 100_000;

export interface BeforeAfter {
  /** Without guard rails. */
  readonly before: number;
  /** With them; what was approved. */
  readonly after: number;
}

export interface DamageReport {
  /** Popular names that the feed lists themselves. */
  readonly popularListed: BeforeAfter;
  /** Popular names that would be blocked, by an entry of their own or one above them. */
  readonly popularBlocked: BeforeAfter;
  /** Public suffixes that the feed lists, as a match that covers what is below. */
  readonly publicSuffixes: BeforeAfter;
  /** Entries for sub-domains of popular names; they are used. */
  readonly belowPopular: number;
  readonly urls: number;
  /** URLs whose host is a popular name or below one: host blocks if URLs were taken for hosts, which they never are. */
  readonly urlsOnPopularHosts: BeforeAfter;
}

export class DamageCounter {
  belowPopular = 0;
  urls = 0;
  urlsOnPopular = 0;
  readonly #names: GuardedNames;
  readonly #before = new Tally();
  readonly #after = new Tally();

  constructor(names: GuardedNames) {
    this.#names = names;
  }

  /** An entry that the guard rails know, whatever becomes of it. */
  listed(name: string, match: HostMatch, reason: HeldReason): void {
    this.#before.add(name, match, reason);
  }

  /** The same entry, when an approval lets it through as `match`. */
  approved(name: string, match: HostMatch, reason: HeldReason): void {
    this.#after.add(name, match, reason);
  }

  report(): DamageReport {
    const compare = (measure: (tally: Tally) => number): BeforeAfter => ({
      before: measure(this.#before),
      after: measure(this.#after),
    });
    return {
      popularListed: compare(({ popular }) => popular.size),
      popularBlocked: compare(({ blocked }) => this.#names.popularBlockedBy(blocked)),
      publicSuffixes: compare(({ suffixes }) => suffixes.size),
      belowPopular: this.belowPopular,
      urls: this.urls,
      urlsOnPopularHosts: { before: this.urlsOnPopular, after: 0 },
    };
  }
}

class Tally {
  /** Guarded names to whether an entry covers what is below them. */
  readonly blocked = new Map<string, boolean>();
  readonly popular = new Set<string>();
  readonly suffixes = new Set<string>();

  add(name: string, match: HostMatch, reason: HeldReason): void {
    const known = this.blocked.get(name);
    if (known === undefined && this.blocked.size >= MAX_NAMES) return;
    this.blocked.set(name, known === true || match !== 'exact');
    if (reason === 'popular-host') this.popular.add(name);
    if (reason === 'public-suffix' && match !== 'exact') this.suffixes.add(name);
  }
}
