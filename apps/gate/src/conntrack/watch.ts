/**
 * Keeps connection tracking from costing the host a connection.
 *
 * Our rules switch tracking on where it was off, and a full table drops packets. So the table is watched: when it
 * fills the limit is raised (within bounds, undone at the end); where that is not possible and nobody but us tracks,
 * the rules step aside until there is room. Where others track as well, a full table would have hurt without us too.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';
const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';

/** Share of the table at which the limit is raised, at which the rules step aside, and at which they come back. */
const FILLING = 0.8;
const FULL = 0.9;
const ROOM_AGAIN = 0.6;
/** The limit is at most this many times what it was. */
const MAX_RAISE = 4;

export type ConntrackState = 'ok' | 'filling' | 'full';

/** The kernel's table; a test puts a smaller one here. */
export interface ConntrackTable {
  readonly count: number;
  readonly max: number;
  /** False when the limit cannot be changed from here (only the first network namespace may). */
  setMax(value: number): boolean;
}

export function kernelConntrackTable(): ConntrackTable {
  return {
    get count() {
      return readNumber(COUNT);
    },
    get max() {
      return readNumber(MAX);
    },
    setMax(value) {
      try {
        writeFileSync(MAX, String(value));
        return readNumber(MAX) === value;
      } catch {
        return false;
      }
    },
  };
}

function readNumber(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

/** Remembers the limit as found, across a crash. */
export interface LimitMemory {
  read(): number | null;
  write(max: number): void;
  forget(): void;
}

export interface ConntrackWatchOptions {
  readonly table: ConntrackTable;
  readonly memory: LimitMemory;
  /** True when other rules than ours need tracking: then stepping aside would change nothing. */
  readonly othersTrack: () => boolean;
  readonly stepAside: () => void;
  readonly comeBack: () => void;
}

export class ConntrackWatch {
  readonly #options: ConntrackWatchOptions;
  #aside = false;
  /** False once the kernel refused: only the first network namespace may change the limit. */
  #canRaise = true;
  state: ConntrackState = 'ok';
  /** One line for `status` while something is wrong, else empty. */
  problem = '';

  constructor(options: ConntrackWatchOptions) {
    this.#options = options;
  }

  get aside(): boolean {
    return this.#aside;
  }

  /** Looks once; call it a few times a second. */
  look(): void {
    const { table, memory, othersTrack, stepAside, comeBack } = this.#options;
    const { count, max } = table;
    if (max === 0) return;
    const used = count / max;
    this.state = used >= FULL ? 'full' : used >= FILLING ? 'filling' : 'ok';
    const figures = `connection tracking holds ${count} of ${max} entries`;
    if (used >= FILLING) {
      const found = memory.read() ?? max;
      const wanted = Math.min(max * 2, found * MAX_RAISE);
      if (wanted > max) {
        if (this.#canRaise && this.#raise(wanted, max)) {
          this.problem = `${figures}: raised the limit to ${wanted} while Sallyport runs; raise net.netfilter.nf_conntrack_max for good`;
          return;
        }
      }
    }
    if (used >= FULL && !this.#aside && !othersTrack()) {
      this.#aside = true;
      stepAside();
    } else if (this.#aside && used < ROOM_AGAIN) {
      this.#aside = false;
      comeBack();
    }
    if (this.#aside) {
      this.problem = `${figures}: protection stepped aside so that no connection is lost; raise net.netfilter.nf_conntrack_max`;
    } else if (this.state !== 'ok') {
      this.problem = `${figures}: raise net.netfilter.nf_conntrack_max`;
    } else if (memory.read() === null) {
      this.problem = '';
    }
  }

  /** Remembers first: a crash between the two steps must not lose what was found. */
  #raise(wanted: number, max: number): boolean {
    const { table, memory } = this.#options;
    const isFirst = memory.read() === null;
    if (isFirst) memory.write(max);
    this.#canRaise = table.setMax(wanted);
    if (!this.#canRaise && isFirst) memory.forget();
    return this.#canRaise;
  }

  /** Puts the limit back as it was found, by this process or by one that crashed. */
  restore(): void {
    const found = this.#options.memory.read();
    if (found === null) return;
    this.#options.table.setMax(found);
    this.#options.memory.forget();
  }
}

/** Whether a rule set (`nft list ruleset`) without our own lines uses connection tracking. */
export function usesConntrack(ruleset: string, isOurs: (line: string) => boolean): boolean {
  const uses =
    /\bct (state|mark|direction|status|zone|original|reply|count|helper)\b|\bmasquerade\b|\b[sd]nat\b|\bredirect\b|xt (match|target) "(conntrack|state|connmark|CONNMARK|CT|MASQUERADE|SNAT|DNAT|REDIRECT)"/;
  let ourTable = false;
  let ourChain = false;
  for (const line of ruleset.split('\n')) {
    // Inside a table or chain of ours nothing counts, nor does a jump to one.
    if (line.startsWith('table ')) [ourTable, ourChain] = [isOurs(line), false];
    else if (/^\s*chain /.test(line)) ourChain = isOurs(line);
    if (!ourTable && !ourChain && !isOurs(line) && uses.test(line)) return true;
  }
  return false;
}
