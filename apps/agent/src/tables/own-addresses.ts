/**
 * The addresses that must stay reachable whatever lists say: this machine's and its resolvers'.
 *
 * Easy to get wrong: the agent is confined to its own directory, so the system may refuse to tell; what it does not
 * tell is simply not protected by its address.
 */
import { getServers } from 'node:dns';
import { networkInterfaces } from 'node:os';

import { parseIp } from '@sallyport/hosts/canonical';

/** 4 or 16 bytes each. */
export function ownAddresses(): Uint8Array[] {
  const texts = [
    ...told(() =>
      Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address)),
    ),
    // A server with a port of its own is written `[::1]:53` or `127.0.0.1:53`.
    ...told(() => getServers().map((server) => server.replace(/^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/, '$1$2'))),
  ];
  return texts.flatMap((text) => parseIp(text.replace(/%.*$/, '')) ?? []);
}

function told(ask: () => string[]): string[] {
  try {
    return ask();
  } catch {
    return [];
  }
}
