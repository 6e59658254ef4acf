/**
 * Reads managed.json: an object of setting names and values; `networkProtection.enforcementLevel` of
 * mdatp_managed.json (defender-spec 1.2) is understood as well.
 *
 * Easy to get wrong: a mistake in this file must not stop the agent, which would leave the machine without protection
 * over a typing error. What is understood counts, the rest is a line in the status.
 */
import { readFileSync } from 'node:fs';

import {
  isSettingName,
  type SettingName,
  SETTING_NAMES,
  SETTINGS,
  type SettingValue,
} from '@sallyport/contract/settings';

import { closestNames } from './closest-name.ts';

export interface ManagedSettings {
  readonly values: ReadonlyMap<SettingName, SettingValue>;
  /** One line each. */
  readonly problems: readonly string[];
}

const MAX_BYTES = 1 << 20;

/** Later files win. A file that does not exist says nothing. */
export function readManagedFiles(paths: readonly string[]): ManagedSettings {
  const values = new Map<SettingName, SettingValue>();
  const problems: string[] = [];
  for (const path of paths) {
    const text = readText(path, problems);
    if (text === null) continue;
    const read = readManagedText(text);
    for (const [name, value] of read.values) values.set(name, value);
    problems.push(...read.problems.map((problem) => `${path}: ${problem}`));
  }
  return { values, problems };
}

export function readManagedText(text: string): ManagedSettings {
  const values = new Map<SettingName, SettingValue>();
  const problems: string[] = [];
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { values, problems: [`is ignored: ${error instanceof Error ? error.message : 'not JSON'}`] };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { values, problems: ['is ignored: not a JSON object'] };
  }
  for (const [key, value] of Object.entries(document)) {
    if (key === 'networkProtection') readSection(value, values, problems);
    else readValue(key, key, value, values, problems);
  }
  return { values, problems };
}

function readSection(section: unknown, values: Map<SettingName, SettingValue>, problems: string[]): void {
  if (typeof section !== 'object' || section === null) {
    problems.push('networkProtection: not an object');
    return;
  }
  for (const [key, value] of Object.entries(section)) {
    const path = `networkProtection.${key}`;
    if (key === 'enforcementLevel') readValue('EnableNetworkProtection', path, value, values, problems);
    else problems.push(`${path}: unknown setting`);
  }
}

function readValue(
  name: string,
  shown: string,
  value: unknown,
  values: Map<SettingName, SettingValue>,
  problems: string[],
): void {
  if (!isSettingName(name)) {
    const near = closestNames(name, SETTING_NAMES);
    problems.push(
      `${JSON.stringify(shown)}: unknown setting${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
    );
    return;
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const read = isScalar ? SETTINGS[name].read(String(value)) : null;
  if (read === null) problems.push(`${shown}: ${JSON.stringify(value)} is not accepted; use ${SETTINGS[name].accepts}`);
  else values.set(name, read);
}

function readText(path: string, problems: string[]): string | null {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_BYTES) return bytes.toString('utf8');
    problems.push(`${path}: is ignored: larger than ${MAX_BYTES} bytes`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(`${path}: cannot be read (${code})`);
  }
  return null;
}
