import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import fc from 'fast-check';
import { packTar } from 'modern-tar';

import { ArchiveLimits } from '../../../src/feeds/archives/feed-member.ts';
import { tarMembers, tarOf } from '../../../src/feeds/archives/tar-members.ts';
import { FeedError } from '../../../src/feeds/feed-error.ts';
import { openFeedMembers, type OpenFeedOptions } from '../../../src/feeds/open-source.ts';
import { streamOf } from '../collecting-sink.ts';
import { zipOf } from './zip-of.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-members-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function write(content: string | Uint8Array): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

/** `name: content`, then `code: message` if it ends so. */
async function read(location: string, options: OpenFeedOptions = {}): Promise<string[]> {
  const log: string[] = [];
  try {
    await using source = await openFeedMembers(location, options);
    for await (const { name, stream } of source.members()) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream) chunks.push(Uint8Array.from(chunk));
      log.push(`${name}: ${Buffer.concat(chunks).toString()}`);
    }
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    assert.doesNotMatch(error.message, /[\n\r]/);
    log.push(`${error.code}: ${error.message.replace(location, 'FILE')}`);
  }
  return log;
}

const text = (content: string): Uint8Array => Buffer.from(content);

const tar = (...members: ReadonlyArray<readonly [name: string, content: string]>): Promise<Uint8Array> =>
  packTar(members.map(([name, content]) => ({ header: { name, size: Buffer.byteLength(content) }, body: content })));

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

suite('what is no archive is one member', () => {
  const CASES: ReadonlyArray<{ name: string; input: Uint8Array }> = [
    { name: 'plain', input: text('a.example\n') },
    { name: 'gzip', input: gzipSync('a.example\n') },
    { name: 'Zstandard', input: zstdCompressSync('a.example\n') },
  ];
  for (const { name, input } of CASES)
    test(name, async () => assert.deepEqual(await read(write(input)), [': a.example\n']));

  test('empty', async () => assert.deepEqual(await read(write('')), [': ']));

  test('what is not there', async () => {
    assert.match((await read(join(folder, 'missing'))).join(), /^not-found: /);
    assert.match((await read('')).join(), /^bad-location: /);
    assert.match((await read(folder)).join(), /^not-a-file: /);
  });
});

