/**
 * Size, build, load and look-up times of a host table. `node packages/hosts/bench/table.bench.ts [names] [--json]`
 * (10^6 names by default). Hits and misses are checked, so that a table that answers nothing cannot look fast.
 */
import { TableBuilder } from '../src/build.ts';
import { HostTable } from '../src/table.ts';

const count = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 1_000_000);
const ASKED = { nowMs: 0, port: 443, subject: null };
const QUESTIONS = 200_000;
const ROUNDS = 9;

let state = 7;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-';
const label = (length: number): string => {
  let text = 'x';
  for (let i = 0; i < length; i++) text += LETTERS[random(LETTERS.length)];
  return text;
};
const tops = ['com', 'net', 'org', 'info', 'ru', 'xyz', 'top', 'co.uk'];
/** Two to four labels, about 19 bytes, as in lists of malicious names. */
const nameOf = (): string =>
  `${random(3) === 0 ? `${label(4)}.` : ''}${label(6 + random(10))}.${tops[random(tops.length)]}`;

const milliseconds = (run: () => void): number => {
  const before = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - before) / 1e6;
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;

const names = Array.from({ length: count }, nameOf);
const builder = new TableBuilder();
const rule = builder.addRule({
  action: 'block',
  category: 'Malicious',
  id: 'b',
  title: 'b',
  source: 'feed',
  expiresAt: null,
});
let file = new Uint8Array();
const addMs = milliseconds(() => {
  for (const name of names) builder.addHost(name, rule);
});
const packMs = milliseconds(() => {
  file = builder.build();
});

let opened = HostTable.open(file);
const loadMs = milliseconds(() => {
  opened = HostTable.open(file);
});
if (opened.kind !== 'ok') throw new Error(opened.detail);
const table = opened.value;

/** Four labels, at random places of the table, so that caches do not flatter it. */
const hits = Array.from({ length: QUESTIONS }, () => {
  const name = names[random(count)] ?? '';
  return Buffer.from('www.cdn.shop.'.slice(0, name.split('.').length === 2 ? 8 : 4) + name);
});
const misses = Array.from({ length: QUESTIONS }, () => Buffer.from(`www.${label(5)}.q${label(12)}.com`));

const nanoseconds = (questions: readonly Uint8Array[], wanted: number): number => {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let found = 0;
    const ms = milliseconds(() => {
      for (const name of questions) if (table.findName(name, 0, name.length, null, ASKED) >= 0) found++;
    });
    if (found !== wanted) throw new Error(`${found} found of ${questions.length}, expected ${wanted}`);
    times.push((ms * 1e6) / questions.length);
  }
  return median(times);
};

const result = {
  hosts: table.hosts,
  bytesPerHost: Number((file.length / table.hosts).toFixed(2)),
  buildSeconds: Number(((addMs + packMs) / 1000).toFixed(3)),
  loadSeconds: Number((loadMs / 1000).toFixed(4)),
  matchHitNs: Math.round(nanoseconds(hits, QUESTIONS)),
  matchMissNs: Math.round(nanoseconds(misses, 0)),
};
process.stdout.write(
  process.argv.includes('--json')
    ? `${JSON.stringify(result)}\n`
    : Object.entries(result)
        .map(([name, value]) => `${name.padEnd(14)} ${value}\n`)
        .join(''),
);
