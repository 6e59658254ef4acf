import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { FeedError } from '../../src/feeds/feed-error.ts';
import { type OpenFeedOptions, openFeedSource } from '../../src/feeds/open-source.ts';

/** The whole content as text. */
async function contentOf(location: string, options: OpenFeedOptions = {}): Promise<string> {
  await using source = await openFeedSource(location, options);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** `code: message`; anything but a FeedError fails. */
async function errorOf(location: string, options: OpenFeedOptions = {}): Promise<string> {
  try {
    await contentOf(location, options);
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    assert.doesNotMatch(error.message, /[\n\r]/);
    return `${error.code}: ${error.message}`;
  }
  return 'no error';
}

suite('files', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-feed-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const text = 'a.example\n'.repeat(100_000);

  test('plain, gzip and Zstandard give the same', async () => {
    assert.equal(await contentOf(write('plain', text)), text);
    assert.equal(await contentOf(write('list.gz', gzipSync(text))), text);
    assert.equal(await contentOf(write('list.zst', zstdCompressSync(text))), text);
    assert.equal(await contentOf(write('empty', '')), '');
    assert.equal(await contentOf(write('tiny', 'a')), 'a');
  });

  test('a file over the limit is refused before it is read', async () => {
    const path = write('large', '');
    truncateSync(path, 3 * 1024 ** 3);
    assert.equal(
      await errorOf(path),
      `too-large: ${path}: 3 GiB is more than the limit of 512 MiB for one feed; raise the setting FeedMaxBytes or split the list`,
    );
  });

  test('a file exactly at the limit is read', async () => {
    assert.equal((await contentOf(write('exact', 'x'.repeat(1000)), { maxBytes: 1000 })).length, 1000);
    assert.match(await errorOf(write('one-more', 'x'.repeat(1001)), { maxBytes: 1000 }), /^too-large: /);
  });

  test('a decompression bomb stops at the limit', async () => {
    const zeros = Buffer.alloc(64 * 1024 * 1024, '\n');
    const want = /^too-large: .*: its content is more than the limit of 1 MiB/;
    assert.match(await errorOf(write('bomb.gz', gzipSync(zeros)), { maxBytes: 1024 * 1024 }), want);
    assert.match(await errorOf(write('bomb.zst', zstdCompressSync(zeros)), { maxBytes: 1024 * 1024 }), want);
  });

  test('damaged compression', async () => {
    assert.match(await errorOf(write('cut.gz', gzipSync(text).subarray(0, 200))), /^compressed: .*: damaged gzip data/);
    assert.match(
      await errorOf(write('bad.gz', Buffer.from('1f8b08ffffffffffffffffff', 'hex'))),
      /^compressed: .*damaged gzip/,
    );
    assert.match(
      await errorOf(write('bad.zst', Buffer.from('28b52ffdffffffffffffffff', 'hex'))),
      /^compressed: .*damaged zstd/,
    );
  });

  test('other compression names its command', async () => {
    assert.match(await errorOf(write('list.xz', Buffer.from('fd377a585a000004', 'hex'))), /^compressed: .*xz -dk/);
    assert.match(await errorOf(write('list.zip', Buffer.from('504b03040a000000', 'hex'))), /^compressed: .*unzip/);
  });

  test('what is no regular file', async () => {
    assert.equal(await errorOf(folder), `not-a-file: ${folder}: a directory; name one list file in it`);
    assert.equal(await errorOf('/dev/null'), 'not-a-file: /dev/null: not a regular file');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    assert.equal(await errorOf(pipe), `not-a-file: ${pipe}: not a regular file`);
  });

  test('what is not there', async () => {
    const missing = join(folder, 'missing');
    assert.match(await errorOf(missing), /^not-found: .*missing: no such file/);
    assert.match(await errorOf(join(write('file', 'x'), 'below')), /^not-found: /);
    assert.match(await errorOf('www.example.com'), /^not-found: www\.example\.com: no such file \(a URL begins with/);
    assert.equal(await errorOf(''), 'bad-location: no path or URL given');
    assert.match(await errorOf('a\0b'), /^bad-location: a\uFFFDb: not a path$/);
    assert.match(await errorOf('x'.repeat(5000)), /^bad-location: /);
  });

  test('what may not be read', { skip: process.getuid?.() === 0 && 'root may read everything' }, async () => {
    const path = write('secret', 'x');
    chmodSync(path, 0);
    assert.match(await errorOf(path), /^unreadable: .*permission denied/);
  });

  test('a source that is left early, or never read, can be disposed of twice', async () => {
    const path = write('left', text);
    const source = await openFeedSource(path);
    for await (const chunk of source.stream) {
      assert.ok(chunk.length > 0);
      break;
    }
    await source[Symbol.asyncDispose]();
    const unread = await openFeedSource(path);
    await unread[Symbol.asyncDispose]();
    await unread[Symbol.asyncDispose]();
    assert.equal(unread.describe, path);
  });
});

suite('URLs', () => {
  const text = 'a.example\n'.repeat(1000);
  const large = gzipSync(Array.from({ length: 200_000 }, (_, i) => `n${i}.example\n`).join(''));
  const halfOfLarge = large.subarray(0, large.length / 2);
  let server: Server;
  let base = '';
  const seen: string[] = [];
  const ROUTES: Readonly<Record<string, RequestListener>> = {
    '/list': (_, response) => response.end(text),
    '/list.gz': (_, response) => response.end(gzipSync(text)),
    '/encoded': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text)),
    '/moved': (_, response) => response.writeHead(302, { location: '/list' }).end('moved'),
    '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
    '/to-file': (_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
    '/to-nowhere': (_, response) => response.writeHead(301, { location: 'http://[' }).end(),
    '/to-login': (_, response) => response.writeHead(301, { location: 'http://user:secret@127.0.0.1/' }).end(),
    '/404': (_, response) => response.writeHead(404).end('no'),
    '/403': (_, response) => response.writeHead(403).end('no'),
    '/503': (_, response) => response.writeHead(503).end('no'),
    '/204': (_, response) => response.writeHead(204).end(),
    '/300': (_, response) => response.writeHead(302).end(),
    '/declared': (_, response) => response.writeHead(200, { 'content-length': 3 * 1024 ** 3 }).write('a'),
    '/endless': (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    },
    '/silent': () => {},
    '/stalls': (_, response) => response.write('a.example\n'),
    '/stalls.gz': (_, response) => response.write(halfOfLarge),
    '/breaks': (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('a.example\n', () => response.destroy());
    },
  };
  before(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '', 'http://x').pathname;
      seen.push(path);
      (ROUTES[path] ?? ROUTES['/404'])?.(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test('plain, compressed as a file, compressed by the server, redirected', async () => {
    for (const path of ['/list', '/list.gz', '/encoded', '/moved'])
      assert.equal(await contentOf(base + path), text, path);
  });

  test('the source is called by the URL that answered, without its query', async () => {
    await using source = await openFeedSource(`${base}/moved?key=secret`);
    assert.equal(source.describe, `${base}/list`);
  });

  const REFUSED: ReadonlyArray<readonly [path: string, want: RegExp]> = [
    ['/404', /^http-status: http:\S+\/404: the server answered 404 Not Found; check the URL$/],
    ['/403', /^http-status: .*403 Forbidden; it wants a login/],
    ['/503', /^http-status: .*503 Service Unavailable; try later$/],
    ['/204', /^http-status: .*204/],
    ['/300', /^http-status: .*302/],
    ['/to-file', /^redirects: \S+\/to-file: redirected to file:\/\/\/etc\/passwd: only http and https/],
    ['/to-nowhere', /^bad-location: \S+\/to-nowhere: redirected to http:\/\/\[: not a valid URL$/],
    ['/breaks', /^network: \S+\/breaks: (?:the server closed|connection reset|the transfer failed)/],
    ['/declared', /^too-large: \S+\/declared: 3 GiB is more than the limit of 512 MiB for one feed; .*FeedMaxBytes/],
  ];
  for (const [path, want] of REFUSED) {
    test(path, async () => assert.match(await errorOf(base + path), want));
  }

  test('a redirect loop ends after five', async () => {
    seen.length = 0;
    assert.match(await errorOf(`${base}/loop`), /^redirects: \S+\/loop: more than 5 redirects$/);
    assert.equal(seen.length, 6);
  });

  test('a password, typed or redirected to, is refused and not shown', async () => {
    for (const location of [`${base}/to-login`, base.replace('//', '//user:secret@')]) {
      const error = await errorOf(location);
      assert.match(error, /^bad-location: .*user name and password/);
      assert.doesNotMatch(error, /secret/);
    }
  });

  test('a body without declared size stops at the limit', async () => {
    assert.match(
      await errorOf(`${base}/endless`, { maxBytes: 1024 * 1024 }),
      /^too-large: \S+: its content is more than the limit of 1 MiB/,
    );
  });

  test('no answer, and an answer that stops, end after the timeout', async () => {
    assert.match(await errorOf(`${base}/silent`, { timeoutMs: 50 }), /^timeout: \S+: no answer within 50 ms; gave up$/);
    assert.match(await errorOf(`${base}/stalls`, { timeoutMs: 50 }), /^timeout: \S+: no data for 50 ms; gave up$/);
    assert.match(await errorOf(`${base}/stalls.gz`, { timeoutMs: 50 }), /^timeout: \S+: no data for 50 ms; gave up$/);
  });

  test('cancelled before and while reading', async () => {
    assert.match(await errorOf(`${base}/list`, { signal: AbortSignal.abort() }), /^aborted: \S+: cancelled$/);
    const controller = new AbortController();
    const source = await openFeedSource(`${base}/stalls`, { signal: controller.signal });
    await assert.rejects(
      async () => {
        for await (const chunk of source.stream) if (chunk.length > 0) controller.abort();
      },
      { code: 'aborted' },
    );
  });

  test('leaving a stalled body early does not wait for it', async () => {
    for (const path of ['/stalls', '/stalls.gz', '/endless']) {
      await using source = await openFeedSource(base + path, { timeoutMs: 3_600_000 });
      for await (const chunk of source.stream) {
        assert.ok(chunk.length > 0);
        break;
      }
    }
    await using unread = await openFeedSource(`${base}/stalls.gz`, { timeoutMs: 3_600_000 });
    assert.equal(unread.describe, `${base}/stalls.gz`);
  });

  test('nobody there', async () => {
    const closed = createTcpServer();
    await once(closed.listen(0, '127.0.0.1'), 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    assert.match(await errorOf(`http://127.0.0.1:${port}/x`), /^network: \S+: connection refused \(ECONNREFUSED\)$/);
    assert.match(
      await errorOf('http://nowhere.invalid/x'),
      /^no-network: http:\/\/nowhere\.invalid\/x: its name cannot be resolved/,
    );
    assert.match(
      await errorOf(base.replace('http:', 'https:')),
      /^network: https:\S+: (?:TLS failed|the transfer failed|connection reset)/,
    );
  });

  test('other schemes and malformed URLs', async () => {
    assert.match(await errorOf('ftp://a.example/x'), /^bad-location: ftp:\S+: only http and https/);
    assert.match(await errorOf('file:///etc/hosts'), /^bad-location: file:\S+: only http and https .*path$/);
    assert.match(await errorOf('http://'), /^bad-location: http:\/\/: not a valid URL$/);
    assert.match(await errorOf('http://a b/'), /^bad-location: http:\/\/a b\/: not a valid URL$/);
  });
});
