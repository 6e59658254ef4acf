/**
 * The gate: the privileged half of the device. Wires queue, rule set, link and watches together and owns their order.
 *
 *   node main.ts --state-dir DIRECTORY --agent-uid UID
 *
 * It opens no network connection and reads no list, no policy text and nothing a user typed. A start continues with
 * what was in force last; a clean stop (SIGTERM, or the launcher's death) leaves the host's rules as they were found.
 */
import { parseArgs } from 'node:util';

import type { GateStatus, TableHandOver, TableSlot } from '@sallyport/contract/gate-link';
import { TABLE_SLOTS } from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';
import { HostTable } from '@sallyport/hosts/table';

import { autocorking, type BorrowedSysctl } from './borrowed-sysctl.ts';
import { ChangeWatch } from './change-watch.ts';
import { ConntrackWatch, kernelConntrackTable, usesConntrack } from './conntrack/watch.ts';
import { execute } from './execute.ts';
import { AgentLink } from './link/agent-link.ts';
import { Queue } from './queue/queue.ts';
import { readQueueStatistics } from './queue/statistics.ts';
import { TableGarbage } from './queue/table-garbage.ts';
import { type Chain, describe } from './ruleset/description.ts';
import { namesFor } from './ruleset/names.ts';
import { type Backend, probeBackend, Ruleset } from './ruleset/ruleset.ts';
import { conntrackMemory, rulesetMemory, StateDirectory } from './state-directory.ts';
import { endWithParent } from './sys/libc.ts';

const BEAT_MS = 200;
const CONNTRACK_MS = 250;
const RULES_MS = 500;
const SIGTERM = 15;

type TableFigures = NonNullable<GateStatus['tables'][TableSlot]>;

class Gate {
  readonly #state: StateDirectory;
  readonly #names: ReturnType<typeof namesFor>;
  readonly #agentUid: number;
  readonly #ruleset: Ruleset;
  readonly #conntrack: ConntrackWatch;
  readonly #autocorking: BorrowedSysctl;
  readonly #kernelTable = kernelConntrackTable();
  readonly #startedMs = Date.now();
  readonly #files: Partial<Record<TableSlot, string>> = {};
  readonly #figures: Record<TableSlot, TableFigures | null> = { indicators: null, reputation: null };
  readonly #tables: Partial<Record<TableSlot, Uint8Array>> = {};
  readonly #garbage = new TableGarbage();
  #settings: GateSettings | null = null;
  #queue: Queue | null = null;
  #link: AgentLink | null = null;
  #enforcingSinceMs = 0;
  #rulesRepaired = 0;
  #lastBeats = -1;
  #beatCount = 0;
  #rulesProblem = '';
  /** The rule set changed and was not found intact since. */
  #recheck = false;

  constructor(stateDirectory: string, agentUid: number, backend: Backend) {
    this.#state = new StateDirectory(stateDirectory);
    this.#names = namesFor(stateDirectory);
    this.#agentUid = agentUid;
    this.#ruleset = new Ruleset(backend, execute, this.#names, rulesetMemory(this.#state));
    this.#autocorking = autocorking(this.#state);
    this.#conntrack = new ConntrackWatch({
      table: this.#kernelTable,
      memory: conntrackMemory(this.#state),
      othersTrack: () => {
        const ours = new RegExp(
          `SALLYPORT${this.#names.suffix === '' ? '' : `-${this.#names.suffix}`}-|${this.#names.nftTable} `,
        );
        return usesConntrack(execute('nft', ['list', 'ruleset']).stdout, (line) => ours.test(line));
      },
      stepAside: () => {
        this.#enforcingSinceMs = 0;
        this.#ruleset.remove();
      },
      comeBack: () => {
        if (this.#settings !== null) this.#applyRules(this.#settings);
      },
    });
  }

  async start(): Promise<void> {
    const last = this.#state.readLastApplied();
    for (const slot of TABLE_SLOTS) {
      const file = last.tables[slot];
      if (file !== undefined) this.#loadTable({ slot, file });
    }
    if (last.settings === null) {
      this.#ruleset.remove(); // leftovers of a start that never came this far
    } else {
      await this.#obeySettings(last.settings);
    }
    this.#link = await AgentLink.listen(this.#state.socketPath, {
      applySettings: async (settings) => {
        const reason = await this.#attempt(() => this.#obeySettings(settings));
        if (reason === null) this.#remember();
        return reason;
      },
      applyTable: async (table) => {
        const reason = this.#loadTable(table);
        if (reason === null) this.#remember();
        return reason;
      },
      status: () => this.#status(),
    });
    if (this.#queue !== null) this.#link.setRecords(this.#queue.records);
  }

