/** Notices that some program changed the rule set: the kernel tells whoever joined nfnetlink's nftables group. */
import { close, type Fd, joinNetlinkGroup, netfilterSocket, receiveNow } from './sys/libc.ts';

const NFNLGRP_NFTABLES = 7;

export class ChangeWatch {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(64 * 1024);

  constructor() {
    this.#fd = netfilterSocket();
    joinNetlinkGroup(this.#fd, NFNLGRP_NFTABLES);
  }

  /** True when anything changed since the last call. */
  changed(): boolean {
    let changed = false;
    while (receiveNow(this.#fd, this.#buffer) > 0) changed = true;
    return changed;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
