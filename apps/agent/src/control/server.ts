/**
 * Serves `Control` on a Unix socket of mode 0600: only root and the agent's own user can connect, which is all the
 * authentication there is.
 *
 * Easy to get wrong: the mode must be right from the moment the socket exists, so it comes from the umask. A `chmod`
 * after `listen` leaves a moment in which anybody may connect.
 */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import type { CheckAs, Control, EventQuery, FeedAdd, IndicatorQuery } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { IndicatorInput } from '@sallyport/contract/indicator';

import { CONTROL_FRAME, encodeMessage, type Message, readMessages, send } from './protocol.ts';

/** A peer that connects and says nothing is let go. */
const REQUEST_MS = 10_000;

export class ControlServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #control: Control;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, control: Control, path: string) {
    this.#server = server;
    this.#control = control;
    this.#path = path;
  }

  /**
   * Listens at `path`. Whoever calls this holds the state directory's lock, so a socket that is there already is what
   * a crash left behind.
   */
  static async listen(path: string, control: Control): Promise<ControlServer> {
    rmSync(path, { force: true });
    const server = createServer({ pauseOnConnect: false });
    const self = new ControlServer(server, control, path);
    server.on('connection', (socket) => self.#accept(socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.once('listening', resolve);
    const before = process.umask(0o177);
    try {
      server.listen(path); // binds before it returns
    } finally {
      process.umask(before);
    }
    await promise;
    return self;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
    rmSync(this.#path, { force: true });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const gone = new AbortController();
    const patience = setTimeout(() => socket.destroy(), REQUEST_MS);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(patience);
      this.#sockets.delete(socket);
      gone.abort();
    });
    void this.#serve(socket, gone.signal, patience).catch(() => socket.destroy());
  }

  async #serve(socket: Socket, gone: AbortSignal, patience: NodeJS.Timeout): Promise<void> {
    const messages = readMessages(socket);
    try {
      const first = await messages.next();
      clearTimeout(patience);
      if (first.done === true) return;
      const result = await this.#answer(first.value, messages, socket, gone);
      for (const frame of encodeMessage(CONTROL_FRAME.result, result ?? null)) await send(socket, frame);
    } catch (error) {
      for (const frame of encodeMessage(CONTROL_FRAME.fault, faultOf(error))) await send(socket, frame);
    }
    socket.end();
    await this.#hearOut(socket, messages);
  }

  /**
   * A client may still be sending content that is refused already. Closing with unread bytes would reset the
   * connection and could take the answer with it, so they are read and dropped until the client has gone.
   */
  async #hearOut(socket: Socket, messages: AsyncGenerator<Message>): Promise<void> {
    const patience = setTimeout(() => socket.destroy(), REQUEST_MS);
    try {
      let next = await messages.next();
      while (next.done !== true) next = await messages.next();
    } finally {
      clearTimeout(patience);
      socket.destroy();
    }
  }

  async #answer(
    first: Message,
    messages: AsyncGenerator<Message>,
    socket: Socket,
    gone: AbortSignal,
  ): Promise<unknown> {
    if (first.type !== CONTROL_FRAME.request) throw new ControlError('invalid', 'a request was expected');
    const { method, args, hasContent } = readRequest(first.value);
    const content = hasContent ? contentOf(messages) : undefined;
    const onProgress = (line: string): void => {
      for (const frame of encodeMessage(CONTROL_FRAME.progress, line)) void send(socket, frame);
    };
    const control = this.#control;
    switch (method) {
      case 'status':
        return control.status();
      case 'settings':
        return control.settings();
      case 'set':
        return control.set(textAt(args, 0), textAt(args, 1));
      case 'addIndicator':
        return control.addIndicator(indicatorAt(args[0]));
      case 'indicators':
        return control.indicators(indicatorQueryAt(args[0]));
      case 'removeIndicator':
        return control.removeIndicator(textAt(args, 0));
      case 'importIndicators':
        return control.importIndicators(content ?? malformed('import'), onProgress);
      case 'categories':
        return control.categories();
      case 'categoryPolicies':
        return control.categoryPolicies();
      case 'putCategoryPolicy':
        return control.putCategoryPolicy(categoryPolicyAt(args[0]));
      case 'removeCategoryPolicy':
        return control.removeCategoryPolicy(textAt(args, 0));
      case 'addFeed':
        return control.addFeed(feedAt(args[0]), content, onProgress);
      case 'feeds':
        return control.feeds();
      case 'refreshFeed':
        return control.refreshFeed(textAt(args, 0), content, onProgress);
      case 'removeFeed':
        return control.removeFeed(textAt(args, 0));
      case 'feedReport':
        return control.feedReport(textAt(args, 0));
      case 'catalogue':
        return control.catalogue();
      case 'enableFeed':
        return control.enableFeed(textAt(args, 0), onProgress);
      case 'disableFeed':
        return control.disableFeed(textAt(args, 0));
      case 'approveFeed':
        return control.approveFeed(textAt(args, 0), textsAt(args, 1), onProgress);
      case 'check':
        return control.check(textAt(args, 0), checkAsAt(args[1]));
      case 'policy':
        return control.policy();
      case 'events':
        return sendEvents(socket, control.events(queryAt(args[0])));
      case 'followEvents': {
        // The client says nothing more; its end is seen only by somebody who reads.
        void messages
          .next()
          .finally(() => socket.destroy())
          .catch(() => {});
        return sendEvents(socket, control.followEvents(queryAt(args[0]), gone));
      }
      default:
        throw new ControlError('not-found', 'the agent does not know this request; is it of another version?');
    }
  }
}

