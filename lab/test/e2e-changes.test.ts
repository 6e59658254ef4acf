/**
 * Lists that change while traffic flows: an acknowledged change holds for the very next connection, and no other
 * connection is judged by a missing or half-built table.
 *
 * The figures that are asked for are 10,000 changes and 100,000 requests: SALLYPORT_E2E_CHANGES=10000
 * SALLYPORT_E2E_REQUESTS=100000. The default is what fits into half a minute on two cores.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { test } from 'node:test';

import { startSallyport } from '../src/agent-run.ts';
import { changeLists } from '../src/changing-lists.ts';
import { startNginx } from '../src/nginx.ts';
import { createTemporaryFolder } from '../src/temporary-folder.ts';
import { createPairLab } from '../src/topology.ts';

const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const CHANGES = Number(process.env['SALLYPORT_E2E_CHANGES'] ?? 2000);
const REQUESTS = Number(process.env['SALLYPORT_E2E_REQUESTS'] ?? 20_000);
const CHANGING_NAMES = 50;
const LISTED = 20_000;
const TIMEOUT_MS = 60_000 + 30 * (CHANGES + REQUESTS);

for (const { family, shape } of [
  { family: 'v4', shape: 'with few indicators' },
  { family: 'v6', shape: 'with a feed that is read again and again' },
] as const) {
  test(
    `${family}, ${shape}: each change is effective at once and no request is judged wrongly`,
    needsRoot,
    async (t) => {
      await using lab = await createPairLab({ serverAddresses: 8 });
      const client = lab.client.namespace;
      // Otherwise the client runs out of ports before the gate has anything to do (topology.ts).
      await client.sysctl('net.ipv4.tcp_tw_reuse', 1);
      await client.sysctl('net.ipv4.ip_local_port_range', '1024 65000');
      await using nginx = await startNginx(lab.server.namespace, { subjects: ['allowed.example'], bulkBytes: 1000 });
      await using sallyport = await startSallyport(client, { mode: 'block' });
      await sallyport.call('addIndicator', { indicatorValue: 'always-blocked.example', action: 'Block' });

      await using folder = await createTemporaryFolder('feed');
      const feed = join(folder.path, 'feed.txt');
      const isReread = family === 'v6';
      let rereads = 0;
      const stop = new AbortController();
      const rereading = (async () => {
        if (!isReread) return;
        await writeFile(feed, Array.from({ length: LISTED }, (_, n) => `listed-${n}.example\n`).join(''));
        const added = await sallyport.cli('feed', 'add', feed);
        assert.equal(added.status, 0, added.stderr);
        while (!stop.signal.aborted) {
          const { status, stderr } = await sallyport.cli('feed', 'refresh');
          assert.equal(status, 0, stderr);
          rereads++;
        }
      })();

      const share = isReread ? 2 : 1;
      const outcome = await changeLists(
        client,
        {
          controlSocket: join(sallyport.stateDirectory, 'agent', 'control.sock'),
          addresses: lab.server.addresses.map((address) => address[family]),
          port: 80,
          changes: CHANGES / share,
          changingNames: CHANGING_NAMES,
          requests: REQUESTS / share,
          blocked: 'always-blocked.example',
        },
        TIMEOUT_MS,
      );
      stop.abort();
      await rereading;
      const perSecond = (count: number, ms: number): string => ((count * 1000) / ms).toFixed(0);
      t.diagnostic(
        `${outcome.changes} changes (${perSecond(outcome.changes, outcome.changesMs)}/s), ` +
          `${outcome.requests} requests (${perSecond(outcome.requests, outcome.allMs)}/s), ` +
          `${rereads} feed refreshes, ${outcome.wrong.length} judged wrongly`,
      );
      assert.deepEqual(outcome.wrong, []);
      assert.ok(outcome.changes >= CHANGES / share && outcome.requests >= REQUESTS / share);
      assert.deepEqual((await sallyport.status()).problems, []);
      assert.equal(nginx.process.running, true);
      // Half of the connections behind a change were answered, and seven eighths of the others.
      const reached = await nginx.accepted();
      assert.ok(reached >= outcome.requests, `${reached} connections reached the server`);
    },
  );
}
