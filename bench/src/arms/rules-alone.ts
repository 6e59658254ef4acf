/**
 * Sallyport's rules with nobody listening: connection tracking plus the rules, without the verdict.
 *
 * The rules are copied from a namespace where Sallyport runs, so they are its rules by construction.
 * Their queue statement carries `bypass`: without a listener the packet goes on.
 */
import type { Namespace } from '@sallyport/lab/namespace';

import { type Arm, shortenTimeWait } from './arm.ts';

const TABLE = /^table (?<family>\S+) (?<name>sallyport\S*)$/gm;

/** Throws when `protectedNamespace` has no rule that queues. */
export async function rulesAlone(namespace: Namespace, protectedNamespace: Namespace): Promise<Arm> {
  const copied: string[] = [];
  for (const family of ['iptables-nft', 'ip6tables-nft'] as const) {
    const rules = await protectedNamespace.must([`${family}-save`]);
    if (!rules.includes('NFQUEUE')) continue;
    await namespace.must([`${family}-restore`], { input: rules });
    copied.push(rules);
  }
  // Only tables of our own name: iptables-nft keeps its chains in nft tables that nft cannot load back.
  const tables = await protectedNamespace.exec(['nft', 'list', 'tables']);
  for (const { groups } of tables.stdout.matchAll(TABLE)) {
    const table = await protectedNamespace.must([
      'nft',
      'list',
      'table',
      groups?.['family'] ?? '',
      groups?.['name'] ?? '',
    ]);
    await namespace.must(['nft', '-f', '-'], { input: table });
    copied.push(table);
  }
  if (!copied.some((rules) => /NFQUEUE|queue/.test(rules))) throw new Error('no queueing rule to copy');
  await shortenTimeWait(namespace);
  return { namespace, [Symbol.asyncDispose]: () => Promise.resolve() };
}
