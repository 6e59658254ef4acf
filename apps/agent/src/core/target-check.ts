/**
 * `sallyport check`: what would happen to a connection, asked of the same tables that the gate has.
 *
 * Easy to get wrong: the tables are opened for the question and dropped again. Keeping them would cost the agent as
 * much memory as the gate, for a command that is rarely used.
 */
import type { CheckAs, CheckCandidate, CheckRule, CheckView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import type { TableSlot } from '@sallyport/contract/gate-link';
import type { Rule } from '@sallyport/hosts/rule';
import { isEveryone, type Subject } from '@sallyport/hosts/scope';
import { HostTable } from '@sallyport/hosts/table';
import { explain, type Silence } from '@sallyport/policy/explain';
import type { PolicySettings, Question, Tables } from '@sallyport/policy/verdict';
import { scopeText } from '@sallyport/policy/wording';

import { readTarget } from '../indicators/read-target.ts';
import type { Users } from '../indicators/scope-items.ts';

/** The bytes of each table, null where there is none. */
export type TableBytes = Readonly<Record<TableSlot, Uint8Array | null>>;

export interface CheckPolicy {
  readonly settings: PolicySettings;
  readonly tables: TableBytes;
  readonly score: Tables['score'];
  readonly users: Users;
}

/** Throws ControlError for what is no target, an unknown user, or a broken table. */
export function checkTarget(target: string, as: CheckAs, policy: CheckPolicy, nowMs: number): CheckView {
  const { question, notes } = questionOf(target.trim(), as, policy.users);
  const { verdict, reasons, candidates } = explain(question, openTables(policy), policy.settings, nowMs);
  return {
    target,
    effect: verdict.effect,
    mode: policy.settings.mode,
    responseCategory: verdict.responseCategory,
    webCategory: verdict.webCategory,
    layer: verdict.layer,
    rule: verdict.rule === null ? null : ruleView(verdict.rule),
    reasons: [...notes, ...reasons],
    candidates: candidates.map(({ layer, matched, entry, asked, rule, won, silence }): CheckCandidate => ({
      layer,
      matched,
      entry,
      asked,
      rule: ruleView(rule),
      won,
      silent: silence === null ? null : SILENCES[silence],
    })),
  };
}

const SILENCES = {
  expired: 'it has expired',
  port: 'it is for another port',
  scope: 'it is for other users or programs',
  exception: 'it only takes back what its own list says',
  'taken-back': 'its own list takes it back',
  'not-heard': 'a layer before it has decided',
} as const satisfies Record<Silence, string>;

const ruleView = (rule: Rule): CheckRule => ({
  id: rule.id,
  title: rule.title,
  source: rule.source,
  action: rule.action,
  category: rule.category,
  webCategory: rule.webCategory ?? null,
  confidence: rule.confidence ?? null,
  port: rule.port ?? null,
  scope: rule.scope === undefined || isEveryone(rule.scope) ? null : scopeText(rule.scope),
  expiresMs: rule.expiresAt,
});

const UNKNOWN_ADDRESS = new Uint8Array(0);

interface Asking {
  readonly question: Question;
  /** What the question leaves open, before anything is answered. */
  readonly notes: readonly string[];
}

function questionOf(text: string, as: CheckAs, users: Users): Asking {
  const read = readTarget(text);
  if (read.kind === 'rejected') throw new ControlError('invalid', read.reason);
  const { value, destination, port } = read.target;
  const subject = subjectOf(as, users);
  const question = { subject, remoteIp: UNKNOWN_ADDRESS, remotePort: as.port ?? port ?? 443 };
  switch (destination.kind) {
    case 'networks': {
      const [only, ...others] = destination.networks;
      if (only === undefined || others.length > 0 || only.prefixLength !== only.address.length * 8)
        throw new ControlError('invalid', `${value} is a network; name one address in it`);
      return { question: { ...question, names: [], url: null, remoteIp: only.address }, notes: [] };
    }
    case 'host':
      if (destination.match !== 'suffix')
        throw new ControlError('invalid', `${value} is a pattern; name one host it covers`);
      return { question: { ...question, names: [Buffer.from(destination.name)], url: null }, notes: [] };
    case 'url': {
      const { isTls, host, path } = destination;
      const name = Buffer.from(host.includes(':') ? `[${host}]` : host);
      return {
        question: {
          ...question,
          names: [name],
          url: isTls ? null : { host: name, path: Buffer.from(path) },
          remotePort: as.port ?? port ?? (isTls ? 443 : 80),
        },
        notes: isTls && path !== '/' ? ['Over TLS only the host is visible, so the path plays no part.'] : [],
      };
    }
    default:
      return destination satisfies never;
  }
}

/** Null when nothing is said about who asks. */
function subjectOf({ user, process: executable }: CheckAs, users: Users): Subject | null {
  if (user === undefined && executable === undefined) return null;
  if (executable !== undefined && !executable.startsWith('/')) {
    throw new ControlError('invalid', `--process ${JSON.stringify(executable)}: name the program by its absolute path`);
  }
  return {
    uid: user === undefined ? null : uidOf(user, users),
    executable: executable ?? null,
    cgroup: null,
    container: null,
  };
}

function uidOf(user: string, users: Users): number {
  const named = Object.hasOwn(users, user) ? users[user] : undefined;
  if (named !== undefined) return named;
  if (/^\d{1,10}$/.test(user)) return Number(user);
  throw new ControlError('not-found', `there is no user ${JSON.stringify(user)} on this machine; name the uid`);
}

const openTables = ({ tables, score }: CheckPolicy): Tables => ({
  indicators: openTable('indicators', tables.indicators),
  reputation: openTable('reputation', tables.reputation),
  categories: openTable('categories', tables.categories),
  popular: openTable('popular', tables.popular),
  score,
});

function openTable(slot: TableSlot, bytes: Uint8Array | null): HostTable | null {
  if (bytes === null) return null;
  const opened = HostTable.open(bytes);
  if (opened.kind === 'ok') return opened.value;
  throw new ControlError('internal', `the ${slot} table does not verify: ${opened.detail}`);
}
