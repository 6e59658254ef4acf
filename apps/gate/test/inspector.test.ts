import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { HOOK_FORWARD, UNKNOWN_UID } from '../src/netlink/queue.ts';
import { HOLD_BYTES } from '../src/queue/flow.ts';
import { HOLD_MS } from '../src/queue/inspector.ts';
import { hello } from './client-hello.ts';
import { bytesOf, concat } from './packets.ts';
import { Bench, Client, type ClientOptions } from './recording-outlet.ts';

const get = (host: string, more = ''): Uint8Array => bytesOf(`GET /x HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`);
const CLOSE = 'Connection: close\r\n';
const post = (host: string, length: number): Uint8Array =>
  bytesOf(`POST /up HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`);

const start = (options: ClientOptions = {}): { bench: Bench; client: Client } => {
  const bench = new Bench();
  return { bench, client: new Client(bench, options) };
};

suite('one segment, one verdict', () => {
  const cases: readonly { name: string; payload: Uint8Array; fates: string; records: string[]; flows: number }[] = [
    {
      name: 'TLS',
      payload: hello('good.example'),
      fates: 'allow',
      records: ['pass policy sni good.example'],
      flows: 0,
    },
    { name: 'TLS', payload: hello('bad.example'), fates: 'block', records: ['block policy sni bad.example'], flows: 1 },
    {
      name: 'HTTP, last request',
      payload: get('good.example', CLOSE),
      fates: 'allow',
      records: ['pass policy http-host good.example'],
      flows: 0,
    },
    {
      name: 'HTTP, kept alive: passed, the connection stays under inspection',
      payload: get('good.example'),
      fates: 'pass',
      records: ['pass policy http-host good.example'],
      flows: 1,
    },
    {
      name: 'HTTP, last request',
      payload: get('bad.example', CLOSE),
      fates: 'block',
      records: ['block policy http-host bad.example'],
      flows: 1,
    },
    {
      name: 'HTTP, kept alive',
      payload: get('bad.example'),
      fates: 'block',
      records: ['block policy http-host bad.example'],
      flows: 1,
    },
    {
      name: 'absolute URI names another host',
      payload: bytesOf(`GET http://bad.example/x HTTP/1.1\r\nHost: good.example\r\n${CLOSE}\r\n`),
      fates: 'block',
      records: ['block policy http-host bad.example good.example'],
      flows: 1,
    },
    {
      name: 'two Hosts, the second bad',
      payload: get('good.example', `Host: bad.example\r\n${CLOSE}`),
      fates: 'block',
      records: ['block ambiguous-name http-host good.example bad.example'],
      flows: 1,
    },
    {
      name: 'two Hosts, the first bad, kept alive',
      payload: get('bad.example', 'Host: good.example\r\n'),
      fates: 'block',
      records: ['block ambiguous-name http-host bad.example good.example'],
      flows: 1,
    },
    {
      name: 'another protocol',
      payload: bytesOf('\0\x01\x02\x03'),
      fates: 'allow',
      records: ['pass policy none'],
      flows: 0,
    },
    {
      name: 'CONNECT to a bad host',
      payload: bytesOf('CONNECT bad.example:443 HTTP/1.1\r\nHost: bad.example\r\n\r\n'),
      fates: 'block',
      records: ['block policy connect bad.example'],
      flows: 1,
    },
    {
      name: 'SOCKS5 by name',
      payload: concat(bytesOf('\x05\x01\x00'), bytesOf('\x05\x01\x00\x03\x0bbad.example\x01\xbb')),
      fates: 'block',
      records: ['block policy connect bad.example'],
      flows: 1,
    },
  ];
  for (const { name, payload, fates, records, flows } of cases) {
    for (const family of [4, 6] as const) {
      test(`${name}: ${fates}, IPv${family}`, () => {
        const { bench, client } = start({ family });
        client.send(0, payload);
        assert.equal(bench.fates, fates);
        assert.deepEqual(bench.judge.records, records);
        assert.equal(bench.inspector.flows, flows);
        assert.equal(bench.inspector.holding, 0);
        // A settled flow is forgotten after a while; a connection under inspection is not.
        bench.inspector.expire(20_000);
        assert.equal(bench.inspector.flows, fates === 'pass' ? 1 : 0);
      });
    }
  }

  test('a blocked peer is told where it stands', () => {
    const { bench, client } = start({ initial: 0xffff_fff0 });
    client.send(0, hello('bad.example'));
    assert.deepEqual(bench.outlet.peer, { sequence: 0xffff_fff0, acknowledgement: 77 });
  });

  test('the path of an absolute URI loses its authority', () => {
    const { bench, client } = start();
    client.send(0, bytesOf(`GET http://good.example:8080/a?b=//c HTTP/1.1\r\nHost: good.example\r\n${CLOSE}\r\n`));
    assert.deepEqual(bench.judge.urls, ['good.example/a?b=//c']);
  });

  test('segments without payload pass, with and without a flow, and leave nothing behind', () => {
    const { bench, client } = start();
    client.send(0, bytesOf(''), { flags: 'AF' });
    client.send(0, hello('bad.example').subarray(0, 9));
    client.send(9, bytesOf(''), { flags: 'A' });
    assert.equal(bench.fates, 'pass held pass');
  });
});

