import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { EVENT_IDS } from '../../src/event-log/channel.ts';
import { readView, type View } from '../../src/event-log/view.ts';
import { AT_MS } from '../state-fixture.ts';
import { EVENT_NAMES, EVENTS, type EventName } from './sample-events.ts';

const NOW_MS = AT_MS + 6000;
const DEFENDER = 'Microsoft-Windows-Windows Defender/Operational';

function viewOf(text: string): View {
  const read = readView(Buffer.from(text));
  assert.ok(read.kind === 'ok', read.kind === 'rejected' ? `${read.position}: ${read.reason}` : '');
  return read.view;
}

const selected = (view: View): readonly EventName[] => EVENT_NAMES.filter((name) => view.selects(EVENTS[name], NOW_MS));

/** A query as Event Viewer puts it into a file. */
const inView = (query: string, suppress = ''): string =>
  `<QueryList>
  <Query Id="0" Path="${DEFENDER}">
    <Select Path="${DEFENDER}">${escaped(query)}</Select>${
      suppress === ''
        ? ''
        : `
    <Suppress Path="${DEFENDER}">${escaped(suppress)}</Suppress>`
    }
  </Query>
</QueryList>`;

const escaped = (query: string): string => query.replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const ALL: readonly EventName[] = EVENT_NAMES;

