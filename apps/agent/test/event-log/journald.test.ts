import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import fc from 'fast-check';

import { journaldEntry } from '../../src/event-log/journald-entry.ts';
import { JournaldForwarder, MAX_ATTEMPTS } from '../../src/event-log/journald-forwarder.ts';
import { openDatagramSocket } from '../../src/event-log/journald-socket.ts';
import { event, EVENTS } from './sample-events.ts';

/** The native protocol, read as its description says. */
function fieldsOf(entry: Uint8Array): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(entry);
  const fields: [string, string][] = [];
  for (let at = 0; at < bytes.length;) {
    const line = bytes.subarray(at, bytes.indexOf(10, at));
    const sign = line.indexOf('=');
    if (sign >= 0) {
      fields.push([line.toString('latin1', 0, sign), line.subarray(sign + 1).toString()]);
      at += line.length + 1;
      continue;
    }
    const from = at + line.length + 1 + 8;
    const length = Number(bytes.readBigUInt64LE(from - 8));
    fields.push([line.toString('latin1'), bytes.subarray(from, from + length).toString()]);
    assert.equal(bytes[from + length], 10);
    at = from + length + 1;
  }
  return fields;
}

suite('an entry of journald', () => {
  test('a blocked connection', () => {
    assert.partialDeepStrictEqual(Object.fromEntries(fieldsOf(journaldEntry(EVENTS.blocked))), {
      MESSAGE: 'Network protection blocked a connection to example.com.',
      PRIORITY: '4',
      SYSLOG_IDENTIFIER: 'sallyport',
      SALLYPORT_EVENT_ID: '1126',
      SALLYPORT_RECORD_ID: '37',
      SALLYPORT_TIME: '2026-01-02T03:04:05.000Z',
      SALLYPORT_DESTINATION: 'example.com',
      SALLYPORT_DETECTION_TIME: '2026-01-02T03:04:05.000Z',
      SALLYPORT_REMOTE_IP: '93.184.216.34',
      SALLYPORT_REMOTE_IP_TYPE: 'Public',
      SALLYPORT_ACTION_TYPE: 'ExploitGuardNetworkProtectionBlocked',
      SALLYPORT_RESPONSE_CATEGORY: 'CustomBlockList',
      SALLYPORT_INDICATOR_ID: '7',
    });
  });

  test('a line feed in a value makes no field', () => {
    const row = event({ ActionType: 'ConnectionSuccess', RemoteUrl: 'a\nPRIORITY=0\n_UID=0' });
    const fields = fieldsOf(journaldEntry(row));
    assert.deepEqual(
      fields.filter(([name]) => name === 'PRIORITY' || name === '_UID'),
      [['PRIORITY', '6']],
    );
    assert.equal(new Map(fields).get('SALLYPORT_REMOTE_URL'), 'a\nPRIORITY=0\n_UID=0');
    assert.equal(new Map(fields).get('MESSAGE'), 'A connection to a\uFFFDPRIORITY=0\uFFFD_UID=0 was made.');
  });

  test('any name and value: names that journald takes, values as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), (name, value) => {
        const row = event({
          ActionType: 'ConnectionSuccess',
          RemoteUrl: value,
          AdditionalFields: JSON.stringify({ [name]: value }),
        });
        const fields = fieldsOf(journaldEntry(row));
        for (const [each] of fields) assert.match(each, /^[A-Z][A-Z0-9_]{0,63}$/);
        if (value !== '') assert.ok(fields.some(([, text]) => text === Buffer.from(value).toString()));
      }),
    );
  });
});

async function* stream(events: readonly DeviceNetworkEvent[]): AsyncGenerator<DeviceNetworkEvent> {
  yield* events;
}