suite('a first message in pieces', () => {
  const messages = [
    { name: 'TLS', good: hello('good.example'), bad: hello('bad.example') },
    {
      name: 'TLS in 2 records',
      good: hello('good.example', { records: 2 }),
      bad: hello('bad.example', { records: 2 }),
    },
    {
      name: 'TLS in 3 records',
      good: hello('good.example', { records: 3 }),
      bad: hello('bad.example', { records: 3 }),
    },
    {
      name: 'TLS in 5 records',
      good: hello('good.example', { records: 5 }),
      bad: hello('bad.example', { records: 5 }),
    },
    { name: 'HTTP', good: get('good.example'), bad: get('bad.example') },
    { name: 'HTTP, last request', good: get('good.example', CLOSE), bad: get('bad.example', CLOSE) },
  ];
  for (const { name, good, bad } of messages) {
    test(`${name}: cut at every byte into two`, () => {
      for (let cut = 1; cut < bad.length; cut++) {
        const { bench, client } = start();
        client.send(0, bad.subarray(0, cut));
        assert.equal(bench.fates, 'held', `${cut}`);
        client.send(cut, bad.subarray(cut));
        assert.equal(bench.fates, 'block drop', `${cut}`);
        assert.deepEqual(bench.outlet.peer, { sequence: 0xffff_ff00, acknowledgement: 77 });
        assert.equal(bench.inspector.holding, 0);
      }
      for (let cut = 1; cut < good.length; cut++) {
        const { bench, client } = start();
        client.send(0, good.subarray(0, cut));
        assert.equal(bench.fates, 'held', `${cut}`);
        client.send(cut, good.subarray(cut));
        assert.match(bench.fates, /^(allow follow|pass pass)$/, `${cut}`);
        assert.deepEqual(bench.outlet.order, [1, 2]);
        assert.equal(bench.judge.records.length, 1);
      }
    });

    test(`${name}: cut into three, the last two in the wrong order`, () => {
      for (let cut = 2; cut + 1 < bad.length; cut++) {
        for (const message of [bad, good]) {
          const { bench, client } = start();
          client.send(0, message.subarray(0, 1));
          client.send(cut, message.subarray(cut));
          assert.equal(bench.fates, 'held held', `${cut}`);
          client.send(1, message.subarray(1, cut));
          assert.match(bench.fates, message === bad ? /^block drop drop$/ : /^(allow follow follow|pass pass pass)$/);
        }
      }
    });

    // What is sent from here comes in order; what is forwarded may not.
    test(`${name}: forwarded, cut at every byte into two, the second first`, () => {
      for (let cut = 1; cut < bad.length; cut++) {
        const { bench, client } = start({ hook: HOOK_FORWARD });
        client.send(cut, bad.subarray(cut));
        client.send(0, bad.subarray(0, cut));
        assert.match(bench.fates, /^((pass|held) block|block (drop|block|held))$/, `${cut}`);
        assert.match(bench.judge.records.at(-1) ?? '', /^block policy \S+ bad\.example$/);
      }
      for (let cut = 1; cut < good.length; cut++) {
        const { bench, client } = start({ hook: HOOK_FORWARD });
        client.send(cut, good.subarray(cut));
        // `ET / HTTP/1.1` is a request as well: allowed for good, the kernel shows no more of it.
        if (bench.fates !== 'allow') client.send(0, good.subarray(0, cut));
        assert.doesNotMatch(bench.fates, /held|block|drop/, `${cut}`);
      }
    });
  }

  test('one byte a segment', () => {
    const { bench, client } = start();
    const message = get('bad.example');
    for (let at = 0; at < message.length; at++) client.send(at, message.subarray(at, at + 1));
    assert.match(bench.fates, /^block( drop)+$/);
  });

  test('held segments sent again wait as well, and go with the rest', () => {
    const { bench, client } = start();
    const message = hello('good.example');
    client.send(0, message.subarray(0, 20));
    client.send(0, message.subarray(0, 20));
    client.send(0, message.subarray(0, 15));
    assert.equal(bench.fates, 'held held held');
    client.send(0, message);
    assert.equal(bench.fates, 'allow follow follow follow');
  });

  test('the number of the first byte may wrap', () => {
    const { bench, client } = start({ initial: 0xffff_fffe });
    const message = get('good.example');
    client.send(0, message.subarray(0, 10));
    client.send(10, message.subarray(10));
    client.send(message.length, get('bad.example'));
    assert.equal(bench.fates, 'pass pass block');
    assert.deepEqual(bench.outlet.peer, { sequence: message.length - 2, acknowledgement: 77 });
  });
});

