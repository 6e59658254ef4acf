/**
 * Sallyport beside other tools that own firewall rules, marks and routes in the same namespace: theirs keep working,
 * also while the gate is dead, and are found again byte for byte. And beside tools that flush ours, and beside a
 * connection-tracking table that is nearly full. Needs root.
 *
 * Easy to get wrong: a mark that another tool sets on a packet decides its route. That a request is answered says
 * nothing; the capture at the far end says which way each segment took, the first data segment above all.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Sallyport, startSallyport } from '../src/agent-run.ts';
import { startCapture } from '../src/capture.ts';
import { must } from '../src/command.ts';
import { connect, createNamespace, type Namespace, newLabId } from '../src/namespace.ts';
import { networkState } from '../src/network-state.ts';
import { startNginx } from '../src/nginx.ts';
import { startLoad } from '../src/steady-load.ts';
import { createPairLab, createStarLab, type PairLab } from '../src/topology.ts';

const FINE = 'fine.example';
const BAD = 'bad.test';
const NOBODY = 65_534;

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' };

/** One after the other, as an administrator would type them. */
async function type(namespace: Namespace, script: string): Promise<void> {
  await namespace.must(['sh', '-e', '-c', script]);
}

interface Request {
  readonly host: string;
  readonly address: string;
  readonly port?: number;
  readonly mark?: number;
  readonly uid?: number;
}

const PROGRAM = fileURLToPath(new URL('../src/programs/marked_request.py', import.meta.url));

/** How one request ends: `answered`, `closed`, `ECONNRESET`, `TimeoutError`, … */
async function request(
  namespace: Namespace,
  { host, address, port = 80, mark = 0, uid = 0 }: Request,
): Promise<string> {
  // Debian's own: one in a home directory would be out of reach for the other user.
  const argv = ['/usr/bin/python3', PROGRAM, host, address, `${port}`, `${mark}`, `${uid}`] as const;
  return (await namespace.must(argv)).trim();
}

/** Starts Sallyport in block mode with one blocked host. */
async function protect(namespace: Namespace): Promise<Sallyport> {
  await using undo = new AsyncDisposableStack();
  const sallyport = undo.use(await startSallyport(namespace, { mode: 'block' }));
  await sallyport.json('indicator', 'add', BAD, '--action', 'block');
  undo.move();
  return sallyport;
}

/** Leaves rules without a gate, and keeps the launcher from starting another. Undone by `stop`. */
async function freezeWithoutGate(sallyport: Sallyport): Promise<() => void> {
  const { launcher, gate } = await sallyport.pids();
  process.kill(launcher, 'SIGSTOP');
  process.kill(gate, 'SIGKILL');
  // The launcher is its parent and stands still, so the ended gate stays as a zombie without a command line.
  while ((await readFile(`/proc/${gate}/cmdline`, 'utf8').catch(() => '')) !== '') await delay(5);
  return () => void process.kill(launcher, 'SIGCONT');
}

