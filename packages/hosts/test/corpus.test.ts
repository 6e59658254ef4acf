/** A real list of 1.2 million names: everything on it is found, nothing beside it is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { TableBuilder } from '../src/build.ts';
import { canonicalHost } from '../src/canonical.ts';
import { HostTable } from '../src/table.ts';

const CORPORA = process.env['SALLYPORT_CORPORA'] ?? join(import.meta.dirname, '../../../../shared/corpora');
const LIST = join(CORPORA, 'lists/domains-malicious-mit-cc0.txt.xz');
const skip = existsSync(LIST) ? false : `no ${LIST}; set SALLYPORT_CORPORA to the folder of corpora`;
if (skip !== false) process.stdout.write(`# skipped: ${skip}\n`);

test('1.2 million real names are all found, and none of 100,000 others', { skip }, () => {
  const names = execFileSync('xz', ['-dc', LIST], { maxBuffer: 2 ** 30 })
    .toString()
    .trimEnd()
    .split('\n');
  const builder = new TableBuilder();
  const rule = builder.addRule({
    action: 'block',
    category: 'Malicious',
    id: 'list',
    title: 'list',
    source: 'feed',
    expiresAt: null,
  });
  const listed = new Set<string>();
  for (const name of names) {
    const canonical = canonicalHost(name);
    if (canonical.kind !== 'ok') assert.fail(`${name}: ${canonical.reason}`);
    listed.add(canonical.value);
    builder.addHost(canonical.value, rule);
  }
  const table = HostTable.open(builder.build());
  if (table.kind !== 'ok') assert.fail(table.detail);
  assert.equal(table.value.hosts, listed.size);
  assert.ok(listed.size > 1_000_000, 'the list is the one that is meant');

  const find = (name: string): number => {
    const wire = Buffer.from(name, 'latin1');
    return table.value.findName(wire, 0, wire.length, null, { nowMs: 0, port: 443, subject: null });
  };
  for (const name of listed) if (find(name) !== rule) assert.fail(`${name} is not found`);

  // A fixed sequence, so that a failure can be repeated (Numerical Recipes' generator).
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const label = (): string =>
    Array.from({ length: 3 + random(14) }, () => String.fromCharCode(97 + random(26))).join('');
  const tops = ['com', 'net', 'org', 'info', 'co.uk', 'de', 'cn', 'top'];
  let asked = 0;
  while (asked < 100_000) {
    const name = [...Array.from({ length: 1 + random(3) }, label), tops[random(tops.length)]].join('.');
    const labels = name.split('.');
    if (labels.some((_, i) => listed.has(labels.slice(i).join('.')))) continue;
    if (find(name) !== -1) assert.fail(`${name} is on no list and was found`);
    asked++;
  }
});