suite('whose connection it is', () => {
  const whole = hello('good.example');
  const cases: readonly { name: string; uids: readonly number[]; want: number }[] = [
    { name: 'of one segment', uids: [1000], want: 1000 },
    { name: 'of several', uids: [1000, 1000], want: 1000 },
    { name: 'known from the second segment on', uids: [UNKNOWN_UID, 0], want: 0 },
    { name: 'the socket is closed by the second segment', uids: [1000, UNKNOWN_UID], want: 1000 },
    { name: 'never known', uids: [UNKNOWN_UID, UNKNOWN_UID], want: UNKNOWN_UID },
  ];
  for (const { name, uids, want } of cases) {
    test(name, () => {
      const { bench, client } = start();
      const [first = UNKNOWN_UID, second] = uids;
      const cut = second === undefined ? whole.length : 30;
      client.send(0, whole.subarray(0, cut), { uid: first });
      if (second !== undefined) client.send(cut, whole.subarray(cut), { uid: second });
      assert.deepEqual(bench.judge.uids, [want]);
    });
  }
});

suite('limits', () => {
  for (const policy of ['open', 'closed'] as const) {
    const fate = policy === 'open' ? 'allow' : 'block';
    const rest = policy === 'open' ? 'follow' : 'drop';
    const effect = policy === 'open' ? 'pass' : 'block';

    test(`overlapping segments that differ: ${policy}`, () => {
      const { bench, client } = start();
      bench.judge.failInspectionLimit = policy;
      const message = get('good.example');
      client.send(0, message.subarray(0, 30));
      client.send(10, bytesOf('bad'));
      assert.equal(bench.fates, `${fate} ${rest}`);
      assert.deepEqual(bench.judge.records, [`${effect} conflicting-segments none`]);
    });

    test(`time cap: ${policy}`, () => {
      const { bench, client } = start();
      bench.judge.failInspectionLimit = policy;
      const message = hello('good.example');
      client.send(0, message.subarray(0, 20), { nowMs: 1000 });
      client.send(20, message.subarray(20, 30), { nowMs: 1200 });
      bench.inspector.expire(1000 + HOLD_MS - 20);
      assert.equal(bench.fates, 'held held');
      assert.equal(bench.inspector.holding, 1);
      bench.inspector.expire(1000 + HOLD_MS);
      assert.equal(bench.fates, policy === 'open' ? 'pass pass' : 'block drop');
      assert.equal(bench.inspector.holding, 0);
      assert.equal(bench.inspector.flows, 1);
      assert.equal(bench.inspector.expired, 1);
      assert.deepEqual(bench.judge.records, [`${effect} time-cap none`]);
    });

    test(`byte cap: ${policy}`, () => {
      const { bench, client } = start();
      bench.judge.failInspectionLimit = policy;
      const message = bytesOf(`GET / HTTP/1.1\r\nCookie: ${'x'.repeat(HOLD_BYTES)}`);
      for (let at = 0; at < 16_000; at += 1000) client.send(at, message.subarray(at, at + 1000));
      assert.match(bench.fates, /^held( held)+$/);
      client.send(16_000, message.subarray(16_000, HOLD_BYTES - 1));
      assert.match(bench.fates, /^held( held)+$/);
      client.send(HOLD_BYTES - 1, message.subarray(HOLD_BYTES - 1, HOLD_BYTES + 1));
      assert.doesNotMatch(bench.fates, /held/);
      assert.ok(bench.fates.startsWith(`${fate} ${rest}`));
      assert.deepEqual(bench.judge.records, [`${effect} byte-cap none`]);
    });

    test(`too many segments: ${policy}`, () => {
      const { bench, client } = start();
      bench.judge.failInspectionLimit = policy;
      const message = hello('good.example', { padding: 400 });
      for (let at = 0; at < 98; at++) client.send(at, message.subarray(at, at + 1));
      assert.ok(bench.fates.startsWith(`${fate} ${rest}`));
      assert.equal(bench.inspector.holding, 0);
    });
  }

  test('what is excluded passes whatever the policy', () => {
    const { bench, client } = start();
    bench.judge.failInspectionLimit = 'closed';
    bench.judge.excludes = true;
    client.send(0, hello('bad.example').subarray(0, 20), { nowMs: 1000 });
    bench.inspector.expire(1000 + HOLD_MS);
    assert.equal(bench.fates, 'pass');
    assert.deepEqual(bench.judge.records, ['pass time-cap none']);
  });

  test('a name that was read before time ran out still counts', () => {
    const { bench, client } = start();
    client.send(0, bytesOf('GET / HTTP/1.1\r\nHost: bad.example\r\nAccept: '));
    bench.inspector.expire(HOLD_MS);
    assert.equal(bench.fates, 'block');
    assert.deepEqual(bench.judge.records, ['block time-cap http-host bad.example']);
  });

  test('a time cap of one flow leaves the others alone', () => {
    const bench = new Bench();
    const message = hello('good.example');
    new Client(bench, { port: 1 }).send(0, message.subarray(0, 9), { nowMs: 0 });
    new Client(bench, { port: 2 }).send(0, message.subarray(0, 9), { nowMs: 100 });
    bench.inspector.expire(HOLD_MS);
    assert.equal(bench.fates, 'pass held');
    assert.equal(bench.inspector.holding, 1);
  });

  for (const { name, bad, good } of [
    { name: 'TLS', bad: hello('bad.example'), good: hello('good.example') },
    { name: 'HTTP', bad: get('bad.example', CLOSE), good: get('good.example', CLOSE) },
  ]) {
    test(`${name}, too slow: pieces pass as they come, the one that completes it is judged first`, () => {
      for (let cut = 1; cut + 2 < bad.length; cut++) {
        const { bench, client } = start();
        client.send(0, bad.subarray(0, cut), { nowMs: 0 });
        bench.inspector.expire(HOLD_MS);
        if (bench.fates === 'block') continue; // the name was there already
        assert.equal(bench.fates, 'pass', `${cut}`);
        client.send(0, bad.subarray(0, cut), { nowMs: 300 });
        client.send(cut, bad.subarray(cut, cut + 1), { nowMs: 300 });
        assert.equal(bench.fates, 'pass pass pass', `${cut}`);
        bench.inspector.expire(1000);
        client.send(cut + 1, bad.subarray(cut + 1), { nowMs: 1000 });
        assert.equal(bench.fates, 'pass pass pass block', `${cut}`);
        assert.deepEqual(bench.outlet.peer, { sequence: (0xffff_ff00 + cut + 1) >>> 0, acknowledgement: 77 });
        assert.match(bench.judge.records[0] ?? '', /^pass time-cap /);
        assert.match(bench.judge.records.at(-1) ?? '', /^block policy \S+ bad\.example$/);
      }
      const { bench, client } = start();
      client.send(0, good.subarray(0, 9));
      bench.inspector.expire(HOLD_MS);
      client.send(9, good.subarray(9), { nowMs: 300 });
      assert.equal(bench.fates, 'pass allow');
      assert.equal(bench.inspector.flows, 0);
    });
  }

  test('a request behind one that was too slow waits again', () => {
    const { bench, client } = start();
    const request = get('good.example');
    client.send(0, request.subarray(0, 9));
    bench.inspector.expire(HOLD_MS);
    client.send(9, request.subarray(9), { nowMs: 300 });
    client.send(request.length, get('bad.example').subarray(0, 30), { nowMs: 300 });
    assert.equal(bench.fates, 'pass pass held');
  });

  test('too slow and too long: the segment over the cap is judged by the name in it, not passed unread', () => {
    for (const options of [{}, { more: 60_000 }]) {
      const { bench, client } = start();
      const start16k = bytesOf(`GET / HTTP/1.1\r\nCookie: ${'x'.repeat(15_000)}`);
      client.send(0, start16k);
      bench.inspector.expire(HOLD_MS);
      assert.equal(bench.fates, 'pass');
      const rest = bytesOf(`\r\nHost: bad.example\r\nCookie: ${'x'.repeat('more' in options ? 10 : 5000)}`);
      client.send(start16k.length, rest, { ...options, nowMs: 300 });
      assert.equal(bench.fates, 'pass block');
      assert.equal(bench.judge.records.at(-1), 'block byte-cap http-host bad.example');
    }
  });

  test('a hello of 15 kB is no problem', () => {
    const { bench, client } = start();
    const message = hello('bad.example', { padding: 15_000 });
    client.send(0, message.subarray(0, 1400));
    client.send(1400, message.subarray(1400));
    assert.equal(bench.fates, 'block drop');
  });

  test('each request of a pipeline has its own time', () => {
    const { bench, client } = start();
    bench.judge.failInspectionLimit = 'closed';
    const request = get('good.example');
    client.send(0, request.subarray(0, 20), { nowMs: 0 });
    client.send(20, concat(request.subarray(20), request.subarray(0, 20)), { nowMs: 200 });
    client.send(request.length + 20, concat(request.subarray(20), request.subarray(0, 20)), { nowMs: 240 });
    bench.inspector.expire(HOLD_MS);
    assert.equal(bench.fates, 'pass pass held');
  });

  test('a first segment longer than what is shown is read as far as it goes', () => {
    const { bench, client } = start();
    const head = post('bad.example', 30_000);
    client.send(0, concat(head, new Uint8Array(30_000)), { shown: 16_896 });
    assert.equal(bench.fates, 'block');
  });

  test('a second request longer than what is shown likewise, and its body is passed over', () => {
    const { bench, client } = start();
    const first = get('good.example');
    const second = concat(post('good.example', 30_000), new Uint8Array(30_000));
    client.send(0, first);
    client.send(first.length, second, { shown: 16_896 });
    client.send(first.length + second.length, get('bad.example'));
    assert.equal(bench.fates, 'pass pass block');
  });
});

