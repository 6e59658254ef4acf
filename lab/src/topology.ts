/**
 * The networks that tests and benchmarks run in: clients and one server, directly or through a router.
 *
 * The server's service addresses sit on its loopback and every client routes to them, so all clients
 * reach the same addresses and several addresses cost nothing. Several are needed under load: past
 * about 28,000 connections a minute to one address, a client runs out of ephemeral ports and then
 * measures `connect()` itself. Addresses are from 198.18.0.0/15 (RFC 2544) and 2001:db8::/32 (RFC 3849).
 */
import { connect, createNamespace, type Namespace, newLabId, sweepDeadLabs } from './namespace.ts';
import { sweepTemporaryFolders } from './temporary-folder.ts';

/** The same host's addresses in both families, without prefix length. */
export interface DualStack {
  readonly v4: string;
  readonly v6: string;
}

export interface Client {
  readonly namespace: Namespace;
  /** Interface that leads towards the server. */
  readonly device: string;
  readonly address: DualStack;
}

export interface Server {
  readonly namespace: Namespace;
  /** The server's interface towards each client (or towards the router), in the order of the clients. */
  readonly devices: readonly string[];
  /** Service addresses; every one answers to every client. */
  readonly addresses: readonly DualStack[];
}

/** Clients, each with its own veth to one server. */
export interface StarLab extends AsyncDisposable {
  readonly clients: readonly Client[];
  readonly server: Server;
}

/** One client and one server, joined directly. */
export interface PairLab extends AsyncDisposable {
  readonly client: Client;
  readonly server: Server;
}

/** A client that reaches the server only through a router that forwards both families. */
export interface RoutedLab extends PairLab {
  readonly router: {
    readonly namespace: Namespace;
    readonly clientDevice: string;
    readonly serverDevice: string;
  };
}

export interface LabOptions {
  /** How many service addresses of each family the server has (1 to 200). Default: 4. */
  readonly serverAddresses?: number;
}

/** Client and server namespace joined by a veth pair. Sweeps the leftovers of dead labs first. */
export async function createPairLab(options: LabOptions = {}): Promise<PairLab> {
  const { clients, server, ...lab } = await createStarLab(['client'], options);
  const [client] = clients;
  if (client === undefined) throw new Error('a star lab of one client has one client');
  return { ...lab, client, server };
}

/** Several client namespaces side by side, one server. `roles` name the clients, for example plain and protected. */
export async function createStarLab(roles: readonly string[], options: LabOptions = {}): Promise<StarLab> {
  await sweepDeadLabs();
  await sweepTemporaryFolders();
  await using undo = new AsyncDisposableStack();
  const labId = newLabId();
  const { namespace: server, addresses } = await createServer(undo, labId, options);
  const clients: Client[] = [];
  const devices: string[] = [];
  for (const [index, role] of roles.entries()) {
    const namespace = undo.use(await createNamespace(labId, role));
    const device = `eth${index}`;
    await connect({ namespace, device: 'eth0' }, { namespace: server, device });
    const link = linkAddresses(index);
    await addLink({ namespace, device: 'eth0' }, link.near);
    await addLink({ namespace: server, device }, link.far);
    await addDefaultRoute(namespace, link.far);
    clients.push({ namespace, device: 'eth0', address: link.near });
    devices.push(device);
  }
  return { clients, server: { namespace: server, devices, addresses }, ...disposableBy(undo.move()) };
}

/** Client, router and server in a row; the router forwards IPv4 and IPv6. For the forward hook. */
export async function createRoutedLab(options: LabOptions = {}): Promise<RoutedLab> {
  await sweepDeadLabs();
  await sweepTemporaryFolders();
  await using undo = new AsyncDisposableStack();
  const labId = newLabId();
  const { namespace: server, addresses } = await createServer(undo, labId, options);
  const router = undo.use(await createNamespace(labId, 'router'));
  const client = undo.use(await createNamespace(labId, 'client'));
  await connect({ namespace: client, device: 'eth0' }, { namespace: router, device: 'eth0' });
  await connect({ namespace: router, device: 'eth1' }, { namespace: server, device: 'eth0' });

  const [inner, outer] = [linkAddresses(0), linkAddresses(1)];
  await addLink({ namespace: client, device: 'eth0' }, inner.near);
  await addLink({ namespace: router, device: 'eth0' }, inner.far);
  await addLink({ namespace: router, device: 'eth1' }, outer.near);
  await addLink({ namespace: server, device: 'eth0' }, outer.far);
  await router.sysctl('net.ipv4.ip_forward', 1);
  await router.sysctl('net.ipv6.conf.all.forwarding', 1);
  await addDefaultRoute(client, inner.far);
  await addDefaultRoute(router, outer.far);
  await addDefaultRoute(server, outer.near);

  return {
    client: { namespace: client, device: 'eth0', address: inner.near },
    router: { namespace: router, clientDevice: 'eth0', serverDevice: 'eth1' },
    server: { namespace: server, devices: ['eth0'], addresses },
    ...disposableBy(undo.move()),
  };
}

async function createServer(
  undo: AsyncDisposableStack,
  labId: string,
  options: LabOptions,
): Promise<{ namespace: Namespace; addresses: DualStack[] }> {
  const count = options.serverAddresses ?? 4;
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new RangeError('serverAddresses must be 1 to 200');
  const namespace = undo.use(await createNamespace(labId, 'server'));
  const addresses = Array.from({ length: count }, (_, n) => ({
    v4: `198.18.0.${n + 1}`,
    v6: `2001:db8::${hex(n + 1)}`,
  }));
  for (const { v4, v6 } of addresses) {
    await namespace.addAddress('lo', `${v4}/32`);
    await namespace.addAddress('lo', `${v6}/128`);
  }
  return { namespace, addresses };
}

/** Both ends of the link with this number: 198.19.N.1 and .2, 2001:db8:1:N::1 and ::2. */
const linkAddresses = (n: number): { near: DualStack; far: DualStack } => ({
  near: { v4: `198.19.${n}.2`, v6: `2001:db8:1:${hex(n)}::2` },
  far: { v4: `198.19.${n}.1`, v6: `2001:db8:1:${hex(n)}::1` },
});

async function addLink(end: { namespace: Namespace; device: string }, address: DualStack): Promise<void> {
  await end.namespace.addAddress(end.device, `${address.v4}/30`);
  await end.namespace.addAddress(end.device, `${address.v6}/64`);
}

async function addDefaultRoute(namespace: Namespace, gateway: DualStack): Promise<void> {
  await namespace.addRoute('default', gateway.v4);
  await namespace.addRoute('default', gateway.v6);
}

const hex = (n: number): string => n.toString(16);

const disposableBy = (undo: AsyncDisposableStack): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => undo.disposeAsync(),
});
