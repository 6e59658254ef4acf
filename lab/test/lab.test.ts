/** The lab makes what it says and leaves nothing behind. Needs root: these are real namespaces. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { getuid } from 'node:process';
import { suite, test } from 'node:test';

import { startCapture } from '../src/capture.ts';
import { type Argv, must } from '../src/command.ts';
import { startEchoServer } from '../src/echo-server.ts';
import { Namespace, sweepDeadLabs } from '../src/namespace.ts';
import { startNginx } from '../src/nginx.ts';
import { LAB_PACKAGES } from '../src/packages.ts';
import { sendRaw } from '../src/raw-client.ts';
import { createPairLab, createRoutedLab, createStarLab } from '../src/topology.ts';

const SITE = 'site.example';
const needsRoot = { skip: getuid?.() === 0 ? false : 'needs root to make network namespaces' };

const hostNetwork = async (): Promise<string> =>
  [await must(['ip', '-brief', 'link']), await must(['ip', '-brief', 'address'])].join('');

/** Names of our own namespaces: other labs may come and go on the same machine meanwhile. */
const ownNamespaces = async (): Promise<string[]> =>
  (await must(['ip', 'netns', 'list'])).split('\n').filter((line) => line.startsWith(`sp-${process.pid}-`));

suite('lab', needsRoot, () => {
  for (const { name, make } of [
    { name: 'pair', make: createPairLab },
    { name: 'routed', make: createRoutedLab },
  ]) {
    test(`${name}: real clients reach the real server in both families, and the capture sees it`, async () => {
      await using lab = await make();
      const { namespace: client } = lab.client;
      const [, address] = lab.server.addresses;
      assert.ok(address);
      await using nginx = await startNginx(lab.server.namespace, { subjects: [SITE], accessLog: true, bulkBytes: 5e6 });
      await using capture = await startCapture(lab.server.namespace, 'eth0', lab.client.address.v4);
      await client.setHosts({ [SITE]: [address.v4, address.v6] });
      const curl = (...args: string[]): Promise<string> =>
        client.must(['curl', '-sS', '--fail', '--cacert', nginx.certificate.authorityFile, ...args]);

      for (const family of ['-4', '-6']) {
        assert.equal(await curl(family, `http://${SITE}/`), nginx.page);
        assert.equal(await curl(family, `https://${SITE}/`), nginx.page);
        assert.equal(await curl(family, '--tls-max', '1.2', `https://${SITE}/`), nginx.page);
      }
      const upload = ['-T', nginx.certificate.authorityFile, '-w', '%{http_code}', `https://${SITE}/file`];
      assert.equal(await curl(...upload), '204');
      assert.equal(await curl('-o', '/dev/null', '-w', '%{size_download}', `http://${SITE}/bulk`), '5000000');

      assert.ok((await nginx.accepted()) >= 8);
      const served = (await nginx.requests()).map(({ serverName, method, status }) => [serverName, method, status]);
      assert.deepEqual(served.slice(0, 3), [
        ['', 'GET', 200],
        [SITE, 'GET', 200],
        [SITE, 'GET', 200],
      ]);
      assert.deepEqual(served.slice(6), [
        [SITE, 'PUT', 204],
        ['', 'GET', 200],
      ]);

      const flows = await capture.flows();
      assert.equal(flows.length, 8);
      assert.equal(flows[0]?.server, `${address.v4}:80`);
      assert.equal(flows[4]?.server, `[${address.v6}]:443`);
      assert.match(
        Buffer.from(flows[0].fromClient.payload).toString(),
        /^GET \/ HTTP\/1\.1\r\nHost: site\.example\r\n/,
      );
      assert.ok(flows[7] && flows[7].fromServer.payload.length > 5e6);
      assert.ok(flows.every(({ fromClient, fromServer }) => fromClient.fin && fromServer.syn && !fromServer.rst));
    });
  }

  test('a hello cut into pieces travels as that many segments', async () => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using server = await startEchoServer(lab.server.namespace, 8443);
    await using capture = await startCapture(lab.server.namespace, 'eth0', lab.client.address.v4);
    const pieces = ['a', 'bc', 'def', 'g'.repeat(1400), 'h'].map((text) => Buffer.from(text));
    const outcome = await sendRaw(lab.client.namespace, {
      host: lab.server.addresses[0]?.v6 ?? '',
      port: 8443,
      pieces,
    });
    assert.equal(outcome.end, 'data');
    assert.ok(outcome.connectedMs !== undefined);
    const [record] = await server.connections(1);
    assert.equal(record?.received, Buffer.concat(pieces).toString('base64'));
    const [flow] = await capture.flows();
    assert.deepEqual(
      flow?.fromClient.segmentLengths,
      pieces.map(({ length }) => length),
    );
    assert.deepEqual(Buffer.from(await capture.payloadFromClient()), Buffer.concat(pieces));
  });

  test('a refused connection and a server that is silent are told apart', async () => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    await using nginx = await startNginx(lab.server.namespace, { subjects: [SITE] });
    assert.equal(nginx.process.running, true);
    const host = lab.server.addresses[0]?.v4 ?? '';
    const refused = await sendRaw(lab.client.namespace, { host, port: 81, pieces: [] });
    assert.equal(refused.end, 'ECONNREFUSED');
    assert.equal(refused.connectedMs, undefined);
    const silent = await sendRaw(lab.client.namespace, { host, port: 80, pieces: [], timeoutMs: 50 });
    assert.equal(silent.end, 'timeout');
    assert.ok(silent.connectedMs !== undefined);
  });

  test('several clients reach every address of one server', async () => {
    await using lab = await createStarLab(['plain', 'protected'], { serverAddresses: 3 });
    await using nginx = await startNginx(lab.server.namespace, { subjects: [SITE] });
    for (const { namespace } of lab.clients) {
      for (const { v4, v6 } of lab.server.addresses) {
        assert.equal(await namespace.must(['curl', '-sS', `http://${v4}/`]), nginx.page);
        assert.equal(await namespace.must(['curl', '-sS', `http://[${v6}]/`]), nginx.page);
      }
    }
  });

  test('nothing is left on the host, also when the lab ends with programs running', async () => {
    const before = await hostNetwork();
    {
      await using lab = await createRoutedLab();
      await lab.client.namespace.setHosts({ [SITE]: ['198.18.0.1'] });
      const endless = lab.client.namespace.spawn(['sleep', '1000']);
      assert.equal((await ownNamespaces()).length, 3);
      assert.equal(endless.running, true);
      assert.equal(await hostNetwork(), before);
    }
    assert.deepEqual(await ownNamespaces(), []);
    assert.equal(await hostNetwork(), before);
  });

  test('leftovers of a lab whose process was killed are swept, others stay', async () => {
    const module = new URL('../src/topology.ts', import.meta.url).href;
    const script = `const { createPairLab } = await import('${module}');
      await createPairLab(); process.stdout.write('made'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    await using lab = await createPairLab();
    const names = await must(['ip', 'netns', 'list']);
    assert.equal(names.includes(`sp-${child.pid}-`), false);
    assert.equal(names.includes(lab.client.namespace.name), true);
    assert.deepEqual(await sweepDeadLabs(), []);
  });

  test('a namespace is disposed of twice without complaint, and a missing program is an error', async () => {
    await using lab = await createPairLab();
    const { namespace } = lab.client;
    const missing: Argv = ['no-such-program'];
    await assert.rejects(namespace.must(missing), { code: 'LAB_COMMAND_FAILED' });
    await namespace[Symbol.asyncDispose]();
    await new Namespace(namespace.name)[Symbol.asyncDispose]();
  });
});

test('the list for the launcher names the same packages', async () => {
  const text = await readFile(new URL('../debian-packages.txt', import.meta.url), 'utf8');
  assert.deepEqual(text.trim().split('\n'), [...LAB_PACKAGES]);
});
