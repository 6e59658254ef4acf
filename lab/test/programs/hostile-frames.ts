/**
 * Program: speaks to the gate as a compromised agent could, one connection for each case, and prints one `FrameAnswer`
 * a line. Runs where `compromised-agent.ts` does. Arguments: uid, gid, state directory.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import {
  encodeFrame,
  encodeJsonFrame,
  encodeNumberFrame,
  FRAME,
  FrameReader,
  readJson,
} from '@sallyport/contract/gate-link';

export interface FrameAnswer {
  readonly name: string;
  /** `closed`: the gate ended the connection. `applied`: it did as told. `refused`: it said why not. */
  readonly answer: 'closed' | 'applied' | 'refused' | 'silent';
  readonly reason: string;
}

const [uid, gid, stateDirectory = ''] = process.argv.slice(2);
process.setgroups?.([]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));

/** Answers come within milliseconds; silence is only ever expected of frames that have no answer. */
const PATIENCE_MS = 500;
const tables = join(stateDirectory, 'agent', 'tables');
const hello = encodeJsonFrame(FRAME.hello, { lastSequence: 0 });

function ask(name: string, bytes: Uint8Array, greet = true): Promise<FrameAnswer> {
  const { promise, resolve } = Promise.withResolvers<FrameAnswer>();
  const socket = connect(join(stateDirectory, 'gate', 'gate.sock'));
  const reader = new FrameReader();
  const patience = setTimeout(() => end('silent'), PATIENCE_MS);
  const end = (answer: FrameAnswer['answer'], reason = ''): void => {
    clearTimeout(patience);
    resolve({ name, answer, reason });
    socket.destroy();
  };
  socket.on('connect', () => {
    if (greet) socket.write(hello);
    socket.write(bytes);
  });
  socket.on('data', (chunk: Buffer) => {
    for (const { type, body } of reader.push(chunk) ?? []) {
      if (type !== FRAME.applied) continue;
      const { ok, reason } = readJson(body) as { ok: boolean; reason: string };
      end(ok ? 'applied' : 'refused', reason);
    }
  });
  socket.on('error', () => end('closed'));
  socket.on('close', () => end('closed'));
  return promise;
}

const handOver = (name: string, file: unknown, slot = 'indicators'): Promise<FrameAnswer> =>
  ask(`table: ${name}`, encodeJsonFrame(FRAME.table, { slot, file }));

function header(length: number): Uint8Array {
  const bytes = new Uint8Array(5);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

const inForce = readdirSync(tables).find((name) => name.startsWith('indicators')) ?? '';
const whole = readFileSync(join(tables, inForce));
const made: string[] = [];
function make(name: string, create: (path: string) => void): string {
  const path = join(tables, name);
  create(path);
  made.push(path);
  return name;
}
const flipped = (at: number): Uint8Array => {
  const bytes = Uint8Array.from(whole);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

const answers: (() => Promise<FrameAnswer>)[] = [
  () => handOver('path above the directory', '../../gate/applied.json'),
  () => handOver('absolute path', '/etc/passwd'),
  () => handOver('path below', `sub/${inForce}`),
  () => handOver('dots', '..'),
  () => handOver('hidden name', '.hidden'),
  () => handOver('zero byte', `${inForce}\0.tbl`),
  () => handOver('empty name', ''),
  () => handOver('long name', 'a'.repeat(200)),
  () => handOver('no name', 7),
  () => handOver('unknown slot', inForce, 'rules'),
  () => handOver('no such file', 'none.tbl'),
  () =>
    handOver(
      'symbolic link',
      make('attack-link.tbl', (path) => symlinkSync('/etc/passwd', path)),
    ),
  () =>
    handOver(
      'link to a good table',
      make('attack-good.tbl', (path) => symlinkSync(join(tables, inForce), path)),
    ),
  () =>
    handOver(
      'fifo',
      make('attack-fifo.tbl', (path) => void spawnSync('mkfifo', [path])),
    ),
  () =>
    handOver(
      'directory',
      make('attack-dir.tbl', (path) => mkdirSync(path)),
    ),
  () =>
    handOver(
      'empty',
      make('attack-empty.tbl', (path) => writeFileSync(path, '')),
    ),
  () =>
    handOver(
      'one byte short',
      make('attack-short.tbl', (path) => writeFileSync(path, whole.subarray(0, -1))),
    ),
  () =>
    handOver(
      'half',
      make('attack-half.tbl', (path) => writeFileSync(path, whole.subarray(0, whole.length >> 1))),
    ),
  () =>
    handOver(
      'one byte long',
      make('attack-long.tbl', (path) => writeFileSync(path, Buffer.concat([whole, whole.subarray(0, 1)]))),
    ),
  ...[0, 8, 16, whole.length >> 1, whole.length - 1].map(
    (at) => () =>
      handOver(
        `bit flipped at ${at}`,
        make(`attack-flip-${at}.tbl`, (path) => writeFileSync(path, flipped(at))),
      ),
  ),
  () =>
    handOver(
      'not a table',
      make('attack-text.tbl', (path) => copyFileSync('/etc/services', path)),
    ),
  () =>
    handOver(
      'sparse, 1 GB',
      make('attack-huge.tbl', (path) => (writeFileSync(path, whole), truncateSync(path, 1e9))),
    ),
  () =>
    handOver(
      'unreadable',
      make('attack-closed.tbl', (path) => (writeFileSync(path, ''), chmodSync(path, 0))),
    ),
  () => ask('settings: no JSON', encodeFrame(FRAME.settings, Buffer.from('{'))),
  () => ask('settings: half', encodeJsonFrame(FRAME.settings, { mode: 'disabled' })),
  () => ask('settings: prototype', encodeFrame(FRAME.settings, Buffer.from('{"__proto__":{"mode":"disabled"}}'))),
  () => ask('hello: no JSON', encodeFrame(FRAME.hello, Buffer.from('hello')), false),
  () => ask('hello: deep', encodeFrame(FRAME.hello, Buffer.from('['.repeat(60_000))), false),
  () => ask('acknowledge: no number', encodeNumberFrame(FRAME.acknowledge, Number.NaN)),
  () => ask('acknowledge: short', encodeFrame(FRAME.acknowledge, new Uint8Array(3))),
  () => ask('unknown type', encodeFrame(99, new Uint8Array(3))),
  () => ask("the gate's own type", encodeFrame(FRAME.records, new Uint8Array(3))),
  () => ask('length 0', header(0)),
  () => ask('length 4 GB', header(0xffff_ffff)),
  () => ask('length 1 MB, and never more', header(1 << 20)),
  () =>
    ask(
      'noise',
      Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) >> 3),
    ),
];
for (const answer of answers) process.stdout.write(`${JSON.stringify(await answer())}\n`);
for (const path of made) rmSync(path, { recursive: true, force: true });
