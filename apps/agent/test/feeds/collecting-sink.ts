/** A sink that writes entries down as text, and shortcuts to feed it. */
import { formatIp } from '@sallyport/hosts/canonical';

import type { FeedSink } from '../../src/feeds/entry-recorder.ts';
import { FeedError } from '../../src/feeds/feed-error.ts';
import type { Format } from '../../src/feeds/line-parsers.ts';
import { type FeedReport, readFeed } from '../../src/feeds/read-feed.ts';

/** `suffix evil.example`, `ip 192.0.2.1 :443`, `cidr 192.0.2.0/24`, `url evil.example /a any-case`, `allow …`. */
export function collectingSink(into: string[]): FeedSink {
  const at = (port: number | null): string => (port === null ? '' : ` :${port}`);
  const sink: Omit<FeedSink, 'exception'> = {
    host: (name, match, port) => void into.push(`${match} ${name}${at(port)}`),
    ip: (address, port) => void into.push(`ip ${formatIp(address)}${at(port)}`),
    cidr: (address, prefixLength) => void into.push(`cidr ${formatIp(address)}/${prefixLength}`),
    url: (host, path, detail) =>
      void into.push(`url ${host} ${path}${at(detail.port)}${detail.ignoreCase ? ' any-case' : ''}`),
  };
  return {
    ...sink,
    exception: (entry) => {
      const inner: string[] = [];
      const collect = collectingSink(inner);
      if (entry.kind === 'host') collect.host(entry.name, entry.match, entry.port);
      else if (entry.kind === 'ip') collect.ip(entry.address, entry.port);
      else collect.url(entry.host, entry.path, entry.detail);
      into.push(...inner.map((text) => `allow ${text}`));
    },
  };
}

export interface Outcome {
  readonly entries: readonly string[];
  readonly report: FeedReport | null;
  /** `code: message`, null when the feed was read. */
  readonly error: string | null;
}

/** Reads the chunks; only a `FeedError` is caught. */
export async function outcomeOf(chunks: readonly Uint8Array[], format: Format | 'detect'): Promise<Outcome> {
  const entries: string[] = [];
  try {
    const report = await readFeed(streamOf(chunks), { name: 'list', format }, collectingSink(entries));
    return { entries, report, error: null };
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    return { entries: [], report: null, error: `${error.code}: ${error.message}` };
  }
}

export const outcomeOfText = (text: string, format: Format | 'detect'): Promise<Outcome> =>
  outcomeOf([Buffer.from(text)], format);

export async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
