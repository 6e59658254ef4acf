/**
 * Stands between a feed's parser and the table, and holds back what does harm: entries that would block what many
 * people use or what the device itself needs, and feeds that changed so much that something is wrong with them.
 *
 * Everything else of the feed is used. What is held back is counted and named, and an approval lets exactly that
 * through (design: issue 3, "Guard rails"; the damage they prevent is measured in damage-report.ts).
 *
 * Easy to get wrong: whether the whole feed is held back is known only after `finish()`. Until then entries have
 * reached the inner sink already, so that sink must be dropped when `wholeFeed` is not null.
 */
import { formatIp } from '@sallyport/hosts/canonical';

import type { EntryDetail, ExceptionEntry, FeedSink, HostMatch } from '../feed-sink.ts';
import { DamageCounter, type DamageReport } from './damage-report.ts';
import type { GuardedNames } from './guarded-names.ts';
import type { GuardedNetworks } from './guarded-networks.ts';
import { HELD_REASONS, HELD_SENTENCES, type HeldEntry, type HeldReason, type WholeFeedHeld } from './held-entry.ts';

export interface Approvals {
  /** Texts of entries as `HeldEntry.entry` has them. */
  readonly entries: ReadonlySet<string>;
  /** Whether the feed may shrink or grow by any measure this once. */
  readonly shrink: boolean;
  readonly growth: boolean;
}

export const NO_APPROVALS: Approvals = { entries: new Set(), shrink: false, growth: false };

export interface GuardRailsOptions {
  readonly names: GuardedNames;
  readonly networks: GuardedNetworks;
  readonly approvals: Approvals;
  /** Entries in the feed when it was last read and not held back, as `HeldReport.entries`; null: never. */
  readonly previousEntries: number | null;
}

export interface HeldReport {
  /** Read, duplicates and held ones included, exceptions not. */
  readonly entries: number;
  /** Not given to the inner sink. */
  readonly heldEntries: number;
  /** Tenants of shared hosting that were narrowed to the very name. */
  readonly narrowed: number;
  readonly counts: Readonly<Record<HeldReason, number>>;
  /** The first `KEPT_PER_REASON` different ones of each reason, worst reason first, else as in the feed. */
  readonly held: readonly HeldEntry[];
  readonly wholeFeed: WholeFeedHeld | null;
  readonly damage: DamageReport;
}

export const KEPT_PER_REASON = 100;

/** Less than half of what it was. */
const SHRINKS_BELOW = 0.5;
const GROWS_TO = 10;

export class GuardRails implements FeedSink {
  readonly #inner: FeedSink;
  readonly #names: GuardedNames;
  readonly #networks: GuardedNetworks;
  readonly #approvals: Approvals;
  readonly #previousEntries: number | null;
  readonly #damage: DamageCounter;
  readonly #counts = new Map<HeldReason, number>();
  /** Per reason the texts that are kept, and how often each came. */
  readonly #kept = new Map<HeldReason, Map<string, number>>();
  #entries = 0;
  #held = 0;
  #narrowed = 0;

  constructor(inner: FeedSink, options: GuardRailsOptions) {
    this.#inner = inner;
    this.#names = options.names;
    this.#networks = options.networks;
    this.#approvals = options.approvals;
    this.#previousEntries = options.previousEntries;
    this.#damage = new DamageCounter(options.names);
  }

