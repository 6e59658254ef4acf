/** A single UDP datagram from inside a namespace to a server that sends it back, and what came of it. */
import { fileURLToPath } from 'node:url';

import type { Namespace } from './namespace.ts';

export interface DatagramOutcome {
  /** `data` when it came back, the error code (`ECONNREFUSED` for an ICMP port unreachable), or `timeout`. */
  readonly end: string;
}

export interface DatagramServer extends AsyncDisposable {
  /** How many datagrams arrived so far. One that was answered has been counted. */
  received(): number;
}

/** Sends every datagram that arrives at `port` of the address `host` back from there. */
export async function startDatagramServer(namespace: Namespace, host: string, port: number): Promise<DatagramServer> {
  await using undo = new AsyncDisposableStack();
  const program = undo.use(
    namespace.spawnNode(new URL('./programs/datagram-server.ts', import.meta.url), host, `${port}`),
  );
  await program.waitForOutput(/listening/);
  const owned = undo.move();
  return {
    received: () =>
      program
        .stdout()
        .split('\n')
        .filter((line) => line === 'datagram').length,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function sendDatagram(
  namespace: Namespace,
  host: string,
  port: number,
  payload: Uint8Array,
): Promise<DatagramOutcome> {
  const program = fileURLToPath(new URL('./programs/datagram-client.ts', import.meta.url));
  const argv = [process.execPath, program, host, `${port}`, Buffer.from(payload).toString('hex')] as const;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
  return JSON.parse(await namespace.must(argv)) as DatagramOutcome;
}
