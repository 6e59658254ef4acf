/**
 * Many connections from one process in a namespace, each sending exact bytes in exact pieces to a server that echoes.
 *
 * The same as `sendRaw` in bulk: starting a process for each of some thousand cuts would take longer than the cuts.
 */
import type { Namespace } from './namespace.ts';

/** One connection: the pieces of each step are sent as segments of their own; a step begins when all before came back. */
export type Steps = readonly (readonly Uint8Array[])[];

/** `echoed`: everything came back unchanged. Otherwise how the connection ended, and how much came back before. */
export interface CutOutcome {
  readonly end: 'echoed' | 'changed' | 'closed' | 'timeout' | (string & {});
  readonly echoedBytes: number;
}

export interface CutRequest {
  readonly host: string;
  readonly port: number;
  /** Base64. */
  readonly connections: readonly (readonly (readonly string[])[])[];
}

/** Runs all `connections` in `namespace`, some at a time; outcomes in the same order. */
export async function sendCut(
  namespace: Namespace,
  target: { readonly host: string; readonly port: number },
  connections: readonly Steps[],
): Promise<CutOutcome[]> {
  const program = new URL('./programs/cut-connections.ts', import.meta.url).pathname;
  const request: CutRequest = {
    ...target,
    connections: connections.map((steps) =>
      steps.map((pieces) => pieces.map((piece) => Buffer.from(piece).toString('base64'))),
    ),
  };
  const output = await namespace.must([process.execPath, program], { input: JSON.stringify(request) });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
  return JSON.parse(output) as CutOutcome[];
}

/** `bytes` in pieces, cut at `offsets` (ascending, inside). */
export function cutAt(bytes: Uint8Array, ...offsets: readonly number[]): Uint8Array[] {
  const bounds = [0, ...offsets, bytes.length];
  return bounds.slice(1).map((end, n) => bytes.subarray(bounds[n], end));
}