suite('plain HTTP stays under inspection', () => {
  test('the second request on a connection is judged by its own name, and nothing of it passes', () => {
    const first = get('good.example');
    const second = get('bad.example');
    for (let cut = 0; cut < second.length; cut++) {
      const { bench, client } = start();
      client.send(0, first);
      if (cut > 0) client.send(first.length, second.subarray(0, cut));
      client.send(first.length + cut, second.subarray(cut));
      assert.equal(bench.fates, cut > 0 ? 'pass block drop' : 'pass block', `${cut}`);
      assert.deepEqual(bench.outlet.peer, {
        sequence: (0xffff_ff00 + first.length) >>> 0,
        acknowledgement: 77,
      });
    }
  });

  test('requests in one segment: one bad name blocks all of it', () => {
    const { bench, client } = start();
    client.send(0, concat(get('good.example'), get('bad.example'), get('good.example')));
    assert.equal(bench.fates, 'block');
    assert.deepEqual(bench.judge.records, ['pass policy http-host good.example', 'block policy http-host bad.example']);
  });

  test('a bad request behind a Connection: close in the same segment', () => {
    const { bench, client } = start();
    client.send(0, concat(get('good.example', CLOSE), get('bad.example')));
    assert.equal(bench.fates, 'block');
  });

  test('a pipeline across segments: what is judged goes, the cut request waits', () => {
    const { bench, client } = start();
    const one = get('good.example');
    const two = get('other.example');
    const all = concat(one, two);
    client.send(0, all.subarray(0, one.length));
    client.send(one.length, all.subarray(one.length, one.length + 5));
    assert.equal(bench.fates, 'pass held');
    client.send(one.length + 5, all.subarray(one.length + 5));
    assert.equal(bench.fates, 'pass pass pass');
    assert.deepEqual(bench.outlet.order, [1, 2, 3]);
    assert.equal(bench.judge.records.length, 2);
  });

  test('the same name again is no news', () => {
    const { bench, client } = start();
    const request = get('good.example');
    for (let turn = 0; turn < 5; turn++) client.send(turn * request.length, request);
    assert.equal(bench.fates, 'pass pass pass pass pass');
    assert.equal(bench.judge.records.length, 1);
  });

  test('a body is not read, even when it looks like a request; the request behind it is', () => {
    const { bench, client } = start();
    const inner = get('bad.example');
    const body = concat(inner, new Uint8Array(5000).fill(0x61));
    const head = post('good.example', body.length);
    client.send(0, head);
    for (let from = 0; from < body.length; from += 700) {
      client.send(head.length + from, body.subarray(from, from + 700));
    }
    assert.match(bench.fates, /^pass( pass)+$/);
    client.send(head.length + body.length, get('bad.example'));
    assert.match(bench.fates, /^pass( pass)+ block$/);
  });

  test('body segments of any length, shown in part only', () => {
    const { bench, client } = start();
    const head = post('good.example', 200_000);
    client.send(0, head);
    for (let from = 0; from < 200_000; from += 50_000) {
      client.send(head.length + from, new Uint8Array(50_000), { shown: 1000 });
    }
    client.send(head.length + 200_000, get('bad.example'));
    assert.equal(bench.fates, 'pass pass pass pass pass block');
  });

  test('the end of a body and the next request in one segment', () => {
    const { bench, client } = start();
    const head = post('good.example', 4);
    client.send(0, head);
    client.send(head.length, bytesOf('ab'));
    client.send(head.length + 2, concat(bytesOf('cd'), get('bad.example')));
    assert.equal(bench.fates, 'pass pass block');
  });

  test('chunks, cut everywhere, with an extension and a trailer', () => {
    const head = bytesOf('POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\n\r\n');
    const body = bytesOf('5;x=y\r\nGET /\r\n1b\r\nHost: bad.example and so on\r\n0\r\nX: y\r\n\r\n');
    for (let cut = 1; cut < body.length; cut++) {
      const { bench, client } = start();
      client.send(0, head);
      client.send(head.length, body.subarray(0, cut));
      client.send(head.length + cut, body.subarray(cut));
      client.send(head.length + body.length, get('bad.example'));
      assert.equal(bench.fates, 'pass pass pass block', `${cut}`);
    }
  });

  for (const policy of ['open', 'closed'] as const) {
    test(`chunk framing that is none: ${policy}`, () => {
      const { bench, client } = start();
      bench.judge.failInspectionLimit = policy;
      const head = bytesOf('POST / HTTP/1.1\r\nHost: good.example\r\nTransfer-Encoding: chunked\r\n\r\n');
      client.send(0, head);
      client.send(head.length, bytesOf('zz\r\n'));
      assert.equal(bench.fates, policy === 'open' ? 'pass allow' : 'pass block');
    });
  }

  test('judged bytes that are sent again pass; sent again with more behind them, the rest is judged', () => {
    const { bench, client } = start();
    const first = get('good.example');
    client.send(0, first);
    client.send(0, first);
    client.send(10, first.subarray(10));
    client.send(5, concat(first.subarray(5), get('bad.example')));
    assert.equal(bench.fates, 'pass pass pass block');
  });

  test('more than 2 GiB into a connection the next request is still judged', () => {
    const { bench, client } = start();
    const length = 2 ** 32 + 5_000;
    const head = post('good.example', length);
    client.send(0, head);
    // In larger steps than any segment can take, so that the test stays short.
    const step = 1_000_000;
    for (let sent = 0; sent < length; sent += step) {
      const id = client.send(head.length + sent, bytesOf('x'), { more: Math.min(step, length - sent) - 1 });
      assert.equal(bench.outlet.fates.get(id), 'pass');
    }
    const id = client.send(head.length + length, get('bad.example'));
    assert.equal(bench.outlet.fates.get(id), 'block');
  });

  test('a body out of order is passed over as well', () => {
    const { bench, client } = start();
    bench.judge.failInspectionLimit = 'closed';
    const head = post('good.example', 100_000);
    client.send(0, head);
    for (let from = 2000; from < 100_000; from += 2000) client.send(head.length + from, new Uint8Array(2000));
    client.send(head.length, new Uint8Array(2000));
    client.send(head.length + 100_000, get('bad.example'));
    assert.match(bench.fates, /^pass( pass)+ block$/);
  });
});

