/**
 * The status screen: is this machine protected, since when, with what, and if not, why not and what to do.
 *
 * What is easily got wrong: a running agent protects nothing by itself. The headline follows the gate.
 */
import type { StatusView } from '@sallyport/contract/control';
import { type GateStatus, TABLE_SLOTS } from '@sallyport/contract/gate-link';

import { displayWidth } from '../display-width.ts';
import type { Layout } from '../layout.ts';
import type { Style } from '../paint.ts';
import { renderProse } from '../prose.ts';
import { byteSize, count, counted, share } from '../quantity.ts';
import { printable } from '../safe-text.ts';
import { type Cell, renderFields, renderTable } from '../table.ts';
import { durationText, localTime } from '../time.ts';
import { feedColumns, feedRow, problemLines } from './feeds.ts';

interface Headline {
  readonly style: Style;
  readonly word: string;
  readonly remark: string;
}

const LABEL_WIDTH = 11;
const INDENT = 2;

export function renderStatus(status: StatusView, layout: Layout): string[] {
  const { paint } = layout;
  const { style, word, remark } = headline(status);
  const title = `${paint(style, '●')} ${paint(['bold', style], word)}${remark === '' ? '' : ` · ${printable(remark)}`}`;
  const version = `sallyport ${printable(status.version)}`;
  const blanks = (layout.width ?? 80) - displayWidth(`● ${word}${remark === '' ? '' : ` · ${remark}`}${version}`);
  const problems = [...new Set([...status.problems, ...(status.gate?.problems ?? [])])];
  const sections = [
    [`${title}${blanks >= 2 ? ' '.repeat(blanks) + paint('dim', version) : ''}`],
    problems.flatMap((problem) =>
      renderProse(`${paint(style === 'red' ? 'red' : 'yellow', '▲')} `, problem, layout, 2),
    ),
    fields(runningFields(status, layout), layout),
    status.gate === null ? [] : fields(trafficFields(status.gate), layout),
    status.gate === null ? [] : tables(status.gate, layout),
    fields(storedFields(status), layout),
    status.feeds.length === 0
      ? []
      : [
          ...renderTable(
            feedColumns,
            status.feeds.map((feed) => feedRow(feed, layout)),
            layout,
            INDENT,
          ),
          ...problemLines(status.feeds, layout, INDENT),
        ],
  ];
  return sections
    .filter((section) => section.length > 0)
    .flatMap((section, at) => (at === 0 ? section : ['', ...section]));
}

/** Also what `--json` readers get as `networkProtectionStatus`, in one look. */
export function headline(status: StatusView): Headline {
  const { gate, mode } = status;
  if (status.pid === null) {
    const remark = 'start it with: sudo ./sallyport up';
    return { style: 'red', word: 'not running', remark };
  }
  if (mode === 'disabled') return { style: 'yellow', word: 'disabled', remark: 'nothing is judged' };
  if (status.networkProtectionStatus === 'starting' || status.networkProtectionStatus === 'restarting') {
    return { style: 'yellow', word: status.networkProtectionStatus, remark: '' };
  }
  if (gate === null) return { style: 'red', word: 'not protecting', remark: 'the gate does not answer' };
  if (gate.enforcingSinceMs === 0)
    return { style: 'red', word: 'not protecting', remark: 'no packet reaches the gate' };
  const remark = mode === 'audit' ? 'audit mode: recorded, not blocked' : `${mode} mode`;
  const troubled = status.problems.length + gate.problems.length > 0;
  return troubled ? { style: 'yellow', word: 'degraded', remark } : { style: 'green', word: 'protecting', remark };
}

type Fields = (readonly [label: string, text: string])[];

const fields = (rows: Fields, layout: Layout): string[] => renderFields(rows, layout, INDENT, LABEL_WIDTH);

