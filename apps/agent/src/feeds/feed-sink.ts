/**
 * What every feed format ends in: entries, each with what the feed says about it.
 *
 * Easy to get wrong: `detail` is often the shared `PLAIN` object; compare and copy it, never change it.
 */
import type { ResponseCategory } from '@sallyport/hosts/rule';
import type { WebCategory } from '@sallyport/hosts/web-category';

/** suffix: the name and everything below it; exact: the name alone; subdomains: only what is below it. */
export type HostMatch = 'suffix' | 'exact' | 'subdomains';

/** What a feed says about a single entry, beyond what holds for the whole feed. Null: nothing. */
export interface EntryDetail {
  /** The only port the entry is about. */
  readonly port: number | null;
  /** 0–100. */
  readonly confidence: number | null;
  /** Unix milliseconds from which on the entry is void. */
  readonly expiresAtMs: number | null;
  readonly responseCategory: ResponseCategory | null;
  readonly webCategory: WebCategory | null;
}

export const PLAIN: EntryDetail = Object.freeze({
  port: null,
  confidence: null,
  expiresAtMs: null,
  responseCategory: null,
  webCategory: null,
});

/** What an exception (`@@`, an RPZ passthru, a MISP warninglist) takes back from its own feed. */
export type ExceptionEntry =
  | { readonly kind: 'host'; readonly name: string; readonly match: HostMatch; readonly detail: EntryDetail }
  | { readonly kind: 'ip'; readonly address: Uint8Array; readonly prefixLength: number; readonly detail: EntryDetail }
  | { readonly kind: 'url'; readonly host: string; readonly path: string; readonly detail: EntryDetail };

/** Receives entries in file order, duplicates included. Byte arrays belong to the sink. */
export interface FeedSink {
  /** `name` is canonical: lower-case A-labels, at least two labels, no trailing dot. */
  host(name: string, match: HostMatch, detail: EntryDetail): void;
  /** 4 or 16 bytes. */
  ip(address: Uint8Array, detail: EntryDetail): void;
  /** The network's address, 4 or 16 bytes, host bits zero. */
  cidr(address: Uint8Array, prefixLength: number, detail: EntryDetail): void;
  /** `host` is a canonical name or address text; `path` begins with `/`, is ASCII, and includes the query. */
  url(host: string, path: string, detail: EntryDetail): void;
  exception(entry: ExceptionEntry): void;
}
