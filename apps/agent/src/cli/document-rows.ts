/**
 * Indicators from a STIX bundle or a MISP event, through the readers that feeds use. Such documents say what is bad and
 * not what to do about it, so the action comes from the command line.
 *
 * Easy to get wrong: the readers push and the import pulls. The source is held back while lines are waiting, so a
 * document of any size needs no memory to speak of.
 */
import type { ImportLine } from '@sallyport/contract/control';
import type { IndicatorInput } from '@sallyport/contract/indicator';
import { formatIp } from '@sallyport/hosts/canonical';

import { DOCUMENT_READERS, type DocumentFormat } from '../feeds/documents/registry.ts';
import { EntryRecorder } from '../feeds/entry-recorder.ts';
import type { EntryDetail, FeedSink } from '../feeds/feed-sink.ts';

/** What an import of a document adds to each of its values. */
export interface DocumentDefaults {
  readonly action: IndicatorInput['action'];
  readonly description: string;
}

export interface DocumentRows {
  readonly lines: AsyncGenerator<readonly ImportLine[]>;
  /** By reason, what was passed over; complete when `lines` has ended. */
  readonly skipped: Readonly<Partial<Record<string, number>>>;
}

/** `row` of a line is the number of the STIX object or MISP attribute. `lines` throws FeedError for what is no such document. */
export function readDocumentRows(
  format: DocumentFormat,
  content: AsyncIterable<Uint8Array>,
  name: string,
  defaults: DocumentDefaults,
  nowMs: number,
): DocumentRows {
  const queue = new LineQueue();
  let item = 0;
  const recorder = new EntryRecorder(
    sinkInto((indicatorValue, { expiresAtMs }) => {
      const expiry = expiresAtMs === null ? {} : { expirationTime: new Date(expiresAtMs).toISOString() };
      queue.push({ row: item, input: { indicatorValue, ...defaults, ...expiry } });
    }),
    () => item,
  );
  const context = {
    name,
    nowMs,
    onItem: () => void item++,
    onInvalid: (row: number, text: string, reason: string) =>
      queue.push({ row, field: 'item', reason: `${reason}: ${JSON.stringify(text.slice(0, 100))}` }),
  };
  const read = DOCUMENT_READERS[format];
  return { lines: queue.lines(read(queue.hold(content), recorder, context)), skipped: recorder.skipped };
}

/** Values as `indicator add` takes them. */
function sinkInto(add: (value: string, detail: EntryDetail) => void): FeedSink {
  const withPort = (value: string, { port }: EntryDetail): string => {
    if (port === null) return value;
    return value.includes(':') && !value.startsWith('exact:') ? `[${value}]:${port}` : `${value}:${port}`;
  };
  const MATCHES = { suffix: '', exact: 'exact:', subdomains: '*.' } as const;
  return {
    host: (name, match, detail) => add(withPort(`${MATCHES[match]}${name}`, detail), detail),
    ip: (address, detail) => add(withPort(formatIp(address), detail), detail),
    cidr: (address, length, detail) => add(withPort(`${formatIp(address)}/${length}`, detail), detail),
    url: (host, path, detail) => {
      const shown = host.includes(':') ? `[${host}]` : host;
      add(`http://${shown}${detail.port === null ? '' : `:${detail.port}`}${path}`, detail);
    },
    // Neither format has exceptions.
    exception: () => {},
  };
}

/** Lines from somebody who pushes to somebody who pulls. */
class LineQueue {
  readonly #waiting: ImportLine[] = [];
  #news = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();

  push(line: ImportLine): void {
    this.#waiting.push(line);
  }

  /** The content, each chunk only when the lines of the one before are taken. */
  async *hold(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      if (this.#waiting.length > 0) {
        this.#room = Promise.withResolvers<void>();
        this.#news.resolve();
        await this.#room.promise;
      }
      yield chunk;
    }
  }

  /** Everything that is pushed until `reading` ends, then what it failed with. */
  async *lines(reading: Promise<void>): AsyncGenerator<readonly ImportLine[]> {
    const end: { outcome: 'open' | 'done' | { readonly error: unknown } } = { outcome: 'open' };
    void reading
      .then(
        () => (end.outcome = 'done'),
        (error: unknown) => (end.outcome = { error }),
      )
      .finally(() => this.#news.resolve());
    for (;;) {
      await this.#news.promise;
      const { outcome } = end;
      this.#news = Promise.withResolvers<void>();
      yield this.#waiting.splice(0);
      this.#room.resolve();
      if (outcome === 'done') return;
      if (outcome !== 'open') throw outcome.error;
    }
  }
}