suite('what a view selects', () => {
  test('the custom view of the specification', () => {
    const view = viewOf(
      readFileSync(new URL('../../../../docs/views/network-protection.xml', import.meta.url), 'utf8'),
    );
    assert.deepEqual(selected(view), ['blocked', 'audited', 'changed']);
    assert.deepEqual(view.ids, [1125, 1126, 5007]);
  });

  const queries: readonly { query: string; suppress?: string; want: readonly EventName[]; ids?: readonly number[] }[] =
    [
      { query: '*', want: ALL, ids: EVENT_IDS },
      { query: '*[System[(EventID=1126)]]', want: ['blocked'], ids: [1126] },
      {
        query: '*[System[(EventID=5013 or  (EventID >= 1125 and EventID <= 1126) )]]',
        want: ['blocked', 'audited', 'refused'],
        ids: [1125, 1126, 5013],
      },
      { query: '*[System[(EventID >= 5000 and EventID <= 5010)]]', want: ['changed'], ids: [5007] },
      { query: '*[System[(Level=1  or Level=2 or Level=3)]]', want: ['blocked', 'gap'] },
      {
        query: '*[System[(Level=4 or Level=0) and (EventID=1125 or EventID=1126)]]',
        want: ['audited'],
        ids: [1125, 1126],
      },
      {
        query: '*[System[TimeCreated[timediff(@SystemTime) <= 4000]]]',
        want: ['connection', 'changed', 'refused', 'gap'],
      },
      {
        query:
          "*[System[TimeCreated[@SystemTime>='2026-01-02T03:04:06.000Z' and @SystemTime<='2026-01-02T03:04:08.999Z']]]",
        want: ['audited', 'connection', 'changed'],
      },
      { query: "*[System[TimeCreated[@SystemTime>='2026-01-02T03:04:10.0000000']]]", want: ['gap'] },
      { query: "*[System[Provider[@Name='Sallyport'] and (EventID=5007)]]", want: ['changed'], ids: [5007] },
      {
        query: "*[System[Provider[@Name='Microsoft-Windows-Security-Auditing' or @Name='Sallyport']]]",
        want: ALL,
        ids: EVENT_IDS,
      },
      { query: "*[System[Provider[@Name='Microsoft-Windows-Security-Auditing']]]", want: [] },
      { query: "*[System[Computer='host' and Channel='Sallyport/Operational' and (Task = 0)]]", want: ALL },
      { query: "*[System[Security[@UserID='S-1-5-18']]]", want: [] },
      { query: "*[EventData[Data[@Name='Destination']='other.example']]", want: ['audited'] },
      { query: "*[EventData/Data[@Name='ResponseCategory']='CustomBlockList']", want: ['blocked'] },
      { query: "*[EventData[Data='QuicHandling = allow']]", want: ['changed'] },
      {
        query: `*[EventData[Data[@Name="FlowId"] and (Data='9' or Data='11')]]`,
        want: ['blockedConnection', 'blocked', 'connection'],
      },
      {
        query: "*[EventData[Data[@Name='RemotePort'] > 442 and Data[@Name='FlowId'] >= 10]]",
        want: ['audited', 'connection'],
      },
      {
        query: "*[System[(EventID=1126)] and EventData[Data[@Name='IsAudit']='false']]",
        want: ['blocked'],
        ids: [1126],
      },
      {
        query: "*[System[(EventID=1126)]] and *[EventData[Data[@Name='Destination']='example.com']]",
        want: ['blocked'],
        ids: [1126],
      },
      { query: "*[System[EventID=1126]][EventData[Data='example.com']]", want: ['blocked'], ids: [1126] },
      { query: 'Event/System[EventID=5007 or EventID=5013]', want: ['changed', 'refused'], ids: [5007, 5013] },
      {
        query: 'Event[System/EventID!=0]',
        want: ['blocked', 'audited', 'changed', 'refused'],
        ids: [1125, 1126, 5007, 5013],
      },
      { query: '*[System[(EventID=1116)]]', want: [], ids: [] },
      { query: '*', suppress: '*[System[(EventID=0 or EventID=5007)]]', want: ['blocked', 'audited', 'refused'] },
      {
        query: '*[System[(Level=3)]]',
        suppress: "*[EventData[Data[@Name='Destination']='example.com']]",
        want: ['gap'],
      },
    ];
  for (const { query, suppress, want, ids } of queries) {
    test(`${query}${suppress === undefined ? '' : ` but not ${suppress}`}`, () => {
      const view = viewOf(inView(query, suppress));
      assert.deepEqual(selected(view), want);
      if (ids !== undefined) assert.deepEqual(view.ids, ids);
      for (const name of want) assert.ok(view.ids.includes(EVENTS[name].EventId), `${name} is not asked for`);
    });
  }

  const files: readonly { name: string; text: string; want: readonly EventName[] }[] = [
    {
      name: 'as Event Viewer exports a custom view',
      text:
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n<ViewerConfig><QueryConfig><QueryParams><Simple>' +
        `<Channel>${DEFENDER}</Channel><EventId>1126</EventId><RelativeTimeInfo>0</RelativeTimeInfo>` +
        '<BySource>False</BySource></Simple></QueryParams><QueryNode>' +
        '<Name LanguageNeutralValue="Blocked">Blocked</Name><Description>R&amp;D</Description>' +
        `<QueryList><Query Id="0" Path="${DEFENDER}"><Select Path="${DEFENDER}">*[System[(EventID=1126)]]</Select></Query>` +
        '</QueryList></QueryNode></QueryConfig><ResultsConfig><Columns>' +
        '<Column Name="Level" Type="System.String" Path="Event/System/Level" Visible="">100</Column>' +
        '</Columns></ResultsConfig></ViewerConfig>',
      want: ['blocked'],
    },
    {
      name: 'several queries, and other logs beside ours',
      text: `<QueryList><!-- two -->
        <Query Id="0" Path="Security"><Select>*[System[band(Keywords,4503599627370496)]]</Select></Query>
        <Query Id="1"><Select Path="sallyport/operational"><![CDATA[*[System[EventID>=5008]]]]></Select></Query>
        <Query Id="2" Path="Sallyport/Operational"><Select>*[System[EventID=1126]]</Select></Query>
      </QueryList>`,
      want: ['blocked', 'refused'],
    },
    {
      name: 'a suppression holds within its own query',
      text: `<QueryList><Query Id="0" Path="${DEFENDER}"><Select>*</Select><Suppress>*</Suppress></Query>
        <Query Id="1" Path="${DEFENDER}"><Select>*[System[EventID=1126]]</Select></Query></QueryList>`,
      want: ['blocked'],
    },
  ];
  for (const { name, text, want } of files) {
    test(name, () => assert.deepEqual(selected(viewOf(text)), want));
  }

  test('UTF-16, as Windows writes it', () => {
    const read = readView(Buffer.from(`\ufeff${inView('*[System[EventID=1126]]')}`, 'utf16le'));
    assert.ok(read.kind === 'ok');
    assert.deepEqual(selected(read.view), ['blocked']);
  });
});

