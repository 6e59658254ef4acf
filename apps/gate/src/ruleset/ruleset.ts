/**
 * Keeps the kernel's rules equal to a description: `apply` is declarative and safe to repeat, `remove` leaves the
 * host's rule set as it was before the first `apply`, also when another process of ours did that and crashed.
 *
 * What existed before is remembered in a file (`Memory`), because iptables-nft creates tables and base chains on
 * demand and never takes them away again.
 */
import type { Chain, HookName } from './description.ts';
import { chainName, type Family, readPresent, renderIptables } from './iptables.ts';
import type { RulesetNames } from './names.ts';
import { renderNftables, renderNftablesRemoval } from './nftables.ts';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the system with `input` on its standard input. Status 127 when it is not installed. */
export type Execute = (program: string, args: readonly string[], input?: string) => CommandResult;

/** Survives a crash: the base chains that were there before our first rule, or null when no rule of ours is loaded. */
export interface Memory {
  read(): readonly string[] | null;
  write(baseChains: readonly string[]): void;
  forget(): void;
}

export type Backend = 'nftables' | 'iptables-nft';

/** The rules could not be loaded; nothing was changed by the failed step. One line, with the remedy where known. */
export class RulesetError extends Error {
  override readonly name = 'RulesetError';
  readonly code: 'no-backend' | 'refused';

