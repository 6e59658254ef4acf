/**
 * Sends datagrams to a Unix socket. Node's own sockets cannot (node:dgram is UDP alone), so libc's are called through
 * node:ffi, which needs no package.
 *
 * Easy to get wrong: every datagram names the path anew. A connected socket would be deaf for ever once the receiver
 * was restarted, because the new one is another socket of the same name.
 */
import { existsSync } from 'node:fs';

const JOURNALD_SOCKET = '/run/systemd/journal/socket';

export interface DatagramSocket {
  /** False when it was not taken: full, gone, too large. Never waits. */
  send(bytes: Uint8Array): boolean;
}

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** sizeof(sun_path), with the NUL. */
const MAX_PATH = 108;

/** Null when nothing listens there, or when this Node cannot send datagrams. For the life of the process. */
export function openDatagramSocket(path: string = JOURNALD_SOCKET): DatagramSocket | null {
  const address = addressOf(path);
  if (address === null || !existsSync(path)) return null;
  const ffi = process.getBuiltinModule('node:ffi');
  // Node 26.0 has none.
  if (ffi === undefined) return null;
  const { functions: libc } = ffi.dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    sendto: { arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'], return: 'i64' },
  });
  const descriptor = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return null;
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  return {
    send: (bytes) => libc.sendto(descriptor, bytes, BigInt(bytes.length), flags, address, address.length) >= 0n,
  };
}

/** struct sockaddr_un. */
function addressOf(path: string): Buffer | null {
  const name = Buffer.from(`${path}\0`);
  if (name.length > MAX_PATH) return null;
  // In the machine's own byte order.
  const family = new Uint8Array(Uint16Array.of(AF_UNIX).buffer);
  return Buffer.concat([family, name]);
}
