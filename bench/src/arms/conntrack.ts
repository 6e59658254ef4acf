/**
 * Connection tracking alone: what any stateful rule costs before a product does anything.
 *
 * Two rules that decide nothing are enough to switch tracking on in the namespace; the second one
 * counts new connections, which proves that it is on.
 */
import type { Namespace } from '@sallyport/lab/namespace';

import { type Arm, rulePackets, shortenTimeWait } from './arm.ts';

export async function conntrackAlone(namespace: Namespace): Promise<Arm> {
  for (const state of ['INVALID', 'NEW']) {
    await namespace.must(['iptables-nft', '-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', state, '-j', 'ACCEPT']);
  }
  await shortenTimeWait(namespace);
  return {
    namespace,
    handled: () => rulePackets(namespace, 'filter', 'ctstate NEW'),
    // The rules go with the namespace.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
