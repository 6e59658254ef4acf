/**
 * `sallyport check`: what would happen to a connection, asked of the same tables that the gate has.
 *
 * Easy to get wrong: the tables are opened for the question and dropped again. Keeping them would cost the agent as
 * much memory as the gate, for a command that is rarely used.
 */
import type { CheckView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { TableSlot } from '@sallyport/contract/gate-link';
import { parseIp } from '@sallyport/hosts/canonical';
import { HostTable } from '@sallyport/hosts/table';
import { explain } from '@sallyport/policy/explain';
import type { PolicySettings, Question, Tables } from '@sallyport/policy/judge';

import { readTarget } from '../indicators/read-indicator.ts';

/** The bytes of each table, null where there is none. Throws ControlError for what is no target, or a broken table. */
export function checkTarget(target: string, settings: PolicySettings, tables: TableBytes, nowMs: number): CheckView {
  const { question, note } = questionOf(target.trim());
  const { verdict, reasons } = explain(question, openTables(tables), settings, nowMs);
  // Without an address there is none to say anything about.
  const heard = question.remoteIp.length > 0 ? reasons : reasons.filter((reason) => !reason.endsWith(' about ::.'));
  return {
    target,
    effect: verdict.effect,
    mode: settings.mode,
    responseCategory: verdict.responseCategory,
    rule:
      verdict.rule === null
        ? null
        : {
            id: verdict.rule.id,
            title: verdict.rule.title,
            source: verdict.rule.source,
            action: verdict.rule.action,
          },
    reasons: note === null ? heard : [note, ...heard],
  };
}

export type TableBytes = Readonly<Record<TableSlot, Uint8Array | null>>;

const UNKNOWN_ADDRESS = new Uint8Array(0);

function questionOf(target: string): { readonly question: Question; readonly note: string | null } {
  const read = readTarget(target);
  if (read.kind === 'rejected') throw new ControlError('invalid', read.reason);
  const { type, value } = read.target;
  if (type === 'IpAddress') {
    const remoteIp = parseIp(value);
    if (remoteIp === null) throw new ControlError('invalid', `${value} is a network; name one address in it`);
    return { question: { names: [], url: null, remoteIp, remotePort: 443 }, note: null };
  }
  if (type === 'DomainName') {
    if (value.startsWith('*.')) throw new ControlError('invalid', `${value} is a pattern; name one host it covers`);
    return {
      question: { names: [Buffer.from(value)], url: null, remoteIp: UNKNOWN_ADDRESS, remotePort: 443 },
      note: null,
    };
  }
  const isTls = value.startsWith('https:');
  const start = value.indexOf('://') + 3;
  const slash = value.indexOf('/', start);
  const host = Buffer.from(value.slice(start, slash));
  const path = value.slice(slash);
  return {
    question: {
      names: [host],
      url: isTls ? null : { host, path: Buffer.from(path) },
      remoteIp: UNKNOWN_ADDRESS,
      remotePort: isTls ? 443 : 80,
    },
    note: isTls && path !== '/' ? 'Over TLS only the host is visible, so the path plays no part.' : null,
  };
}

const openTables = (bytes: TableBytes): Tables => ({
  indicators: openTable('indicators', bytes.indicators),
  reputation: openTable('reputation', bytes.reputation),
});

function openTable(slot: TableSlot, bytes: Uint8Array | null): HostTable | null {
  if (bytes === null) return null;
  const opened = HostTable.open(bytes);
  if (opened.kind === 'ok') return opened.value;
  throw new ControlError('internal', `the ${slot} table does not verify: ${opened.detail}`);
}