  host(name: string, match: HostMatch, detail: EntryDetail): void {
    this.#entries++;
    const guarded = this.#names.lookUp(name, match !== 'exact');
    if (guarded === null) {
      this.#inner.host(name, match, detail);
    } else if (guarded === 'below-popular-host') {
      this.#damage.belowPopular++;
      this.#inner.host(name, match, detail);
    } else if (guarded === 'hosting-tenant') {
      this.#tenant(name, match, detail);
    } else {
      this.#damage.listed(name, match, guarded);
      const text = match === 'subdomains' ? `*.${name}` : name;
      if (!this.#isApproved(text) || !isApprovable(guarded, match)) return this.#hold(text, guarded);
      const used = guarded === 'public-suffix' ? 'exact' : match;
      this.#damage.approved(name, used, guarded);
      this.#inner.host(name, used, detail);
    }
  }

  ip(address: Uint8Array, detail: EntryDetail): void {
    this.#entries++;
    const guarded = this.#networks.lookUp(address, address.length * 8);
    if (guarded !== null) {
      const text = formatIp(address);
      if (!this.#isApproved(text)) return this.#hold(text, guarded);
    }
    this.#inner.ip(address, detail);
  }

  cidr(address: Uint8Array, prefixLength: number, detail: EntryDetail): void {
    this.#entries++;
    const guarded = this.#networks.lookUp(address, prefixLength);
    if (guarded !== null) {
      const text = `${formatIp(address)}/${prefixLength}`;
      if (!this.#isApproved(text)) return this.#hold(text, guarded);
    }
    this.#inner.cidr(address, prefixLength, detail);
  }

  /** A URL stays one: over TLS it matches nothing, and it never becomes an entry for its host. */
  url(host: string, path: string, detail: EntryDetail): void {
    this.#entries++;
    this.#damage.urls++;
    const guarded = this.#names.lookUp(host, false);
    if (guarded === 'popular-host' || guarded === 'below-popular-host') this.#damage.urlsOnPopular++;
    // The root of a site is what people mean by the site.
    const held = guarded === 'protected-name' || (guarded === 'popular-host' && path === '/');
    if (held && !this.#isApproved(host + path)) return this.#hold(host + path, guarded);
    this.#inner.url(host, path, detail);
  }

  /** Exceptions only take back what the same feed says, so they can do no harm. */
  exception(entry: ExceptionEntry): void {
    this.#inner.exception(entry);
  }

  /** To be called once, after the last entry. */
  finish(): HeldReport {
    return {
      entries: this.#entries,
      heldEntries: this.#held,
      narrowed: this.#narrowed,
      counts: this.#countsOfAll(),
      held: HELD_REASONS.flatMap((reason) =>
        [...(this.#kept.get(reason) ?? [])].map(([entry, count]) => ({
          entry,
          reason,
          sentence: HELD_SENTENCES[reason],
          count,
          approvable: !(reason === 'public-suffix' && entry.startsWith('*.')),
        })),
      ),
      wholeFeed: this.#wholeFeed(),
      damage: this.#damage.report(),
    };
  }

  /** Its own name is a public suffix, so no entry may reach below it; the name itself is one host of one customer. */
  #tenant(name: string, match: HostMatch, detail: EntryDetail): void {
    if (match === 'subdomains') return this.#hold(`*.${name}`, 'public-suffix');
    if (match === 'suffix') this.#narrowed++;
    this.#inner.host(name, 'exact', detail);
  }

  #isApproved(text: string): boolean {
    return this.#approvals.entries.has(text);
  }

  #hold(text: string, reason: HeldReason): void {
    this.#held++;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    let kept = this.#kept.get(reason);
    if (kept === undefined) this.#kept.set(reason, (kept = new Map<string, number>()));
    const count = kept.get(text);
    if (count !== undefined || kept.size < KEPT_PER_REASON) kept.set(text, (count ?? 0) + 1);
  }

  #countsOfAll(): Record<HeldReason, number> {
    const of = (reason: HeldReason): number => this.#counts.get(reason) ?? 0;
    return {
      'protected-name': of('protected-name'),
      'above-protected-name': of('above-protected-name'),
      'protected-address': of('protected-address'),
      'too-wide': of('too-wide'),
      'local-network': of('local-network'),
      'public-suffix': of('public-suffix'),
      'above-public-suffix': of('above-public-suffix'),
      'popular-host': of('popular-host'),
      'above-popular-host': of('above-popular-host'),
      institution: of('institution'),
      'popular-address': of('popular-address'),
    };
  }

  #wholeFeed(): WholeFeedHeld | null {
    const entries = this.#entries;
    const previousEntries = this.#previousEntries;
    if (previousEntries === null || previousEntries === 0) return null;
    const was = `${previousEntries.toLocaleString('en')} entries before, ${entries.toLocaleString('en')} now`;
    if (entries < previousEntries * SHRINKS_BELOW && !this.#approvals.shrink) {
      const sentence = `lost more than half of its entries (${was}); the old content stays in force`;
      return { reason: 'shrank', sentence, entries, previousEntries };
    }
    if (entries >= previousEntries * GROWS_TO && !this.#approvals.growth) {
      const sentence = `grew tenfold or more (${was}); the old content stays in force`;
      return { reason: 'grew', sentence, entries, previousEntries };
    }
    return null;
  }
}

/** "Never a suffix match" has no exception: whoever wants all of a public suffix blocked says so with an indicator. */
const isApprovable = (reason: HeldReason, match: HostMatch): boolean =>
  reason !== 'public-suffix' || match !== 'subdomains';
