/** Changes indicators of a running Sallyport under load, from one process in its namespace; see the program. */
import type { Namespace } from './namespace.ts';

export interface ChangingLists {
  readonly controlSocket: string;
  /** Several, so that no address runs out of ephemeral ports. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** How many changes are acknowledged: each indicator is added and removed again. */
  readonly changes: number;
  /** Changes take turns among this many names, `changing-N.example`. */
  readonly changingNames: number;
  /** Requests beside the changes; more are made while changes last. */
  readonly requests: number;
  /** A host that is blocked throughout. */
  readonly blocked: string;
}

export interface ChangingOutcome {
  readonly changes: number;
  readonly requests: number;
  readonly changesMs: number;
  readonly allMs: number;
  /** One line for each connection that ended otherwise than the lists say. */
  readonly wrong: readonly string[];
}

/** Runs to the end; `timeoutMs` bounds it. */
export async function changeLists(
  namespace: Namespace,
  order: ChangingLists,
  timeoutMs: number,
): Promise<ChangingOutcome> {
  const program = new URL('./programs/changing-lists.ts', import.meta.url).pathname;
  const output = await namespace.must([process.execPath, program], { input: JSON.stringify(order), timeoutMs });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
  return JSON.parse(output) as ChangingOutcome;
}
