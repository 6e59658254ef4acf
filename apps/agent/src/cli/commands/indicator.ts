/** `sallyport indicator add|list|remove|import`. */
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { ACTION_CHOICES, readAction, readSeverity, refusedAction, refusedSeverity } from '../indicator-action.ts';
import { importFile } from '../indicator-import.ts';
import { printableJson } from '../safe-text.ts';
import { renderIndicatorChange, renderIndicators } from '../screens/indicators.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { readExpiry } from '../time.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('indicator', ['add', 'list', 'remove', 'import'], args);
  switch (name) {
    case 'add':
      return add(rest, context);
    case 'list':
      return list(rest, context);
    case 'remove':
      return remove(rest, context);
    case 'import': {
      const { options, positionals } = argumentsOf('indicator import', rest);
      expectPositionals('indicator import', ['FILE.csv'], positionals);
      const stateDirectory = options['state-dir'] ?? DEFAULT_STATE_DIRECTORY;
      return importFile(positionals[0] ?? '', stateDirectory, options.json, context);
    }
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
  };
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const indicator = await opened.control.addIndicator(input);
  await reportChange('added', indicator, options.json, context);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

async function list(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('indicator list', args);
  expectPositionals('indicator list', [], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const indicators = await opened.control.indicators();
  const lines = options.json ? [printableJson(indicators, 2)] : renderIndicators(indicators, context.layout());
  await printLines(context.out, lines);
  return EXIT.ok;
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

const reportChange = (verb: string, indicator: Indicator, json: boolean, context: Context): Promise<void> =>
  printLines(context.out, [
    json ? printableJson(indicator, 2) : renderIndicatorChange(verb, indicator, context.layout()),
  ]);
