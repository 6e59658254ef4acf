/**
 * The effective settings: managed file over local value over default, and where each comes from.
 *
 * Easy to get wrong: `onChange` hears about *effective* changes. A local value below a managed one changes nothing
 * and is refused, so that nobody believes it did.
 */
import type { DatabaseSync } from 'node:sqlite';

import type { SettingView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import {
  isSettingName,
  type SettingName,
  SETTING_NAMES,
  SETTINGS,
  type SettingValue,
} from '@sallyport/contract/settings';

import { closestNames } from './closest-name.ts';
import { type ManagedSettings, readManagedFiles } from './managed-file.ts';

export interface SettingChange {
  readonly name: SettingName;
  readonly old: SettingView;
  readonly new: SettingView;
}

/** A change that was refused, because the setting is managed. */
export interface RefusedChange {
  readonly name: SettingName;
  readonly value: SettingValue;
}

export class SettingsStore {
  readonly #database: DatabaseSync;
  readonly #managedFiles: readonly string[];
  readonly #onChange: (change: SettingChange) => void;
  readonly #onRefused: (change: RefusedChange) => void;
  readonly #local = new Map<SettingName, SettingValue>();
  #managed: ManagedSettings;
  #effective: ReadonlyMap<SettingName, SettingView>;

  /** `onRefused`: an attempt to change a managed setting to another value. */
  constructor(
    database: DatabaseSync,
    managedFiles: readonly string[],
    onChange: (change: SettingChange) => void,
    onRefused: (change: RefusedChange) => void = () => {},
  ) {
    this.#database = database;
    this.#managedFiles = managedFiles;
    this.#onChange = onChange;
    this.#onRefused = onRefused;
    for (const row of database.prepare('SELECT name, value FROM setting').iterate()) {
      const name = String(row['name']);
      // A name or value that a later version wrote and this one does not know counts as not set.
      const value = isSettingName(name) ? SETTINGS[name].read(String(row['value'])) : null;
      if (isSettingName(name) && value !== null) this.#local.set(name, value);
    }
    this.#managed = readManagedFiles(managedFiles);
    this.#effective = this.#compute();
  }

  get problems(): readonly string[] {
    return this.#managed.problems;
  }

  all(): readonly SettingView[] {
    return [...this.#effective.values()];
  }

  value(name: SettingName): SettingValue {
    return this.#view(name).value;
  }

  /** Throws ControlError: `not-found` for an unknown name, `invalid` for a bad value, `conflict` for a managed one. */
  set(name: string, text: string): SettingView {
    if (!isSettingName(name)) {
      const near = closestNames(name, SETTING_NAMES);
      const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : '`sallyport config get` lists them all';
      throw new ControlError('not-found', `${name}: unknown setting; ${hint}`);
    }
    const value = SETTINGS[name].read(text.trim());
    if (value === null) {
      throw new ControlError(
        'invalid',
        `${name}: ${JSON.stringify(text)} is not accepted; use ${SETTINGS[name].accepts}`,
      );
    }
    if (this.#managed.values.has(name)) {
      if (this.#managed.values.get(name) !== value) this.#onRefused({ name, value });
      throw new ControlError('conflict', `${name} is set by ${this.#managedFiles.join(' or ')}; change it there`);
    }
    this.#database.prepare('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)').run(name, String(value));
    this.#local.set(name, value);
    this.#announce();
    return this.#view(name);
  }

  /** Reads the managed files again. True when anything that is in force changed. */
  reloadManaged(): boolean {
    this.#managed = readManagedFiles(this.#managedFiles);
    return this.#announce();
  }

  #announce(): boolean {
    const before = this.#effective;
    this.#effective = this.#compute();
    let changed = false;
    for (const view of this.#effective.values()) {
      const old = before.get(view.name);
      if (old === undefined || old.value === view.value) continue;
      changed = true;
      this.#onChange({ name: view.name, old, new: view });
    }
    return changed;
  }

  #compute(): ReadonlyMap<SettingName, SettingView> {
    return new Map(
      SETTING_NAMES.map((name) => {
        const managed = this.#managed.values.get(name);
        const local = this.#local.get(name);
        const value = managed ?? local ?? SETTINGS[name].default;
        const source = managed !== undefined ? 'managed' : local !== undefined ? 'local' : 'default';
        return [name, { name, value, source }] as const;
      }),
    );
  }

  #view(name: SettingName): SettingView {
    return this.#effective.get(name) ?? { name, value: SETTINGS[name].default, source: 'default' };
  }
}
