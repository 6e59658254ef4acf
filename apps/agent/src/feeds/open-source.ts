/**
 * Opens the place a feed comes from, a local file or an http(s) URL, as a stream that is bounded in bytes and in time.
 *
 * Easy to get wrong: the limit counts what comes out of decompression, not what was fetched, so a small file that
 * unpacks to terabytes stops at the limit as well. Nothing is ever held but the chunk that is being passed on.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import { ArchiveLimits, type FeedMember } from './archives/feed-member.ts';
import { isTar, TAR_HEAD_BYTES, tarMembers } from './archives/tar-members.ts';
import { isZip, zipMembers } from './archives/zip-members.ts';
import { byteSize, FeedError, printable } from './feed-error.ts';
import { refuseCompressed } from './format-detection.ts';

const DEFAULT_FEED_MAX_BYTES = 512 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
const FILE_CHUNK_BYTES = 256 * 1024;
const TOO_LARGE_REMEDY = 'raise the setting FeedMaxBytes or split the list';

export interface OpenFeedOptions {
  /** Limit of the feed as it is read, after decompression. */
  readonly maxBytes?: number;
  /** URLs: the longest wait for a response, and for each next piece of it. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** URLs: what the server said of the content that is known; it may then answer that it is still the same. */
  readonly validators?: Validators | null;
  /** Nothing is decompressed: for storing what is opened again from there. */
  readonly asSent?: boolean;
}

