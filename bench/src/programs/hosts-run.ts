/**
 * One size of `bench hosts`, in a process of its own, so that its peak of memory is that of building alone:
 *
 *   node --expose-gc hosts-run.ts '{"hosts": 10000000, "file": null, "misses": 1000000}'
 *
 * `file`: a list, one name a line, instead of generated names. Prints one JSON object. Hits and misses are checked, so
 * that a table that answers nothing cannot look fast.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TableBuilder } from '@sallyport/hosts/build';
import { canonicalHost } from '@sallyport/hosts/canonical';
import { TableEditor } from '@sallyport/hosts/edit';
import { HostTable } from '@sallyport/hosts/table';

import { listName, Sequence } from '../list-names.ts';
import { median } from '../statistics.ts';

interface Task {
  readonly hosts: number;
  readonly file: string | null;
  readonly misses: number;
}

const { hosts, file, misses } = JSON.parse(process.argv[2] ?? '') as Task; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by hosts.ts

const ASKED = { nowMs: 0, port: 443, subject: null };
const RULE = {
  action: 'block',
  category: 'Malicious',
  id: 'list',
  title: 'list',
  source: 'feed',
  expiresAt: null,
} as const;
const QUESTIONS = 100_000;
const ROUNDS = 9;
const DELTA = 10_000;
/** Generated lists of names that are not in the table. */
const OTHER_LIST = 1;

const names = file === null ? generated : readNames(file);

function* generated(): Generator<string> {
  for (let i = 0; i < hosts; i++) yield listName(i);
}

/** Canonical names of a list; the whole list is kept as one string, which is part of no figure. */
function readNames(path: string): () => Generator<string> {
  return function* lines() {
    for (const line of readFileSync(path, 'latin1').split('\n')) {
      const name = canonicalHost(line.trim());
      if (name.kind === 'ok') yield name.value;
    }
  };
}

const seconds = (run: () => void): number => {
  const before = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - before) / 1e9;
};
const megabytes = (bytes: number): number => bytes / 1e6;
const peakMb = (): number => megabytes(process.resourceUsage().maxRSS * 1024);

let bytes: Uint8Array = new Uint8Array();
const buildSeconds = seconds(() => {
  const builder = new TableBuilder();
  const rule = builder.addRule(RULE);
  for (const name of names()) builder.addHost(name, rule);
  bytes = builder.build();
});
const buildPeakMb = peakMb();
const fileMb = megabytes(bytes.length);

using folder = new DisposableStack();
const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
folder.defer(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'hosts.tbl');
writeFileSync(path, bytes);

let opened = HostTable.open(bytes);
bytes = new Uint8Array();
globalThis.gc?.();
const loadSeconds = median(
  [1, 2, 3].map(() =>
    seconds(() => {
      opened = HostTable.open(readShared(path));
    }),
  ),
);
if (opened.kind !== 'ok') throw new Error(opened.detail);
const table = opened.value;

/** As the gate does it: one copy on memory that its threads share. */
function readShared(from: string): Uint8Array<SharedArrayBuffer> {
  const shared = new Uint8Array(new SharedArrayBuffer(statSync(from).size));
  const descriptor = openSync(from, 'r');
  for (let at = 0; at < shared.length;) at += readSync(descriptor, shared, at, shared.length - at, null);
  closeSync(descriptor);
  return shared;
}

/** Names one behind the other, as they stand in packets: what is measured is the table's memory, not theirs. */
function packed(list: readonly string[]): { text: Buffer; ends: Uint32Array } {
  const ends = new Uint32Array(list.length);
  let end = 0;
  for (const [i, name] of list.entries()) ends[i] = end += name.length;
  return { text: Buffer.from(list.join(''), 'latin1'), ends };
}

/** Median over the rounds of the mean time of a question. */
function nanoseconds(list: readonly string[], wanted: number): number {
  const { text, ends } = packed(list);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let found = 0;
    const time = seconds(() => {
      let start = 0;
      for (const end of ends) {
        if (table.findName(text, start, end, null, ASKED) >= 0) found++;
        start = end;
      }
    });
    if (found !== wanted) throw new Error(`${found} of ${list.length} found, expected ${wanted}`);
    times.push((time * 1e9) / list.length);
  }
  return median(times);
}

/** Four labels, at random places of the list. */
const random = new Sequence(1);
const pickFrom = file === null ? null : [...names()];
const listed = (): string =>
  pickFrom === null ? listName(random.below(hosts)) : (pickFrom[random.below(pickFrom.length)] ?? '');
const FOUR = ['', '', '', 'www.', 'www.cdn.'] as const;
const hits = Array.from({ length: QUESTIONS }, () => {
  const name = listed();
  const labels = name.split('.').length;
  return labels < 4 ? FOUR[6 - labels] + name : name;
});
const absent = Array.from({ length: QUESTIONS }, (_, i) => listName(i, OTHER_LIST, 4));
const matchHitNs = nanoseconds(hits, QUESTIONS);
const matchMissNs = nanoseconds(absent, 0);

let falseMatches = 0;
const question = Buffer.alloc(256);
for (let i = 0; i < misses; i++) {
  // Letters of a random number of each of four labels: cheaper than listName, of which 10^8 would take an hour.
  let end = 0;
  for (let label = 0; label < 3; label++) {
    for (let left = 5 + random.below(8); left > 0; left--) question[end++] = 0x61 + random.below(26);
    question[end++] = 0x2d;
    question[end - 1] = label === 2 ? 0x2d : 0x2e;
  }
  // A hyphen before the dot: no generated or listed name ends a label so.
  end += question.write('-.com', end, 'latin1');
  if (table.findName(question, 0, end, null, ASKED) >= 0) falseMatches++;
}

// Half of the delta takes names out that are there, half puts new ones in.
const source = readFileSync(path);
const gone = Array.from({ length: DELTA / 2 }, () => listed());
const come = Array.from({ length: DELTA / 2 }, (_, i) => listName(QUESTIONS + i, OTHER_LIST));
const deltaSeconds = median(
  [1, 2, 3].map(() =>
    seconds(() => {
      const editor = new TableEditor(source);
      const rule = editor.rule(RULE);
      for (const name of gone) editor.removeHost(name, rule);
      for (const name of come) editor.addHost(name, rule);
      const edited = editor.build();
      if (edited.kind !== 'ok') throw new Error(edited.detail);
    }),
  ),
);

process.stdout.write(
  JSON.stringify({
    hosts: table.hosts,
    fileMb,
    bytesPerHost: (fileMb * 1e6) / table.hosts,
    buildSeconds,
    buildPeakMb,
    loadSeconds,
    matchHitNs,
    matchMissNs,
    deltaSeconds,
    misses,
    falseMatches,
  }),
);
