/**
 * The only module that imports koffi. Above it there is no -1, no errno and no pointer: failures are SysError, file
 * descriptors are branded, and buffers whose address the kernel keeps are owned by the objects made here.
 *
 * Constants are those of the generic Linux ABI (x86-64, arm64, riscv64 agree on all of them).
 */
import koffi from 'koffi';

import { SysError } from './sys-error.ts';

declare const brand: unique symbol;
export type Fd = number & { readonly [brand]: 'Fd' };

type Native = (...args: (number | bigint | Uint8Array | null)[]) => number;

const self = koffi.load(null); // libc is mapped already, whether glibc or musl
// koffi types its functions as any; this is where they get a type.
const native = (signature: string): Native => self.func(signature) as Native;

// koffi does not know ssize_t; intptr_t has the same width on every Linux ABI we run on.
const c = {
  socket: native('int socket(int domain, int type, int protocol)'),
  bind: native('int bind(int fd, const uint8_t *address, uint32_t length)'),
  close: native('int close(int fd)'),
  recv: native('intptr_t recv(int fd, _Out_ uint8_t *into, size_t length, int flags)'),
  send: native('intptr_t send(int fd, const uint8_t *from, size_t length, int flags)'),
  sendto: native(
    'intptr_t sendto(int fd, const uint8_t *from, size_t length, int flags, const uint8_t *address, uint32_t size)',
  ),
  recvmmsg: native('int recvmmsg(int fd, intptr_t messages, unsigned int count, int flags, intptr_t timeout)'),
  getsockopt: native('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *length)'),
  setsockopt: native('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)'),
  prctl: native('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
  syscall3: native('long syscall(long number, intptr_t a, intptr_t b, intptr_t c)'),
  syscall4: native('long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d)'),
  fcntl: native('int fcntl(int fd, int command, int argument)'),
  madvise: native('int madvise(intptr_t address, size_t length, int advice)'),
  open: native('int open(const char *path, int flags, int mode)'),
};
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
const execv = self.func('int execv(const char *path, const char **argv)') as unknown as (
  path: string,
  argv: (string | null)[],
) => number;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
const openPath = c.open as unknown as (path: string, flags: number, mode: number) => number;

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_RAW = 255;
const IPPROTO_IPV6 = 41;
const IPV6_HDRINCL = 36;
const SOCK_DGRAM = 2;
const NETLINK_SOCK_DIAG = 4;
const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const SO_NETNS_COOKIE = 71;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_NO_ENOBUFS = 5;
const MSG_DONTWAIT = 0x40;
const MSG_WAITFORONE = 0x10000;
const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const F_SETFD = 2;
const MADV_DONTNEED = 4;
const PAGE_BYTES = 64n * 1024n; // or less: 4 KiB on x86-64, up to 64 KiB on arm64

/** A blocking NETLINK_NETFILTER socket, bound to a kernel-chosen port. */
export const netfilterSocket = (): Fd => netlinkSocket(NETLINK_NETFILTER);

/** A blocking NETLINK_SOCK_DIAG socket (sock_diag(7)). */
export const socketDiagnosis = (): Fd => netlinkSocket(NETLINK_SOCK_DIAG);

function netlinkSocket(protocol: number): Fd {
  const fd = checked('socket', c.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  const address = new Uint8Array(12); // sockaddr_nl: family, pad, port 0, groups 0
  address[0] = AF_NETLINK;
  checked('bind', c.bind(fd, address, address.length));
  return mint(fd);
}

/** A raw socket that sends whole IPv4 or IPv6 packets, header included (raw(7), IPV6_HDRINCL since Linux 4.5). */
export function rawIpSocket(family: 4 | 6): Fd {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const fd = checked('socket', c.socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
  if (family === 6) checked('setsockopt', c.setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, int32(1), 4));
  return mint(fd);
}

export const close = (fd: Fd): void => void checked('close', c.close(fd));

export const send = (fd: Fd, bytes: Uint8Array, length: number): void =>
  void checked('send', c.send(fd, bytes, length, 0));

/** Bytes received, or 0 when nothing waits. */
export function receiveNow(fd: Fd, into: Uint8Array): number {
  const result = c.recv(fd, into, into.length, MSG_DONTWAIT);
  if (result >= 0) return result;
  const errno = koffi.errno();
  if (errno === EAGAIN || errno === EINTR || errno === ENOBUFS) return 0;
  throw new SysError('recv', errno);
}

export const receive = (fd: Fd, into: Uint8Array): number => checked('recv', c.recv(fd, into, into.length, 0));

/** Sends one whole IP packet; `destination` is the 4- or 16-byte address it is for. */
export function sendPacket(fd: Fd, packet: Uint8Array, length: number, destination: Uint8Array): void {
  const v4 = destination.length === 4;
  const address = new Uint8Array(v4 ? 16 : 28); // sockaddr_in, sockaddr_in6
  address[0] = v4 ? AF_INET : AF_INET6;
  address.set(destination, v4 ? 4 : 8);
  checked('sendto', c.sendto(fd, packet, length, 0, address, address.length));
}

export const setMark = (fd: Fd, mark: number): void =>
  void checked('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_MARK, int32(mark), 4));

/** How long a blocking receive waits, in milliseconds. */
export function setReceiveTimeout(fd: Fd, timeoutMs: number): void {
  const timeval = new DataView(new ArrayBuffer(16));
  timeval.setBigInt64(0, BigInt(Math.floor(timeoutMs / 1000)), true);
  timeval.setBigInt64(8, BigInt((timeoutMs % 1000) * 1000), true);
  checked('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeval.buffer), 16));
}

export const setReceiveBuffer = (fd: Fd, bytes: number): void =>
  void checked('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, int32(bytes), 4));

/** A full socket buffer is counted by the kernel instead of failing the next receive. */
export const ignoreOverruns = (fd: Fd): void =>
  void checked('setsockopt', c.setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, int32(1), 4));

export const joinNetlinkGroup = (fd: Fd, group: number): void =>
  void checked('setsockopt', c.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int32(group), 4));

/**
 * Receives up to `slots` datagrams with one system call: waits for the first, takes along what else is there.
 * The buffers live as long as this object, because the kernel is given their addresses.
 */
export class BatchReceiver {
  readonly buffers: readonly Uint8Array[];
  readonly #headers: Uint8Array;
  readonly #lengths: DataView;
  readonly #address: bigint;
  readonly #vectors: Uint8Array;
  readonly #fd: Fd;

  constructor(fd: Fd, slots: number, bytesEach: number) {
    this.#fd = fd;
    const all = new Uint8Array(new ArrayBuffer(slots * bytesEach));
    this.buffers = Array.from({ length: slots }, (_, slot) => all.subarray(slot * bytesEach, (slot + 1) * bytesEach));
    // struct iovec { void *base; size_t length }; struct mmsghdr { struct msghdr (56 bytes); unsigned length } = 64.
    this.#vectors = new Uint8Array(new ArrayBuffer(Math.max(16 * slots, 4096)));
    this.#headers = new Uint8Array(new ArrayBuffer(Math.max(64 * slots, 4096)));
    const vectors = new DataView(this.#vectors.buffer);
    this.#lengths = new DataView(this.#headers.buffer);
    const base = koffi.address(all);
    const vectorBase = koffi.address(this.#vectors);
    for (let slot = 0; slot < slots; slot++) {
      vectors.setBigUint64(16 * slot, base + BigInt(slot * bytesEach), true);
      vectors.setBigUint64(16 * slot + 8, BigInt(bytesEach), true);
      this.#lengths.setBigUint64(64 * slot + 16, vectorBase + BigInt(16 * slot), true); // msg_iov
      this.#lengths.setBigUint64(64 * slot + 24, 1n, true); // msg_iovlen
    }
    this.#address = koffi.address(this.#headers);
  }

  /** Datagrams received; 0 when the receive time-out passed or a signal came. */
  receive(): number {
    const count = c.recvmmsg(this.#fd, this.#address, this.buffers.length, MSG_WAITFORONE, 0);
    if (count >= 0) return count;
    const errno = koffi.errno();
    if (errno === EAGAIN || errno === EINTR || errno === ENOBUFS) return 0;
    throw new SysError('recvmmsg', errno);
  }

  /** Length of the datagram in `slot` after the last `receive`. */
  length(slot: number): number {
    return this.#lengths.getUint32(64 * slot + 56, true);
  }
}

/** The number that stands for this thread's network namespace in eBPF programs. Linux 5.14. */
export function netnsCookie(): bigint {
  const fd = checked('socket', c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const value = new Uint8Array(8);
    checked('getsockopt', c.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, value, int32(8)));
    return new DataView(value.buffer).getBigUint64(0, true);
  } finally {
    c.close(fd);
  }
}

// bpf(2) came early, so its number differs; the two below came late.
const SYS_BPF: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280 };
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const bpfNumber = SYS_BPF[process.arch] ?? 0;

/** bpf(2): `attributes` is a union bpf_attr of which the first `length` bytes are given. Throws SysError. */
export const bpf = (command: number, attributes: Pinned, length: number): number =>
  checked('bpf', c.syscall3(bpfNumber, command, attributes.address, length));

/** The same for look-ups, where not to find anything is no error; false then. */
export function bpfFinds(command: number, attributes: Pinned, length: number): boolean {
  if (c.syscall3(bpfNumber, command, attributes.at, length) === 0) return true;
  const errno = koffi.errno();
  if (errno === ENOENT) return false;
  throw new SysError('bpf', errno);
}

/** Takes an `Fd` that bpf(2) made. */
export const fdFromBpf = (fd: number): Fd => mint(fd);

/** A handle on a process that no later process with the same id can take over; null when there is none. Linux 5.3. */
export function openProcess(pid: number): Fd | null {
  const fd = c.syscall3(SYS_PIDFD_OPEN, pid, 0, 0);
  return fd < 0 ? null : mint(fd);
}

/** Whether the process still is there, be it as a zombie: its id belongs to nobody else. */
export const isThere = (openedProcess: Fd): boolean =>
  c.syscall4(SYS_PIDFD_SEND_SIGNAL, openedProcess, 0, 0, 0) === 0 || koffi.errno() === EPERM;

/** The kernel sends this process SIGTERM when its parent dies, so that an orphan undoes its rules. */
export const endWithParent = (signal: number): void =>
  void checked('prctl', c.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));

export const forbidNewPrivileges = (): void => void checked('prctl', c.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

// The same numbers on every architecture since they came late (landlock(7)).
const SYS_LANDLOCK_CREATE_RULESET = 444;
const SYS_LANDLOCK_ADD_RULE = 445;
const SYS_LANDLOCK_RESTRICT_SELF = 446;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LANDLOCK_RULE_PATH_BENEATH = 1;
const ACCESS_WRITE_FILE = 1 << 1;
const ACCESS_REMOVE_AND_MAKE = 0x1ff << 4; // REMOVE_DIR (bit 4) to MAKE_SYM (bit 12)
const ACCESS_REFER = 1 << 13;
const ACCESS_TRUNCATE = 1 << 14;

/** Landlock's version, 0 when the kernel has none or has it switched off. */
export function landlockVersion(): number {
  return Math.max(0, c.syscall3(SYS_LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

/**
 * From here on this process and its children can create, change and remove files below `directories` only; single
 * `files` (devices) can be written. Reading is not restricted. Needs `forbidNewPrivileges` or CAP_SYS_ADMIN first.
 */
export function confineWrites(directories: readonly string[], files: readonly string[]): void {
  const version = landlockVersion();
  let access = ACCESS_WRITE_FILE | ACCESS_REMOVE_AND_MAKE;
  if (version >= 2) access |= ACCESS_REFER;
  if (version >= 3) access |= ACCESS_TRUNCATE;
  const attributes = pinned(8);
  attributes.view.setBigUint64(0, BigInt(access), true);
  const ruleset = checked('landlock_create_ruleset', c.syscall3(SYS_LANDLOCK_CREATE_RULESET, attributes.address, 8, 0));
  const allow = (path: string, allowed: number) => {
    const fd = checked('open', openPath(path, O_PATH | O_CLOEXEC, 0));
    const rule = pinned(12); // struct landlock_path_beneath_attr, packed: u64 access, s32 fd
    rule.view.setBigUint64(0, BigInt(allowed), true);
    rule.view.setInt32(8, fd, true);
    const result = c.syscall4(SYS_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule.address, 0);
    checked('landlock_add_rule', result);
    c.close(fd);
  };
  for (const directory of directories) allow(directory, access);
  for (const file of files) allow(file, ACCESS_WRITE_FILE | (access & ACCESS_TRUNCATE));
  checked('landlock_restrict_self', c.syscall3(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0));
  c.close(ruleset);
}

/**
 * Gives the memory under shared bytes back to the kernel, in whole pages; what is at the edges stays. Their content is
 * lost: they read as zero from then on, and take memory again when they are written.
 */
export function releasePages(bytes: Uint8Array): void {
  if (!(bytes.buffer instanceof SharedArrayBuffer)) throw new TypeError('only shared memory stays where it is');
  const address = koffi.address(bytes);
  const start = (address + PAGE_BYTES - 1n) & -PAGE_BYTES;
  const end = (address + BigInt(bytes.length)) & -PAGE_BYTES;
  if (end > start) checked('madvise', c.madvise(start, Number(end - start), MADV_DONTNEED));
}

/** Replaces this process, which keeps its standard streams; returns only by throwing. */
export function replaceProcess(path: string, argv: readonly string[]): never {
  // Node marks its standard streams close-on-exec at start.
  for (const stream of [0, 1, 2]) c.fcntl(stream, F_SETFD, 0);
  execv(path, [...argv, null]);
  throw new SysError('execv', koffi.errno());
}

const EPERM = 1;
const ENOENT = 2;
const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an Fd is minted
const mint = (fd: number): Fd => fd as Fd;

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value | 0, true);
  return bytes;
}

/** Bytes whose address the kernel is given. They stay where they are for as long as this object is held. */
export interface Pinned {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly address: bigint;
  /** The same as a number, which is exact for user space and costs a call less. */
  readonly at: number;
}

export function pinned(length: number): Pinned {
  // 4 KiB keeps the bytes outside V8's movable heap, so that the address stays true.
  const bytes = new Uint8Array(new ArrayBuffer(Math.max(length, 4096)));
  const address = koffi.address(bytes);
  return { bytes, view: new DataView(bytes.buffer), address, at: Number(address) };
}

// errno is per thread and the next call overwrites it, so it is read here and nowhere else.
function checked(syscall: string, result: number): number {
  if (result < 0) throw new SysError(syscall, koffi.errno());
  return result;
}