suite('tar', () => {
  const members = [
    ['a/domains', 'a.example\n'],
    ['b', ''],
    [`${'long/'.repeat(40)}urls`, 'x'.repeat(1000)],
  ] as const;
  const want = members.map(([name, content]) => `${name}: ${content}`);

  test('plain and compressed', async () => {
    const archive = await tar(...members);
    assert.deepEqual(await read(write(archive)), want);
    assert.deepEqual(await read(write(gzipSync(archive))), want);
    assert.deepEqual(await read(write(zstdCompressSync(archive))), want);
  });

  test('links, folders and devices are left out, `./` is cut off', async () => {
    const archive = await packTar([
      { header: { name: './', size: 0, type: 'directory' } },
      { header: { name: './ads', size: 0, type: 'symlink', linkname: '/etc' } },
      { header: { name: './hard', size: 0, type: 'link', linkname: 'ads' } },
      { header: { name: './null', size: 0, type: 'character-device' } },
      { header: { name: './../../etc/passwd', size: 1 }, body: 'x' },
      { header: { name: 'bad\u001b[31m\nname', size: 1 }, body: 'y' },
    ]);
    assert.deepEqual(await read(write(archive)), ['../../etc/passwd: x', 'bad\uFFFD[31m\uFFFDname: y']);
  });

  test('members that are not read are passed over', async () => {
    const path = write(await tar(['a', 'x'.repeat(3_000_000)], ['b', 'y'.repeat(3_000_000)], ['c', 'z']));
    const names: string[] = [];
    await using source = await openFeedMembers(path);
    for await (const { name, stream } of source.members()) {
      names.push(name);
      if (name !== 'b') continue;
      for await (const chunk of stream) {
        assert.equal(chunk[0], 0x79);
        break;
      }
    }
    assert.deepEqual(names, ['a', 'b', 'c']);
  });

  test('members of any size, read, begun or passed over, in any order', async () => {
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? 0 : (i * 7919) % 200_000));
    const path = write(await tar(...sizes.map((size, i) => [`m${i}`, 'x'.repeat(size)] as const)));
    await using source = await openFeedMembers(path);
    const seen: number[] = [];
    for await (const { stream } of source.members()) {
      const i = seen.length;
      let bytes = 0;
      if (i % 3 !== 0) {
        for await (const chunk of stream) {
          bytes += chunk.length;
          if (i % 3 === 1) break;
        }
      }
      if (i % 3 === 2) assert.equal(bytes, sizes[i]);
      seen.push(bytes);
    }
    assert.equal(seen.length, sizes.length);
  });

  test('an archive can be left early', async () => {
    await using source = await openFeedMembers(write(await tar(['a', 'x'.repeat(3_000_000)], ['b', 'y'])));
    for await (const { name } of source.members()) {
      assert.equal(name, 'a');
      break;
    }
  });

  test('cut and damaged', async () => {
    const archive = Buffer.from(await tar(['a', 'x'.repeat(5000)], ['b', 'y']));
    assert.match(
      (await read(write(archive.subarray(0, 2000)))).at(-1) ?? '',
      /^compressed: FILE.*: damaged tar archive/,
    );
    assert.match(
      (await read(write(archive.subarray(0, -1024)))).at(-1) ?? '',
      /^compressed: FILE: damaged tar archive/,
    );
    const bad = Buffer.from(archive);
    bad.write('garbage!', 512 + 5120 + 100);
    assert.match((await read(write(bad))).at(-1) ?? '', /^compressed: FILE: damaged tar archive/);
    assert.match(
      (await read(write(gzipSync(archive).subarray(0, 60)))).at(-1) ?? '',
      /^compressed: FILE: damaged gzip/,
    );
  });

  test('the limit counts all members', async () => {
    const archive = await tar(['a', 'x'.repeat(600_000)], ['b', 'y'.repeat(600_000)]);
    const log = await read(write(gzipSync(archive)), { maxBytes: 1_000_000 });
    assert.equal(log.length, 2);
    assert.match(log.at(-1) ?? '', /^too-large: FILE: its content is more than the limit of 976.6 KiB for one feed/);
  });

  test('too many members', async () => {
    const limits = new ArchiveLimits('FILE', 1e6);
    for (let i = 1; i < 100_000; i++) limits.addMember();
    const source = streamOf([await tar(['last', ''], ['one-more', ''])]);
    const names: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { name } of tarMembers(source, 'FILE', limits)) names.push(name);
      },
      { name: 'FeedError', code: 'too-large', message: 'FILE: more than 100000 members in one archive' },
    );
    assert.deepEqual(names, ['last']);
  });
});

suite('zip', () => {
  test('stored and deflated members, without folders and links', async () => {
    const archive = zipOf([
      { name: 'lists/', content: text(''), mode: 0o040755 },
      { name: 'lists/a.txt', content: text('a.example\n') },
      { name: './b.txt', content: text('b.example\n'), method: 0 },
      { name: 'link', content: text('/etc/passwd'), method: 0, mode: 0o120777 },
      { name: '../../c\u001b', content: text('') },
    ]);
    assert.deepEqual(await read(write(archive)), ['lists/a.txt: a.example\n', 'b.txt: b.example\n', '../../c\uFFFD: ']);
  });

  const CASES: ReadonlyArray<{ name: string; input: Buffer; want: RegExp }> = [
    { name: 'empty', input: zipOf([]), want: /^$/ },
    {
      name: 'encrypted',
      input: zipOf([{ name: 'a', content: text('x'), flags: 1 }]),
      want: /^compressed: FILE, a: encrypted; unpack it first/,
    },
    {
      name: 'LZMA',
      input: zipOf([{ name: 'a', content: text('x'), method: 14 }]),
      want: /^compressed: FILE, a: compressed with LZMA, which is not read/,
    },
    { name: 'an unknown method', input: zipOf([{ name: 'a', content: text('x'), method: 77 }]), want: /method 77/ },
    {
      name: 'a wrong checksum',
      input: zipOf([{ name: 'a', content: text('x'), crc: 5 }]),
      want: /^compressed: FILE, a: damaged zip data \(wrong checksum\)/,
    },
    {
      name: 'more than it claims',
      input: zipOf([{ name: 'a', content: text('x'.repeat(1000)), size: 10 }]),
      want: /^compressed: FILE, a: damaged zip archive/,
    },
    {
      name: 'less than it claims',
      input: zipOf([{ name: 'a', content: text('x'), size: 1000 }]),
      want: /^compressed: FILE, a: damaged zip archive/,
    },
    {
      name: 'cut',
      input: zipOf([{ name: 'a', content: text('x'.repeat(1000)) }]).subarray(0, -10),
      want: /^compressed: FILE: damaged zip archive/,
    },
    {
      name: 'garbage',
      input: Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(100)]),
      want: /^compressed: FILE: damaged zip archive/,
    },
  ];
  for (const { name, input, want } of CASES)
    test(name, async () => assert.match((await read(write(input))).at(-1) ?? '', want));

  test('a member that is not read may be anything', async () => {
    const path = write(
      zipOf([
        { name: 'LICENSE', content: text('x'), flags: 1 },
        { name: 'a', content: text('x') },
      ]),
    );
    const names: string[] = [];
    await using source = await openFeedMembers(path);
    for await (const { name } of source.members()) names.push(name);
    assert.deepEqual(names, ['LICENSE', 'a']);
  });

  test('bombs: one of zeros, and a thousand entries of the same data', async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    const want = /^too-large: FILE: its content is more than the limit of 1 MiB/;
    const limit = { maxBytes: 1024 * 1024 };
    assert.match((await read(write(zipOf([{ name: 'a', content: zeros }])), limit)).at(-1) ?? '', want);
    const name = 'same';
    const same = Array.from({ length: 1000 }, () => ({ name, content: Buffer.alloc(10_000) }));
    assert.match((await read(write(zipOf(same, { shared: true })), limit)).at(-1) ?? '', want);
  });

  test('cancelled', async () => {
    const path = write(zipOf([{ name: 'a', content: text('x') }]));
    assert.deepEqual(await read(path, { signal: AbortSignal.abort() }), ['aborted: FILE: cancelled']);
  });

  test('property: damaged archives give FeedErrors only', async () => {
    const valid = zipOf([
      { name: 'a', content: text('a.example\n'.repeat(50)) },
      { name: 'b', content: text('b'), method: 0 },
    ]);
    const changes = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const path = write(valid);
    await fc.assert(
      fc.asyncProperty(changes, async (changed) => {
        const copy = Buffer.from(valid);
        for (const [at, byte] of changed) copy[at] = byte;
        writeFileSync(path, copy);
        assert.ok((await read(path, { maxBytes: 1_000_000 })).length <= 3);
      }),
      { numRuns: 300 },
    );
  });
});

