/**
 * The table of popular names. It decides nothing: what it knows is not news, so the local score leaves it alone.
 *
 * Easy to get wrong: below a name where everybody registers their own (`github.io`) nothing is popular, so such a name
 * counts for itself alone.
 */
import { TableBuilder } from '@sallyport/hosts/build';

import { defaultPopularHosts } from '../feeds/guard/popular-hosts.ts';
import { defaultPublicSuffixes } from '../feeds/guard/public-suffixes.ts';

export function buildPopularTable(hashKey: readonly [number, number]): Uint8Array<ArrayBuffer> {
  const builder = new TableBuilder({ hashKey });
  const suffixes = defaultPublicSuffixes();
  const rule = builder.addRule({
    action: 'allow',
    category: 'CustomAllowList',
    id: 'popular',
    title: 'popular names',
    source: 'popular',
    expiresAt: null,
  });
  for (const name of defaultPopularHosts()) {
    builder.addHost(name, rule, suffixes.sectionOf(name) === null ? 'suffix' : 'exact');
  }
  return builder.build();
}
