/**
 * `sallyport hosts build|inspect|diff`: table files without an agent.
 *
 * Easy to get wrong: what is built here has the public hash key and passed no guard rails. It shows what lists say; the
 * agent makes its own tables.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';

import { ControlError } from '@sallyport/contract/control-error';
import { TableBuilder } from '@sallyport/hosts/build';
import { parseIp } from '@sallyport/hosts/canonical';
import { diffTables } from '@sallyport/hosts/diff';
import { FORMAT_VERSION } from '@sallyport/hosts/format';
import type { Rule } from '@sallyport/hosts/rule';
import { HostTable } from '@sallyport/hosts/table';
import { checkFile, type TableFile } from '@sallyport/hosts/table-file';

import { FeedError } from '../../feeds/feed-error.ts';
import { FORMAT_NAMES, isFormat } from '../../feeds/formats.ts';
import { openFeedMembers } from '../../feeds/open-source.ts';
import { readFeedMembers } from '../../feeds/read-members.ts';
import { readTarget } from '../../indicators/read-target.ts';
import { countEntries } from '../../tables/table-summary.ts';
import { expectPositionals } from '../arguments.ts';
import { choice } from '../choice.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { progressOn } from '../progress.ts';
import { byteSize, count, counted } from '../quantity.ts';
import { printable, printableJson } from '../safe-text.ts';
import { type Inspection, renderDiff, renderInspection } from '../screens/hosts.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { sinkInto } from '../table-sink.ts';
import { UsageError } from '../usage-error.ts';

const CATEGORIES = ['malicious', 'phishing', 'c2', 'untrusted'] as const;
/** A feed is read as it is here, however large. */
const MAX_BYTES = 2 ** 40;

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('hosts', ['build', 'inspect', 'diff'], args);
  switch (name) {
    case 'build':
      return build(rest, context);
    case 'inspect':
      return inspect(rest, context);
    case 'diff':
      return diff(rest, context);
  }
}

async function build(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('hosts build', args);
  if (positionals.length === 0)
    throw new UsageError('hosts build: FILE is missing: sallyport hosts build FILE… -o OUT');
  const { out, format = 'detect' } = options;
  if (out === undefined) throw new UsageError('hosts build: --out is missing: --out OUT.tbl');
  if (format !== 'detect' && !isFormat(format)) {
    throw new UsageError(`hosts build: --format '${printable(format)}' is none of ${FORMAT_NAMES.join(', ')}`);
  }
  const category = choice('hosts build', '--category', options.category ?? 'malicious', CATEGORIES);
  const builder = new TableBuilder();
  using progress = progressOn(context);
  const lists: { file: string; format: string; read: number; entries: number; skipped: number; invalid: number }[] = [];
  for (const [at, file] of positionals.entries()) {
    try {
      await using source = await openFeedMembers(resolve(file), { maxBytes: MAX_BYTES });
      const sink = sinkInto(builder, { id: String(at + 1), title: file, category });
      const report = await readFeedMembers(
        source.members(),
        { name: file, format, onProgress: ({ lines }) => progress.show(`${file}: ${count(lines)} lines`) },
        sink,
      );
      const { hosts, ips, cidrs, urls } = report.entries;
      const skipped = Object.values(report.skipped).reduce((sum, each) => sum + each, 0);
      const entries = hosts + ips + cidrs + urls;
      lists.push({ file, format: report.format, read: report.read, entries, skipped, invalid: report.invalid.count });
    } catch (error) {
      if (error instanceof FeedError) throw new ControlError('invalid', error.message, { cause: error });
      throw error;
    }
  }
  progress.clear();
  const { entries } = builder;
  const bytes = builder.build();
  write(out, bytes);
  const table = {
    file: out,
    bytes: bytes.length,
    entries: entries - builder.duplicates,
    duplicates: builder.duplicates,
  };
  await printLines(
    context.out,
    options.json
      ? [printableJson({ table, lists }, 2)]
      : [
          ...lists.map(
            (list) =>
              `${printable(list.file)}: ${printable(list.format)}, ${counted(list.entries, 'entry', 'entries')}, ${count(list.skipped)} skipped, ${count(list.invalid)} invalid`,
          ),
          `${printable(out)}: ${counted(table.entries, 'entry', 'entries')}, ${count(table.duplicates)} more on the same names, ${byteSize(table.bytes)}`,
        ],
  );
  return EXIT.ok;
}

async function inspect(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('hosts inspect', args);
  const [path, ...names] = positionals;
  if (path === undefined) expectPositionals('hosts inspect', ['T.tbl'], positionals);
  const file = openTable(path ?? '');
  const inspection: Inspection = {
    file: path ?? '',
    version: FORMAT_VERSION,
    bytes: file.bytes.length,
    checksum: file.checksum,
    hosts: file.hosts.entries,
    urls: file.urls.entries,
    addresses: file.counts.v4.networks + file.counts.v6.networks,
    rules: countEntries(file),
    names: names.map((name) => lookUp(HostTable.view(file.bytes), name)),
  };
  const lines = options.json ? [printableJson(inspection, 2)] : renderInspection(inspection, context.layout());
  await printLines(context.out, lines);
  return EXIT.ok;
}

async function diff(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('hosts diff', args);
  expectPositionals('hosts diff', ['A.tbl', 'B.tbl'], positionals);
  const [first = '', second = ''] = positionals;
  const changes = diffTables(openTable(first).bytes, openTable(second).bytes);
  if (changes.kind === 'rejected') throw new ControlError('invalid', `${first}, ${second}: ${changes.detail}`);
  await printLines(context.out, options.json ? [printableJson(changes, 2)] : renderDiff(changes, context.layout()));
  return EXIT.ok;
}

/** Every rule behind a name, URL or address, the most specific first. */
function lookUp(table: HostTable, text: string): Inspection['names'][number] {
  const read = readTarget(text);
  if (read.kind === 'rejected') throw new ControlError('invalid', read.reason);
  const { destination } = read.target;
  const found = (): { readonly rule: Rule; readonly matched: string; readonly specificity: number }[] => {
    if (destination.kind === 'networks') {
      const address = destination.networks[0]?.address ?? new Uint8Array(0);
      return table.addressCandidates(address).map(view);
    }
    const name = destination.kind === 'host' ? destination.name : destination.host;
    const address = parseIp(name);
    const bytes = Buffer.from(address !== null && address.length === 16 ? `[${name}]` : name);
    const path = destination.kind === 'url' ? Buffer.from(destination.path) : null;
    return table.nameCandidates(bytes, 0, bytes.length, path).map(view);
  };
  const view = (candidate: { ruleIndex: number; matched: string; specificity: number }) => ({
    rule: table.rule(candidate.ruleIndex),
    matched: candidate.matched,
    specificity: candidate.specificity,
  });
  return { name: text, found: found() };
}

/** Throws ControlError for what is no table, or a damaged one. */
function openTable(path: string): TableFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ControlError(code === 'ENOENT' ? 'not-found' : 'invalid', `${path}: cannot be read (${code})`, {
      cause: error,
    });
  }
  const checked = checkFile(bytes);
  if (checked.kind === 'ok') return checked.file;
  throw new ControlError('invalid', `${path}: is no table that can be read: ${checked.detail}`);
}

function write(path: string, bytes: Uint8Array): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o644);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = code === 'EEXIST' ? 'is there already: name a new file' : `cannot be created (${code})`;
    throw new ControlError('invalid', `${path}: ${reason}`, { cause: error });
  }
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
