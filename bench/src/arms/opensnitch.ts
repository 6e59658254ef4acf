/**
 * OpenSnitch as Debian packages it: the daemon alone, `proc` method, allow by default, no rules.
 *
 * It reads fixed paths below /etc/opensnitchd, so the namespace gets its own version of that folder;
 * its firewall rules land in the namespace because that is where it runs.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Namespace } from '@sallyport/lab/namespace';
import { createTemporaryFolder } from '@sallyport/lab/temporary-folder';

import { type Arm, queuedPackets, shortenTimeWait } from './arm.ts';

const START_MS = 10_000;

export async function startOpenSnitch(namespace: Namespace): Promise<Arm> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await createTemporaryFolder('opensnitch')).path;
  const rules = join(folder, 'rules');
  await mkdir(rules);
  const log = join(folder, 'opensnitchd.log');
  const config = {
    Server: { Address: `unix://${folder}/no-ui.sock`, LogFile: log },
    DefaultAction: 'allow',
    DefaultDuration: 'once',
    InterceptUnknown: false,
    ProcMonitorMethod: 'proc',
    LogLevel: 2,
    Firewall: 'iptables',
    Stats: { MaxEvents: 150, MaxStats: 25 },
  };
  await namespace.overlayEtc('opensnitchd/default-config.json', JSON.stringify(config));
  await namespace.overlayEtc('opensnitchd/system-fw.json', JSON.stringify({ SystemRules: [] }));
  const options = ['-rules-path', rules, '-process-monitor-method', 'proc', '-queue-num', '0', '-log-file', log];
  const daemon = undo.use(namespace.spawn(['opensnitchd', ...options]));
  await untilQueueing(namespace);
  await shortenTimeWait(namespace);
  const owned = undo.move();
  return {
    namespace,
    handled: () => queuedPackets(namespace),
    rootPid: daemon.pid,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** It says nothing when it is ready; ready is when its queue is bound and its rules are in place. */
async function untilQueueing(namespace: Namespace): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const bound = await namespace.must(['cat', '/proc/net/netfilter/nfnetlink_queue']);
    const rules = await namespace.must(['iptables-nft-save']);
    if (bound !== '' && rules.includes('NFQUEUE')) return;
    if (performance.now() > deadline) throw new Error(`OpenSnitch was not ready within ${START_MS} ms`);
    await delay(20);
  }
}
