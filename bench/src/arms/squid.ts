/**
 * Squid as a transparent proxy on the client itself: intercepted HTTP, TLS peeked and spliced.
 *
 * Peeking reads the name in the ClientHello and splicing passes the rest untouched: the same
 * knowledge that Sallyport decides on. Nothing is cached or decrypted.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createCertificate } from '@sallyport/lab/certificate';
import type { Namespace } from '@sallyport/lab/namespace';
import { awaitPort } from '@sallyport/lab/nginx';
import { createTemporaryFolder } from '@sallyport/lab/temporary-folder';

import { type Arm, rulePackets, shortenTimeWait } from './arm.ts';

/** The user Debian's squid runs as; its own connections must not be redirected to itself. */
const SQUID_USER = 'proxy';
const PORTS = { forward: 3128, http: 3129, https: 3130 };

export async function startSquid(namespace: Namespace): Promise<Arm> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await createTemporaryFolder('squid')).path;
  const logs = join(folder, 'log');
  await mkdir(logs);
  await chmod(logs, 0o777);
  const { certificateFile, keyFile } = await createCertificate(folder, ['proxy.bench.example']);
  await chmod(keyFile, 0o644);
  const configFile = join(folder, 'squid.conf');
  await writeFile(configFile, configuration(folder, certificateFile, keyFile));
  const squid = undo.use(namespace.spawn(['squid', '-N', '-f', configFile]));
  // Only this port: squid closes an intercepting port for good after a connection that was not redirected to it.
  // It opens the others together with this one.
  await awaitPort(namespace, '127.0.0.1', PORTS.forward);
  for (const [from, to] of [
    [80, PORTS.http],
    [443, PORTS.https],
  ]) {
    const match = ['-p', 'tcp', '--dport', `${from}`, '-m', 'owner', '!', '--uid-owner', SQUID_USER];
    await namespace.must([
      'iptables-nft',
      '-t',
      'nat',
      '-A',
      'OUTPUT',
      ...match,
      '-j',
      'REDIRECT',
      '--to-ports',
      `${to}`,
    ]);
  }
  await shortenTimeWait(namespace);
  const owned = undo.move();
  return {
    namespace,
    // The nat table sees the first packet of each connection only.
    handled: () => rulePackets(namespace, 'nat', 'REDIRECT'),
    rootPid: squid.pid,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const configuration = (folder: string, certificateFile: string, keyFile: string): string => `
pid_filename ${folder}/squid.pid
cache_log ${folder}/log/cache.log
access_log none
coredump_dir ${folder}
cache_effective_user ${SQUID_USER}
visible_hostname proxy.bench.example
http_port ${PORTS.forward}
http_port ${PORTS.http} intercept
https_port ${PORTS.https} intercept ssl-bump generate-host-certificates=off tls-cert=${certificateFile} tls-key=${keyFile}
acl hello at_step SslBump1
ssl_bump peek hello
ssl_bump splice all
http_access allow all
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors 16384
`;
