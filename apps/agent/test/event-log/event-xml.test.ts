import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';

import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import fc from 'fast-check';

import { type Element, eventElement } from '../../src/event-log/event-element.ts';
import { eventFields } from '../../src/event-log/event-fields.ts';
import { readXml, type SourceElement } from '../../src/event-log/read-xml.ts';
import { eventXml, XML_EVENTS } from '../../src/event-log/write-xml.ts';
import { decodeText, escapeXml } from '../../src/event-log/xml-text.ts';
import { VERSION } from '../../src/version.ts';
import { event, EVENT_NAMES, EVENTS } from './sample-events.ts';

const xmlOf = (events: readonly DeviceNetworkEvent[]): string =>
  `${XML_EVENTS.begin}${events.map((each) => `${eventXml(each)}\n`).join('')}${XML_EVENTS.end}`;

/** Child by name, or a failure that names it. */
function child(element: SourceElement, name: string): SourceElement {
  const found = element.children.find((each) => each.name === name);
  assert.ok(found !== undefined, `${element.name} has no ${name}`);
  return found;
}

const dataOf = (read: SourceElement): ReadonlyMap<string, string> =>
  new Map(
    child(read, 'EventData').children.map((data) => [
      decodeText(data.attributes.get('Name')?.text ?? ''),
      decodeText(data.text.text),
    ]),
  );

suite('an event as XML', () => {
  test("a blocked connection: Defender's insertion strings in their order, then ours", () => {
    const { data, level, message } = eventFields(EVENTS.blocked);
    assert.deepEqual([...data].slice(0, 8), [
      ['Product Name', 'Sallyport'],
      ['Product Version', VERSION],
      ['Unused', ''],
      ['Detection Time', '2026-01-02T03:04:05.000Z'],
      ['User', ''],
      ['Destination', 'example.com'],
      ['Process Name', ''],
      ['DeviceId', 'd'.repeat(40)],
    ]);
    assert.deepEqual([level, message], [3, 'Network protection blocked a connection to example.com.']);
    assert.partialDeepStrictEqual(Object.fromEntries(data), {
      ActionType: 'ExploitGuardNetworkProtectionBlocked',
      RemotePort: '443',
      RemoteIP: '93.184.216.34',
      FlowId: '9',
      NameSource: 'sni',
      Alpn: 'h2',
      IsAudit: 'false',
      ResponseCategory: 'CustomBlockList',
      IndicatorId: '7',
    });
    for (const absent of ['InitiatingProcessId', 'AdditionalFields', 'Timestamp']) assert.ok(!data.has(absent), absent);
  });

  const heads = [
    { name: 'audited', id: '1125', level: '4', data: { Destination: 'other.example', Feed: '3' } },
    {
      name: 'changed',
      id: '5007',
      level: '4',
      data: { 'Old Value': 'QuicHandling = block', 'New Value': 'QuicHandling = allow', Source: 'local' },
    },
    {
      name: 'refused',
      id: '5013',
      level: '4',
      data: { 'Changed Type': 'Blocked', Value: 'EnableNetworkProtection = disabled' },
    },
    { name: 'gap', id: '0', level: '3', data: { Reason: 'the gate was not running', DurationMs: '5000' } },
  ] as const;
  for (const { name, id, level, data } of heads) {
    test(name, () => {
      const read = readXml(eventXml(EVENTS[name]));
      const system = child(read, 'System');
      assert.deepEqual([child(system, 'EventID').text.text, child(system, 'Level').text.text], [id, level]);
      assert.partialDeepStrictEqual(Object.fromEntries(dataOf(read)), data);
    });
  }

  test('who did it, once that is known', () => {
    const { data } = eventFields({
      ...EVENTS.blocked,
      InitiatingProcessId: 4711,
      InitiatingProcessFileName: 'curl',
      InitiatingProcessFolderPath: '/usr/bin/curl',
      InitiatingProcessAccountName: 'ann',
      InitiatingProcessAccountDomain: 'host',
    });
    assert.deepEqual(
      [data.get('User'), data.get('Process Name'), data.get('InitiatingProcessId')],
      ['host\\ann', '/usr/bin/curl', '4711'],
    );
  });

  test('no two rows have one record id', () => {
    const ids = EVENT_NAMES.map((name) => String(eventFields(EVENTS[name]).recordId));
    assert.deepEqual(ids, ['36', '37', '41', '44', '6', '10', '14']);
  });

  // The public schema: System, then EventData, then RenderingInfo, and the order within each.
  const ORDER: Readonly<Record<string, readonly string[]>> = {
    Event: ['System', 'EventData', 'RenderingInfo'],
    System: [
      'Provider',
      'EventID',
      'Version',
      'Level',
      'Task',
      'Opcode',
      'Keywords',
      'TimeCreated',
      'EventRecordID',
      'Correlation',
      'Execution',
      'Channel',
      'Computer',
      'Security',
    ],
    RenderingInfo: ['Message', 'Level', 'Opcode', 'Task', 'Channel', 'Provider', 'Keywords'],
  };
  for (const name of EVENT_NAMES) {
    test(`${name}: the shape of the public Event schema`, () => {
      const check = (element: Element): void => {
        const order = ORDER[element.name];
        if (order === undefined) return;
        const places = element.children.map((each) => order.indexOf(each.name));
        assert.ok(!places.includes(-1), `${element.name} has something unknown`);
        assert.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
        );
        element.children.forEach(check);
      };
      const root = eventElement(EVENTS[name]);
      check(root);
      assert.equal(root.attributes['xmlns'], 'http://schemas.microsoft.com/win/2004/08/events/event');
      const system = readXml(eventXml(EVENTS[name]));
      const time = child(child(system, 'System'), 'TimeCreated').attributes.get('SystemTime')?.text ?? '';
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const ids = ['EventID', 'EventRecordID'].map((each) => child(child(system, 'System'), each).text.text);
      for (const id of ids) assert.match(id, /^\d{1,20}$/);
    });
  }
});

