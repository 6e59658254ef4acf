/**
 * A certificate authority of the lab's own, and one server certificate signed by it.
 *
 * Made by the `openssl` command with P-256 keys: cheap handshakes, so that a benchmark measures
 * connections and not RSA. Valid for a month, and only inside the folder it is made in.
 */
import { isIP } from 'node:net';
import { join } from 'node:path';

import { must } from './command.ts';

export interface LabCertificate {
  /** The authority, PEM; what clients must trust (`curl --cacert`). */
  readonly authorityFile: string;
  /** The server's certificate, PEM. */
  readonly certificateFile: string;
  /** The server's private key, PEM. */
  readonly keyFile: string;
}

/**
 * Writes authority, certificate and key into `folder`. `subjects` are the host names (wildcards
 * allowed) and IP addresses the certificate is valid for; at least one.
 */
export async function createCertificate(folder: string, subjects: readonly string[]): Promise<LabCertificate> {
  const authorityFile = join(folder, 'authority.pem');
  const authorityKey = join(folder, 'authority.key');
  const certificateFile = join(folder, 'server.pem');
  const keyFile = join(folder, 'server.key');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const common = ['openssl', 'req', '-x509', ...key, '-days', '30'] as const;

  const authority = ['-subj', '/CN=Sallyport lab authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  await must([...common, ...authority, '-keyout', authorityKey, '-out', authorityFile]);

  const names = subjects.map((subject) => `${isIP(subject) === 0 ? 'DNS' : 'IP'}:${subject}`).join(',');
  const extensions = [`subjectAltName=${names}`, 'basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth'];
  const leaf = ['-subj', '/CN=Sallyport lab server', ...extensions.flatMap((text) => ['-addext', text])];
  const signer = ['-CA', authorityFile, '-CAkey', authorityKey];
  await must([...common, ...leaf, ...signer, '-keyout', keyFile, '-out', certificateFile]);

  return { authorityFile, certificateFile, keyFile };
}
