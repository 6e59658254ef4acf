/**
 * A matcher in JavaScript as a peer of the host table, in a process of its own:
 *
 *   node --expose-gc matcher-run.ts '{"matcher": "set", "hosts": 1000000}'
 *
 * `set`: a Set of names, asked with each suffix of the name. `adblocker`: @ghostery/adblocker with a network rule for
 * each name. Prints one JSON object; memory is what the process gained.
 */
import { listName, Sequence } from '../list-names.ts';
import { median } from '../statistics.ts';

interface Task {
  readonly matcher: 'set' | 'adblocker';
  readonly hosts: number;
}

const { matcher, hosts } = JSON.parse(process.argv[2] ?? '') as Task; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by hosts.ts

const QUESTIONS = 20_000;
const ROUNDS = 5;

type Matcher = (name: string) => boolean;

function namesInSet(): Matcher {
  const names = new Set<string>();
  // A name that is cut out of a longer text keeps that text alive, as a line of a list does.
  for (let i = 0; i < hosts; i++) names.add(Buffer.from(listName(i)).toString('latin1'));
  return (name) => {
    for (let start = 0; ;) {
      if (names.has(start === 0 ? name : name.slice(start))) return true;
      const dot = name.indexOf('.', start);
      if (dot < 0) return false;
      start = dot + 1;
    }
  };
}

async function rulesInEngine(): Promise<Matcher> {
  const { FiltersEngine, Request } = await import('@ghostery/adblocker');
  let rules = '';
  for (let i = 0; i < hosts; i++) rules += `||${listName(i)}^\n`;
  const engine = FiltersEngine.parse(rules, { loadCosmeticFilters: false });
  return (name) => engine.match(Request.fromRawDetails({ url: `https://${name}/`, type: 'main_frame' })).match;
}

globalThis.gc?.();
const before = process.memoryUsage.rss();
const start = performance.now();
const matches = matcher === 'set' ? namesInSet() : await rulesInEngine();
const loadSeconds = (performance.now() - start) / 1000;
globalThis.gc?.();
const residentMb = (process.memoryUsage.rss() - before) / 1e6;

const random = new Sequence(1);
const hits = Array.from({ length: QUESTIONS }, () => `www.${listName(random.below(hosts))}`);
const misses = Array.from({ length: QUESTIONS }, (_, i) => listName(i, 1, 4));

function nanoseconds(names: readonly string[]): number {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    for (const name of names) matches(name);
    times.push(((performance.now() - began) * 1e6) / names.length);
  }
  return median(times);
}

process.stdout.write(
  JSON.stringify({
    residentMb,
    loadSeconds,
    matchHitNs: nanoseconds(hits),
    matchMissNs: nanoseconds(misses),
    found: hits.filter(matches).length,
    asked: hits.length,
  }),
);
