/**
 * Custom indicators as rules and entries of a table. Pure.
 *
 * Easy to get wrong: an indicator that is not for this device, or for nobody on it, must not get into the table at all;
 * a rule without a scope is for everybody.
 */
import type { Indicator } from '@sallyport/contract/indicator';
import { TableBuilder } from '@sallyport/hosts/build';
import type { Action, Rule } from '@sallyport/hosts/rule';
import type { Scope } from '@sallyport/hosts/scope';

import type { IndicatorDraft } from '../indicators/read-indicator.ts';
import { type Destination, readTarget } from '../indicators/read-target.ts';
import { resolveScope, type Users } from '../indicators/scope-items.ts';

const ACTIONS = { Allowed: 'allow', Audit: 'audit', Warn: 'warn', Block: 'block' } as const satisfies Record<
  Indicator['action'],
  Action
>;

/** What decides whether an indicator is for this device, and what its users are here. */
export interface ThisDevice {
  /** Setting DeviceGroup. Empty: of none, so that only indicators for all groups count. */
  readonly group: string;
  readonly users: Users;
}

/** What did not get into the table, or not as written. */
export interface CompileNotes {
  /** For other device groups. */
  otherGroups: number;
  /** Indicators by user that is not known here. */
  readonly unknownUsers: Record<string, number>;
}

export const noNotes = (): CompileNotes => ({ otherGroups: 0, unknownUsers: {} });

/** What of a table builder is needed here; an editor of tables has it as well. */
export interface EntrySink {
  addRule(rule: Rule): number;
  addHost(name: string, ruleIndex: number, kind?: 'suffix' | 'exact' | 'subdomains'): void;
  addCidr(address: Uint8Array, prefixLength: number, ruleIndex: number): void;
  addUrl(host: string, path: string, ruleIndex: number): void;
}

export function buildIndicatorTable(
  indicators: Iterable<Indicator>,
  hashKey: readonly [number, number],
  device: ThisDevice,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly notes: CompileNotes } {
  const builder = new TableBuilder({ hashKey });
  const notes = noNotes();
  for (const indicator of indicators) addIndicator(builder, indicator.id, indicator, device, notes);
  return { bytes: builder.build(), notes };
}

/**
 * The value is canonical (read-target.ts), so whatever cannot be entered is a broken invariant and throws. A URL without
 * a path means its very host as a whole, over TLS as well; one with a path is seen in plain HTTP alone.
 */
export function addIndicator(
  sink: EntrySink,
  id: string,
  draft: IndicatorDraft,
  device: ThisDevice,
  notes: CompileNotes,
): void {
  const groups = draft.rbacGroups;
  if (groups !== undefined && groups.length > 0 && !groups.includes(device.group)) {
    notes.otherGroups++;
    return;
  }
  const { scope, unknownUsers } = resolveScope(draft, device.users);
  for (const user of unknownUsers) notes.unknownUsers[user] = (notes.unknownUsers[user] ?? 0) + 1;
  if (scope === null) return;
  const read = readTarget(draft.indicatorValue);
  if (read.kind === 'rejected') throw new Error(`indicator ${id}: ${read.reason}`);
  const { destination, port } = read.target;
  addDestination(sink, destination, sink.addRule(ruleOf(id, draft, port, scope)));
}

/** Every entry that a destination stands for. */
function addDestination(sink: EntrySink, destination: Destination, rule: number): void {
  switch (destination.kind) {
    case 'host':
      sink.addHost(destination.name, rule, destination.match);
      return;
    case 'networks':
      for (const { address, prefixLength } of destination.networks) sink.addCidr(address, prefixLength, rule);
      return;
    case 'url': {
      const whole = destination.path === '/' ? readTarget(destination.host) : null;
      // The host of a URL is canonical, so as a target it is a name or an address.
      if (whole?.kind !== 'ok') sink.addUrl(destination.host, destination.path, rule);
      else if (whole.target.destination.kind === 'host') sink.addHost(destination.host, rule, 'exact');
      else addDestination(sink, whole.target.destination, rule);
      return;
    }
    default:
      destination satisfies never;
  }
}

function ruleOf(id: string, draft: IndicatorDraft, port: number | null, scope: Scope | undefined): Rule {
  return {
    action: ACTIONS[draft.action],
    category: draft.action === 'Allowed' ? 'CustomAllowList' : 'CustomBlockList',
    id,
    title: draft.title,
    source: 'indicator',
    expiresAt: draft.expirationTime === null ? null : Date.parse(draft.expirationTime),
    ...(draft.generateAlert !== undefined && { generateAlert: draft.generateAlert }),
    ...(draft.severity !== undefined && { severity: draft.severity }),
    ...(port !== null && { port }),
    ...(scope !== undefined && { scope }),
  };
}