suite('JournaldForwarder', () => {
  /** Takes what `takes` says of each attempt, counted from 1. */
  const attempting = async (takes: (attempt: number) => boolean, events: readonly DeviceNetworkEvent[]) => {
    let attempts = 0;
    let pauses = 0;
    const forwarder = new JournaldForwarder({
      isWanted: () => true,
      open: () => ({ send: () => takes(++attempts) }),
      pause: async () => void pauses++,
    });
    await forwarder.forward(stream(events));
    return { attempts, pauses, dropped: forwarder.dropped };
  };
  const three = [EVENTS.blocked, EVENTS.audited, EVENTS.changed];
  const outcomes = [
    { name: 'all is taken', takes: () => true, want: { attempts: 3, pauses: 0, dropped: 0 } },
    {
      name: 'a burst is offered again until there is room',
      takes: (attempt: number) => attempt !== 2 && attempt !== 3,
      want: { attempts: 5, pauses: 2, dropped: 0 },
    },
    {
      name: 'what is never taken is counted, and after the first nobody is waited for',
      takes: () => false,
      want: { attempts: MAX_ATTEMPTS + 2, pauses: MAX_ATTEMPTS - 1, dropped: 3 },
    },
    {
      name: 'a journald that comes back is waited for again',
      takes: (attempt: number) => attempt === MAX_ATTEMPTS + 1 || attempt > MAX_ATTEMPTS + 2,
      want: { attempts: MAX_ATTEMPTS + 3, pauses: MAX_ATTEMPTS, dropped: 1 },
    },
  ];
  for (const { name, takes, want } of outcomes) {
    test(name, async () => assert.deepEqual(await attempting(takes, three), want));
  }

  test('no journald is no loss, and it is looked for again', async () => {
    let opened = 0;
    let sent = 0;
    const forwarder = new JournaldForwarder({
      isWanted: () => true,
      open: () => (++opened < 3 ? null : { send: () => ++sent > 0 }),
    });
    await forwarder.forward(stream([EVENTS.blocked, EVENTS.blocked, EVENTS.blocked, EVENTS.blocked]));
    assert.deepEqual([opened, sent, forwarder.dropped], [3, 2, 0]);
  });

  test('off: nothing is opened', async () => {
    let opened = 0;
    const open = (): null => {
      opened++;
      return null;
    };
    await new JournaldForwarder({ isWanted: () => false, open }).forward(stream([EVENTS.blocked]));
    assert.equal(opened, 0);
  });
});

const receiver = [
  'import socket, sys',
  's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
  's.bind(sys.argv[1])',
  'sys.stdout.write("ready\\n"); sys.stdout.flush()',
  'for _ in range(int(sys.argv[2])): sys.stdout.write(s.recv(65536).hex() + "\\n"); sys.stdout.flush()',
].join('\n');
const python = spawnSync('python3', ['-c', 'import socket; socket.AF_UNIX']);
const skip =
  python.status !== 0
    ? 'no python3 here to receive datagrams'
    : process.getBuiltinModule('node:ffi') === undefined
      ? 'this Node has no node:ffi'
      : false;

suite('a datagram socket', { skip }, () => {
  test('sends, and sends to the next one of that name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-journald-'));
    try {
      const path = join(folder, 'socket');
      assert.equal(openDatagramSocket(path), null);
      const received: string[] = [];
      const listen = async (count: number): Promise<() => Promise<unknown>> => {
        const child = spawn('python3', ['-c', receiver, path, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
        const ended = once(child, 'close');
        const ready = Promise.withResolvers<void>();
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          received.push(text);
          ready.resolve();
        });
        await ready.promise;
        return () => ended;
      };
      const first = await listen(1);
      const socket = openDatagramSocket(path);
      assert.ok(socket !== null);
      assert.equal(socket.send(journaldEntry(EVENTS.blocked)), true);
      await first();
      assert.equal(socket.send(Buffer.from('A=1\n')), false);
      rmSync(path);
      assert.equal(socket.send(Buffer.from('A=1\n')), false);
      const second = await listen(1);
      assert.equal(socket.send(Buffer.from('A=2\n')), true);
      await second();
      const want = ['ready', Buffer.from(journaldEntry(EVENTS.blocked)).toString('hex'), 'ready', '413d320a', ''];
      assert.deepEqual(received.join('').split('\n'), want);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a receiver that does not read: the rest is refused at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-journald-'));
    const path = join(folder, 'socket');
    // Binds, says so, and waits for the end of its input.
    const idle =
      'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("ready",flush=True)\nsys.stdin.read()';
    const child = spawn('python3', ['-c', idle, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const socket = openDatagramSocket(path);
      assert.ok(socket !== null);
      const sent = Array.from({ length: 5000 }, () => socket.send(Buffer.from('A=1\n')));
      assert.deepEqual([sent[0], sent.at(-1)], [true, false]);
    } finally {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true });
    }
  });
});
