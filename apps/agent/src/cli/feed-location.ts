/** Where a feed is: an http(s) URL, or a local file by its absolute path. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { UsageError } from './usage-error.ts';

export type FeedLocation =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** Throws UsageError for URLs of other schemes. Whether the file exists is for whoever opens it. */
export function readFeedLocation(text: string): FeedLocation {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'file', path: text === '' ? '' : resolve(text) };
  if (!URL.canParse(text)) throw new UsageError(`'${text}' is no valid URL`);
  const url = new URL(text);
  if (scheme === 'file' && (url.host === '' || url.host === 'localhost')) {
    return { kind: 'file', path: fileURLToPath(url) };
  }
  if (scheme !== 'http' && scheme !== 'https') {
    throw new UsageError(`'${text}': feeds are read from files and from http or https URLs`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('a feed URL must not hold a user name or password: it would be shown in every list');
  }
  return { kind: 'url', url: url.href };
}
