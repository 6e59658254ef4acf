/**
 * What a connection was opened to, where this machine's own rules sent it elsewhere (DNAT in the output chain): the
 * packets that are judged have the new destination, the socket has the old one.
 */
import { type FlowTuple, readOriginal, SET_MARK_LENGTH, writeGetRewritten } from '../netlink/conntrack.ts';
import { MessageWriter } from '../netlink/message.ts';
import { close, type Fd, netfilterSocket, receiveNow, send } from '../sys/libc.ts';

export class OriginalEnds {
  readonly #socket: Fd = netfilterSocket();
  readonly #request = new MessageWriter(SET_MARK_LENGTH);
  readonly #answer = new Uint8Array(4096);

  /** Null when the connection goes where it was meant to, or the kernel does not track it. Valid until the next call. */
  find(ends: FlowTuple): FlowTuple | null {
    this.#request.clear();
    writeGetRewritten(this.#request, ends);
    send(this.#socket, this.#request.bytes, this.#request.length);
    const original = readOriginal(this.#answer, receiveNow(this.#socket, this.#answer));
    return original === null || sameEnds(original, ends) ? null : original;
  }

  close(): void {
    close(this.#socket);
  }
}

function sameEnds(a: FlowTuple, b: FlowTuple): boolean {
  if (a.sourcePort !== b.sourcePort || a.destinationPort !== b.destinationPort) return false;
  for (let i = 0; i < a.addressLength; i++) {
    if (a.bytes[a.sourceAt + i] !== b.bytes[b.sourceAt + i]) return false;
    if (a.bytes[a.destinationAt + i] !== b.bytes[b.destinationAt + i]) return false;
  }
  return true;
}
