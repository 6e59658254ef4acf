/**
 * `Control` over the socket of a running agent: one connection per call.
 *
 * Easy to get wrong: an agent may refuse a feed before it has read all of it, so the answer is awaited while content
 * is still being sent, and the answer counts, not the broken pipe.
 */
import { connect, type Socket } from 'node:net';

import type { CategoryPolicy, CategoryView } from '@sallyport/contract/category-policy';
import type {
  CatalogueView,
  CheckAs,
  CheckView,
  Control,
  EventQuery,
  FeedAdd,
  FeedReportView,
  FeedView,
  ImportResult,
  IndicatorQuery,
  PolicyView,
  SettingView,
  StatusView,
} from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';

import { stateDirectory } from '../state/state-directory.ts';
import {
  CONTROL_FRAME,
  type ControlMethod,
  encodeContent,
  encodeMessage,
  type Message,
  readFault,
  readMessages,
  send,
} from './protocol.ts';

/** Null when no agent listens there. Throws ControlError `unavailable` when this user may not connect. */
export async function connectControl(root: string): Promise<Control | null> {
  const path = stateDirectory(root).controlSocket;
  const socket = await open(path);
  if (socket === null) return null;
  socket.destroy();
  return new ControlClient(path);
}

class ControlClient implements Control {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  status(): Promise<StatusView> {
    return this.#call('status', []);
  }

  settings(): Promise<readonly SettingView[]> {
    return this.#call('settings', []);
  }

  set(name: string, value: string): Promise<SettingView> {
    return this.#call('set', [name, value]);
  }

  addIndicator(input: IndicatorInput): Promise<Indicator> {
    return this.#call('addIndicator', [input]);
  }

  indicators(query: IndicatorQuery = {}): Promise<readonly Indicator[]> {
    return this.#call('indicators', [query]);
  }

  removeIndicator(value: string): Promise<Indicator> {
    return this.#call('removeIndicator', [value]);
  }

