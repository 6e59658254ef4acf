/** Settings with their source and meaning. */
import type { SettingView } from '@sallyport/contract/control';
import { type SettingSource, SETTINGS } from '@sallyport/contract/settings';

import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { type Cell, type Column, renderFields, renderTable } from '../table.ts';

const SOURCE_STYLE = {
  managed: 'magenta',
  local: 'cyan',
  default: 'dim',
} as const satisfies Record<SettingSource, Style>;

const COLUMNS: readonly Column[] = [
  { header: 'SETTING' },
  { header: 'VALUE' },
  { header: 'FROM' },
  { header: 'MEANING', shrinkTo: 10 },
];

export function renderSettings(settings: readonly SettingView[], layout: Layout): string[] {
  const rows = settings.map((setting): Cell[] => [
    setting.name,
    settingText(setting),
    [SOURCE_STYLE[setting.source], setting.source],
    ['dim', SETTINGS[setting.name].meaning],
  ]);
  return renderTable(COLUMNS, rows, layout);
}

/** Everything about one: what it means and what it takes. */
export function renderSetting(setting: SettingView, layout: Layout): string[] {
  const { meaning, accepts, default: initial } = SETTINGS[setting.name];
  const fields = [
    ['value', settingText(setting)],
    ['from', setting.source],
    ['default', settingText({ name: setting.name, value: initial })],
    ['accepts', accepts],
    ['meaning', meaning],
  ] as const;
  return [layout.paint('bold', setting.name), ...renderFields(fields, { ...layout, width: null }, 2)];
}

/** A mask is read in hexadecimal, everything else as it is stored. */
export function settingText({ name, value }: Pick<SettingView, 'name' | 'value'>): string {
  return name === 'ConnmarkMask' && typeof value === 'number' ? `0x${value.toString(16)}` : String(value);
}
