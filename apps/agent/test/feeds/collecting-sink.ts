/** A sink that writes entries down as text, and shortcuts to feed it. */
import { formatIp } from '@sallyport/hosts/canonical';

import { FeedError } from '../../src/feeds/feed-error.ts';
import type { EntryDetail, FeedSink } from '../../src/feeds/feed-sink.ts';
import type { Format } from '../../src/feeds/formats.ts';
import { type FeedReport, readFeed } from '../../src/feeds/read-feed.ts';

/**
 * `suffix evil.example`, `ip 192.0.2.1 :443`, `cidr 192.0.2.0/24`, `url evil.example /a`, `allow …`, each with what
 * else the feed says: `50%`, `until 2030-01-01T00:00:00.000Z`, `is Phishing`.
 */
export function collectingSink(into: string[]): FeedSink {
  const sink: Omit<FeedSink, 'exception'> = {
    host: (name, match, detail) => void into.push(`${match} ${name}${saying(detail)}`),
    ip: (address, detail) => void into.push(`ip ${formatIp(address)}${saying(detail)}`),
    cidr: (address, prefixLength, detail) =>
      void into.push(`cidr ${formatIp(address)}/${prefixLength}${saying(detail)}`),
    url: (host, path, detail) => void into.push(`url ${host} ${path}${saying(detail)}`),
  };
  return {
    ...sink,
    exception: (entry) => {
      const inner: string[] = [];
      const collect = collectingSink(inner);
      if (entry.kind === 'host') collect.host(entry.name, entry.match, entry.detail);
      else if (entry.kind === 'url') collect.url(entry.host, entry.path, entry.detail);
      else if (entry.prefixLength === entry.address.length * 8) collect.ip(entry.address, entry.detail);
      else collect.cidr(entry.address, entry.prefixLength, entry.detail);
      into.push(...inner.map((text) => `allow ${text}`));
    },
  };
}

function saying({ port, confidence, expiresAtMs, responseCategory, webCategory }: EntryDetail): string {
  const parts: string[] = [];
  if (port !== null) parts.push(`:${port}`);
  if (confidence !== null) parts.push(`${confidence}%`);
  if (expiresAtMs !== null) parts.push(`until ${new Date(expiresAtMs).toISOString()}`);
  if (responseCategory !== null) parts.push(`is ${responseCategory}`);
  if (webCategory !== null) parts.push(`is ${webCategory}`);
  return parts.map((part) => ` ${part}`).join('');
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