suite('tunnels', () => {
  const connect = bytesOf('CONNECT good.example:443 HTTP/1.1\r\nHost: good.example\r\n\r\n');

  test('CONNECT to a good name, then a hello', () => {
    for (const [name, fates] of [
      ['good.example', 'pass allow'],
      ['bad.example', 'pass block'],
    ] as const) {
      const { bench, client } = start();
      client.send(0, connect);
      client.send(connect.length, hello(name));
      assert.equal(bench.fates, fates);
    }
  });

  test('CONNECT and hello in one segment', () => {
    const { bench, client } = start();
    client.send(0, concat(connect, hello('bad.example')));
    assert.equal(bench.fates, 'block');
  });

  test('STARTTLS', () => {
    const { bench, client } = start();
    const lines = ['EHLO me\r\n', 'STARTTLS\r\n'].map(bytesOf);
    let at = 0;
    for (const line of lines) {
      client.send(at, line);
      at += line.length;
    }
    client.send(at, hello('bad.example'));
    assert.equal(bench.fates, 'pass pass block');
  });
});

suite('Fast Open', () => {
  test('a bad hello in the SYN: blocked, and the peer, which has no connection, is not reset', () => {
    const { bench, client } = start();
    client.send(0, hello('bad.example'), { flags: 'S' });
    assert.equal(bench.fates, 'block');
    assert.equal(bench.outlet.peer, null);
  });

  test('a good one: allowed, and once more when the kernel sends its data again', () => {
    const { bench, client } = start();
    const message = hello('good.example');
    client.send(0, message, { flags: 'S' });
    client.send(0, message);
    assert.equal(bench.fates, 'allow allow');
    assert.equal(bench.judge.records.length, 1);
    // The kernel knows the flow by then; whoever takes its ports over is judged anew.
    assert.equal(bench.inspector.flows, 0);
  });

  test('half of it in the SYN, the rest behind', () => {
    const { bench, client } = start();
    const message = hello('bad.example');
    client.send(0, message.subarray(0, 20), { flags: 'S' });
    client.send(20, message.subarray(20));
    assert.equal(bench.fates, 'block drop');
  });

  test('a new SYN with data on the same ports is judged anew', () => {
    const { bench, client } = start();
    client.send(0, hello('good.example'), { flags: 'S' });
    client.send(0, hello('bad.example'), { flags: 'S' });
    assert.equal(bench.fates, 'allow block');
  });
});

