/**
 * `sallyport events`. Rows are printed as they are read, so the journal may be larger than memory. `--limit` is the
 * exception: the newest come first from the journal, and people read downwards.
 */
import type { EventQuery } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { pastAndNew, pastEvents } from '../event-stream.ts';
import { EXIT } from '../exit.ts';
import { count } from '../quantity.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderEvent, renderEventHeader } from '../screens/events.ts';
import { argumentsOf } from '../sub-command.ts';
import { readSince } from '../time.ts';
import { UsageError } from '../usage-error.ts';

const TERMINAL_LIMIT = 100;
const MAX_LIMIT = 1_000_000;
/** 0 are the rows that are no event-log entry: connections, gaps. */
const EVENT_IDS: readonly number[] = [0, 1125, 1126, 5007];

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('events', args);
  expectPositionals('events', [], positionals);
  const filter: EventQuery = {
    ...(options.since === undefined ? {} : { sinceMs: readSince(options.since, context.layout().nowMs) }),
    ...(options.id === undefined ? {} : { ids: options.id.split(',').map(readId) }),
  };
  const limit = limitOf(options.limit, context.out.isTerminal && !options.json && options.since === undefined);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const layout = context.layout();
  const render = options.json ? printableJson : (event: DeviceNetworkEvent): string => renderEvent(event, layout);
  const print = (event: DeviceNetworkEvent): Promise<void> => context.out.write(`${render(event)}\n`);
  if (!options.json && context.out.isTerminal) await printLines(context.out, [renderEventHeader(layout)]);

  if (!options.follow) {
    for await (const event of pastEvents(opened.control, filter, limit)) await print(event);
    return EXIT.ok;
  }
  if (!opened.running) throw new ControlError('unavailable', 'no agent is running, so nothing new will come');
  const signal = context.interrupted();
  const events = pastAndNew(opened.control, filter, options.limit === undefined ? null : limit, signal);
  for await (const event of events) await print(event);
  return EXIT.ok;
}

/** The most rows to show, or null for all. On a terminal a whole journal helps nobody. */
function limitOf(typed: string | undefined, onScreen: boolean): number | null {
  if (typed === undefined) return onScreen ? TERMINAL_LIMIT : null;
  const limit = /^\d{1,7}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new UsageError(`events: --limit '${printable(typed)}' is no number from 1 to ${count(MAX_LIMIT)}`);
}

function readId(typed: string): number {
  const id = EVENT_IDS.find((known) => String(known) === typed.trim());
  if (id !== undefined) return id;
  const known = '1125 (audited), 1126 (blocked), 5007 (settings changed) or 0 (connections and gaps)';
  throw new UsageError(`events: --id '${printable(typed)}' is not known: ${known}`);
}
