/**
 * A TCP server in a namespace that records every byte it was sent and how each connection ended.
 *
 * A connection appears once it has ended, so a test that asks for records first waits for them.
 */
import type { Namespace } from './namespace.ts';

export interface EchoRecord {
  /** `address:port` of the client; an IPv4 client shows as `::ffff:a.b.c.d`. */
  readonly from: string;
  /** Base64 of the bytes received. */
  readonly received: string;
  /** `closed`, or the error code, for example `ECONNRESET`. */
  readonly end: string;
}

export interface EchoServer extends AsyncDisposable {
  /** Waits until `count` connections have ended and returns all records so far, oldest first. */
  connections(count: number): Promise<EchoRecord[]>;
}

/** Starts the server on `port` of every address of `namespace`; returns when it listens. */
export async function startEchoServer(namespace: Namespace, port: number): Promise<EchoServer> {
  await using undo = new AsyncDisposableStack();
  const program = undo.use(namespace.spawnNode(new URL('./programs/echo-server.ts', import.meta.url), `${port}`));
  await program.waitForOutput(/"listening"/);
  const owned = undo.move();
  return {
    connections: async (count) => {
      await program.waitForOutput(new RegExp(`(?:^\\{"from".*\\n){${count}}`, 'm'));
      return parseRecords(program.stdout());
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const parseRecords = (output: string): EchoRecord[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{"from"'))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
    .map((line) => JSON.parse(line) as EchoRecord);
