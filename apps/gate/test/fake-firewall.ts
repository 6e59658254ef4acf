/**
 * A tiny model of nft and iptables-nft: enough saved state to see what the rule set does to it. Refuses what the real
 * programs refuse: deleting what is not there, removing a chain that is still jumped to, touching unknown chains.
 */
import type { CommandResult, Execute } from '../src/ruleset/ruleset.ts';

type Chains = Map<string, string[]>;
/** Tables by `ip security`, chains in the order they were made. */
type State = Map<string, Chains>;

/** Made when a rule first names them, together with their table, and never taken away by iptables-nft. */
const BASE = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);
const OK: CommandResult = { status: 0, stdout: '', stderr: '' };
const refused = (stderr: string): CommandResult => ({ status: 1, stdout: '', stderr });

export class FakeFirewall {
  readonly state: State = new Map();
  /** Tables made by `nft -f`, as text. */
  readonly nftTables = new Map<string, string>();
  /** Programs that fail from now on, with what they say. */
  readonly failing = new Map<string, string>();
  readonly calls: string[] = [];

  readonly execute: Execute = (program, args, input = '') => {
    this.calls.push([program, ...args].join(' '));
    const failure = this.failing.get(program);
    if (failure !== undefined) return refused(failure);
    const family = program.startsWith('ip6') ? 'ip6' : 'ip';
    if (program.endsWith('-save')) return { ...OK, stdout: this.save(family) };
    if (program.endsWith('-restore')) return this.#restore(family, input);
    return this.#nft(args, input);
  };

  /** Everything there is, as one text. */
  get text(): string {
    const nft = [...this.nftTables.values()].join('');
    return `${this.save('ip')}\n${this.save('ip6')}\n${nft}`;
  }

  save(family: string): string {
    const lines: string[] = [];
    for (const [name, chains] of this.state) {
      if (!name.startsWith(`${family} `)) continue;
      lines.push(`*${name.split(' ')[1] ?? ''}`);
      for (const chain of chains.keys()) lines.push(`:${chain} ${BASE.has(chain) ? 'ACCEPT' : '-'} [0:0]`);
      for (const [chain, rules] of chains) lines.push(...rules.map((rule) => `-A ${chain} ${rule}`));
      lines.push('COMMIT');
    }
    return lines.join('\n');
  }

  #restore(family: string, script: string): CommandResult {
    let name = '';
    let chains: Chains = new Map();
    for (const [index, line] of script.split('\n').entries()) {
      const error = `line ${index + 1} failed: ${line}`;
      const [verb = '', chain = '', ...rest] = line.split(' ');
      if (BASE.has(chain) && !chains.has(chain)) chains.set(chain, []);
      const rules = chains.get(chain);
      if (line === '') continue;
      if (line.startsWith('*')) {
        name = `${family} ${line.slice(1)}`;
        // A transaction: nothing of it is kept unless COMMIT is reached.
        chains = new Map([...(this.state.get(name) ?? [])].map(([key, value]) => [key, [...value]]));
      } else if (line === 'COMMIT') this.state.set(name, chains);
      else if (line.startsWith(':')) chains.set(verb.slice(1), []);
      else if (rules === undefined) return refused(error);
      else if (verb === '-A') rules.push(rest.join(' '));
      else if (verb === '-F') rules.length = 0;
      else if (verb === '-D') {
        const at = rules.indexOf(rest.join(' '));
        if (at === -1) return refused(error);
        rules.splice(at, 1);
      } else if (verb === '-X') {
        const used = [...chains.values()].some((others) => others.some((rule) => rule.endsWith(`-j ${chain}`)));
        if (used || rules.length > 0) return refused(`${error} (in use)`);
        chains.delete(chain);
      } else return refused(error);
    }
    return OK;
  }

  #nft(args: readonly string[], input: string): CommandResult {
    const [verb = '', what = '', family = '', table = '', chain = ''] = args;
    const name = `${family} ${table}`;
    if (verb === '--file') {
      const made = /^table inet (\S+) \{\n[^]*?^\}\n/m.exec(input);
      const deleted = /^delete table inet (\S+)$/m.exec(input);
      if (deleted?.[1] !== undefined) this.nftTables.delete(deleted[1]);
      if (made?.[1] !== undefined) this.nftTables.set(made[1], made[0]);
      return OK;
    }
    if (verb === 'list' && what === 'tables') {
      return { ...OK, stdout: [...this.state.keys()].map((key) => `table ${key}\n`).join('') };
    }
    if (verb === 'list' && what === 'chains') {
      const tables = [...this.state].filter(([, chains]) => chains.size > 0);
      const listed = tables.map(
        ([key, chains]) =>
          `table ${key} {\n${[...chains.keys()].map((each) => `\tchain ${each} {\n\t}\n`).join('')}}\n`,
      );
      return { ...OK, stdout: listed.join('') };
    }
    if (verb === 'list' && family === 'inet') {
      const text = this.nftTables.get(table);
      return text === undefined ? refused('No such file or directory') : { ...OK, stdout: text };
    }
    const chains = this.state.get(name);
    if (chains === undefined) return refused('No such file or directory');
    if (verb === 'list') return { ...OK, stdout: [...chains.keys()].map((each) => `\tchain ${each} {\n`).join('') };
    if (verb === 'delete' && what === 'chain') {
      if ((chains.get(chain)?.length ?? 1) > 0) return refused('Device or resource busy');
      chains.delete(chain);
      return OK;
    }
    this.state.delete(name);
    return OK;
  }
}
