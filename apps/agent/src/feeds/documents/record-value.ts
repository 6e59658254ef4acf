/**
 * Values of documents, which are strings, given to the recorder, which reads bytes.
 *
 * Easy to get wrong: null means "dealt with", which includes skipped.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import type { EntryDetail, HostMatch } from '../feed-sink.ts';
import type { InvalidReason } from '../lines/reasons.ts';

const MAX_VALUE_BYTES = 4096;

/** A name or an address; `*.name` covers what is below the name. */
export function recordHost(
  recorder: EntryRecorder,
  text: string,
  match: HostMatch,
  detail: EntryDetail,
): InvalidReason | null {
  const value = text.trim();
  const wildcard = value.startsWith('*.');
  const bytes = Buffer.from(wildcard ? value.slice(2) : value);
  if (bytes.length > MAX_VALUE_BYTES) return 'longer than 4096 bytes';
  return recorder.host(bytes, 0, bytes.length, wildcard ? 'subdomains' : match, detail);
}

/** An address or a network. */
export function recordAddress(recorder: EntryRecorder, text: string, detail: EntryDetail): InvalidReason | null {
  const value = text.trim();
  if (value.includes('/')) return recorder.cidr(value.slice(0, 100), detail);
  const bytes = Buffer.from(value.slice(0, 100));
  return recorder.address(bytes, 0, bytes.length, detail);
}

/** A URL, with or without its scheme. Without a path it means the host alone. */
export function recordUrl(recorder: EntryRecorder, text: string, detail: EntryDetail): InvalidReason | null {
  const value = text.trim();
  if (value.startsWith('/')) return recorder.skip('path-only');
  const scheme = /^([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(value);
  if (scheme !== null && !/^https?$/i.test(scheme[1] ?? '')) return recorder.skip('other-scheme');
  const bytes = Buffer.from(value.slice(scheme?.[0].length ?? 0).split('#', 1)[0] ?? '');
  if (bytes.length > MAX_VALUE_BYTES) return 'longer than 4096 bytes';
  return recorder.url(bytes, 0, bytes.length, 'exact', detail);
}
