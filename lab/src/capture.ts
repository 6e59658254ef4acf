/**
 * A packet capture on one interface of a namespace, by a real tcpdump.
 *
 * Captured packets reach the file a little after the traffic itself. `flows` therefore sends a mark
 * through the interface and waits until the mark is in the file: what happened before is then there
 * too, and "no byte was seen" is a finding and not a race.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { CommandFailed } from './command.ts';
import type { Namespace } from './namespace.ts';
import { type Flow, flowsOf, readPcap, type Segment } from './pcap.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** The discard port (RFC 863): nothing listens there, the kernel answers with an ICMP error at most. */
const MARK_PORT = 9;
const CATCH_UP_MS = 5000;

export interface Capture extends AsyncDisposable {
  /** The pcap file; it disappears with the capture. */
  readonly file: string;
  /** Every TCP segment that passed the interface before the call, in both directions. */
  segments(): Promise<readonly Segment[]>;
  /** The same as flows, in the order in which they began. */
  flows(): Promise<Flow[]>;
  /** All payload bytes that clients sent past this point, one flow after the other. */
  payloadFromClient(): Promise<Uint8Array>;
}

/**
 * Starts capturing at `device` and returns once tcpdump says that it listens. `peer` is an IPv4
 * address that is routed through that device, for the mark.
 */
export async function startCapture(namespace: Namespace, device: string, peer: string): Promise<Capture> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await createTemporaryFolder('capture')).path;
  const file = join(folder, 'capture.pcap');
  const filter = `tcp or (udp port ${MARK_PORT})`;
  // -Z root: tcpdump would otherwise drop to a user who may not write into the folder.
  const options = ['-i', device, '-n', '-U', '--immediate-mode', '-s', '0', '-B', '16384', '-Z', 'root'];
  const tcpdump = undo.use(namespace.spawn(['tcpdump', ...options, '-w', file, filter]));
  await tcpdump.waitForOutput(/listening on/);
  const owned = undo.move();

  const segments = async (): Promise<readonly Segment[]> => {
    const token = randomUUID();
    const program = new URL('./programs/send-mark.ts', import.meta.url).pathname;
    await namespace.must([process.execPath, program, peer, `${MARK_PORT}`, token]);
    const deadline = performance.now() + CATCH_UP_MS;
    for (;;) {
      const packets = readPcap(await readFile(file));
      if (packets.datagrams.some(({ payload }) => Buffer.from(payload).toString() === token)) return packets.segments;
      if (performance.now() > deadline) throw new CommandFailed(tcpdump.argv, `mark not captured in ${CATCH_UP_MS} ms`);
      await delay(2);
    }
  };
  const flows = async (): Promise<Flow[]> => flowsOf(await segments());
  return {
    file,
    segments,
    flows,
    payloadFromClient: async () => Buffer.concat((await flows()).map(({ fromClient }) => fromClient.payload)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