const PIECES = [
  ...'< > / </ /> <QueryList> </QueryList> </Query> <Select> </Select> <Suppress> * [ ] ( )'.split(' '),
  ...`System EventID = &gt;= 1126 ' " @ Name timediff(@SystemTime) EventData Data & <!-- --> <![CDATA[`.split(' '),
  '<Query Path="Sallyport/Operational">',
  ' or ',
  ' and ',
  ' ',
];

suite('what is wrong with a view', () => {
  const refused = (text: string | Uint8Array): string => {
    const read = readView(typeof text === 'string' ? Buffer.from(text) : text);
    return read.kind === 'ok' ? 'ok' : `${read.position}: ${read.reason}`;
  };

  const queries = [
    { query: '', want: '3:67: the query is empty; `*` selects everything' },
    { query: '*[System[(EventID=1126]]', want: "3:89: ')' is missing here" },
    { query: '*[System[EventID]', want: "3:84: ']' is missing here" },
    { query: '*[System[EventID=]]', want: '3:84: a number, or a text in quotation marks, is missing here' },
    {
      query: '*[System[EventId=1126]]',
      want: /^3:76: "EventId" is no element that our events have here \(known here: Provider, EventID, /,
    },
    {
      query: "*[System[Provider[@Nane='x']]]",
      want: '3:85: "@Nane" is no attribute that our events have here (known here: @Name, @Guid, @EventSourceName)',
    },
    {
      query: '*[UserData]',
      want: '3:69: "UserData" is no element that our events have here (known here: System, EventData)',
    },
    { query: "*[System='x']", want: '3:75: only an element without children, or an attribute, can be compared' },
    {
      query: '*[System[band(Keywords,1)]]',
      want: '3:76: band() asks about keywords, which these events do not have; take it out',
    },
    { query: '*[not(System)]', want: '3:69: "not" is no function that is known here; timediff is' },
    { query: '//System', want: /^3:67: "\/" is no element that our events have here \(known here: Event\)$/ },
    {
      query: '*[EventData[Data[1]]]',
      want: /^3:84: "1" is no element that our events have here \(nothing stands below it\)$/,
    },
    { query: '*[System[TimeCreated[timediff(@SystemTime)]]]', want: '3:109: timediff(…) must be compared: <= 3600000' },
    {
      query: "*[System[TimeCreated[@SystemTime>='yesterday']]]",
      want: '3:104: "yesterday" is no time; write it as 2030-01-31T12:00:00.000Z',
    },
    { query: "*[System[EventID>='a']]", want: '3:88: >= compares numbers and times; a text is compared with =' },
    { query: '*[System[timediff(@SystemTime) < 1]]', want: /^3:85: "@SystemTime" is no attribute/ },
    { query: "*[System[Computer='x]]", want: '3:85: a text has no end' },
    { query: '*[System] | *', want: '3:77: "|" is not understood in a query' },
    { query: '* *', want: '3:69: "*" is not expected here' },
  ];
  for (const { query, want } of queries) {
    test(query === '' ? 'an empty query' : query, () => {
      const text = refused(inView(query));
      if (typeof want === 'string') assert.equal(text, want);
      else assert.match(text, want);
    });
  }

  test('the place counts characters of the file, whatever stands for them', () => {
    assert.equal(
      refused(
        '<QueryList>\r\n<Query Path="Sallyport/Operational"><Select>*[System[EventID &gt;= 😀]]</Select></Query></QueryList>',
      ),
      '2:68: "😀" is not understood in a query',
    );
  });

  const files: readonly { name: string; text: string | Uint8Array; want: string }[] = [
    { name: 'nothing', text: '', want: '1:1: an element is missing here: this is no XML' },
    { name: 'no XML', text: 'EventID=1126', want: '1:1: an element is missing here: this is no XML' },
    {
      name: 'bytes of no encoding',
      text: Uint8Array.of(60, 0xc3, 0x28),
      want: '1:1: the file is neither UTF-8 nor UTF-16',
    },
    {
      name: 'a document type',
      text: '<!DOCTYPE x [<!ENTITY a "b">]>\n<QueryList/>',
      want: '1:1: document types are not read',
    },
    { name: 'an entity of its own', text: '<QueryList>&a;</QueryList>', want: '1:12: &a; is not known' },
    { name: 'a character that XML cannot hold', text: '<QueryList>&#0;</QueryList>', want: '1:12: &#0; is not known' },
    { name: 'a bare ampersand', text: '<QueryList>a & b</QueryList>', want: "1:14: '&' must be written &amp; here" },
    {
      name: 'a processing instruction',
      text: '<QueryList><?x y?></QueryList>',
      want: '1:12: processing instructions are not read',
    },
    {
      name: 'a comparison that is not escaped',
      text: '<QueryList><Query Path="x"><Select>*[System[EventID <= 3]]</Select></Query></QueryList>',
      want: '1:54: the name of an element is missing here',
    },
    { name: 'no end', text: '<QueryList>\n  <Query Id="0">', want: '2:3: <Query> has no end' },
    { name: 'another end', text: '<QueryList></Query>', want: '1:12: </QueryList> is missing here' },
    { name: 'more behind the end', text: '<QueryList/>x', want: '1:13: nothing may follow the end of the document' },
    { name: 'an attribute twice', text: '<QueryList a="1" a="2"/>', want: '1:18: QueryList has the attribute a twice' },
    {
      name: 'an attribute without quotation marks',
      text: '<QueryList a=1/>',
      want: '1:14: the value of a has no quotation mark',
    },
    { name: 'elements without bound', text: '<a>'.repeat(100), want: '1:97: elements are nested more than 32 deep' },
    {
      name: 'another document',
      text: '<html/>',
      want: '1:1: "html" is not expected here, but QueryList or ViewerConfig',
    },
    {
      name: 'an element that no query has',
      text: '<QueryList><Query><Sel/></Query></QueryList>',
      want: '1:19: "Sel" is not expected here, but Select or Suppress',
    },
    {
      name: 'no channel',
      text: '<QueryList><Query><Select>*</Select></Query></QueryList>',
      want: '1:19: <Select> names no Path, and its Query neither',
    },
    {
      name: 'other channels alone',
      text: '<QueryList><Query Path="Security"><Select>*</Select></Query></QueryList>',
      want: "1:1: the view selects from none of our channels: Sallyport/Operational, or Defender's Operational or WHC",
    },
    {
      name: 'an export without a query',
      text: '<ViewerConfig><QueryConfig/></ViewerConfig>',
      want: '1:15: <QueryConfig> has no <QueryNode>',
    },
  ];
  for (const { name, text, want } of files) test(name, () => assert.equal(refused(text), want));

  test('parentheses without bound', () => {
    assert.match(refused(inView(`*[${'('.repeat(5000)}`)), /^3:\d+: the query is nested too deeply$/);
  });

  test('anything is read or refused in one line, never thrown', () => {
    const pieces = fc.constantFrom(...PIECES);
    const query = fc.array(pieces, { maxLength: 40 }).map((each) => each.join(''));
    const wrapped = query.map(
      (text) => `<QueryList><Query Path="Sallyport/Operational"><Select>${text}</Select></Query></QueryList>`,
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.oneof(query, wrapped).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const read = readView(input);
        if (read.kind === 'rejected') {
          assert.match(read.position, /^\d+:\d+$/);
          assert.doesNotMatch(read.reason, /[\p{Cc}\p{Cf}]/u);
        } else for (const name of EVENT_NAMES) assert.equal(typeof read.view.selects(EVENTS[name], NOW_MS), 'boolean');
      }),
      { numRuns: 500 },
    );
  });

  test('no id that a view may select is left out', () => {
    const terms = fc.constantFrom(
      'EventID=1126',
      'EventID>=1126',
      'EventID!=0',
      'EventID<5007',
      'Level=3',
      "Computer='host'",
    );
    const tree = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        terms,
        fc.tuple(tie('any'), fc.constantFrom('or', 'and'), tie('any')).map(([a, word, b]) => `(${a} ${word} ${b})`),
      ),
    })).any;
    fc.assert(
      fc.property(tree, (query) => {
        const view = viewOf(inView(`*[System[${query}]]`));
        for (const name of selected(view)) assert.ok(view.ids.includes(EVENTS[name].EventId), query);
      }),
    );
  });
});
