/**
 * A feed that changes between two lists of the same size, and the tables that the agent makes of them.
 *
 * The lists share half of their hosts. All names lie below `.invalid` and `.example` (RFC 2606).
 */
import { createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { Sallyport } from './agent-run.ts';
import { CommandFailed } from './command.ts';
import { type ProbeNames, reputationInForce } from './table-swaps.ts';

export const PROBE_NAMES: ProbeNames = {
  both: 'in-both.example',
  neither: 'in-neither.example',
  only: ['only-in-first.example', 'only-in-second.example'],
};

const LINES_PER_CHUNK = 10_000;
const COMPILED_MS = 120_000;
const LOOK_AGAIN_MS = 2;

export interface AlternatingFeed {
  /** Makes the feed the other list and refreshes it; milliseconds until the gate judged by its table. */
  refresh(): Promise<number>;
  /** Which of the lists is in force. */
  readonly inForce: 0 | 1;
}

/** Adds the first list of `hosts` hosts as a feed from a file in `folder`; returns once the gate judges by it. */
export async function addAlternatingFeed(
  sallyport: Sallyport,
  folder: string,
  hosts: number,
): Promise<AlternatingFeed> {
  const feed = join(folder, 'feed.txt');
  const lists = [join(folder, 'first.txt'), join(folder, 'second.txt')] as const;
  for (const index of [0, 1] as const) {
    await pipeline(Readable.from(listText(index, hosts)), createWriteStream(lists[index]));
  }
  let inForce: 0 | 1 = 0;
  const putInForce = async (...words: readonly string[]): Promise<number> => {
    await copyFile(lists[inForce], feed);
    const before = await reputationInForce(sallyport.stateDirectory);
    const startedAt = performance.now();
    await sallyport.json('feed', ...words);
    // The command may return when the list is accepted, before the gate has the table.
    while ((await reputationInForce(sallyport.stateDirectory)) === before) {
      if (performance.now() - startedAt > COMPILED_MS) throw new CommandFailed(['sallyport', ...words], 'no new table');
      await delay(LOOK_AGAIN_MS);
    }
    return performance.now() - startedAt;
  };
  await putInForce('add', feed);
  return {
    refresh: () => {
      inForce = inForce === 0 ? 1 : 0;
      return putInForce('refresh');
    },
    get inForce() {
      return inForce;
    },
  };
}

/** Copies the reputation table in force to `name` in the agent's table directory, where the agent does not touch it. */
export async function keepTable(sallyport: Sallyport, name: string): Promise<string> {
  const tables = join(sallyport.stateDirectory, 'agent', 'tables');
  await copyFile(join(tables, (await reputationInForce(sallyport.stateDirectory)) ?? ''), join(tables, name));
  return name;
}

/** One host a line, many lines at a time. */
function* listText(index: 0 | 1, hosts: number): Generator<string> {
  const probes = [PROBE_NAMES.both, PROBE_NAMES.only[index]];
  yield probes.map((name) => `${name}\n`).join('');
  const first = index * Math.floor(hosts / 2);
  const end = first + hosts - probes.length;
  for (let start = first; start < end; start += LINES_PER_CHUNK) {
    let chunk = '';
    for (let n = start; n < Math.min(start + LINES_PER_CHUNK, end); n++) chunk += `${listedHost(n)}\n`;
    yield chunk;
  }
}

/** Multiplying by an odd constant permutes the 32-bit numbers: names are distinct and do not share prefixes. */
function listedHost(n: number): string {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return `listed-${mixed.toString(36)}.${(mixed % 65_521).toString(36)}.invalid`;
}
