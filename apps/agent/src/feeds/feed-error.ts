/**
 * The one error of reading feeds, and the texts it is made of.
 *
 * Easy to get wrong: a feed is hostile input and its lines end up on a terminal, so whatever is quoted from it (or
 * from a server's header, or a file name) passes through `printable` first. A message is always a single line.
 */
export type FeedErrorCode =
  /** The location is neither a usable path nor an http(s) URL. */
  | 'bad-location'
  | 'not-found'
  /** A directory, device, pipe or socket. */
  | 'not-a-file'
  /** Permissions or an I/O error. */
  | 'unreadable'
  | 'too-large'
  /** No server was met: its name cannot be resolved, there is no way to it, or connecting timed out. */
  | 'no-network'
  /** Refused or broken connection, TLS. */
  | 'network'
  | 'http-status'
  | 'redirects'
  | 'timeout'
  | 'aborted'
  /** Compressed in a way that is not read here, or damaged. */
  | 'compressed'
  | 'binary'
  /** A format that is recognised and not supported. */
  | 'unsupported-format'
  /** Not readable in the named or detected format, or no format fits. */
  | 'wrong-format'
  /** No entry at all. */
  | 'empty';

/** Nothing of the feed may be used after this: entries already given to the sink are to be thrown away. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;
  /** The line the message points at, from 1; null when it is about the feed as a whole. */
  readonly line: number | null;

  constructor(code: FeedErrorCode, message: string, options: ErrorOptions & { readonly line?: number } = {}) {
    super(printable(message, MAX_MESSAGE), options);
    this.code = code;
    this.line = options.line ?? null;
  }
}

const MAX_MESSAGE = 1000;
const MAX_QUOTE = 80;

/** One line without control, format, surrogate or unassigned characters, cut to `limit` characters. */
export function printable(text: string, limit: number = MAX_QUOTE): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** 1610612736 as `1.5 GiB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  let value = bytes / 1024;
  for (const unit of ['KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${Number(value.toFixed(1))} ${unit}`;
    value /= 1024;
  }
  return `${Number(value.toFixed(1))} TiB`;
}
