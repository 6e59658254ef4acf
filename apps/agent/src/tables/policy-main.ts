/**
 * The program of the child process that compiles many custom indicators, and what category policies make of a table of
 * categories: seconds of work and hundreds of megabytes, neither of which the agent can afford.
 *
 * Easy to get wrong: like reputation-main.ts, this file and all it imports are loaded from memory by child-program.ts,
 * so imports must be static, and nothing here may look for files of the project.
 */
import { createReadStream, readFileSync } from 'node:fs';

import { TableBuilder } from '@sallyport/hosts/build';
import { TableEditor } from '@sallyport/hosts/edit';
import { rewriteRules } from '@sallyport/hosts/rewrite';

import { categoryRewrite } from '../categories/category-rules.ts';
import type { IndicatorDraft } from '../indicators/read-indicator.ts';
import { textLines } from '../indicators/text-lines.ts';
import { type CompileNotes, type EntrySink, addIndicator, noNotes } from './indicator-table.ts';
import type { BuildTask, EditTask, PolicyMessage, PolicyTask, StoredLine } from './policy-task.ts';
import { writeDurably } from './write-durably.ts';

export async function run(task: PolicyTask, send: (message: PolicyMessage) => void): Promise<void> {
  switch (task.kind) {
    case 'build':
    case 'edit': {
      const notes = noNotes();
      const bytes = task.kind === 'build' ? await build(task, notes) : edit(task, notes);
      if (bytes !== null) writeDurably(task.to, bytes);
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

async function build(task: BuildTask, notes: CompileNotes): Promise<Uint8Array> {
  const builder = new TableBuilder({ hashKey: task.hashKey });
  for await (const line of textLines(createReadStream(task.from, { highWaterMark: 1 << 20 }))) {
    const tab = line.indexOf('\t');
    addIndicator(builder, line.slice(0, tab), readDraft(line.slice(tab + 1)), task.device, notes);
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
