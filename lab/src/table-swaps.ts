/**
 * Hands two reputation tables to a running gate in turns, in place of its agent, while connections show by which table
 * they were judged; see the program.
 *
 * Easy to get wrong: the agent stands still meanwhile (SIGSTOP), because the gate talks to whoever said hello last and
 * the agent would come back. It goes on when this is disposed, and then sends its own tables again.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import type { GateStatus } from '@sallyport/contract/gate-link';

import type { Sallyport } from './agent-run.ts';
import { CommandFailed, type RunningProgram } from './command.ts';

/** Hosts that show which of two tables judged. */
export interface ProbeNames {
  /** In both tables. */
  readonly both: string;
  /** In none. */
  readonly neither: string;
  /** In the first, and in the second. */
  readonly only: readonly [string, string];
}

export interface SwapOrder {
  readonly stateDirectory: string;
  /** File names in the agent's table directory. */
  readonly files: readonly [string, string];
  readonly names: ProbeNames;
  /** Several, so that no address runs out of ephemeral ports. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Connections at a time to each of the names whose verdict never changes. */
  readonly lanes: number;
  /** Wait between two connections of a lane. */
  readonly pauseMs: number;
}

export interface SwapOutcome {
  readonly swaps: number;
  /** Connections whose end was compared with the tables: at any time, and right behind an acknowledged swap. */
  readonly connections: number;
  readonly connectionsAfterSwap: number;
  /** One line for each connection that ended otherwise than the tables say. */
  readonly wrong: readonly string[];
  /** Flow records that the gate sent. */
  readonly records: number;
  /** One line for each record of a verdict that had no table behind it. */
  readonly withoutTable: readonly string[];
  readonly gate: GateStatus;
}

/** One line on the program's standard input. */
export type SwapCommand = { readonly swaps: number } | { readonly connections: number };

export interface TableSwaps extends AsyncDisposable {
  /** Makes `count` swaps, each when the one before was acknowledged and checked; milliseconds until each was acknowledged. */
  swap(count: number): Promise<number[]>;
  /** Resolves once `count` further connections to the names whose verdict never changes have ended. */
  connections(count: number): Promise<void>;
  /** Ends the connections beside the swaps, and says what was seen in all. */
  finish(): Promise<SwapOutcome>;
}

/** Stops the agent, takes its place, and puts the first table in force. */
export async function startTableSwaps(
  sallyport: Sallyport,
  order: Omit<SwapOrder, 'stateDirectory'>,
): Promise<TableSwaps> {
  await using undo = new AsyncDisposableStack();
  const { agent } = await sallyport.pids();
  process.kill(agent, 'SIGSTOP');
  undo.defer(() => void process.kill(agent, 'SIGCONT'));
  const whole: SwapOrder = { ...order, stateDirectory: sallyport.stateDirectory };
  const program = undo.use(
    sallyport.namespace.spawnNode(new URL('./programs/table-swaps.ts', import.meta.url), JSON.stringify(whole)),
  );
  const lines = createInterface({ input: program.stdoutStream });
  undo.defer(() => lines.close());
  await nextLine(lines, program);
  const command = (what: SwapCommand): Promise<string> => {
    program.stdin.write(`${JSON.stringify(what)}\n`);
    return nextLine(lines, program);
  };
  const owned = undo.move();
  return {
    swap: async (swaps) => JSON.parse(await command({ swaps })) as number[], // oxlint-disable-line typescript/no-unsafe-type-assertion -- printed by the program above
    connections: async (connections) => void (await command({ connections })),
    finish: async () => {
      program.stdin.end();
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
      return JSON.parse(await nextLine(lines, program)) as SwapOutcome;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The file of the reputation table that the gate judges by; undefined when there is none. */
export async function reputationInForce(stateDirectory: string): Promise<string | undefined> {
  const text = await readFile(join(stateDirectory, 'gate', 'applied.json'), 'utf8');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the gate
  return (JSON.parse(text) as { tables: { reputation?: string } }).tables.reputation;
}

async function nextLine(lines: Interface, program: RunningProgram): Promise<string> {
  const line = await Promise.race([once(lines, 'line'), program.exited.then(() => undefined)]);
  if (line === undefined) throw new CommandFailed(program.argv, `ended early\n${program.stderr()}`);
  return String(line[0]);
}