async function sendEvents(socket: Socket, events: AsyncIterable<unknown>): Promise<null> {
  for await (const event of events) {
    for (const frame of encodeMessage(CONTROL_FRAME.event, event)) if (!(await send(socket, frame))) return null;
  }
  return null;
}

async function* contentOf(messages: AsyncGenerator<Message>): AsyncGenerator<Uint8Array> {
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    if (next.value.type === CONTROL_FRAME.contentEnd) return;
    if (next.value.type !== CONTROL_FRAME.content) break;
    yield next.value.bytes;
  }
  throw new ControlError('invalid', 'the content broke off');
}

function faultOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof ControlError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

// What comes in is checked for its shape only; meaning and limits are the core's business.

function readRequest(value: unknown): { method: unknown; args: readonly unknown[]; hasContent: boolean } {
  if (typeof value !== 'object' || value === null || !('method' in value)) return malformed('request');
  const args: unknown = 'arguments' in value ? value.arguments : [];
  if (!Array.isArray(args)) return malformed('arguments');
  return { method: value.method, args, hasContent: 'content' in value && value.content === true };
}

function textAt(args: readonly unknown[], index: number): string {
  const value = args[index];
  return typeof value === 'string' ? value : malformed('argument');
}

function textsAt(args: readonly unknown[], index: number): readonly string[] {
  const value: unknown = args[index];
  if (!Array.isArray(value)) return malformed('argument');
  return value.map((_, at) => textAt(value, at));
}

function indicatorAt(value: unknown): IndicatorInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed('indicator');
  return value as IndicatorInput; // oxlint-disable-line typescript/no-unsafe-type-assertion -- readIndicator takes any object and checks each field
}

function indicatorQueryAt(value: unknown): IndicatorQuery {
  if (typeof value !== 'object' || value === null) return {};
  const { after, limit, newest } = value as Partial<Record<keyof IndicatorQuery, unknown>>;
  return {
    ...(typeof after === 'number' && Number.isSafeInteger(after) && { after }),
    ...(typeof limit === 'number' && Number.isSafeInteger(limit) && { limit }),
    ...(typeof newest === 'boolean' && { newest }),
  };
}

function categoryPolicyAt(value: unknown): CategoryPolicy {
  if (typeof value !== 'object' || value === null) return malformed('category policy');
  const { name, categories, deviceGroups, users, executables } = value as Partial<
    Record<keyof CategoryPolicy, unknown>
  >;
  if (typeof name !== 'string') return malformed('category policy');
  return {
    name,
    categories: textsAt([categories], 0),
    deviceGroups: textsAt([deviceGroups], 0),
    users: textsAt([users], 0),
    executables: textsAt([executables], 0),
  };
}

function checkAsAt(value: unknown): CheckAs {
  if (typeof value !== 'object' || value === null) return {};
  const { port, user, process: program } = value as Partial<Record<keyof CheckAs, unknown>>;
  return {
    ...(typeof port === 'number' && { port }),
    ...(typeof user === 'string' && { user }),
    ...(typeof program === 'string' && { process: program }),
  };
}

function feedAt(value: unknown): FeedAdd {
  if (typeof value !== 'object' || value === null) return malformed('feed');
  const { location, format, category, name, confidence, intervalMs } = value as Partial<Record<keyof FeedAdd, unknown>>;
  if (typeof location !== 'string' || typeof format !== 'string' || typeof category !== 'string')
    return malformed('feed');
  return {
    location,
    format,
    category,
    ...(typeof name === 'string' && { name }),
    ...(typeof confidence === 'number' && { confidence }),
    ...(typeof intervalMs === 'number' && { intervalMs }),
  };
}

function queryAt(value: unknown): EventQuery {
  if (typeof value !== 'object' || value === null) return malformed('query');
  const { sinceMs, ids, limit } = value as Partial<Record<keyof EventQuery, unknown>>;
  const isIds = Array.isArray(ids) && ids.length <= 64 && ids.every((id) => typeof id === 'number');
  return {
    ...(typeof sinceMs === 'number' && { sinceMs }),
    ...(isIds && { ids: ids.map(Number) }),
    ...(typeof limit === 'number' && limit >= 0 && { limit }),
  };
}

function malformed(what: string): never {
  throw new ControlError('invalid', `malformed ${what}`);
}