  importIndicators(lines: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<ImportResult> {
    return this.#call('importIndicators', [], lines, onProgress);
  }

  categories(): Promise<readonly CategoryView[]> {
    return this.#call('categories', []);
  }

  categoryPolicies(): Promise<readonly CategoryPolicy[]> {
    return this.#call('categoryPolicies', []);
  }

  putCategoryPolicy(policy: CategoryPolicy): Promise<CategoryPolicy> {
    return this.#call('putCategoryPolicy', [policy]);
  }

  removeCategoryPolicy(name: string): Promise<CategoryPolicy> {
    return this.#call('removeCategoryPolicy', [name]);
  }

  addFeed(feed: FeedAdd, content?: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<FeedView> {
    return this.#call('addFeed', [feed], content, onProgress);
  }

  feeds(): Promise<readonly FeedView[]> {
    return this.#call('feeds', []);
  }

  refreshFeed(
    idOrLocation: string,
    content?: AsyncIterable<Uint8Array>,
    onProgress?: (line: string) => void,
  ): Promise<FeedView> {
    return this.#call('refreshFeed', [idOrLocation], content, onProgress);
  }

  removeFeed(idOrLocation: string): Promise<FeedView> {
    return this.#call('removeFeed', [idOrLocation]);
  }

  feedReport(idOrLocation: string): Promise<FeedReportView> {
    return this.#call('feedReport', [idOrLocation]);
  }

  catalogue(): Promise<readonly CatalogueView[]> {
    return this.#call('catalogue', []);
  }

  enableFeed(idOrLocation: string, onProgress?: (line: string) => void): Promise<FeedView> {
    return this.#call('enableFeed', [idOrLocation], undefined, onProgress);
  }

  disableFeed(idOrLocation: string): Promise<FeedView> {
    return this.#call('disableFeed', [idOrLocation]);
  }

  approveFeed(
    idOrLocation: string,
    entries: readonly string[],
    onProgress?: (line: string) => void,
  ): Promise<FeedView> {
    return this.#call('approveFeed', [idOrLocation, entries], undefined, onProgress);
  }

  check(target: string, as: CheckAs = {}): Promise<CheckView> {
    return this.#call('check', [target, as]);
  }

  policy(): Promise<PolicyView> {
    return this.#call('policy', []);
  }

  events(query: EventQuery): AsyncGenerator<DeviceNetworkEvent> {
    return this.#stream('events', query, null);
  }

  followEvents(query: EventQuery, signal: AbortSignal): AsyncGenerator<DeviceNetworkEvent> {
    return this.#stream('followEvents', query, signal);
  }

  async #call<T>(
    method: ControlMethod,
    args: readonly unknown[],
    content?: AsyncIterable<Uint8Array>,
    onProgress?: (line: string) => void,
  ): Promise<T> {
    const socket = await this.#request(method, args, content !== undefined);
    const sending = content === undefined ? Promise.resolve() : sendContent(socket, content);
    // Content that cannot be read ends the call; what the agent would say then ("broke off") tells less.
    const failed = sending.then(
      () => new Promise<never>(() => {}),
      (error: unknown) => Promise.reject(error instanceof Error ? error : new Error(String(error))),
    );
    try {
      return await Promise.race([receive<T>(socket, onProgress), failed]);
    } finally {
      socket.destroy();
    }
  }

  async *#stream(
    method: ControlMethod,
    query: EventQuery,
    signal: AbortSignal | null,
  ): AsyncGenerator<DeviceNetworkEvent> {
    if (isAborted(signal)) return;
    const socket = await this.#request(method, [query], false);
    const stop = (): void => void socket.destroy();
    signal?.addEventListener('abort', stop);
    try {
      for await (const message of readMessages(socket)) {
        if (message.type !== CONTROL_FRAME.event) {
          if (message.type === CONTROL_FRAME.result) return;
          throw toError(message);
        }
        yield message.value as DeviceNetworkEvent; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the agent is of the same version and more trusted
      }
      if (!isAborted(signal)) throw brokeOff();
    } catch (error) {
      if (isAborted(signal)) return;
      throw error instanceof ControlError ? error : brokeOff(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      socket.destroy();
    }
  }

  async #request(method: ControlMethod, args: readonly unknown[], content: boolean): Promise<Socket> {
    const socket = await open(this.#path);
    if (socket === null) throw new ControlError('unavailable', 'the agent is not running any more');
    for (const frame of encodeMessage(CONTROL_FRAME.request, { method, arguments: args, content })) {
      await send(socket, frame);
    }
    return socket;
  }
}

async function receive<T>(socket: Socket, onProgress: ((line: string) => void) | undefined): Promise<T> {
  try {
    for await (const message of readMessages(socket)) {
      if (message.type === CONTROL_FRAME.result) return message.value as T; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the agent is of the same version and more trusted
      if (message.type !== CONTROL_FRAME.progress) throw toError(message);
      if (typeof message.value === 'string') onProgress?.(message.value);
    }
  } catch (error) {
    throw error instanceof ControlError ? error : brokeOff(error);
  }
  throw brokeOff();
}

async function sendContent(socket: Socket, content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of content) {
    for (const frame of encodeContent(chunk)) if (!(await send(socket, frame))) return;
  }
  for (const frame of encodeMessage(CONTROL_FRAME.contentEnd, null)) await send(socket, frame);
}

function toError(message: Message): ControlError {
  const fault = readFault(message.type === CONTROL_FRAME.fault ? message.value : null);
  return new ControlError(fault.code, fault.message);
}

const brokeOff = (cause?: unknown): ControlError =>
  new ControlError('unavailable', 'the agent ended before it answered', { cause });

const isAborted = (signal: AbortSignal | null): boolean => signal?.aborted === true;

/** Null when nobody listens. */
async function open(path: string): Promise<Socket | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket | null>();
  const socket = connect(path, () => resolve(socket));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve(null);
    else if (error.code === 'EACCES' || error.code === 'EPERM') {
      reject(new ControlError('unavailable', `${path}: permission denied; run as root`, { cause: error }));
    } else reject(new ControlError('unavailable', `${path}: ${error.message}`, { cause: error }));
  });
  const opened = await promise;
  // Later errors end the reading loop, which reports them; without a listener they would end the process.
  opened?.on('error', () => {});
  return opened;
}
