/** Asking the kernel for one TCP socket by its ends (sock_diag(7), include/uapi/linux/inet_diag.h). Pure. */
import type { FlowTuple } from './conntrack.ts';

const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const HEADER = 16;
/** struct inet_diag_req_v2: family, protocol, extensions, padding, states; then struct inet_diag_sockid. */
const REQUEST = HEADER + 8 + 48;
const ID = HEADER + 8;
const NO_COOKIE = 0xffff_ffff;
/** struct inet_diag_msg: 4 bytes, the id (48), expires, two queues, uid, inode. */
const ANSWER_UID = HEADER + 4 + 48 + 12;
const ANSWER_INODE = ANSWER_UID + 4;

const AF_INET = 2;
const AF_INET6 = 10;
const TCP = 6;

export interface DiagnosedSocket {
  readonly uid: number;
  /** 0 for a socket that no file belongs to any more. */
  readonly inode: number;
}

/** Ends in the order of the socket on this machine. */
export function socketRequest(ends: FlowTuple): Uint8Array {
  const bytes = new Uint8Array(REQUEST);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST, true);
  bytes[HEADER] = ends.addressLength === 4 ? AF_INET : AF_INET6;
  bytes[HEADER + 1] = TCP;
  view.setUint32(HEADER + 4, 0xffff_ffff, true); // in whichever state
  view.setUint16(ID, ends.sourcePort, false);
  view.setUint16(ID + 2, ends.destinationPort, false);
  bytes.set(ends.bytes.subarray(ends.sourceAt, ends.sourceAt + ends.addressLength), ID + 4);
  bytes.set(ends.bytes.subarray(ends.destinationAt, ends.destinationAt + ends.addressLength), ID + 20);
  view.setUint32(ID + 40, NO_COOKIE, true);
  view.setUint32(ID + 44, NO_COOKIE, true);
  return bytes;
}

/** Null when the answer is that there is none, or cut short. */
export function readSocket(bytes: Uint8Array, length: number): DiagnosedSocket | null {
  if (length < ANSWER_INODE + 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint16(4, true) !== SOCK_DIAG_BY_FAMILY) return null;
  return { uid: view.getUint32(ANSWER_UID, true), inode: view.getUint32(ANSWER_INODE, true) };
}