suite('other tools', needsRoot, () => {
  test('Docker and Kubernetes: bridge, NAT, published ports, service marks', async (t) => {
    await using lab = await createPairLab({ serverAddresses: 1 });
    const { namespace: host, address: hostAddress } = lab.client;
    const [web] = lab.server.addresses;
    assert.ok(web);
    await using container = await createNamespace(newLabId(), 'container');
    await using _nginx = await startNginx(lab.server.namespace, { subjects: [FINE], bulkBytes: 1 });
    await using _inside = await startNginx(container, { subjects: [FINE], bulkBytes: 1 });
    await connect({ namespace: container, device: 'eth0' }, { namespace: host, device: 'veth1' });
    await type(container, 'ip addr add 172.30.0.2/24 dev eth0; ip route add default via 172.30.0.1');
    await type(
      host,
      `ip link add docker0 type bridge; ip link set docker0 up; ip link set veth1 master docker0
      ip addr add 172.30.0.1/24 dev docker0
      sysctl -q -w net.ipv4.ip_forward=1
      # With br_netfilter the kernel's REJECT answers a bridged sender past NAT, from the address behind the DNAT.
      sysctl -q -e -w net.bridge.bridge-nf-call-iptables=0
      iptables-nft -t nat -N DOCKER
      iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
      iptables-nft -t nat -A POSTROUTING -s 172.30.0.0/24 ! -o docker0 -j MASQUERADE
      iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.30.0.2:80
      iptables-nft -P FORWARD DROP
      iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -j RETURN; iptables-nft -A FORWARD -j DOCKER-USER
      iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
      iptables-nft -A FORWARD -d 172.30.0.2 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT
      iptables-nft -t nat -N KUBE-MARK-MASQ; iptables-nft -t nat -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
      iptables-nft -t nat -N KUBE-SERVICES
      iptables-nft -t nat -A KUBE-SERVICES -d 203.0.113.10 -p tcp --dport 80 -j KUBE-MARK-MASQ
      iptables-nft -t nat -A KUBE-SERVICES -d 203.0.113.10 -p tcp --dport 80 -j DNAT --to-destination ${web.v4}:80
      iptables-nft -t nat -A PREROUTING -j KUBE-SERVICES; iptables-nft -t nat -A OUTPUT -j KUBE-SERVICES
      iptables-nft -t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE`,
    );
    const before = await networkState(host, { counters: false });

    const ways: readonly { name: string; from: Namespace; address: string; port?: number }[] = [
      { name: 'container to the outside', from: container, address: web.v4 },
      { name: 'container to a service', from: container, address: '203.0.113.10' },
      { name: 'host to the outside', from: host, address: web.v4 },
      { name: 'host to a service', from: host, address: '203.0.113.10' },
      { name: 'host to a container', from: host, address: '172.30.0.2' },
      { name: 'outside to a published port', from: lab.server.namespace, address: hostAddress.v4, port: 8080 },
    ];
    const all = async (wanted: string, name: string): Promise<void> => {
      const seen = await Promise.all(ways.map(({ from, ...to }) => request(from, { host: name, ...to })));
      assert.deepEqual(Object.fromEntries(ways.map((way, at) => [way.name, seen[at]])), every(ways, wanted));
    };
    await all('answered', FINE);
    await all('answered', BAD);
    await using sallyport = await protect(host);
    await all('answered', FINE);
    await all('ECONNRESET', BAD);
    const thaw = await freezeWithoutGate(sallyport);
    await all('answered', FINE);
    thaw();
    await sallyport.stop();
    assert.equal(await networkState(host, { counters: false }), before);
    t.diagnostic(`${ways.length} ways before, with, without a gate; rules as found`);
  });

  for (const { name, when } of [
    { name: 'WireGuard: a mark chooses the routing table', when: 'first' },
    { name: 'WireGuard that comes after Sallyport', when: 'later' },
  ] as const) {
    test(name, async (t) => {
      await using tunnel = await tunnelLab();
      const { host, web } = tunnel;
      const setUp = (): Promise<void> =>
        type(
          host,
          `ip rule add fwmark 100 table 100; ip route add default via 198.19.100.1 dev tun0 table 100
          ip -6 rule add fwmark 100 table 100; ip -6 route add default via 2001:db8:100::1 dev tun0 table 100
          for save in iptables-nft ip6tables-nft; do
            $save -t mangle -A OUTPUT -m owner --uid-owner ${NOBODY} -j MARK --set-mark 100
            $save -t nat -A POSTROUTING -o tun0 -j MASQUERADE
          done`,
        );
      const marked = [web.v4, web.v6].flatMap((address) => [
        { address, uid: NOBODY },
        { address, mark: 100 },
      ]);
      const plain = [web.v4, web.v6].map((address) => ({ address }));
      const goesItsWay = async (): Promise<void> => {
        await takes(tunnel, 'tunnel', marked);
        await takes(tunnel, 'direct', plain);
      };

      if (when === 'first') await setUp();
      const before = await networkState(host, { counters: false });
      if (when === 'first') await goesItsWay();
      await using sallyport = await protect(host);
      if (when === 'later') await setUp();
      await goesItsWay();
      for (const each of [...marked, ...plain]) assert.equal(await request(host, { host: BAD, ...each }), 'ECONNRESET');
      const thaw = await freezeWithoutGate(sallyport);
      await goesItsWay();
      thaw();
      await sallyport.stop();
      if (when === 'first') assert.equal(await networkState(host, { counters: false }), before);
      await goesItsWay();
      t.diagnostic('marked and unmarked, both families, every segment, with a gate and without');
    });
  }

  test('Tailscale: bits of the mark beside ours, and rules of their own', async () => {
    await using tunnel = await tunnelLab();
    const { host, web } = tunnel;
    await type(
      host,
      `for ip in "ip -4" "ip -6"; do
        $ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main
        $ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default
        $ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable
        $ip rule add pref 5270 lookup 52
      done
      ip route add ${web.v4}/32 via 198.19.100.1 dev tun0 table 52
      ip -6 route add ${web.v6}/128 via 2001:db8:100::1 dev tun0 table 52
      for tables in iptables-nft ip6tables-nft; do
        for chain in input forward; do $tables -N ts-$chain; done
        $tables -I INPUT -j ts-input; $tables -I FORWARD -j ts-forward
        $tables -A ts-forward -i tun0 -j MARK --set-xmark 0x40000/0xff0000
        $tables -A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
        $tables -t nat -N ts-postrouting; $tables -t nat -A POSTROUTING -j ts-postrouting
        $tables -t nat -A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
        $tables -t nat -A ts-postrouting -o tun0 -j MASQUERADE
      done`,
    );
    const before = await networkState(host, { counters: false });
    const plain = [web.v4, web.v6].map((address) => ({ address }));
    const bypass = plain.map(({ address }) => ({ address, mark: 0x80000 }));
    const goesItsWay = async (): Promise<void> => {
      await takes(tunnel, 'tunnel', plain);
      await takes(tunnel, 'direct', bypass);
    };
    await goesItsWay();
    await using sallyport = await protect(host);
    await goesItsWay();
    for (const each of [...plain, ...bypass]) assert.equal(await request(host, { host: BAD, ...each }), 'ECONNRESET');
    const thaw = await freezeWithoutGate(sallyport);
    await goesItsWay();
    thaw();
    await sallyport.stop();
    assert.equal(await networkState(host, { counters: false }), before);
  });

  for (const { name, command, onlyWith } of [
    { name: 'the whole rule set is flushed', command: 'nft flush ruleset', onlyWith: null },
    {
      name: 'iptables -F in every table',
      command: 'for t in filter mangle security; do iptables-nft -t $t -F; ip6tables-nft -t $t -F; done',
      onlyWith: 'iptables-nft',
    },
    { name: 'one jump is taken out', command: 'iptables-nft -t security -D OUTPUT 1', onlyWith: 'iptables-nft' },
  ] as const) {
    test(`${name}: noticed and repaired`, async (t) => {
      await using lab = await createPairLab({ serverAddresses: 1 });
      const { namespace } = lab.client;
      const address = lab.server.addresses[0]?.v4 ?? '';
      await using _nginx = await startNginx(lab.server.namespace, { subjects: [FINE], bulkBytes: 1 });
      const before = await networkState(namespace);
      await using sallyport = await protect(namespace);
      const { gate } = await sallyport.status();
      if (onlyWith !== null && gate?.backend !== onlyWith) {
        t.skip(`rules are loaded by ${gate?.backend ?? 'nobody'} here`);
        return;
      }
      await type(namespace, command);
      const startedMs = performance.now();
      await sallyport.until((status) => (status.gate?.rulesRepaired ?? 0) > 0, 5000);
      t.diagnostic(`repaired after ${(performance.now() - startedMs).toFixed(0)} ms`);
      assert.equal(await request(namespace, { host: BAD, address }), 'ECONNRESET');
      assert.equal(await request(namespace, { host: FINE, address }), 'answered');
      assert.deepEqual((await sallyport.status()).gate?.problems, []);
      await sallyport.stop();
      assert.equal(await networkState(namespace), before);
    });
  }
});

