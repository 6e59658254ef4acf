/**
 * `sallyport events`. Rows are printed as they are read, so the journal may be larger than memory. `--limit` is the
 * exception: the newest come first from the journal, and people read downwards.
 *
 * Easy to get wrong: files that the user names are opened before the journal is, with the user's own rights.
 */
import type { EventQuery } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { EVENT_IDS } from '../../event-log/channel.ts';
import { MAX_VIEW_BYTES, readView, type View } from '../../event-log/view.ts';
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { type EventForm, eventPrinter } from '../event-output.ts';
import { type EventSelection, pastAndNew, pastEvents } from '../event-stream.ts';
import { EXIT } from '../exit.ts';
import { openLocalFile } from '../local-file.ts';
import { openNewFile } from '../new-file.ts';
import { count, counted } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { argumentsOf } from '../sub-command.ts';
import { readSince } from '../time.ts';
import { UsageError } from '../usage-error.ts';

const TERMINAL_LIMIT = 100;
const MAX_LIMIT = 1_000_000;
/** An id that nothing has, for a query that nothing is to answer: an empty list of ids means all. */
const NO_ID = -1;

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('events', args);
  expectPositionals('events', [], positionals);
  const form = formOf(options.json, options.xml, options.export !== undefined);
  const typedIds = options.id?.split(',').map(readId) ?? EVENT_IDS;
  const sinceMs = options.since === undefined ? undefined : readSince(options.since, context.layout().nowMs);
  const onScreen = context.out.isTerminal && form === 'lines' && sinceMs === undefined;
  const limit = limitOf(options.limit, onScreen && !options.follow);
  const view = options.view === undefined ? null : await viewOf(options.view);
  if (view?.ids.length === 0) {
    await printLines(context.err, [`this view asks for none of the event ids that there are: ${EVENT_IDS.join(', ')}`]);
  }
  using file = options.export === undefined ? null : openNewFile(options.export);

  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  if (options.follow && !opened.running) {
    throw new ControlError('unavailable', 'no agent is running, so nothing new will come');
  }
  const selection: EventSelection = {
    query: queryOf(sinceMs, view === null ? typedIds : typedIds.filter((id) => view.ids.includes(id))),
    accepts: view === null ? null : (event) => view.selects(event, context.layout().nowMs),
    limit,
  };
  const events = options.follow
    ? pastAndNew(opened.control, selection, context.interrupted())
    : pastEvents(opened.control, selection);

  const printer = eventPrinter(form, context.layout(), context.out.isTerminal);
  const write = async (text: string): Promise<void> => {
    if (file === null) await context.out.write(text);
    else file.write(text);
  };
  let written = 0;
  if (printer.begin !== '') await write(printer.begin);
  for await (const event of events) {
    await write(printer.event(event));
    written++;
  }
  if (printer.end !== '') await write(printer.end);
  file?.keep();
  if (options.export !== undefined) {
    await printLines(context.err, [`exported ${counted(written, 'event')} to ${printable(options.export)}`]);
  }
  return EXIT.ok;
}

function formOf(json: boolean, xml: boolean, isExport: boolean): EventForm {
  if (json && xml) throw new UsageError('events: --json and --xml exclude each other');
  if (json) return 'json';
  return xml || isExport ? 'xml' : 'lines';
}

function queryOf(sinceMs: number | undefined, ids: readonly number[]): EventQuery {
  const isEverything = EVENT_IDS.every((id) => ids.includes(id));
  return {
    ...(sinceMs !== undefined && { sinceMs }),
    ...(!isEverything && { ids: ids.length === 0 ? [NO_ID] : ids }),
  };
}

async function viewOf(path: string): Promise<View> {
  using file = openLocalFile(path);
  if (file.size > MAX_VIEW_BYTES) throw new ControlError('invalid', `${path}: is too large for a view`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.content()) chunks.push(chunk);
  const read = readView(Buffer.concat(chunks));
  if (read.kind === 'ok') return read.view;
  throw new ControlError('invalid', `${path}:${read.position}: ${read.reason}`);
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
  const known =
    '1125 (audited), 1126 (blocked), 5007 (settings changed), 5013 (change refused) or 0 (connections and gaps)';
  throw new UsageError(`events: --id '${printable(typed)}' is not known: ${known}`);
}
