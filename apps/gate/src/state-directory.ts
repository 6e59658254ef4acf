/**
 * The gate's files in the state directory. `gate/` belongs to root; from `agent/tables/` only finished tables are
 * read, through a descriptor that refuses links and with a bound on size, because the agent is not trusted.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { TABLE_SLOTS, type TableSlot } from '@sallyport/contract/gate-link';
import { type GateSettings, readGateSettings } from '@sallyport/contract/gate-settings';

import type { LimitMemory } from './conntrack/watch.ts';
import type { Memory } from './ruleset/ruleset.ts';

/** A table larger than this is refused rather than loaded: seven times what ten million hosts need. */
const MAX_TABLE_BYTES = 1024 * 1024 * 1024;

/** What was in force last: a restarted gate goes on with it, whether or not the agent is there. */
export interface LastApplied {
  readonly settings: GateSettings | null;
  readonly tables: TableFileNames;
  /** The one before, where there was one: good when it was replaced. */
  readonly previous: TableFileNames;
}

type TableFileNames = Readonly<Partial<Record<TableSlot, string>>>;

/** A table file that is open for reading and of an acceptable size. */
export interface OpenTable extends Disposable {
  readonly fd: number;
  readonly size: number;
}

export class StateDirectory {
  readonly #gate: string;
  readonly #agent: string;
  #heartbeat: number | null = null;

  constructor(path: string) {
    this.#gate = join(path, 'gate');
    this.#agent = join(path, 'agent');
  }

  get socketPath(): string {
    return join(this.#gate, 'gate.sock');
  }

  /**
   * Its content changes several times a second while the gate answers; the supervisor looks at it. `count` only grows:
   * it is written over the one before, because a gate that stops between emptying a file and writing it would leave no
   * number that the supervisor sees standing still.
   */
  beat(count: number): void {
    this.#heartbeat ??= openSync(join(this.#gate, 'heartbeat'), 'w');
    writeSync(this.#heartbeat, `${count}\n`, 0);
  }

  stopBeating(): void {
    if (this.#heartbeat !== null) closeSync(this.#heartbeat);
    this.#heartbeat = null;
    rmSync(join(this.#gate, 'heartbeat'), { force: true });
  }

  readLastApplied(): LastApplied {
    const value = this.readJson('applied.json');
    if (typeof value !== 'object' || value === null) return { settings: null, tables: {}, previous: {} };
    return {
      settings: 'settings' in value ? readGateSettings(value.settings) : null,
      tables: readTableFileNames('tables' in value ? value.tables : null),
      previous: readTableFileNames('previous' in value ? value.previous : null),
    };
  }

  writeLastApplied(applied: LastApplied): void {
    this.writeJson('applied.json', applied);
  }

  /** Undefined when there is no such file or it is no JSON. */
  readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.#gate, name), 'utf8')) as unknown;
    } catch {
      return undefined;
    }
  }

  writeJson(name: string, value: unknown): void {
    const path = join(this.#gate, name);
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  remove(name: string): void {
    rmSync(join(this.#gate, name), { force: true });
  }

  /** Throws when it is no regular file of an acceptable size. */
  openTable(file: string): OpenTable {
    // Every step refuses a link: the agent owns these directories and could point them anywhere.
    const directories = [this.#agent, 'tables'];
    let through = '';
    using held = new DisposableStack();
    for (const name of directories) {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      const directory = held.adopt(openSync(through + name, flags), closeSync);
      through = `/proc/self/fd/${directory}/`;
    }
    using opened = new DisposableStack();
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const fd = opened.adopt(openSync(through + file, flags), closeSync);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`${file} is no regular file`);
    if (stat.size > MAX_TABLE_BYTES) throw new Error(`${file} is larger than ${MAX_TABLE_BYTES} bytes`);
    const kept = opened.move();
    return { fd, size: stat.size, [Symbol.dispose]: () => kept.dispose() };
  }
}

function readTableFileNames(value: unknown): TableFileNames {
  const files: Partial<Record<TableSlot, string>> = {};
  if (typeof value !== 'object' || value === null) return files;
  for (const slot of TABLE_SLOTS) {
    const file: unknown = Object.getOwnPropertyDescriptor(value, slot)?.value;
    if (typeof file === 'string') files[slot] = file;
  }
  return files;
}

/** What the rule set remembers across a crash, as a file. */
export const rulesetMemory = (state: StateDirectory): Memory => ({
  read: () => {
    const value = state.readJson('ruleset.json');
    return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : null;
  },
  write: (baseChains) => state.writeJson('ruleset.json', baseChains),
  forget: () => state.remove('ruleset.json'),
});

/** The connection-tracking limit as found, as a file. */
export const conntrackMemory = (state: StateDirectory): LimitMemory => ({
  read: () => {
    const value = state.readJson('conntrack.json');
    return typeof value === 'number' ? value : null;
  },
  write: (max) => state.writeJson('conntrack.json', max),
  forget: () => state.remove('conntrack.json'),
});
