/**
 * The gate: the privileged half of the device. Wires queue, rule set, link and watches together and owns their order.
 *
 *   node main.ts --state-dir DIRECTORY --agent-uid UID
 *
 * It opens no network connection and reads no list, no policy text and nothing a user typed. A start continues with
 * what was in force last; a clean stop (SIGTERM, or the launcher's death) leaves the host's rules as they were found.
 */
import { parseArgs } from 'node:util';

import type { GateStatus } from '@sallyport/contract/gate-link';
import type { GateSettings } from '@sallyport/contract/gate-settings';

import { autocorking, type BorrowedSysctl } from './borrowed-sysctl.ts';
import { ChangeWatch } from './change-watch.ts';
import { ConntrackWatch, kernelConntrackTable, usesConntrack } from './conntrack/watch.ts';
import { execute } from './execute.ts';
import { AgentLink } from './link/agent-link.ts';
import { watchConnects, type Watching } from './process/connect-watch.ts';
import { Queue } from './queue/queue.ts';
import { readQueueStatistics } from './queue/statistics.ts';
import { type Chain, describe } from './ruleset/description.ts';
import { namesFor } from './ruleset/names.ts';
import { type Backend, probeBackend, Ruleset } from './ruleset/ruleset.ts';
import { conntrackMemory, rulesetMemory, StateDirectory } from './state-directory.ts';
import { endWithParent } from './sys/libc.ts';
import { TableSlots } from './tables/table-slots.ts';

const BEAT_MS = 200;
const CONNTRACK_MS = 250;
const RULES_MS = 500;
const SIGTERM = 15;

class Gate {
  readonly #state: StateDirectory;
  readonly #names: ReturnType<typeof namesFor>;
  readonly #agentUid: number;
  readonly #ruleset: Ruleset;
  readonly #conntrack: ConntrackWatch;
  readonly #autocorking: BorrowedSysctl;
  readonly #kernelTable = kernelConntrackTable();
  readonly #startedMs = Date.now();
  readonly #tables: TableSlots;
  /** Settings and tables come into force one after another, whichever connection they came by. */
  #turn: Promise<unknown> = Promise.resolve();
  #settings: GateSettings | null = null;
  #queue: Queue | null = null;
  #watching: Watching | null = null;
  #link: AgentLink | null = null;
  #enforcingSinceMs = 0;
  #rulesRepaired = 0;
  #lastBeats = -1;
  #beatCount = 0;
  #rulesProblem = '';
  #memoryProblem = '';
  /** The rule set changed and was not found intact since. */
  #recheck = false;

  constructor(stateDirectory: string, agentUid: number, backend: Backend) {
    this.#state = new StateDirectory(stateDirectory);
    this.#tables = new TableSlots(this.#state, () => this.#queue);
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
    await this.#tables.restore(last);
    if (last.settings === null) {
      this.#ruleset.remove(); // leftovers of a start that never came this far
    } else {
      await this.#obeySettings(last.settings);
    }
    this.#link = await AgentLink.listen(this.#state.socketPath, {
      applySettings: (settings) => this.#inTurn(() => this.#attempt(() => this.#obeySettings(settings))),
      applyTable: (table) => this.#inTurn(() => this.#tables.take(table)),
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
    try {
      this.#state.beat(++this.#beatCount);
    } catch (error) {
      this.#memoryProblem = `the heartbeat cannot be written, the gate will be started again: ${messageOf(error)}`;
    }
    this.#tables.reclaim();
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
    if (this.#watching?.kind === 'watching') this.#watching.watch.close();
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
      this.#watching ??= watchConnects();
      const connects = this.#watching.kind === 'watching' ? this.#watching.watch.map : null;
      const queue = await Queue.open(this.#names.queueNumber, settings, this.#tables.bytes, connects, (reason) => {
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

  /** Carries out one change when the one before is done, and remembers what is in force then. */
  /** A full disk does not take back what is in force. */
  #remember(): void {
    try {
      this.#state.writeLastApplied({ settings: this.#settings, ...this.#tables.files });
      this.#memoryProblem = '';
    } catch (error) {
      this.#memoryProblem = `what is in force cannot be written down for the next start: ${messageOf(error)}`;
    }
  }

  async #inTurn(change: () => Promise<string | null>): Promise<string | null> {
    const turn = this.#turn.then(async () => {
      const reason = await change();
      if (reason === null) this.#remember();
      return reason;
    });
    this.#turn = turn.catch(() => null);
    return turn;
  }

  /** Those of the queue and of finding the processes behind connections. */
  #queueProblems(): string[] {
    const problems = [...(this.#queue?.problems ?? [])];
    if (this.#watching?.kind === 'unavailable') {
      problems.push(
        `attribution: processes are searched for in /proc, which is slow and misses short-lived ones, because ${this.#watching.reason}`,
      );
    }
    return problems;
  }

  #status(): GateStatus {
    const queue = this.#queue;
    const kernel = readQueueStatistics(this.#names.queueNumber);
    const problems = [
      this.#conntrack.problem,
      this.#rulesProblem,
      this.#memoryProblem,
      ...this.#queueProblems(),
      ...this.#tables.problems,
    ];
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
      tables: this.#tables.figures,
      problems: problems.filter((problem) => problem !== ''),
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
    // Whoever starts this with --version has every module in the compile cache, those of the threads too.
    await import('./queue/worker.ts');
    await import('./tables/table-loader.ts');
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
