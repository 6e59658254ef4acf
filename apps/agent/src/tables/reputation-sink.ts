/**
 * Where the entries of all feeds come together: each becomes a rule of its feed in the reputation table or, when it
 * has a web category, in the table of categories. One per feed; the builders and the census are shared.
 *
 * Easy to get wrong: exceptions go into both tables. They take back what the same feed says, and which of its entries
 * they are about is for the look-up to find out.
 */
import type { TableBuilder } from '@sallyport/hosts/build';
import type { ResponseCategory, Rule } from '@sallyport/hosts/rule';
import { MAX_PATH_BYTES } from '@sallyport/hosts/url-path';
import { isWebCategory, type WebCategory } from '@sallyport/hosts/web-category';

import type { EntryDetail, ExceptionEntry, FeedSink, HostMatch } from '../feeds/feed-sink.ts';
import type { ReputationCensus, Sighting } from './reputation-census.ts';
import type { ReputationRepeats } from './reputation-repeats.ts';
import type { FeedToRead } from './reputation-task.ts';

/** Categories as `feed add --category` takes them, and what events call them (defender-spec 2.2). */
const CATEGORIES: Readonly<Record<string, ResponseCategory>> = {
  phishing: 'Phishing',
  malicious: 'Malicious',
  c2: 'C2',
  untrusted: 'Untrusted',
};

/** What all feeds of one compilation share. */
export interface Compilation {
  readonly reputation: TableBuilder;
  readonly categories: TableBuilder;
  readonly census: ReputationCensus;
  readonly repeats: ReputationRepeats;
  readonly blockConfidence: number;
}

const MATCHES = ['suffix', 'exact', 'subdomains'] as const satisfies readonly HostMatch[];
/** Kinds of entries beside those of hosts; prefix lengths follow the last. */
const URL_PREFIX = MATCHES.length;
const ADDRESS = URL_PREFIX + 1;
const NETWORK = ADDRESS + 1;
const KINDS = 256;

export class ReputationSink implements FeedSink {
  readonly entries = { hosts: 0, ips: 0, cidrs: 0, urls: 0 };
  readonly duplicates = { own: 0, others: 0 };
  readonly webCategories: Record<string, number> = {};
  exceptions = 0;
  audited = 0;
  portQualified = 0;
  readonly #compilation: Compilation;
  readonly #feed: FeedToRead;
  /** In the census. */
  readonly #number: number;
  readonly #category: ResponseCategory;
  readonly #webCategory: WebCategory | null;
  readonly #rules = new Map<string, number>();
  /** The detail of the entry before, which most entries share with it, and what it came to. */
  #lastDetail: EntryDetail | null = null;
  #lastInto: TableBuilder;
  #lastRule = 0;
  #lastAudited = false;

  constructor(compilation: Compilation, feed: FeedToRead, number: number) {
    this.#compilation = compilation;
    this.#feed = feed;
    this.#number = number;
    this.#category = CATEGORIES[feed.category] ?? 'Malicious';
    this.#webCategory = isWebCategory(feed.category) ? feed.category : null;
    this.#lastInto = compilation.reputation;
  }