suite('several connections', () => {
  test('a new connection on the same ports starts anew', () => {
    const bench = new Bench();
    const request = get('good.example');
    new Client(bench, { initial: 1000 }).send(0, request);
    new Client(bench, { initial: 1_000_000_000 }).send(0, request.subarray(0, 9));
    assert.equal(bench.fates, 'pass held');
    new Client(bench, { initial: 3_000_000_000 }).send(0, get('bad.example'));
    assert.equal(bench.fates, 'pass drop block');
  });

  const reused = (gap: number, nowMs = 0): string => {
    const bench = new Bench();
    const request = get('good.example');
    new Client(bench, { initial: 1_000_000 }).send(0, request);
    new Client(bench, { initial: 1_000_000 + request.length + gap }).send(0, get('bad.example'), { nowMs });
    return bench.fates;
  };

  test('also when its first number is 65,537 ahead of where the old one ended (a port reused out of TIME_WAIT)', () => {
    assert.equal(reused(65_537), 'pass block');
    assert.equal(reused(HOLD_BYTES + 1), 'pass block');
  });

  test('also when it lies behind, once nothing is sent again any more', () => {
    assert.equal(reused(-70_000, 60_001), 'pass block');
  });

  test(
    'also when it lies behind, soon after',
    { todo: 'looks like bytes sent again; only a SYN could tell, and SYNs without data are not queued' },
    () => assert.equal(reused(-70_000), 'pass block'),
  );

  test('flows that only differ in one port do not mix', () => {
    const bench = new Bench();
    const message = hello('bad.example');
    new Client(bench, { port: 1 }).send(0, message.subarray(0, 20));
    new Client(bench, { port: 2 }).send(20, message.subarray(20));
    assert.equal(bench.fates.split(' ')[0], 'held');
    new Client(bench, { port: 1 }).send(20, message.subarray(20));
    assert.match(bench.fates, /^block \S+ drop$/);
  });

  test('the table is bounded: the oldest waiting hello is given up for a new one', () => {
    const bench = new Bench();
    const piece = hello('good.example').subarray(0, 9);
    for (let port = 0; port < 4097; port++) new Client(bench, { port }).send(0, piece);
    assert.equal(bench.inspector.flows, 4096);
    assert.equal(bench.inspector.holding, 4096);
    assert.equal(bench.outlet.fates.get(1), 'allow');
    assert.equal(bench.outlet.fates.size, 1);
  });

  test('an open HTTP connection that was used lately stays, an older one goes', () => {
    const bench = new Bench();
    const request = get('good.example');
    const clients = Array.from({ length: 4096 }, (_, port) => new Client(bench, { port }));
    for (const client of clients) client.send(0, request);
    clients[0]?.send(request.length, request);
    new Client(bench, { port: 9000 }).send(0, request);
    assert.equal(bench.inspector.flows, 4096);
    // Port 0 is known still, so the same name is no news; port 1 is not.
    const before = bench.judge.records.length;
    clients[0]?.send(2 * request.length, request);
    assert.equal(bench.judge.records.length, before);
    clients[1]?.send(request.length, request);
    assert.equal(bench.judge.records.length, before + 1);
  });

  test('a flow that the kernel could not mark is let through by a mark on its packets, without a record', () => {
    const bench = new Bench();
    const ends = {
      bytes: Uint8Array.of(192, 0, 2, 1, 198, 51, 100, 7),
      addressLength: 4,
      sourceAt: 0,
      destinationAt: 4,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 443,
    };
    bench.inspector.remember(ends, 0);
    bench.inspector.remember(ends, 0);
    assert.equal(bench.inspector.flows, 1);
    new Client(bench).send(5000, bytesOf('\x17\x03\x03 anything'));
    new Client(bench).send(6000, bytesOf('\x17\x03\x03 anything'));
    // That mark told the kernel; what was queued meanwhile follows.
    assert.equal(bench.fates, 'allow-unnamed allow');
    assert.equal(bench.inspector.flows, 0);
    assert.deepEqual(bench.judge.records, []);
    new Client(bench).send(0, hello('bad.example'), { flags: 'S' });
    assert.equal(bench.fates, 'allow-unnamed allow block');
  });

  test('what was queued behind a blocked segment before its verdict does not pass, for a second', () => {
    for (const head of [post('bad.example', 10), hello('bad.example')]) {
      const { bench, client } = start();
      client.send(0, head);
      client.send(head.length, bytesOf('\0\x01\x02\x03secret'));
      client.send(0, head, { nowMs: 900 });
      assert.equal(bench.fates, 'block block block');
      assert.equal(bench.judge.records.length, 1);
      bench.inspector.expire(999);
      assert.equal(bench.inspector.flows, 1);
      bench.inspector.expire(1_050);
      assert.equal(bench.inspector.flows, 0);
    }
  });

  test('ports that a reset freed belong to a new connection at once', () => {
    const { bench, client } = start();
    client.send(0, hello('bad.example'));
    new Client(bench, { initial: 90_000 }).send(0, hello('good.example'));
    assert.equal(bench.fates, 'block allow');
  });

  test('behind a blocked one, a SYN with data is another connection', () => {
    const { bench, client } = start();
    client.send(0, hello('bad.example'));
    client.send(70_000, hello('good.example'), { flags: 'S' });
    assert.equal(bench.fates, 'block allow');
  });

  test('what was queued behind an allowed segment follows it without a record, for a second', () => {
    const { bench, client } = start();
    const message = hello('good.example');
    const data = bytesOf('\x17\x03\x03\0\x05hello');
    client.send(0, message);
    client.send(message.length, data, { nowMs: 999 });
    assert.equal(bench.fates, 'allow allow');
    assert.equal(bench.judge.records.length, 1);
    client.send(message.length, data, { nowMs: 2_000 });
    assert.deepEqual(bench.judge.records, ['pass policy sni good.example', 'pass policy none']);
    // Only bytes that say nothing: a name is judged.
    client.send(0, hello('bad.example'), { nowMs: 2_000 });
    assert.equal(bench.fates, 'allow allow allow block');
  });
});