  /** Says that packets are being judged; silent when the worker's loop stands still. */
  beat(): void {
    const beats = this.#queue === null ? this.#lastBeats + 1 : this.#queue.beats;
    // The idle loop turns every 250 ms, so two of these may see the same number: the supervisor allows for more.
    if (beats === this.#lastBeats) return;
    this.#lastBeats = beats;
    this.#state.beat(++this.#beatCount);
    this.#garbage.collect(true);
  }

  watchConntrack(): void {
    if (this.#queue === null) return;
    try {
      this.#conntrack.look();
    } catch (error) {
      this.#rulesProblem = messageOf(error);
    }
  }

  watchRules(changes: ChangeWatch): void {
    this.#recheck ||= changes.changed();
    if (!this.#recheck || this.#queue === null || this.#conntrack.aside) return;
    try {
      if (!this.#ruleset.isIntact()) {
        this.#rulesRepaired++;
        this.#ruleset.repair();
        this.#enforcingSinceMs = Date.now();
      }
      this.#rulesProblem = '';
      this.#recheck = false;
      changes.changed(); // our own repair
    } catch (error) {
      this.#rulesProblem = messageOf(error); // tried again at the next turn
    }
  }

  async stop(): Promise<void> {
    try {
      this.#ruleset.remove();
    } finally {
      this.#conntrack.restore();
      this.#autocorking.restore();
    }
    await this.#queue?.close();
    // What was judged last still goes to the journal if the agent is there to take it.
    for (let turn = 0; turn < 10 && (this.#queue?.records.pending ?? 0) > 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#link?.close();
    this.#state.stopBeating();
  }

  async #obeySettings(settings: GateSettings): Promise<void> {
    const before = this.#settings;
    if (settings.mode === 'disabled') {
      this.#ruleset.remove();
      this.#autocorking.restore();
      this.#enforcingSinceMs = 0;
      this.#settings = settings;
      return;
    }
    this.#autocorking.set('0');
    if (this.#queue === null) {
      const queue = await Queue.open(this.#names.queueNumber, settings, this.#tables, (reason) => {
        process.stderr.write(`sallyport gate: the queue worker died: ${reason}\n`);
        process.exit(70);
      });
      this.#queue = queue;
      this.#link?.setRecords(queue.records);
    } else {
      this.#queue.setSettings(settings);
    }
    const same = before !== null && JSON.stringify(this.#chains(before)) === JSON.stringify(this.#chains(settings));
    if (!same || this.#enforcingSinceMs === 0) this.#applyRules(settings);
    this.#settings = settings;
  }

  #chains(settings: GateSettings): readonly Chain[] {
    return describe({ settings, queueNumber: this.#names.queueNumber, agentUid: this.#agentUid });
  }

  #applyRules(settings: GateSettings): void {
    if (settings.mode === 'disabled' || this.#conntrack.aside) return;
    this.#ruleset.apply(this.#chains(settings));
    if (this.#enforcingSinceMs === 0) this.#enforcingSinceMs = Date.now();
  }

  /** Null, or why the table in force stays. */
  #loadTable({ slot, file }: TableHandOver): string | null {
    let bytes: Uint8Array;
    try {
      bytes = this.#state.readTable(file);
    } catch (error) {
      return messageOf(error);
    }
    const opened = HostTable.open(bytes);
    if (opened.kind !== 'ok') return `${file} does not verify: ${opened.reason}`;
    const { hosts, ips, cidrs, urls } = opened.value;
    this.#figures[slot] = { hosts, addresses: ips + cidrs, urls, bytes: bytes.length };
    this.#garbage.add(this.#tables[slot]?.length ?? 0);
    this.#tables[slot] = bytes;
    this.#files[slot] = file;
    this.#queue?.setTable(slot, bytes);
    return null;
  }

  #remember(): void {
    this.#state.writeLastApplied({ settings: this.#settings, tables: this.#files });
  }

  #status(): GateStatus {
    const queue = this.#queue;
    const kernel = readQueueStatistics(this.#names.queueNumber);
    const problems = [this.#conntrack.problem, this.#rulesProblem].filter((problem) => problem !== '');
    return {
      pid: process.pid,
      startedMs: this.#startedMs,
      enforcingSinceMs: this.#enforcingSinceMs,
      mode: this.#settings?.mode ?? 'starting',
      backend: this.#enforcingSinceMs === 0 ? '' : this.#ruleset.backend,
      queueNumber: this.#names.queueNumber,
      packets: queue?.counter('packets') ?? 0,
      verdicts: queue?.counter('verdicts') ?? 0,
      blocked: queue?.counter('blocked') ?? 0,
      audited: queue?.counter('audited') ?? 0,
      held: queue?.counter('held') ?? 0,
      expiredHolds: queue?.counter('expiredHolds') ?? 0,
      queueDropped: kernel.queueDropped,
      userDropped: kernel.userDropped,
      recordsDropped: queue?.records.dropped ?? 0,
      recordsPending: queue?.records.pending ?? 0,
      rulesRepaired: this.#rulesRepaired,
      conntrackCount: this.#kernelTable.count,
      conntrackMax: this.#kernelTable.max,
      conntrackState: this.#conntrack.state,
      tables: this.#figures,
      problems,
    };
  }

  async #attempt(step: () => void | Promise<void>): Promise<string | null> {
    try {
      await step();
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'state-dir': { type: 'string' }, 'agent-uid': { type: 'string' }, version: { type: 'boolean' } },
  });
  if (values.version === true) {
    // Whoever starts this with --version has every module in the compile cache, the worker's too.
    await import('./queue/worker.ts');
    process.stdout.write('gate\n');
    return;
  }
  endWithParent(SIGTERM);
  const stateDirectory = values['state-dir'];
  const agentUid = Number(values['agent-uid']);
  if (stateDirectory === undefined || !Number.isInteger(agentUid)) {
    throw new Error('usage: main.ts --state-dir DIRECTORY --agent-uid UID');
  }
  const gate = new Gate(stateDirectory, agentUid, probeBackend(execute, namesFor(stateDirectory)));
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void gate.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', () => {}); // Ctrl-C reaches the whole process group; the launcher decides the order of the stop
  await gate.start();
  const changes = new ChangeWatch();
  setInterval(() => gate.beat(), BEAT_MS);
  setInterval(() => gate.watchConntrack(), CONNTRACK_MS);
  setInterval(() => gate.watchRules(changes), RULES_MS);
}

function fail(error: unknown): void {
  process.stderr.write(`sallyport gate: ${messageOf(error)}\n`);
  process.exit(1);
}

main().catch(fail);