function runningFields(status: StatusView, layout: Layout): Fields {
  const { gate } = status;
  const since = (ms: number): string => `${localTime(ms)} (${durationText(layout.nowMs - ms)})`;
  const rows: Fields = [];
  if (gate !== null && gate.enforcingSinceMs > 0) rows.push(['enforcing', `since ${since(gate.enforcingSinceMs)}`]);
  if (gate !== null) {
    const backend = gate.backend === '' ? 'no rule loaded' : gate.backend;
    rows.push(['gate', `pid ${gate.pid} · ${backend} · queue ${gate.queueNumber} · ${gate.mode}`]);
  }
  if (status.pid !== null) {
    const started = status.startedMs === null ? '' : ` · since ${since(status.startedMs)}`;
    rows.push(['agent', `pid ${status.pid}${started}`]);
  } else {
    rows.push(['mode', `${status.mode} (takes effect at the next start)`]);
  }
  rows.push(['state', status.stateDirectory]);
  return rows;
}

function trafficFields(gate: GateStatus): Fields {
  const conntrack =
    gate.conntrackMax === 0
      ? gate.conntrackState
      : `${count(gate.conntrackCount)} of ${count(gate.conntrackMax)} (${share(gate.conntrackCount, gate.conntrackMax)}) · ${gate.conntrackState}`;
  const repaired = gate.rulesRepaired === 0 ? '' : ` · rules repaired ${counted(gate.rulesRepaired, 'time')}`;
  return [
    ['packets', `${count(gate.packets)} seen · ${count(gate.verdicts)} judged`],
    ['verdicts', `${count(gate.blocked)} blocked · ${count(gate.audited)} audited`],
    ['held', `${count(gate.held)} · ${count(gate.expiredHolds)} ran out of time${repaired}`],
    ['dropped', `${count(gate.queueDropped)} by the queue · ${count(gate.userDropped)} by the socket`],
    ['records', `${count(gate.recordsPending)} waiting · ${count(gate.recordsDropped)} dropped`],
    ['conntrack', conntrack],
  ];
}

function tables(gate: GateStatus, layout: Layout): string[] {
  const rows = TABLE_SLOTS.map((slot): Cell[] => {
    const table = gate.tables[slot];
    // Without categories and popular names a device is protected all the same.
    const isOptional = slot === 'categories' || slot === 'popular';
    if (table === null) return [slot, isOptional ? ['dim', 'none'] : ['yellow', 'none'], '', '', ''];
    return [slot, count(table.hosts), count(table.addresses), count(table.urls), byteSize(table.bytes)];
  });
  const columns = [
    { header: 'TABLE' },
    { header: 'HOSTS', align: 'right' },
    { header: 'ADDRESSES', align: 'right' },
    { header: 'URLS', align: 'right' },
    { header: 'MEMORY', align: 'right' },
  ] as const;
  return renderTable(columns, rows, layout, INDENT);
}

function storedFields(status: StatusView): Fields {
  const { journal } = status;
  const oldest = journal.oldestMs === null ? '' : ` · since ${localTime(journal.oldestMs)}`;
  return [
    ['indicators', count(status.indicators)],
    ['feeds', count(status.feeds.length)],
    ['journal', `${counted(journal.records, 'record')} · ${byteSize(journal.bytes)}${oldest}`],
    ['if failing', failPolicies(status.failPolicy)],
  ];
}

/** The policy of most causes, and the causes that differ: the exception is what a reader looks for. */
function failPolicies(policies: Readonly<Record<string, string>>): string {
  const closed = Object.entries(policies)
    .filter(([, policy]) => policy !== 'open')
    .map(([cause]) => causeWords(cause));
  if (closed.length === 0) return 'connections pass, whatever the cause (open)';
  if (closed.length === Object.keys(policies).length) return 'connections are refused, whatever the cause (closed)';
  return `closed when ${closed.join(', ')}; otherwise open`;
}

/** `FailPolicyGateAbsent` and `gateAbsent` as `gate absent`. */
const causeWords = (cause: string): string =>
  cause
    .replace(/^FailPolicy/i, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
