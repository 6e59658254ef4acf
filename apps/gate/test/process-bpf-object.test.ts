import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';

import { readBpfObject } from '../src/process/bpf/object.ts';
import { OBJECT_FILE } from '../src/process/connect-watch.ts';
import { KEY_BYTES, VALUE_BYTES } from '../src/process/flow-process.ts';

const object = new Uint8Array(readFileSync(OBJECT_FILE));
const source = new URL('connect.bpf.c', OBJECT_FILE);
const build = fileURLToPath(new URL('build.sh', OBJECT_FILE));

function changed(at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = object.slice();
  copy.set(bytes, at);
  return copy;
}

const COMPILER = 'clang';
const clang = spawnSync(COMPILER, ['-dM', '-E', '-x', 'c', '/dev/null'], { encoding: 'utf8' }).stdout as string | null;
const installed = /__clang_version__ "(?<version>[^"]*)"/.exec(clang ?? '')?.groups?.['version']?.trim();

suite('the eBPF object', () => {
  const read = readBpfObject(object);
  assert.ok(read.kind === 'ok');
  const [digest, , compiler] = read.object.source.split(' ');

  test('what is in it', () => {
    const { license, maps, programs } = read.object;
    assert.equal(license, 'Apache-2.0');
    assert.deepEqual(
      maps.map(({ name, keyBytes, valueBytes }) => ({ name, keyBytes, valueBytes })),
      [
        { name: 'opening', keyBytes: 8, valueBytes: VALUE_BYTES },
        { name: 'flows', keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
      ],
    );
    assert.deepEqual(
      programs.map(({ section, references }) => [section, references.map(({ map }) => maps[map]?.name)]),
      [
        ['cgroup/connect4', ['opening']],
        ['cgroup/connect6', ['opening']],
        ['sockops', ['opening', 'flows', 'opening', 'flows']],
      ],
    );
  });

  test('it was made of the text beside it', () => {
    assert.equal(digest, createHash('sha256').update(readFileSync(source)).digest('hex'));
  });

  const reason =
    installed === undefined
      ? 'clang is not installed'
      : installed === compiler
        ? false
        : `the object was made by clang ${compiler}, here is ${installed}`;
  if (reason !== false) console.log(`skipped: building it again: ${reason}`);
  test('building it again gives the same bytes', { skip: reason }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-bpf-'));
    try {
      const built = join(directory, 'connect.bpf.o');
      const { status, stderr } = spawnSync(build, [built], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      assert.deepEqual(new Uint8Array(readFileSync(built)), object);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

suite('objects that are none', () => {
  const cases: readonly { readonly name: string; readonly bytes: Uint8Array; readonly want: RegExp }[] = [
    { name: 'nothing', bytes: new Uint8Array(0), want: /shorter than an ELF header/ },
    { name: 'another file', bytes: changed(0, 0x7f, 0x50), want: /no ELF file/ },
    { name: '32 bits', bytes: changed(4, 1), want: /not 64 bits/ },
    { name: 'big-endian', bytes: changed(5, 2), want: /little-endian/ },
    { name: 'for another machine', bytes: changed(18, 62, 0), want: /machine bpf/ },
    { name: 'headers behind the end', bytes: changed(40, 0xff, 0xff, 0xff, 0xff), want: /outside of the file/ },
    { name: 'headers of another size', bytes: changed(58, 40), want: /unknown section headers/ },
    { name: 'too many sections', bytes: changed(60, 0xff, 0xff), want: /unknown section headers/ },
    { name: 'no section at all', bytes: changed(60, 0, 0), want: /no program/ },
  ];
  for (const { name, bytes, want } of cases) {
    test(name, () => {
      const read = readBpfObject(bytes);
      assert.equal(read.kind, 'broken');
      assert.match(read.kind === 'broken' ? read.reason : '', want);
    });
  }

  test('cut anywhere: broken, never an exception', () => {
    for (let length = 0; length < object.length; length++) {
      assert.equal(readBpfObject(object.subarray(0, length)).kind, 'broken', `${length} bytes`);
    }
  });

  test('with any bytes changed: an answer, and references only to what is there', () => {
    const position = fc.nat(object.length - 1);
    const changes = fc.array(fc.tuple(position, fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(changes, (list) => {
        const copy = object.slice();
        for (const [at, byte] of list) copy[at] = byte;
        const read = readBpfObject(copy);
        if (read.kind === 'broken') return read.reason !== '';
        const { maps, programs } = read.object;
        return programs.every(({ instructions, references }) =>
          references.every(({ instruction, map }) => map < maps.length && 8 * instruction + 16 <= instructions.length),
        );
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    );
  });
});
