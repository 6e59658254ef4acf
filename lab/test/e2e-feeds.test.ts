/**
 * What a feed must not do: block what everybody needs, or replace what was in force by what cannot be meant. Needs root.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { HeldEntry } from '@sallyport/contract/control';

import { startSallyport } from '../src/agent-run.ts';
import { ARRIVED, FINE, namesOf, ok, setUpFeedStage } from '../src/feed-stage.ts';

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const OWN_SERVER = 'updates.own-server.example';
const BAD = Array.from({ length: 50 }, (_, n) => `bad-${n}.test`);

const all = (names: readonly string[], end: string): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, end]));

suite('guard rails', needsRoot, () => {
  test('what must not be blocked is held back entry by entry, the rest is used, and the report says so', async (t) => {
    await using stage = await setUpFeedStage();
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block' });
    await ok(sallyport.cli('config', 'set', 'ProtectedNames', OWN_SERVER));
    const list = join(stage.folder, 'careless.txt');
    const careless = ['google.com', 'co.uk', OWN_SERVER, '0.0.0.0/0', '::/0', '192.168.0.0/16'];
    await writeFile(list, [...BAD.slice(0, 25), ...careless, ...BAD.slice(25)].join('\n'));
    const report = await ok(sallyport.cli('feed', 'add', list));
    t.diagnostic(`\n${report}`);
    for (const line of [
      /50 hosts/,
      /held back: 6 entries/,
      /google\.com: is one of the most popular hosts/,
      /co\.uk: is a public suffix: .*; approved, it counts for itself alone/,
      /updates\.own-server\.example: is protected/,
      /0\.0\.0\.0\/0, ::\/0: each covers too large a part of the Internet/,
      /192\.168\.0\.0\/16: belongs to local, private or reserved networks/,
    ]) {
      assert.match(report, line);
    }
    const held = await sallyport.json<readonly { readonly held: readonly HeldEntry[] }[]>('feed', 'held');
    assert.deepEqual(held[0]?.held.map(({ entry }) => entry).toSorted(), careless.toSorted());

    const passing = ['google.com', 'www.google.com', 'co.uk', 'shop.co.uk', OWN_SERVER, FINE];
    assert.deepEqual(await stage.overHttp([...BAD, ...passing]), {
      ...all(BAD, 'ECONNRESET'),
      ...all(passing, 'answered'),
    });
    assert.deepEqual(await stage.overTls([...BAD.slice(0, 10), ...passing]), {
      ...all(BAD.slice(0, 10), 'ECONNRESET'),
      ...all(passing, ARRIVED),
    });

    await ok(sallyport.cli('feed', 'approve', '1', 'google.com', 'co.uk'));
    const approved = ['google.com', 'www.google.com', 'co.uk'];
    const others = ['shop.co.uk', OWN_SERVER, FINE];
    assert.deepEqual(await stage.overTls([...approved, ...others]), {
      ...all(approved, 'ECONNRESET'),
      ...all(others, ARRIVED),
    });
    const refused = await sallyport.cli('feed', 'approve', '1', 'never-listed.example');
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /never-listed\.example is not held back/);
  });

  test('a feed that shrinks or grows beyond belief waits for approval, and the old content goes on', async () => {
    await using stage = await setUpFeedStage();
    await using sallyport = await startSallyport(stage.namespace, { mode: 'block' });
    const list = join(stage.folder, 'list.txt');
    const [first, last] = ['host-0.large.test', 'host-1000.large.test'];
    await writeFile(list, namesOf(100));
    await ok(sallyport.cli('feed', 'add', list));
    for (const { count, from, reason, blocked, passing } of [
      {
        count: 40,
        from: 1000,
        reason: /lost more than half of its entries \(100 entries before, 40 now\)/,
        blocked: first,
        passing: last,
      },
      {
        count: 400,
        from: 0,
        reason: /grew tenfold or more \(40 entries before, 400 now\)/,
        blocked: last,
        passing: first,
      },
    ]) {
      await writeFile(list, namesOf(count, from));
      assert.match(await ok(sallyport.cli('feed', 'refresh', '1')), /new content is held back/);
      const [feed] = (await sallyport.status()).feeds;
      assert.match(feed?.problem ?? '', reason);
      assert.match(await ok(sallyport.cli('feed', 'held')), /sallyport feed approve 1/);
      assert.deepEqual(await stage.overHttp([blocked, passing]), { [blocked]: 'ECONNRESET', [passing]: 'answered' });
      await ok(sallyport.cli('feed', 'approve', '1'));
      assert.deepEqual(await stage.overHttp([blocked, passing]), { [blocked]: 'answered', [passing]: 'ECONNRESET' });
      assert.equal((await sallyport.status()).feeds[0]?.problem, null);
    }
  });
});