/** What a server says about its content, for the next request (RFC 9110 section 8.8). Null: it does not say. */
export interface Validators {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface FeedSource extends AsyncDisposable {
  /** To be read once. Its errors are `FeedError`s. Gives back the file or connection at its end or when left early. */
  readonly stream: AsyncIterable<Uint8Array>;
  /** For messages: the path, or the URL that answered (without query, which may hold a key). */
  readonly describe: string;
  /** The server answered that nothing changed; there is no stream to read then. */
  readonly notModified: boolean;
  readonly validators: Validators;
}

/**
 * `location` is a path, or a URL when it begins with a scheme. Gzip and Zstandard are undone on the way; other
 * compression is refused. Throws `FeedError`. Dispose of the source when its stream is not read.
 */
export async function openFeedSource(location: string, options: OpenFeedOptions = {}): Promise<FeedSource> {
  const limits = limitsOf(options);
  if (location === '') throw new FeedError('bad-location', 'no path or URL given');
  if (isUrl(location)) return openUrl(location, limits);
  const { handle, describe } = await openFile(location, limits);
  return fileSource(handle, describe, limits);
}

export interface FeedMembers extends AsyncDisposable {
  /** To be called once. Its errors, also those of the members' streams, are `FeedError`s. */
  members(): AsyncIterable<FeedMember>;
  readonly describe: string;
}

/**
 * Like `openFeedSource`, with archives taken apart: zip (in a file only) and tar, the latter also compressed. What is
 * no archive is one member without a name. `maxBytes` holds for all members together; the members of an archive in an
 * archive are not looked at.
 */
export async function openFeedMembers(location: string, options: OpenFeedOptions = {}): Promise<FeedMembers> {
  const limits = limitsOf(options);
  if (location === '') throw new FeedError('bad-location', 'no path or URL given');
  if (isUrl(location)) return streamMembers(await openUrl(location, limits), limits);
  const { handle, describe } = await openFile(location, limits);
  try {
    const head = new Uint8Array(4);
    await handle.read(head, 0, 4, 0);
    if (!isZip(head)) return streamMembers(fileSource(handle, describe, limits), limits);
  } catch (error) {
    await handle.close();
    throw fileError(error, describe);
  }
  return {
    describe,
    members: () => zipMembers(handle, describe, new ArchiveLimits(describe, limits.maxBytes, limits.signal)),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

function streamMembers(source: FeedSource, limits: Limits): FeedMembers {
  return {
    describe: source.describe,
    members: () => membersOf(source, limits),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

async function* membersOf(source: FeedSource, limits: Limits): AsyncGenerator<FeedMember> {
  const chunks = source.stream[Symbol.asyncIterator]();
  const { first, head } = await takeFirst(chunks, TAR_HEAD_BYTES);
  const whole = chain(first, chunks);
  // The stream counts its bytes itself.
  if (isTar(head)) yield* tarMembers(whole, source.describe, new ArchiveLimits(source.describe, limits.maxBytes));
  else yield { name: '', stream: whole };
}

const isUrl = (location: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(location);

const limitsOf = (options: OpenFeedOptions): Limits => ({
  maxBytes: options.maxBytes ?? DEFAULT_FEED_MAX_BYTES,
  timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  signal: options.signal,
  validators: options.validators ?? NO_VALIDATORS,
  asSent: options.asSent ?? false,
});

const NO_VALIDATORS: Validators = { etag: null, lastModified: null };

interface Limits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly validators: Validators;
  readonly asSent: boolean;
}

async function openFile(
  path: string,
  limits: Limits,
): Promise<{ readonly handle: FileHandle; readonly describe: string }> {
  const describe = printable(path, 400);
  let file: FileHandle | null = null;
  try {
    // Before opening, because opening a named pipe waits for a writer.
    refuseSpecial(await stat(path), describe, limits);
    file = await open(path, 'r');
    refuseSpecial(await file.stat(), describe, limits);
  } catch (error) {
    await file?.close();
    throw fileError(error, describe);
  }
  return { handle: file, describe };
}

const fileSource = (handle: FileHandle, describe: string, limits: Limits): FeedSource => ({
  describe,
  notModified: false,
  validators: NO_VALIDATORS,
  stream: bounded(readHandle(handle, describe), describe, limits, () => {}),
  [Symbol.asyncDispose]: () => handle.close(),
});

function refuseSpecial(
  info: { readonly size: number; isFile(): boolean; isDirectory(): boolean },
  describe: string,
  limits: Limits,
): void {
  if (info.isDirectory()) {
    throw new FeedError('not-a-file', `${describe}: a directory; name one list file in it`);
  }
  if (!info.isFile()) throw new FeedError('not-a-file', `${describe}: not a regular file`);
  if (info.size > limits.maxBytes) throw tooLarge(describe, byteSize(info.size), limits);
}

const tooLarge = (describe: string, size: string, limits: Limits): FeedError =>
  new FeedError(
    'too-large',
    `${describe}: ${size} is more than the limit of ${byteSize(limits.maxBytes)} for one feed; ${TOO_LARGE_REMEDY}`,
  );

async function* readHandle(file: FileHandle, describe: string): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      // A new buffer each time: decompression reads behind.
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(FILE_CHUNK_BYTES), 0, FILE_CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileError(error, describe);
  } finally {
    await file.close();
  }
}

function fileError(error: unknown, describe: string): FeedError {
  if (error instanceof FeedError) return error;
  const code = codeOf(error);
  const told = FILE_ERRORS[code];
  if (told !== undefined) return new FeedError(told[0], `${describe}: ${told[1]}`, { cause: error });
  return new FeedError('unreadable', `${describe}: cannot be read (${code || messageOf(error)})`, { cause: error });
}

const FILE_ERRORS: Readonly<Record<string, readonly ['not-found' | 'unreadable' | 'bad-location', string]>> = {
  ENOENT: ['not-found', 'no such file (a URL begins with http:// or https://)'],
  ENOTDIR: ['not-found', 'no such file'],
  EACCES: ['unreadable', 'permission denied; the user of the agent must be able to read it'],
  EPERM: ['unreadable', 'permission denied; the user of the agent must be able to read it'],
  ENAMETOOLONG: ['bad-location', 'too long for a path'],
  ERR_INVALID_ARG_VALUE: ['bad-location', 'not a path'],
  ELOOP: ['bad-location', 'a loop of symbolic links'],
};

async function openUrl(location: string, limits: Limits): Promise<FeedSource> {
  let url = readUrl(location, null);
  const stop = new AbortController();
  const clock = new ProgressClock(stop, limits.timeoutMs, limits.signal);
  try {
    for (let hops = 0; ; hops++) {
      const describe = describeUrl(url);
      clock.restart(`no answer within ${limits.timeoutMs} ms`);
      const response = await request(url, limits.validators, stop.signal).catch((error: unknown) => {
        throw clock.explain(error, describe);
      });
      const next = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (next === null) return await openBody(response, describe, clock, limits, stop);
      await response.body?.cancel();
      if (hops === MAX_REDIRECTS) {
        throw new FeedError('redirects', `${describe}: more than ${MAX_REDIRECTS} redirects`);
      }
      url = readUrl(next, url);
    }
  } catch (error) {
    clock.stop();
    throw error;
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The one place where the network is asked. */
const request = (url: URL, { etag, lastModified }: Validators, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    redirect: 'manual',
    signal,
    headers: {
      accept: 'text/plain, */*;q=0.5',
      'user-agent': 'sallyport',
      ...(etag !== null && { 'if-none-match': etag }),
      ...(lastModified !== null && { 'if-modified-since': lastModified }),
    },
  });

const MAX_VALIDATOR = 256;

/** Texts of a header come back in a header, so only what is harmless there is kept. */
function validatorsOf(headers: Headers): Validators {
  const kept = (name: string): string | null => {
    const value = headers.get(name);
    return value !== null && value.length <= MAX_VALIDATOR && /^[\x20-\x7e]+$/.test(value) ? value : null;
  };
  return { etag: kept('etag'), lastModified: kept('last-modified') };
}

/** `from` is the URL that redirected here, null for what a user typed. */
function readUrl(text: string, from: URL | null): URL {
  const shown = printable(text, 200);
  const place = from === null ? '' : `${describeUrl(from)}: redirected to `;
  const url = URL.parse(text, from ?? undefined);
  if (url === null) throw new FeedError('bad-location', `${place}${shown}: not a valid URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FeedError(
      from === null ? 'bad-location' : 'redirects',
      `${place}${shown}: only http and https URLs are read; for a local file give its path`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new FeedError(
      'bad-location',
      `${place}${describeUrl(url)}: user name and password in a URL are not supported`,
    );
  }
  // Who can write the unprotected answer could otherwise write the list.
  if (from?.protocol === 'https:' && url.protocol === 'http:') {
    throw new FeedError(
      'redirects',
      `${place}${describeUrl(url)}: from https to http; add that URL itself if it is meant`,
    );
  }
  return url;
}

const describeUrl = (url: URL): string => printable(`${url.protocol}//${url.host}${url.pathname}`, 300);

async function openBody(
  response: Response,
  describe: string,
  clock: ProgressClock,
  limits: Limits,
  stop: AbortController,
): Promise<FeedSource> {
  const drop = async (error: FeedError): Promise<never> => {
    await response.body?.cancel();
    throw error;
  };
  const release = (): void => {
    clock.stop();
    stop.abort();
  };
  const isConditional = limits.validators.etag !== null || limits.validators.lastModified !== null;
  if (response.status === 304 && isConditional) {
    release();
    return {
      describe,
      stream: nothing(),
      notModified: true,
      validators: limits.validators,
      [Symbol.asyncDispose]: async () => {},
    };
  }
  if (response.status !== 200) {
    const text = printable(response.statusText, 60);
    const said = `${response.status}${text === '' ? '' : ` ${text}`}`;
    return drop(
      new FeedError('http-status', `${describe}: the server answered ${said}${statusRemedy(response.status)}`),
    );
  }
  const length = response.headers.get('content-length');
  if (length !== null && /^\d{1,15}$/.test(length) && Number(length) > limits.maxBytes) {
    return drop(tooLarge(describe, byteSize(Number(length)), limits));
  }
  return {
    describe,
    notModified: false,
    validators: validatorsOf(response.headers),
    stream: bounded(readBody(response.body, describe, clock, limits), describe, limits, release),
    [Symbol.asyncDispose]: async () => release(),
  };
}

/** A stream without content. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

function statusRemedy(status: number): string {
  if (status === 404 || status === 410) return '; check the URL';
  if (status === 401 || status === 403) return '; it wants a login, which is not supported';
  if (status === 429) return '; it limits requests, try later';
  return status >= 500 ? '; try later' : '';
}

async function* readBody(
  body: ReadableStream<Uint8Array> | null,
  describe: string,
  clock: ProgressClock,
  limits: Limits,
): AsyncGenerator<Uint8Array> {
  try {
    const pause = `no data for ${limits.timeoutMs} ms`;
    clock.restart(pause);
    for await (const chunk of body ?? []) {
      // Time the reader takes is not the server's.
      clock.pause();
      yield chunk;
      clock.restart(pause);
    }
  } catch (error) {
    throw clock.explain(error, describe);
  } finally {
    clock.stop();
  }
}

/** Aborts a request that makes no progress, and knows afterwards why it was aborted. */
class ProgressClock {
  readonly #controller: AbortController;
  readonly #timeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | undefined;
  #expired: string | null = null;

  constructor(controller: AbortController, timeoutMs: number, outer: AbortSignal | undefined) {
    this.#controller = controller;
    this.#timeoutMs = timeoutMs;
    this.#outer = outer;
    if (outer?.aborted === true) controller.abort();
    else outer?.addEventListener('abort', this.#onAbort, { once: true });
  }

  restart(complaint: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#expired = complaint;
      this.#controller.abort();
    }, this.#timeoutMs);
  }

  pause(): void {
    clearTimeout(this.#timer);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  explain(error: unknown, describe: string): FeedError {
    if (error instanceof FeedError) return error;
    if (this.#expired !== null)
      return new FeedError('timeout', `${describe}: ${this.#expired}; gave up`, { cause: error });
    if (this.#outer?.aborted === true) return new FeedError('aborted', `${describe}: cancelled`, { cause: error });
    const inner = innermost(error);
    const code = NO_NETWORK.has(codeOf(inner)) ? 'no-network' : 'network';
    return new FeedError(code, `${describe}: ${networkText(inner)}`, { cause: error });
  }
}

/** `fetch` says "fetch failed" and hides the reason in `cause`, sometimes several deep. */
function innermost(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth++) inner = inner.cause;
  return inner;
}

function networkText(inner: unknown): string {
  const code = codeOf(inner);
  const told = NETWORK_ERRORS[code];
  if (told !== undefined) return told;
  const text = printable(messageOf(inner), 200);
  if (/^(?:CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS|ERR_SSL|EPROTO)/.test(code))
    return `TLS failed: ${text} (${code})`;
  return code === '' ? `the transfer failed (${text})` : `the transfer failed (${text}, ${code})`;
}

const NETWORK_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name cannot be resolved (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be resolved now, no DNS server answered (EAI_AGAIN)',
  ECONNREFUSED: 'connection refused (ECONNREFUSED)',
  ECONNRESET: 'connection reset (ECONNRESET)',
  EHOSTUNREACH: 'no route to the host (EHOSTUNREACH)',
  ENETUNREACH: 'no route to the network (ENETUNREACH)',
  ETIMEDOUT: 'connecting timed out (ETIMEDOUT)',
  UND_ERR_CONNECT_TIMEOUT: 'connecting timed out',
  UND_ERR_SOCKET: 'the server closed the connection before the end',
};

/**
 * What a device without a network gets of every server. Timeouts are among them: where a firewall drops packets, the
 * name is still being looked up when connecting times out.
 */
const NO_NETWORK: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Decompresses where needed and counts. `release` ends a read that is under way, so that leaving early never waits. */
async function* bounded(
  raw: AsyncGenerator<Uint8Array>,
  describe: string,
  limits: Limits,
  release: () => void,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  try {
    for await (const chunk of limits.asSent ? raw : decompressed(raw, describe)) {
      if (limits.signal?.aborted === true) throw new FeedError('aborted', `${describe}: cancelled`);
      total += chunk.length;
      if (total > limits.maxBytes) throw tooLarge(describe, 'its content', limits);
      yield chunk;
    }
  } finally {
    release();
    // After `release` it may report that it was cut off, which is what was asked for.
    await raw.return(undefined).catch(() => {});
  }
}

async function* decompressed(raw: AsyncGenerator<Uint8Array>, describe: string): AsyncGenerator<Uint8Array> {
  const { first, head: magic } = await takeFirst(raw, 8);
  const whole = chain(first, raw);
  const kind = magic.length < 4 ? 'plain' : compression(magic);
  if (kind === 'plain') {
    refuseCompressed(magic, describe);
    yield* whole;
    return;
  }

  const input = Readable.from(whole, { objectMode: false });
  const output = kind === 'gzip' ? createGunzip() : createZstdDecompress();
  // `pipe` does not carry errors over; the error of the source is the more telling one.
  let sourceError: Error | null = null;
  input.once('error', (error) => {
    sourceError = error;
    output.destroy(error);
  });
  try {
    for await (const chunk of input.pipe(output)) yield chunk as Uint8Array; // oxlint-disable-line typescript/no-unsafe-type-assertion -- zlib streams give Buffers
  } catch (error) {
    // The cause of destroying the output, which then fails with the same error or one of its own.
    throw (
      sourceError ??
      new FeedError('compressed', `${describe}: damaged ${kind} data (${messageOf(error)})`, { cause: error })
    );
  } finally {
    input.destroy();
    output.destroy();
  }
}

function compression(magic: Buffer): 'gzip' | 'zstd' | 'plain' {
  if (magic[0] === 0x1f && magic[1] === 0x8b) return 'gzip';
  return magic.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'plain';
}

/** The first chunks of a stream, and their first `count` bytes, or all there are. */
async function takeFirst(
  chunks: AsyncIterator<Uint8Array>,
  count: number,
): Promise<{ readonly first: readonly Uint8Array[]; readonly head: Buffer }> {
  const first: Uint8Array[] = [];
  let head: Buffer = Buffer.alloc(0);
  while (head.length < count) {
    const next = await chunks.next();
    if (next.done === true) break;
    first.push(next.value);
    head = Buffer.concat([head, next.value.subarray(0, count - head.length)]);
  }
  return { first, head };
}

async function* chain(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