const every = (ways: readonly { name: string }[], wanted: string): Record<string, string> =>
  Object.fromEntries(ways.map(({ name }) => [name, wanted]));

interface TunnelLab extends AsyncDisposable {
  readonly lab: PairLab;
  readonly host: Namespace;
  readonly web: { readonly v4: string; readonly v6: string };
}

/** Client and server with two links: the direct one, and `tun0` as the far end of a tunnel. */
async function tunnelLab(): Promise<TunnelLab> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await createPairLab({ serverAddresses: 1 }));
  const { namespace: host } = lab.client;
  const { namespace: server, addresses } = lab.server;
  const [web] = addresses;
  assert.ok(web);
  await connect({ namespace: host, device: 'tun0' }, { namespace: server, device: 'tun0' });
  await host.addAddress('tun0', '198.19.100.2/30');
  await server.addAddress('tun0', '198.19.100.1/30');
  await host.addAddress('tun0', '2001:db8:100::2/64');
  await server.addAddress('tun0', '2001:db8:100::1/64');
  for (const name of ['all', 'eth0', 'tun0']) await host.sysctl(`net.ipv4.conf.${name}.rp_filter`, 0);
  undo.use(await startNginx(server, { subjects: [FINE], bulkBytes: 1 }));
  const owned = undo.move();
  return { lab, host, web, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Makes the requests and looks at both links: everything took the one, nothing the other. */
async function takes(
  { lab, host }: TunnelLab,
  wanted: 'direct' | 'tunnel',
  requests: readonly Omit<Request, 'host'>[],
): Promise<void> {
  await using direct = await startCapture(lab.server.namespace, 'eth0', lab.client.address.v4);
  await using tunnel = await startCapture(lab.server.namespace, 'tun0', '198.19.100.2');
  const ends = await Promise.all(requests.map((each) => request(host, { host: FINE, ...each })));
  assert.deepEqual(
    ends,
    requests.map(() => 'answered'),
  );
  const [onDirect, onTunnel] = [await direct.segments(), await tunnel.segments()];
  const [used, other] = wanted === 'direct' ? [direct, onTunnel] : [tunnel, onDirect];
  assert.deepEqual(
    other.map(({ payload }) => Buffer.from(payload).toString()),
    [],
    'nothing took the other link',
  );
  const flows = await used.flows();
  assert.equal(flows.length, requests.length);
  for (const flow of flows) {
    assert.match(Buffer.from(flow.fromClient.payload).toString(), /^GET \/ HTTP\/1\.1\r\nHost: fine\.example\r\n/);
  }
}

suite('connection tracking', needsRoot, () => {
  const LIMIT = '/proc/sys/net/netfilter/nf_conntrack_max';
  /** Connections that are held open in each client; the table is made hardly larger for a moment. */
  const HELD = 4000;

  test('a nearly full table is reported, and costs no connection that works without us', async (t) => {
    if (!existsSync(LIMIT)) {
      t.skip('no connection tracking in this kernel');
      return;
    }
    await using lab = await createStarLab(['protected', 'plain'], { serverAddresses: 2 });
    const [guarded, plain] = lab.clients;
    const [first, second] = lab.server.addresses;
    assert.ok(guarded && plain && first && second);
    await using _nginx = await startNginx(lab.server.namespace, { subjects: [FINE], bulkBytes: 1 });
    await using sallyport = await protect(guarded.namespace);
    for (const { namespace } of lab.clients) {
      const hold = namespace.spawn([process.execPath, '--eval', HOLD, first.v4, `${HELD}`]);
      await hold.waitForOutput(/held/, 20_000);
    }
    assert.equal((await sallyport.status()).gate?.conntrackState, 'ok');
    const limit = HELD + 200;
    // The limit is one for all namespaces of the machine: nobody else may come near it meanwhile.
    const others = await mostTracked([guarded.namespace.name]);
    if (others * 2 > limit) {
      t.skip(`another namespace of this machine tracks ${others} connections now; the limit cannot be lowered`);
      return;
    }

    const found = await readFile(LIMIT, 'utf8');
    const loads = await Promise.all(
      lab.clients.map(({ namespace }) =>
        startLoad(namespace, { targets: [{ host: FINE, address: second.v4, port: 80 }], patienceMs: 3000 }),
      ),
    );
    try {
      await writeFile(LIMIT, `${limit}`);
      const status = await sallyport.until(({ gate }) => gate?.conntrackState !== 'ok', 5000);
      await Promise.all(loads.map((load) => load.more(400)));
      const later = await sallyport.status();
      t.diagnostic(`limit ${limit}: ${status.gate?.conntrackState}; ${later.gate?.problems.join('; ')}`);
      assert.match(later.gate?.problems.join() ?? '', /^connection tracking holds \d+ of \d+ entries: /);
    } finally {
      await writeFile(LIMIT, found);
    }
    await sallyport.until(({ gate }) => gate?.conntrackState === 'ok' && gate.enforcingSinceMs > 0, 5000);
    const [withUs, withoutUs] = await Promise.all(loads.map((load) => load.finish()));
    const lost = (records: typeof withUs): number => records?.filter(({ end }) => end !== 'answered').length ?? -1;
    t.diagnostic(
      `lost: ${lost(withUs)} of ${withUs?.length} with Sallyport, ${lost(withoutUs)} of ${withoutUs?.length} without`,
    );
    assert.equal(lost(withoutUs), 0);
    assert.equal(lost(withUs), 0);
    assert.equal(await request(guarded.namespace, { host: BAD, address: second.v4 }), 'ECONNRESET');
    assert.equal(await readFile(LIMIT, 'utf8'), found);
  });
});

/** Opens connections to ARGUMENT 1 port 80, says `held` once they are up, and keeps them until it is ended. */
const HOLD = `
  const [address, count] = process.argv.slice(1);
  let left = Number(count);
  const next = () => {
    if (left-- <= 0) return;
    const socket = require('node:net').connect(80, address, () => {
      if (--open === 0) console.log('held');
      next();
    });
    socket.on('error', (error) => { console.error(error.message); process.exit(1); });
  };
  let open = left;
  for (let lane = 0; lane < 50; lane++) next();
`;

/** The largest number of connections that any namespace tracks, those named left out. */
async function mostTracked(except: readonly string[]): Promise<number> {
  const names = (await must(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
  const counts = [Number(await readFile('/proc/sys/net/netfilter/nf_conntrack_count', 'utf8'))];
  for (const name of names.filter((each) => each !== '' && !except.includes(each))) {
    const text = await must(['ip', 'netns', 'exec', name, 'cat', '/proc/sys/net/netfilter/nf_conntrack_count']).catch(
      () => '0',
    );
    counts.push(Number(text));
  }
  return Math.max(...counts);
}