suite('URLs', () => {
  let server: Server;
  let base = '';
  before(async () => {
    const archive = gzipSync(await tar(['a', 'a.example\n'], ['b', 'b.example\n']));
    const zip = zipOf([{ name: 'a', content: text('a.example\n') }]);
    server = createServer((request, response) => response.end(request.url === '/zip' ? zip : archive));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test('a compressed tar archive is read in passing', async () => {
    assert.deepEqual(await read(`${base}/tar`), ['a: a.example\n', 'b: b.example\n']);
  });

  test('a zip archive is not', async () => {
    assert.match((await read(`${base}/zip`)).join(), /^compressed: .*zip/);
  });
});

suite('a folder as an archive', () => {
  test('files only, sorted, without what links lead to', async () => {
    const root = join(folder, 'tree');
    mkdirSync(join(root, 'b/c'), { recursive: true });
    writeFileSync(join(root, 'b/c/urls'), 'x'.repeat(700_000));
    writeFileSync(join(root, 'b/domains'), 'b.example\n');
    writeFileSync(join(root, 'a'), '');
    symlinkSync('/etc', join(root, 'etc'));
    symlinkSync('b/domains', join(root, 'same'));
    const bytes = await bytesOf(tarOf(root));
    assert.deepEqual(await read(write(bytes)), ['a: ', `b/c/urls: ${'x'.repeat(700_000)}`, 'b/domains: b.example\n']);
    assert.deepEqual(await bytesOf(tarOf(root)), bytes);
  });

  test('left early', async () => {
    const root = join(folder, 'large');
    mkdirSync(root);
    for (let i = 0; i < 20; i++) writeFileSync(join(root, `f${i}`), Buffer.alloc(2_000_000, 'x'));
    for await (const chunk of tarOf(root)) {
      assert.ok(chunk.length > 0);
      break;
    }
  });

  test('an empty folder, none, and one that is too deep', async () => {
    mkdirSync(join(folder, 'empty'));
    assert.equal((await bytesOf(tarOf(join(folder, 'empty')))).length % 512, 0);
    await assert.rejects(bytesOf(tarOf(join(folder, 'missing'))), { name: 'FeedError', code: 'not-found' });
    mkdirSync(join(folder, `deep/${'x/'.repeat(20)}`), { recursive: true });
    await assert.rejects(bytesOf(tarOf(join(folder, 'deep'))), { name: 'FeedError', code: 'too-large' });
  });
});