suite('any text', () => {
  const cases = [
    { text: `<b>&"'`, xml: '&lt;b&gt;&amp;&quot;&apos;' },
    { text: 'a\r\n\tb', xml: 'a&#xd;&#xa;&#x9;b' },
    { text: '\u001b[31m', xml: '_x001B_[31m' },
    { text: '\u009b31m\u202e', xml: '&#x9b;31m&#x202e;' },
    { text: '_x001B_', xml: '_x005F_x001B_' },
    { text: '\ud800 \uffff', xml: '_xD800_ _xFFFF_' },
    { text: ']]>', xml: ']]&gt;' },
    { text: 'bücher.example 😀', xml: 'bücher.example 😀' },
  ];
  for (const { text, xml } of cases) {
    test(JSON.stringify(text), () => assert.equal(escapeXml(text), xml));
  }

  // Half of the characters are those that matter.
  const hostile = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        '<',
        '&',
        ']]>',
        '_x',
        '_x001B_',
        '_',
        '"',
        "'",
        '\u0000',
        '\u001b',
        '\r',
        '\n',
        '\ud800',
        '\uffff',
        '\u202e',
        ' ',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    ),
  });

  test('XML written parses back to the same fields', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (RemoteUrl, DeviceName, value, key) => {
        const row = event({
          ActionType: 'ExploitGuardNetworkProtectionBlocked',
          EventId: 1126,
          RemoteUrl,
          DeviceName,
          AdditionalFields: JSON.stringify({ DisplayName: value, [`x${key}`]: value }),
        });
        const xml = eventXml(row);
        assert.doesNotMatch(xml, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        const read = readXml(xml);
        assert.deepEqual(dataOf(read), new Map(eventFields(row).data));
        assert.equal(dataOf(read).get('Destination'), RemoteUrl);
        assert.equal(decodeText(child(child(read, 'System'), 'Computer').text.text), DeviceName);
      }),
    );
  });

  const script = [
    'import json, sys, xml.etree.ElementTree as tree',
    'ns = "{http://schemas.microsoft.com/win/2004/08/events/event}"',
    'root = tree.fromstring(sys.stdin.buffer.read())',
    'print(json.dumps([[[d.get("Name"), d.text or ""] for d in e.iter(ns + "Data")] for e in root.iter(ns + "Event")]))',
  ].join('\n');
  const python = spawnSync('python3', ['-c', 'import xml.etree.ElementTree']);
  test(
    'an independent parser reads the same',
    { skip: python.status === 0 ? false : 'no python3 with its XML parser here' },
    () => {
      const rows = [
        ...EVENT_NAMES.map((name) => EVENTS[name]),
        ...fc.sample(hostile, 200).map((RemoteUrl) => event({ RemoteUrl, ActionType: 'ConnectionSuccess' })),
      ];
      const { stdout, stderr, status } = spawnSync('python3', ['-c', script], { input: xmlOf(rows) });
      assert.equal(status, 0, String(stderr));
      const read = JSON.parse(String(stdout)) as readonly (readonly (readonly [string, string])[])[];
      assert.deepEqual(
        read.map((data) => data.map(([name, text]) => [decodeText(name), decodeText(text)])),
        rows.map((row) => [...eventFields(row).data]),
      );
    },
  );
});
