/**
 * The program of the child process that imports and compiles custom indicators, and what category policies make of a table of
 * categories: seconds of work and hundreds of megabytes, neither of which the agent can afford.
 *
 * Easy to get wrong: like reputation-main.ts, this file and all it imports are loaded from memory by child-program.ts,
 * so imports must be static, and nothing here may look for files of the project.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import type { ImportResult } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import { TableBuilder } from '@sallyport/hosts/build';
import { TableEditor } from '@sallyport/hosts/edit';
import { rewriteRules } from '@sallyport/hosts/rewrite';

import { categoryRewrite } from '../categories/category-rules.ts';
import { importIndicators } from '../indicators/import-indicators.ts';
import { IndicatorStore } from '../indicators/indicator-store.ts';
import type { IndicatorDraft } from '../indicators/read-indicator.ts';
import { type CompileNotes, type EntrySink, addIndicator, noNotes } from './indicator-table.ts';
import type { BuildTask, EditTask, ImportTask, PolicyMessage, PolicyTask, StoredLine } from './policy-task.ts';
import { writeDurably } from './write-durably.ts';

const ROWS_PER_TURN = 2000;

export async function run(task: PolicyTask, send: (message: PolicyMessage) => void): Promise<void> {
  const notes = noNotes();
  switch (task.kind) {
    case 'build':
      writeTable(task.to, await build(task, notes));
      send({ kind: 'indicators', notes });
      return;
    case 'import': {
      const result = await importRows(task, send);
      if (result === null) return;
      send({ kind: 'imported', result });
      if (result.failed > 0) return;
      send({ kind: 'progress', line: 'compiling' });
      writeTable(task.to, await build(task, notes));
      send({ kind: 'indicators', notes });
      return;
    }
    case 'edit': {
      const bytes = edit(task, notes);
      if (bytes !== null) writeTable(task.to, bytes);
      send(bytes === null ? { kind: 'full' } : { kind: 'indicators', notes });
      return;
    }
    case 'categories': {
      const rewrite = categoryRewrite(task.policies, task.settings);
      writeDurably(task.to, rewriteRules(readFileSync(task.table), rewrite));
      send({ kind: 'categories' });
      return;
    }
    default:
      task satisfies never;
  }
}

/**
 * Not made durable, unlike other tables: it is compiled anew at each start of the agent, and what a power cut tears
 * fails its checksum.
 */
const writeTable = (path: string, bytes: Uint8Array): void => writeFileSync(path, bytes, { flag: 'wx', mode: 0o640 });

/** Null when it was refused. */
async function importRows(task: ImportTask, send: (message: PolicyMessage) => void): Promise<ImportResult | null> {
  using store = new IndicatorStore(task.directory);
  const onProgress = (line: string): void => send({ kind: 'progress', line });
  try {
    return await importIndicators(store, process.stdin, task.nowMs, onProgress);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    send({ kind: 'refused', fault: { code: error.code, message: error.message } });
    return null;
  }
}

async function build(task: BuildTask | ImportTask, notes: CompileNotes): Promise<Uint8Array> {
  const builder = new TableBuilder({ hashKey: task.hashKey });
  {
    using store = new IndicatorStore(task.directory);
    for (let rows = store.storedAfter(0, ROWS_PER_TURN); rows.length > 0;) {
      for (const { id, body } of rows) addIndicator(builder, String(id), readDraft(body), task.device, notes);
      // When the agent has gone meanwhile, this is where this process notices, and ends.
      await setImmediate();
      rows = store.storedAfter(rows.at(-1)?.id ?? 0, ROWS_PER_TURN);
    }
  }
  return builder.build();
}

function edit(task: EditTask, notes: CompileNotes): Uint8Array | null {
  const editor = new TableEditor(readFileSync(task.table));
  const adding: EntrySink = {
    addRule: (rule) => editor.rule(rule),
    addHost: (name, rule, kind) => editor.addHost(name, rule, kind),
    addCidr: (address, prefixLength, rule) => editor.addCidr(address, prefixLength, rule),
    addUrl: (host, path, rule) => editor.addUrl(host, path, rule),
  };
  const removing: EntrySink = {
    addRule: (rule) => editor.rule(rule),
    addHost: (name, rule, kind) => editor.removeHost(name, rule, kind),
    addCidr: (address, prefixLength, rule) => editor.removeCidr(address, prefixLength, rule),
    addUrl: (host, path, rule) => editor.removeUrl(host, path, rule),
  };
  const apply = (sink: EntrySink, line: StoredLine | null, noted: CompileNotes): void => {
    if (line !== null) addIndicator(sink, line.id, readDraft(line.body), task.device, noted);
  };
  for (const { removed, added } of task.changes) {
    apply(removing, removed, noNotes());
    apply(adding, added, notes);
  }
  const edited = editor.build();
  return edited.kind === 'ok' ? edited.bytes : null;
}

const readDraft = (body: string): IndicatorDraft => JSON.parse(body) as IndicatorDraft; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by the agent's own store
