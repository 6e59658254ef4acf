/** Reads what somebody asks of a new feed. Texts come from the command line through the control socket. */
import type { FeedAdd, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import { WEB_CATEGORIES } from '@sallyport/hosts/web-category';

import { printable } from '../feeds/feed-error.ts';
import { parseFormat } from '../feeds/formats.ts';
import { closestNames } from '../settings/closest-name.ts';

const FEED_CATEGORIES: readonly string[] = ['malicious', 'phishing', 'c2', 'untrusted'];
const MAX_LOCATION = 4096;
const MAX_NAME = 100;
const MINUTE_MS = 60_000;
const SHORTEST_INTERVAL_MS = 5 * MINUTE_MS;
const LONGEST_INTERVAL_MS = 30 * 24 * 60 * MINUTE_MS;
const USUAL_INTERVAL_MS = 24 * 60 * MINUTE_MS;

export type FeedOptions = Pick<FeedView, 'location' | 'format' | 'category' | 'name' | 'confidence' | 'intervalMs'>;

/** Throws ControlError `invalid`, which names the field. */
export function readFeedOptions(feed: FeedAdd): FeedOptions {
  const location = feed.location.trim();
  if (location === '') throw invalid('feed: name a file, a folder or an http(s) URL');
  if (location.length > MAX_LOCATION) throw invalid(`feed: the location is longer than ${MAX_LOCATION} characters`);
  return {
    location,
    format: readFormat(feed.format.trim()),
    category: readCategory(feed.category.trim()),
    name: readName(feed.name),
    confidence: readConfidence(feed.confidence),
    intervalMs: readInterval(feed.intervalMs),
  };
}

/** How often the location is asked: files never, as only their owner may be able to read them. */
export const intervalOf = (location: string, wantedMs: number | null): number | null =>
  /^https?:\/\//i.test(location) ? (wantedMs ?? USUAL_INTERVAL_MS) : null;

function readFormat(text: string): string {
  const format = text.startsWith('csv:') ? text : text.toLowerCase();
  if (format === 'detect') return format;
  const parsed = parseFormat(format);
  if (parsed.kind === 'ok') return format;
  throw invalid(`format: "${printable(text)}" is not accepted: ${parsed.reason}`);
}

function readCategory(text: string): string {
  const lower = text.toLowerCase();
  const known = [...FEED_CATEGORIES, ...WEB_CATEGORIES].find((category) => category.toLowerCase() === lower);
  if (known !== undefined) return known;
  const near = closestNames(text, WEB_CATEGORIES);
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '';
  throw invalid(
    `category: "${printable(text)}" is not accepted; use ${FEED_CATEGORIES.join(' | ')} or a web category (sallyport category list)${hint}`,
  );
}

function readName(text: string | undefined): string | null {
  const name = text?.trim() ?? '';
  if (name === '') return null;
  if (name.length <= MAX_NAME && !/[\p{C}\p{Zl}\p{Zp}]/u.test(name) && !/^\d+$/.test(name)) return name;
  throw invalid(`name: "${printable(name)}" is not accepted; at most ${MAX_NAME} printable characters, not a number`);
}

function readConfidence(value: number | undefined): number | null {
  if (value === undefined) return null;
  if (Number.isInteger(value) && value >= 0 && value <= 100) return value;
  throw invalid(`confidence: ${value} is not accepted; use a whole number from 0 to 100`);
}

function readInterval(value: number | undefined): number | null {
  if (value === undefined) return null;
  if (value >= SHORTEST_INTERVAL_MS && value <= LONGEST_INTERVAL_MS) return Math.round(value);
  throw invalid(`interval: use a time from 5 minutes to 30 days`);
}

const invalid = (message: string): ControlError => new ControlError('invalid', message);
