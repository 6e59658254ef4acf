/**
 * NFQUEUE messages (include/uapi/linux/netfilter/nfnetlink_queue.h): configuration, the packets the kernel shows,
 * and verdicts. Pure: bytes in, values out.
 */
import { align4, MessageWriter, NETFILTER_HEADER, NLM_F_ACK, NLM_F_REQUEST } from './message.ts';

const SUBSYSTEM = 3 << 8;
const MSG_PACKET = SUBSYSTEM | 0;
const MSG_VERDICT = SUBSYSTEM | 1;
const MSG_CONFIG = SUBSYSTEM | 2;

const NFQA_PACKET_HDR = 1;
const NFQA_VERDICT_HDR = 2;
const NFQA_MARK = 3;
const NFQA_PAYLOAD = 10;
const NFQA_CAP_LEN = 13;
const NFQA_UID = 16;

const NFQA_CFG_CMD = 1;
const NFQA_CFG_PARAMS = 2;
const NFQA_CFG_QUEUE_MAXLEN = 3;
const NFQA_CFG_MASK = 4;
const NFQA_CFG_FLAGS = 5;
const NFQNL_CFG_CMD_BIND = 1;
const NFQNL_COPY_PACKET = 2;
const FLAG_FAIL_OPEN = 1;
const FLAG_GSO = 4;
const FLAG_UID_GID = 8;

export const NF_DROP = 0;
export const NF_ACCEPT = 1;
/** enum nf_inet_hooks */
export const HOOK_FORWARD = 2;
export const HOOK_LOCAL_OUT = 3;

export interface QueueOptions {
  readonly queueNumber: number;
  /** Bytes of each packet that are shown to us. */
  readonly copyRange: number;
  /** Packets that may wait for a verdict. */
  readonly maxLength: number;
  /** A full queue passes packets instead of dropping them. */
  readonly failOpen: boolean;
}

/** The value of a user id that is none: (uid_t) -1. */
export const UNKNOWN_UID = 0xffff_ffff;

/**
 * Everything that opens a queue, in one datagram. Three answers come, each an NLMSG_ERROR: to binding, to the queue's
 * limits, and to naming the user behind each packet, without which the queue works as well.
 *
 * The copy mode comes last and is not acknowledged: until it is set the kernel shows no packet (nfqnl_enqueue_packet),
 * so the answers come before all packets, also when rules of an earlier gate send some already. One datagram, because
 * the kernel drops what arrives between the first message and the last.
 */
export function bindRequest(options: QueueOptions): Uint8Array {
  const message = new MessageWriter(256);
  const config = (flags: number, write: () => void): void => {
    message.begin(MSG_CONFIG, NLM_F_REQUEST | flags, 0, options.queueNumber);
    write();
    message.end();
  };
  // struct nfqnl_msg_config_cmd { u8 command; u8 pad; be16 pf }
  config(NLM_F_ACK, () => message.raw(NFQA_CFG_CMD, new Uint8Array([NFQNL_CFG_CMD_BIND, 0, 0, 0]), 0, 4));
  config(NLM_F_ACK, () => {
    message.u32(NFQA_CFG_QUEUE_MAXLEN, options.maxLength);
    message.u32(NFQA_CFG_MASK, FLAG_FAIL_OPEN | FLAG_GSO);
    message.u32(NFQA_CFG_FLAGS, FLAG_GSO | (options.failOpen ? FLAG_FAIL_OPEN : 0));
  });
  config(NLM_F_ACK, () => {
    message.u32(NFQA_CFG_MASK, FLAG_UID_GID);
    message.u32(NFQA_CFG_FLAGS, FLAG_UID_GID);
  });
  const params = new Uint8Array(8); // be32 copy_range, u8 copy_mode; padded by hand to whole words
  new DataView(params.buffer).setUint32(0, options.copyRange, false);
  params[4] = NFQNL_COPY_PACKET;
  config(0, () => message.raw(NFQA_CFG_PARAMS, params, 0, 8));
  return message.bytes.subarray(0, message.length);
}

/** One packet message; reused, because one is read per packet. Offsets are into the datagram. */
export class QueuedPacket {
  id = 0;
  hook = 0;
  /** The packet's mark as found. */
  mark = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Length of the packet in the kernel, which may be more than is shown. */
  fullLength = 0;
  /** Owner of the socket that sent it; UNKNOWN_UID for forwarded packets and sockets that are closed already. */
  uid = UNKNOWN_UID;

  /** Reads a datagram; false when it is no packet message or cut short. */
  read(bytes: Uint8Array, length: number): boolean {
    if (length < NETFILTER_HEADER || u16le(bytes, 4) !== MSG_PACKET) return false;
    this.mark = 0;
    this.payloadEnd = 0;
    this.fullLength = 0;
    this.uid = UNKNOWN_UID;
    let headed = false;
    const end = Math.min(length, u32le(bytes, 0));
    let at = NETFILTER_HEADER;
    while (at + 4 <= end) {
      const size = u16le(bytes, at);
      if (size < 4 || at + size > end) return false;
      switch (u16le(bytes, at + 2) & 0x3fff) {
        case NFQA_PACKET_HDR:
          if (size < 11) return false;
          this.id = u32be(bytes, at + 4);
          this.hook = bytes[at + 10] ?? 0;
          headed = true;
          break;
        case NFQA_MARK:
          if (size >= 8) this.mark = u32be(bytes, at + 4);
          break;
        case NFQA_PAYLOAD:
          this.payloadStart = at + 4;
          this.payloadEnd = at + size;
          this.fullLength = Math.max(this.fullLength, size - 4);
          break;
        case NFQA_CAP_LEN:
          if (size >= 8) this.fullLength = u32be(bytes, at + 4);
          break;
        case NFQA_UID:
          if (size >= 8) this.uid = u32be(bytes, at + 4);
          break;
        default:
      }
      at += align4(size);
    }
    return headed && this.payloadEnd > 0;
  }
}

/** Space one verdict needs in a MessageWriter. */
export const VERDICT_LENGTH = NETFILTER_HEADER + 12 + 8;

/** Appends a verdict; `mark` replaces the packet's mark, null leaves it alone. */
export function writeVerdict(
  out: MessageWriter,
  queueNumber: number,
  id: number,
  verdict: number,
  mark: number | null,
): void {
  out.begin(MSG_VERDICT, NLM_F_REQUEST, 0, queueNumber);
  out.u32pair(NFQA_VERDICT_HDR, verdict, id);
  if (mark !== null) out.u32(NFQA_MARK, mark);
  out.end();
}

const u16le = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const u32le = (bytes: Uint8Array, at: number): number => (u16le(bytes, at) | (u16le(bytes, at + 2) << 16)) >>> 0;
const u32be = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
