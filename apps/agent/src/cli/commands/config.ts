/** `sallyport config get|set`, and mdatp's spelling of the one setting that its scripts change. */
import type { Control, SettingView } from '@sallyport/contract/control';
import { SETTING_NAMES, type SettingName } from '@sallyport/contract/settings';

import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { didYouMean } from '../closest.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderSetting, renderSettings, settingText } from '../screens/settings.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('config', ['get', 'set', 'network-protection'], args);
  switch (name) {
    case 'get':
      return get(rest, context);
    case 'set': {
      const { options, positionals } = argumentsOf('config set', rest);
      expectPositionals('config set', ['NAME', 'VALUE'], positionals);
      const [setting = '', value = ''] = positionals;
      return change(settingName(setting), value, options.json, options['state-dir'], context);
    }
    case 'network-protection':
      return networkProtection(rest, context);
  }
}

async function get(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('config get', args);
  expectPositionals('config get', ['[NAME]'], positionals);
  const wanted = positionals[0] === undefined ? null : settingName(positionals[0]);
  return show(wanted, options.json, options['state-dir'], context);
}

async function networkProtection(args: readonly string[], context: Context): Promise<number> {
  const path = 'config network-protection';
  const { options, positionals } = argumentsOf(path, args);
  expectPositionals(path, ['enforcement-level'], positionals);
  if (positionals[0] !== 'enforcement-level') {
    throw new UsageError(`${path}: unknown '${printable(positionals[0] ?? '')}'; did you mean 'enforcement-level'?`);
  }
  const name = 'EnableNetworkProtection';
  if (options.value === undefined) return show(name, options.json, options['state-dir'], context);
  return change(name, options.value, options.json, options['state-dir'], context);
}

async function show(
  wanted: SettingName | null,
  json: boolean,
  stateDirectory: string | undefined,
  context: Context,
): Promise<number> {
  await using opened = await context.openControl(stateDirectory ?? DEFAULT_STATE_DIRECTORY);
  const settings = await opened.control.settings();
  const layout = context.layout();
  const one = settings.find(({ name }) => name === wanted);
  const lines = json
    ? [printableJson(one ?? settings, 2)]
    : one === undefined
      ? renderSettings(settings, layout)
      : renderSetting(one, layout);
  await printLines(context.out, lines);
  return EXIT.ok;
}

async function change(
  name: SettingName,
  value: string,
  json: boolean,
  stateDirectory: string | undefined,
  context: Context,
): Promise<number> {
  await using opened = await context.openControl(stateDirectory ?? DEFAULT_STATE_DIRECTORY);
  const before = await valueOf(opened.control, name);
  const after = await opened.control.set(name, value);
  const was = before === null || before.value === after.value ? '' : ` (was ${settingText(before)})`;
  await printLines(context.out, [
    json ? printableJson(after, 2) : printable(`${after.name} is ${settingText(after)}${was}`),
  ]);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

async function valueOf(control: Control, name: SettingName): Promise<SettingView | null> {
  const settings = await control.settings();
  return settings.find((setting) => setting.name === name) ?? null;
}

/** Names are matched in any case: the reference's are typed from memory. */
function settingName(typed: string): SettingName {
  const name = SETTING_NAMES.find((known) => known.toLowerCase() === typed.toLowerCase());
  if (name !== undefined) return name;
  const remedy = didYouMean(typed, SETTING_NAMES) || '; sallyport config get lists them all';
  throw new UsageError(`config: unknown setting '${printable(typed)}'${remedy}`);
}