suite('forwarded', () => {
  const unknown = bytesOf('\0\x01\x02\x03');

  test('bytes that say nothing pass, and the verdict comes with the next segment', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    client.send(0, unknown);
    assert.equal(bench.fates, 'pass');
    assert.deepEqual(bench.judge.records, []);
    client.send(4, unknown);
    assert.equal(bench.fates, 'pass allow');
    assert.deepEqual(bench.judge.records, ['pass policy none']);
    assert.equal(bench.inspector.flows, 0);
  });

  test('to a blocked address not even the first segment passes', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    bench.judge.blocksAddress = true;
    client.send(0, unknown);
    assert.equal(bench.fates, 'block');
    assert.deepEqual(bench.judge.records, ['block policy none']);
  });

  test('more than is shown of it: the next segment is recorded all the same', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    client.send(0, unknown, { more: 60_000 });
    client.send(60_004, unknown);
    assert.equal(bench.fates, 'pass allow');
    assert.deepEqual(bench.judge.records, ['pass policy none']);
  });

  test('lines of text in front of STARTTLS, and a hello in pieces behind it', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    const message = hello('bad.example');
    client.send(0, bytesOf('EHLO me\r\n'));
    client.send(9, bytesOf('STARTTLS\r\n'));
    client.send(19, message.subarray(0, 20));
    assert.equal(bench.fates, 'pass pass held');
    client.send(39, message.subarray(20));
    assert.equal(bench.fates, 'pass pass block drop');
  });

  test('the peer is reset where the hello starts, of which it has only the end', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    const message = hello('bad.example');
    client.send(20, message.subarray(20));
    client.send(0, message.subarray(0, 20));
    assert.equal(bench.fates, 'pass block');
    assert.deepEqual(bench.outlet.peer, { sequence: 0xffff_ff00, acknowledgement: 77 });
  });

  test('the beginning comes when a later piece waits behind a gap: that piece has to come again', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    const message = get('bad.example');
    client.send(1, message.subarray(1, 3));
    client.send(10, message.subarray(10));
    assert.equal(bench.fates, 'held held');
    client.send(0, message.subarray(0, 1));
    assert.equal(bench.fates, 'held drop held');
    client.send(3, message.subarray(3, 10));
    client.send(10, message.subarray(10));
    assert.equal(bench.fates, 'block drop drop drop drop');
  });

  test('a beginning too far before what waits: that has to come again', () => {
    const { bench, client } = start({ hook: HOOK_FORWARD });
    const message = hello('bad.example', { padding: HOLD_BYTES - 100 });
    const cut = HOLD_BYTES - 40;
    client.send(cut, bytesOf('GET /'));
    client.send(0, message.subarray(0, 20));
    assert.equal(bench.fates, 'held held');
    client.send(-HOLD_BYTES, bytesOf('GET /'));
    assert.equal(bench.fates, 'drop drop held');
  });
});
