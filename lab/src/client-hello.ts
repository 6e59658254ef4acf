/**
 * Real ClientHellos, as this Node's own TLS stack writes them, and the same hello in other TLS records.
 *
 * Since OpenSSL 3.5 the default hello carries a post-quantum key share and is larger than one segment; one with
 * classical groups alone is a few hundred bytes. Both are wanted: most clients still send the small one.
 */
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';

const SIZES = {
  /** TLS 1.3 with X25519MLKEM768 and X25519: about 1.5 to 1.8 kB. */
  large: {},
  /** TLS 1.3 with X25519 alone. */
  small: { ecdhCurve: 'X25519' },
  /** TLS 1.2 alone. */
  tls12: { maxVersion: 'TLSv1.2', ecdhCurve: 'X25519' },
} as const satisfies Record<string, ConnectionOptions>;
export type HelloKind = keyof typeof SIZES;

const RECORD_HEADER = 5;
const CONTENT_HANDSHAKE = 22;

/** The bytes of one TLS record that holds a whole ClientHello for `serverName`. */
export async function clientHello(serverName: string, kind: HelloKind): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      resolve(Buffer.from(chunk));
      done();
    },
  });
  const client = connect({ socket: wire, servername: serverName, rejectUnauthorized: false, ...SIZES[kind] });
  client.on('error', () => {});
  try {
    return await promise;
  } finally {
    client.destroy();
  }
}

/**
 * The same handshake message in several records (RFC 8446 section 5.1 allows it), cut at `cuts`: ascending offsets
 * into the message, each between 1 and its length minus 1. One buffer for each record.
 */
export function inRecords(hello: Uint8Array, cuts: readonly number[]): Buffer[] {
  const message = hello.subarray(RECORD_HEADER);
  const bounds = [0, ...cuts, message.length];
  return bounds.slice(1).map((end, n) => {
    const fragment = message.subarray(bounds[n], end);
    // The record keeps the version of the original one.
    const header = Buffer.from([
      CONTENT_HANDSHAKE,
      hello[1] ?? 3,
      hello[2] ?? 1,
      fragment.length >> 8,
      fragment.length,
    ]);
    return Buffer.concat([header, fragment]);
  });
}