  constructor(code: RulesetError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const HOOK_NAMES: readonly HookName[] = ['output', 'forward'];

const FAMILIES = [
  { family: 'ip', save: 'iptables-nft-save', restore: 'iptables-nft-restore' },
  { family: 'ip6', save: 'ip6tables-nft-save', restore: 'ip6tables-nft-restore' },
] as const satisfies readonly { family: Family; save: string; restore: string }[];

/** Which back end this kernel and these tools can do: tried by use, because versions do not tell. */
export function probeBackend(execute: Execute, names: RulesetNames): Backend {
  const table = `${names.nftTable}_probe`;
  const probe = `table inet ${table} {\n  chain c {\n    queue num ${names.queueNumber} bypass\n  }\n}\n`;
  if (execute('nft', ['--check', '--file', '-'], probe).status === 0) return 'nftables';
  const enforce = `table inet ${table} {\n  chain c {\n    ct mark 1 reject with tcp reset\n  }\n}\n`;
  const enforces = execute('nft', ['--check', '--file', '-'], enforce).status === 0;
  if (enforces && FAMILIES.every(({ restore }) => execute(restore, ['--noflush', '--test'], '').status === 0)) {
    return 'iptables-nft';
  }
  throw new RulesetError(
    'no-backend',
    'no way to hand packets to the gate: nftables has no queue expression here and iptables-nft is not usable; install the Debian packages "nftables" and "iptables"',
  );
}

export class Ruleset {
  readonly backend: Backend;
  readonly #execute: Execute;
  readonly #names: RulesetNames;
  readonly #memory: Memory;
  /** Our lines as the kernel shows them right after the last apply. */
  #expected = '';
  #wanted: readonly Chain[] = [];

  constructor(backend: Backend, execute: Execute, names: RulesetNames, memory: Memory) {
    this.backend = backend;
    this.#execute = execute;
    this.#names = names;
    this.#memory = memory;
  }

  /** Loads `chains`, replacing whatever of ours is there; an empty list removes everything. */
  apply(chains: readonly Chain[]): void {
    this.#wanted = chains;
    if (chains.length === 0) {
      this.remove();
      return;
    }
    const native = this.backend === 'nftables';
    // What carries out a verdict is there before the first packet is handed over.
    const table = native ? chains : chains.filter(({ stage }) => stage === 'enforce');
    const early = native ? table : table.map(withoutRefusals);
    this.#loadTable(early);
    if (!native) {
      if (this.#memory.read() === null) this.#memory.write(this.#baseChains());
      for (const { family, save, restore } of FAMILIES) {
        const script = renderIptables(this.#names.suffix, family, chains, this.#present(save));
        if (script !== '') this.#run(restore, ['--noflush'], script);
      }
    }
    if (early.some(({ rules }, at) => rules.length !== table[at]?.rules.length)) this.#loadTable(table);
    this.#expected = this.#ours();
  }

  /** Takes every rule of ours away, and the tables and chains that came with them. Safe to repeat. */
  remove(): void {
    this.#wanted = []; // nothing is missed from here on, so nothing is repaired
    this.#expected = '';
    // Both back ends are swept: an earlier start may have used the other one. Handing over ends before enforcement.
    const before = this.#memory.read();
    for (const { family, save, restore } of FAMILIES) {
      const present = this.#present(save);
      const script = renderIptables(this.#names.suffix, family, [], present);
      if (script !== '') this.#run(restore, ['--noflush'], script);
    }
    if (this.#execute('nft', ['list', 'table', 'inet', this.#names.nftTable]).status === 0) {
      this.#run('nft', ['--file', '-'], renderNftablesRemoval(this.#names.nftTable));
    }
    if (before !== null) {
      this.#removeEmptyExcept(new Set(before));
      this.#memory.forget();
    }
  }

  /** False when another tool changed or flushed what is ours. */
  isIntact(): boolean {
    return this.#wanted.length === 0 || this.#ours() === this.#expected;
  }

  /** Loads the last wanted rules again. */
  repair(): void {
    this.apply(this.#wanted);
  }

  #loadTable(chains: readonly Chain[]): void {
    this.#run('nft', ['--file', '-'], renderNftables(this.#names.nftTable, chains));
  }

  #present(save: string): ReturnType<typeof readPresent> {
    return readPresent(this.#names.suffix, this.#saved(save));
  }

  /** What is loaded, empty where the program is not installed. A listing that failed must not read as "nothing there". */
  #saved(save: string): string {
    const { status, stdout, stderr } = this.#execute(save, []);
    if (status === 0 || status === 127) return stdout;
    throw new RulesetError('refused', `${save} failed: ${reasonOf(status, stderr)}`);
  }

  #ours(): string {
    const table = this.#execute('nft', ['list', 'table', 'inet', this.#names.nftTable]).stdout;
    if (this.backend === 'nftables') return table;
    const chains = HOOK_NAMES.map((hook) => chainName(this.#names.suffix, hook));
    const lines = FAMILIES.flatMap(({ save }) => this.#saved(save).split('\n'));
    return [table, ...lines.filter((line) => chains.some((chain) => line.includes(chain)))].join('\n');
  }

  /** `family table chain` of every base chain that iptables-nft could have made for us, plus `family table` itself. */
  #baseChains(): string[] {
    const listed = this.#execute('nft', ['list', 'chains']).stdout;
    const found: string[] = [];
    let table = '';
    for (const line of listed.split('\n')) {
      const heading = /^table (ip6?) (security) \{/.exec(line);
      if (line.startsWith('table ')) {
        table = heading === null ? '' : `${heading[1]} ${heading[2]}`;
        if (table !== '') found.push(table);
      }
      const chain = /^\tchain (OUTPUT|FORWARD) \{/.exec(line);
      if (table !== '' && chain !== null) found.push(`${table} ${chain[1]}`);
    }
    // A table without chains is not in `list chains`.
    for (const [, name] of this.#execute('nft', ['list', 'tables']).stdout.matchAll(/^table (ip6? security)$/gm)) {
      if (name !== undefined && !found.includes(name)) found.push(name);
    }
    return found;
  }

  #removeEmptyExcept(before: ReadonlySet<string>): void {
    // Deleting a chain or table that somebody uses by now fails, which is what is wanted: it is theirs then.
    const now = this.#baseChains().filter((name) => !before.has(name));
    const chains = now.filter((name) => name.split(' ').length === 3);
    for (const name of chains) this.#execute('nft', ['delete', 'chain', ...name.split(' ')]);
    for (const name of now) {
      if (chains.includes(name)) continue;
      const empty = !/chain |set |map /.test(this.#execute('nft', ['list', 'table', ...name.split(' ')]).stdout);
      if (empty) this.#execute('nft', ['delete', 'table', ...name.split(' ')]);
    }
  }

  #run(program: string, args: readonly string[], input: string): void {
    const { status, stderr } = this.#execute(program, args, input);
    if (status !== 0) throw new RulesetError('refused', `${program} refused our rules: ${reasonOf(status, stderr)}`);
  }
}

/** What a program said first, or its status when it said nothing. */
const reasonOf = (status: number, stderr: string): string => {
  const [line = ''] = stderr.trim().split('\n');
  return line === '' ? `status ${status}` : line;
};

/** For the moment in which nothing is handed to the gate yet: a closed policy would refuse what nobody could judge. */
const withoutRefusals = (chain: Chain): Chain => ({
  ...chain,
  rules: chain.rules.filter(({ refusesUnjudged }) => refusesUnjudged !== true),
});
