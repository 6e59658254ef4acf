/**
 * Entries of one list straight into a table, as `hosts build` makes it: what the list says, without guard rails.
 *
 * Easy to get wrong: most entries share one detail, but those that do not need a rule each, so rules are kept by what
 * they say.
 */
import type { TableBuilder } from '@sallyport/hosts/build';
import type { ResponseCategory, Rule } from '@sallyport/hosts/rule';
import { MAX_PATH_BYTES } from '@sallyport/hosts/url-path';

import type { EntryDetail, FeedSink } from '../feeds/feed-sink.ts';

export interface ListIdentity {
  readonly id: string;
  readonly title: string;
  readonly category: keyof typeof RESPONSES;
}

const RESPONSES = {
  malicious: 'Malicious',
  phishing: 'Phishing',
  c2: 'C2',
  untrusted: 'Untrusted',
} as const satisfies Record<string, ResponseCategory>;

export function sinkInto(builder: TableBuilder, { id, title, category }: ListIdentity): FeedSink {
  const rules = new Map<string, number>();
  const rule = (action: Rule['action'], detail: EntryDetail): number => {
    const { port, confidence, expiresAtMs, responseCategory, webCategory } = detail;
    const wanted: Rule = {
      action,
      category: webCategory === null ? (responseCategory ?? RESPONSES[category]) : 'CustomPolicy',
      id,
      title,
      source: webCategory === null ? 'feed' : 'category',
      expiresAt: expiresAtMs,
      ...(confidence !== null && { confidence }),
      ...(webCategory !== null && { webCategory }),
      ...(port !== null && { port }),
    };
    const key = JSON.stringify(wanted);
    const known = rules.get(key);
    if (known !== undefined) return known;
    const index = builder.addRule(wanted);
    rules.set(key, index);
    return index;
  };
  let lastDetail: EntryDetail | null = null;
  let lastRule = 0;
  const block = (detail: EntryDetail): number => {
    if (detail !== lastDetail) lastRule = rule(detail.webCategory === null ? 'block' : 'audit', detail);
    lastDetail = detail;
    return lastRule;
  };
  return {
    host: (name, match, detail) => builder.addHost(name, block(detail), match),
    ip: (address, detail) => builder.addIp(address, block(detail)),
    cidr: (address, prefixLength, detail) => builder.addCidr(address, prefixLength, block(detail)),
    url: (host, path, detail) => {
      // No browser and no server takes a request line that long; the builder refuses it.
      if (path.length < MAX_PATH_BYTES) builder.addUrl(host, path, block(detail));
    },
    exception: (entry) => {
      const allow = rule('allow', { ...entry.detail, webCategory: null });
      if (entry.kind === 'host') builder.addHost(entry.name, allow, entry.match);
      else if (entry.kind === 'ip') builder.addCidr(entry.address, entry.prefixLength, allow);
      else if (entry.path.length < MAX_PATH_BYTES) builder.addUrl(entry.host, entry.path, allow);
    },
  };
}
