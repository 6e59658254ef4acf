/** `sallyport indicator add|list|remove|import|export`. */
import type { Control } from '@sallyport/contract/control';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { choice } from '../choice.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { ACTION_CHOICES, readAction, readSeverity, refusedAction, refusedSeverity } from '../indicator-action.ts';
import { EXPORT_FORMATS, type ExportCounts, exportIndicators } from '../indicator-export.ts';
import { IMPORT_FORMATS, importFile } from '../indicator-import.ts';
import { indicatorPages } from '../indicator-pages.ts';
import { openNewFile } from '../new-file.ts';
import { paceOf } from '../pace.ts';
import { count, counted } from '../quantity.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderIndicatorChange, renderIndicators } from '../screens/indicators.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { readExpiry } from '../time.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('indicator', ['add', 'list', 'remove', 'import', 'export'], args);
  switch (name) {
    case 'add':
      return add(rest, context);
    case 'list':
      return list(rest, context);
    case 'remove':
      return remove(rest, context);
    case 'import':
      return importRows(rest, context);
    case 'export':
      return exportRows(rest, context);
  }
}

async function add(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator add', args);
  expectPositionals('indicator add', ['VALUE'], positionals);
  const layout = context.layout();
  if (options.action === undefined) {
    throw new UsageError(`indicator add: --action is missing: ${ACTION_CHOICES}`);
  }
  const action = readAction(options.action);
  if (action === null) throw new UsageError(`indicator add: --action ${refusedAction(options.action)}`);
  const severity = options.severity === undefined ? undefined : readSeverity(options.severity);
  if (severity === null) throw new UsageError(`indicator add: --severity ${refusedSeverity(options.severity ?? '')}`);
  const input: IndicatorInput = {
    indicatorValue: positionals[0] ?? '',
    action,
    ...(options.title === undefined ? {} : { title: options.title }),
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.expires === undefined ? {} : { expirationTime: readExpiry(options.expires, layout.nowMs) }),
    ...(severity === undefined ? {} : { severity }),
    ...listOption('users', options.user),
    ...listOption('executables', options.process),
    ...listOption('cgroups', options.cgroup),
    ...listOption('containers', options.container),
    ...listOption('rbacGroups', options.group),
  };
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const indicator = await opened.control.addIndicator(input);
  await reportChange('added', indicator, options.json, context);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

/** Options that may be repeated come joined by commas, which no item holds. */
const listOption = <Field extends string>(field: Field, text: string | undefined): { [Key in Field]?: string[] } =>
  text === undefined ? {} : ({ [field]: text.split(',') } as { [Key in Field]?: string[] }); // oxlint-disable-line typescript/no-unsafe-type-assertion -- computed keys widen to string

const SHOWN = 1000;

async function list(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator list', args);
  expectPositionals('indicator list', [], positionals);
  if (options.limit !== undefined && !/^[1-9]\d{0,6}$/.test(options.limit)) {
    throw new UsageError(`indicator list: --limit '${printable(options.limit)}' is no number from 1 to 9999999`);
  }
  const limit = options.limit === undefined ? null : Number(options.limit);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  if (options.json) {
    await writeJson(indicatorPages(opened.control), limit, context);
    return EXIT.ok;
  }
  const most = limit ?? SHOWN;
  const indicators = await newest(opened.control, most);
  await printLines(context.out, renderIndicators(indicators, context.layout()));
  const { indicators: all } = await opened.control.status();
  if (all > indicators.length) {
    await context.err.write(
      `the newest ${count(indicators.length)} of ${counted(all, 'indicator')}; --limit N shows more, --json and export all\n`,
    );
  }
  return EXIT.ok;
}

type Pages = AsyncIterable<readonly Indicator[]>;

async function newest(control: Control, most: number): Promise<readonly Indicator[]> {
  if (most <= 5000) return control.indicators({ limit: most, newest: true });
  const all: Indicator[] = [];
  for await (const page of indicatorPages(control)) {
    all.push(...page);
    all.splice(0, all.length - most);
  }
  return all;
}

/** One array, written as its pages come. `limit` null: all of them. */
async function writeJson(pages: Pages, limit: number | null, context: Context): Promise<void> {
  let written = 0;
  for await (const page of pages) {
    const rest = page.slice(0, limit === null ? page.length : Math.max(0, limit - written));
    if (rest.length === 0) break;
    const text = rest.map((indicator) => printableJson(indicator, 2).replaceAll(/^/gm, '  ')).join(',\n');
    await context.out.write(`${written === 0 ? '[' : ','}\n${text}`);
    written += rest.length;
  }
  await context.out.write(written === 0 ? '[]\n' : '\n]\n');
}

async function remove(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator remove', args);
  expectPositionals('indicator remove', ['VALUE'], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const indicator = await opened.control.removeIndicator(positionals[0] ?? '');
  await reportChange('removed', indicator, options.json, context);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

async function importRows(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator import', args);
  expectPositionals('indicator import', ['FILE'], positionals);
  const action = readAction(options.action ?? 'block');
  if (action === null) throw new UsageError(`indicator import: --action ${refusedAction(options.action ?? '')}`);
  return importFile(
    {
      path: positionals[0] ?? '',
      stateDirectory: options['state-dir'] ?? DEFAULT_STATE_DIRECTORY,
      json: options.json,
      format: choice('indicator import', '--format', options.format ?? 'detect', ['detect', ...IMPORT_FORMATS]),
      action,
    },
    context,
  );
}

async function exportRows(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator export', args);
  expectPositionals('indicator export', [], positionals);
  const format = choice('indicator export', '--format', options.format ?? 'csv', EXPORT_FORMATS);
  // Opened with the caller's rights, and before any other are taken on.
  using file = options.to === undefined ? null : openNewFile(options.to);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const counts: ExportCounts = { exported: 0, leftOut: 0 };
  const startedMs = context.layout().nowMs;
  // A signal would end this process before the half-written file is gone; where there is none, it may do so at once.
  const interrupted = file === null ? null : context.interrupted();
  for await (const piece of exportIndicators(opened.control, format, startedMs, counts)) {
    if (interrupted?.aborted === true) {
      await context.err.write('interrupted: no file was written\n');
      return EXIT.failed;
    }
    if (file === null) await context.out.write(piece);
    else file.write(piece);
  }
  file?.keep();
  const pace = paceOf(counts.exported, context.layout().nowMs - startedMs, 'indicators');
  const notes = [`exported ${counted(counts.exported, 'indicator')}${pace}`];
  if (counts.leftOut > 0) {
    notes.push(`${count(counts.leftOut)} left out, because ${format} cannot say what they say; csv can`);
  }
  if (file !== null || counts.leftOut > 0) await printLines(context.err, notes);
  return EXIT.ok;
}

const reportChange = (verb: string, indicator: Indicator, json: boolean, context: Context): Promise<void> =>
  printLines(context.out, [
    json ? printableJson(indicator, 2) : renderIndicatorChange(verb, indicator, context.layout()),
  ]);