  host(name: string, match: HostMatch, detail: EntryDetail): void {
    this.entries.hosts++;
    const into = this.#enter(detail);
    const kind = MATCHES.indexOf(match);
    const sighting = this.#note(this.#compilation.census.text(kind, name, this.#number));
    if (!this.#isRepeated(sighting, kind, name)) into.addHost(name, this.#lastRule, match);
  }

  ip(address: Uint8Array, detail: EntryDetail): void {
    this.entries.ips++;
    const into = this.#enter(detail);
    const sighting = this.#note(this.#compilation.census.bytes(address.length * 8, address, this.#number));
    if (!this.#isRepeated(sighting, ADDRESS, address)) into.addIp(address, this.#lastRule);
  }

  cidr(address: Uint8Array, prefixLength: number, detail: EntryDetail): void {
    this.entries.cidrs++;
    const into = this.#enter(detail);
    const sighting = this.#note(this.#compilation.census.bytes(1024 + prefixLength, address, this.#number));
    if (!this.#isRepeated(sighting, NETWORK + prefixLength, address)) {
      into.addCidr(address, prefixLength, this.#lastRule);
    }
  }

  url(host: string, path: string, detail: EntryDetail): void {
    // No browser and no server takes a request line that long; the builder refuses it.
    if (path.length >= MAX_PATH_BYTES) return;
    this.entries.urls++;
    const into = this.#enter(detail);
    const sighting = this.#note(this.#compilation.census.text(URL_PREFIX, host + path, this.#number));
    if (!this.#isRepeated(sighting, URL_PREFIX, host + path)) into.addUrl(host, path, this.#lastRule);
  }

  exception(entry: ExceptionEntry): void {
    this.exceptions++;
    const { reputation, categories } = this.#compilation;
    for (const builder of [reputation, categories]) {
      const rule = this.#exceptionRule(builder, entry.detail);
      if (entry.kind === 'host') builder.addHost(entry.name, rule, entry.match);
      else if (entry.kind === 'ip') builder.addCidr(entry.address, entry.prefixLength, rule);
      else if (entry.path.length < MAX_PATH_BYTES) builder.addUrl(entry.host, entry.path, rule);
    }
  }

  /** Sets `#lastRule` for the detail and returns the table it belongs in. */
  #enter(detail: EntryDetail): TableBuilder {
    if (detail !== this.#lastDetail) this.#settle(detail);
    if (this.#lastAudited) this.audited++;
    if (detail.port !== null) this.portQualified++;
    const webCategory = detail.webCategory ?? this.#webCategory;
    if (webCategory !== null) this.webCategories[webCategory] = (this.webCategories[webCategory] ?? 0) + 1;
    return this.#lastInto;
  }

  #settle(detail: EntryDetail): void {
    const { reputation, categories, blockConfidence } = this.#compilation;
    const webCategory = detail.webCategory ?? this.#webCategory;
    const confidence = detail.confidence ?? this.#feed.confidence;
    const isUnsure = confidence !== null && confidence < blockConfidence;
    const common = {
      id: this.#feed.id,
      title: this.#feed.title,
      expiresAt: detail.expiresAtMs,
      ...(confidence !== null && { confidence }),
      ...(detail.port !== null && { port: detail.port }),
    };
    this.#lastDetail = detail;
    this.#lastAudited = webCategory === null && isUnsure;
    if (webCategory === null) {
      this.#lastInto = reputation;
      this.#lastRule = this.#intern(reputation, {
        ...common,
        action: isUnsure ? 'audit' : 'block',
        category: detail.responseCategory ?? this.#category,
        source: 'feed',
      });
    } else {
      this.#lastInto = categories;
      // What becomes of a category is for category policies to say, which rewrite these rules.
      this.#lastRule = this.#intern(categories, {
        ...common,
        action: 'audit',
        category: 'CustomPolicy',
        source: 'category',
        webCategory,
      });
    }
  }

  #exceptionRule(builder: TableBuilder, detail: EntryDetail): number {
    return this.#intern(builder, {
      action: 'allow',
      category: this.#category,
      id: this.#feed.id,
      title: this.#feed.title,
      source: 'feed',
      expiresAt: detail.expiresAtMs,
      ...(detail.port !== null && { port: detail.port }),
    });
  }

  #intern(builder: TableBuilder, rule: Rule): number {
    const key = [
      builder === this.#compilation.reputation,
      rule.action,
      rule.category,
      rule.expiresAt,
      rule.confidence,
      rule.port,
      rule.webCategory,
    ].join('|');
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const index = builder.addRule(rule);
    this.#rules.set(key, index);
    return index;
  }

  #note(sighting: Sighting): Sighting {
    if (sighting === 'own') this.duplicates.own++;
    else if (sighting === 'other') this.duplicates.others++;
    return sighting;
  }

  /** Whether the builder has this very entry, by this very rule, at least once. */
  #isRepeated(sighting: Sighting, kind: number, entry: string | Uint8Array): boolean {
    if (sighting !== 'own') return false;
    const { repeats, reputation } = this.#compilation;
    const rule = 2 * this.#lastRule + (this.#lastInto === reputation ? 1 : 0);
    const text = typeof entry === 'string' ? entry : Buffer.from(entry).toString('latin1');
    return repeats.isKnown(rule * KINDS + kind, text);
  }
}
