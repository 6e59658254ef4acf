/**
 * Netlink framing (include/uapi/linux/netlink.h, nfnetlink.h): a growing-free writer for requests and the header
 * constants both codecs share. Header and attribute lengths are host order (little-endian on every machine Node 26
 * runs on); the contents of nfnetlink attributes are big-endian.
 */

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
const NLMSG_ERROR = 2;
const NLA_F_NESTED = 0x8000;
export const HEADER = 16;
/** nlmsghdr + nfgenmsg */
export const NETFILTER_HEADER = 20;

export const align4 = (length: number): number => (length + 3) & ~3;

/** Writes messages one after another into one buffer that is sent with one system call. */
export class MessageWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** True when a message of `length` bytes still fits. */
  fits(length: number): boolean {
    return this.length + length <= this.bytes.length;
  }

  clear(): void {
    this.length = 0;
  }

  /** Opens a message; `type` is subsystem << 8 | message, `resource` the queue number or 0. */
  begin(type: number, flags: number, family: number, resource: number): void {
    const view = this.#view;
    const at = this.length;
    this.#start = at;
    view.setUint16(at + 4, type, true);
    view.setUint16(at + 6, flags, true);
    view.setUint32(at + 8, 0, true); // sequence: answers are told apart by order
    view.setUint32(at + 12, 0, true); // port: the kernel fills it in
    view.setUint8(at + 16, family);
    view.setUint8(at + 17, 0); // NFNETLINK_V0
    view.setUint16(at + 18, resource, false);
    this.length = at + NETFILTER_HEADER;
  }

  end(): void {
    this.#view.setUint32(this.#start, this.length - this.#start, true);
    this.length = align4(this.length);
  }

  u8(type: number, value: number): void {
    const at = this.#attribute(type, 1);
    this.#view.setUint8(at, value);
    this.bytes.fill(0, at + 1, at + 4);
  }

  u16(type: number, value: number): void {
    const at = this.#attribute(type, 2);
    this.#view.setUint16(at, value, false);
    this.#view.setUint16(at + 2, 0, false);
  }

  u32(type: number, value: number): void {
    this.#view.setUint32(this.#attribute(type, 4), value, false);
  }

  /** Two 32-bit words, as the verdict header has them. */
  u32pair(type: number, first: number, second: number): void {
    const at = this.#attribute(type, 8);
    this.#view.setUint32(at, first, false);
    this.#view.setUint32(at + 4, second, false);
  }

  /** `length` bytes of `from`; must be a multiple of 4 (addresses are). */
  raw(type: number, from: Uint8Array, offset: number, length: number): void {
    const at = this.#attribute(type, length);
    for (let i = 0; i < length; i++) this.bytes[at + i] = from[offset + i] ?? 0;
  }

  /** Opens a nested attribute; pass the returned mark to `endNest`. */
  beginNest(type: number): number {
    const at = this.length;
    this.#view.setUint16(at + 2, type | NLA_F_NESTED, true);
    this.length = at + 4;
    return at;
  }

  endNest(mark: number): void {
    this.#view.setUint16(mark, this.length - mark, true);
  }

  #attribute(type: number, length: number): number {
    const at = this.length;
    this.#view.setUint16(at, 4 + length, true);
    this.#view.setUint16(at + 2, type, true);
    this.length = at + 4 + align4(length);
    return at + 4;
  }
}

/** The errno of an NLMSG_ERROR datagram (0 = acknowledged), or null when it is another message or cut short. */
export function readError(bytes: Uint8Array, length: number): number | null {
  if (length < HEADER + 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (view.getUint16(4, true) !== NLMSG_ERROR) return null;
  return -view.getInt32(HEADER, true);
}
