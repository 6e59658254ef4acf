/**
 * Program: arbitrary code where the agent runs. Started through the launcher's own chain, it becomes the agent's user
 * as the agent does, then tries to get out, and prints one `Attempt` a line.
 *
 * Arguments: one JSON object, see `Position`. `succeeded` means that the attack worked.
 */
import { spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Position {
  readonly uid: number;
  readonly gid: number;
  readonly stateDirectory: string;
  /** Another Sallyport's, of the same user. */
  readonly otherStateDirectory: string;
  readonly gatePid: number;
  readonly launcherPid: number;
  /** A set-user-ID root copy of id(1). */
  readonly setuidProgram: string;
}

export interface Attempt {
  readonly name: string;
  readonly succeeded: boolean;
  readonly detail: string;
}

const position = JSON.parse(process.argv[2] ?? '{}') as Position;
process.setgroups?.([]);
process.setgid?.(position.gid);
process.setuid?.(position.uid);

const own = join(position.stateDirectory, 'agent');
const gate = join(position.stateDirectory, 'gate');

function attempt(name: string, work: () => string | void): void {
  let result: Attempt;
  try {
    result = { name, succeeded: true, detail: work() ?? '' };
  } catch (error) {
    result = { name, succeeded: false, detail: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Throws unless the program ends with 0; returns what it printed. */
function program(argv: readonly [string, ...string[]], input = ''): string {
  const [path, ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(path, args, { input, encoding: 'utf8', timeout: 5000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`exit ${status} ${stderr.trim()}`);
  return stdout.trim();
}

const python = (code: string): string => program(['/usr/bin/python3', '-c', code]);

// What the position allows: the rest would prove nothing if even this failed.
attempt('allowed: write below its own directory', () => {
  writeFileSync(join(own, 'attack'), 'x');
  mkdirSync(join(own, 'attack.d'));
  renameSync(join(own, 'attack'), join(own, 'attack.d', 'moved'));
  rmSync(join(own, 'attack.d'), { recursive: true });
});
attempt('allowed: start programs', () => void program(['/usr/bin/id', '-u']));

// Files.
for (const folder of [
  '/tmp',
  '/var/tmp',
  '/dev/shm',
  '/run',
  '/etc',
  '/root',
  position.stateDirectory,
  gate,
  join(position.otherStateDirectory, 'agent'),
  join(position.otherStateDirectory, 'agent', 'tables'),
]) {
  attempt(`create a file in ${folder}`, () => writeFileSync(join(folder, 'sallyport-attack'), 'x'));
}
for (const name of readdirSync(gate)) {
  const path = join(gate, name);
  attempt(`open ${name} of the gate for writing`, () => void openSync(path, 'r+'));
  attempt(`truncate ${name} of the gate`, () => truncateSync(path, 0));
  attempt(`remove ${name} of the gate`, () => rmSync(path));
  attempt(`replace ${name} of the gate`, () => {
    writeFileSync(join(own, 'attack'), 'x');
    renameSync(join(own, 'attack'), path);
  });
}
attempt('write through a symbolic link', () => {
  symlinkSync('/tmp/sallyport-attack', join(own, 'attack-link'));
  writeFileSync(join(own, 'attack-link'), 'x');
});
attempt('link a file of the gate into its own directory', () =>
  linkSync(join(gate, 'applied.json'), join(own, 'attack-hard')),
);
attempt('make a socket in /tmp', () =>
  python("import socket; socket.socket(socket.AF_UNIX).bind('/tmp/sallyport-attack.sock')"),
);
attempt('write to its own program', () =>
  writeFileSync(new URL('../../../apps/agent/src/version.ts', import.meta.url), readFileSync(import.meta.filename), {
    flag: 'r+',
  }),
);
attempt('change a sysctl', () => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'));
attempt('mount', () => program(['mount', '--bind', own, '/mnt']));

// Rules and packets.
const table = 'table inet sallyport_attack {\n}\n';
attempt('load an nftables table', () => program(['nft', '-f', '-'], table));
attempt('load an iptables chain', () => program(['iptables-nft', '-N', 'SALLYPORT-ATTACK']));
attempt('flush the rules', () => program(['nft', 'flush', 'ruleset']));
attempt('load rules as root of a user namespace', () =>
  program(['unshare', '--user', '--map-root-user', 'nft', '-f', '-'], table),
);
attempt('add an interface', () => program(['ip', 'link', 'add', 'attack0', 'type', 'bridge']));
attempt('open a raw IP socket', () => python('import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)'));
attempt('open a packet socket', () => python('import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)'));
attempt('mark a socket', () => python('import socket; socket.socket().setsockopt(1, 36, 0x30000000)'));

// What the gate's further capabilities are for (ARCHITECTURE.md).
const PYTHON_CALLS = `
import ctypes, os, platform, struct
c = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == 'aarch64'
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
`;
attempt('load an eBPF program', () =>
  // BPF_PROG_LOAD of a tracepoint program: r0 = 0; exit
  python(`${PYTHON_CALLS}
code = ctypes.create_string_buffer(bytes([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]), 16)
licence = ctypes.create_string_buffer(b'GPL')
order = struct.pack('=IIQQ', 5, 2, ctypes.addressof(code), ctypes.addressof(licence))
check(c.syscall(280 if arm else 321, 5, ctypes.create_string_buffer(order, 120), 120))`),
);
attempt('count events of the whole machine', () =>
  // perf_event_open: every process on processor 0
  python(`${PYTHON_CALLS}
event = ctypes.create_string_buffer(struct.pack('=IIQ', 1, 128, 0), 128)
check(c.syscall(241 if arm else 298, event, -1, 0, -1, 0))`),
);
attempt('open a file by its handle', () =>
  python(`${PYTHON_CALLS}
handle = ctypes.create_string_buffer(struct.pack('=Ii', 128, 0), 136)
check(c.name_to_handle_at(-100, b'/etc/hostname', handle, ctypes.byref(ctypes.c_int()), 0))
check(c.open_by_handle_at(os.open('/etc/hostname', 0), handle, 0))`),
);
attempt('read a file of root alone', () => void readFileSync('/etc/shadow'));
attempt('list a directory of root alone', () => void readdirSync('/root'));

// Processes.
for (const [who, pid] of [
  ['gate', position.gatePid],
  ['launcher', position.launcherPid],
] as const) {
  attempt(`signal the ${who}`, () => void process.kill(pid, 0));
  attempt(`stop the ${who}`, () => void process.kill(pid, 'SIGSTOP'));
  attempt(`write the memory of the ${who}`, () => void openSync(`/proc/${pid}/mem`, 'r+'));
  attempt(`list what the ${who} has open`, () => void readdirSync(`/proc/${pid}/fd`));
  attempt(`read which program the ${who} runs`, () => void readlinkSync(`/proc/${pid}/exe`));
  attempt(`read the memory of the ${who}`, () => void openSync(`/proc/${pid}/mem`, 'r'));
  attempt(`trace the ${who}`, () =>
    python(`import ctypes,sys; sys.exit(ctypes.CDLL(None).ptrace(16, ${pid}, 0, 0) != 0)`),
  );
}

// Privileges.
attempt('become root', () => process.setuid?.(0));
attempt('run a set-user-ID program as root', () => {
  const uid = program([position.setuidProgram, '-u']);
  if (uid !== '0') throw new Error(`it ran as ${uid}`);
  return uid;
});
for (const argv of [
  ['su', '--command', 'true', 'root'],
  ['sudo', '-n', 'true'],
  ['setpriv', '--reuid=0', 'true'],
  ...['net_admin', 'net_raw', 'bpf', 'perfmon', 'sys_ptrace', 'dac_read_search'].map(
    (name) => ['setpriv', `--ambient-caps=+${name}`, `--inh-caps=+${name}`, 'true'] as const,
  ),
  ['chroot', '/', 'true'],
] as const) {
  attempt(argv.slice(0, 2).join(' '), () => program(argv));
}

// Nothing of this attempt may stay where the real agent works.
for (const name of ['attack', 'attack-link', 'attack-hard']) rmSync(join(own, name), { force: true });
