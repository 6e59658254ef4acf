/**
 * The one place that decides. Names, a URL and an address go in, a verdict comes out; no clock, no I/O, no memory.
 *
 * The order (specification 4.1): each name passes through the layers by itself, custom indicators first, then
 * reputation. Within a layer the most specific entry for the name (URL path before host, longer before shorter) and
 * the longest prefix for the address are weighed by allow > warn > block > audit. The first layer that answers
 * decides, so an allow or warn indicator overrides a feed.
 *
 * Two things a reader would get wrong. An audit indicator is no answer: it only asks for a record, so the layers
 * below are still heard and a feed's block stands. And where several names were read (an ambiguous Host, a tunnel
 * with an outer and an inner name) the worst of them counts, not the strongest: whoever sends two names must not get
 * the bad one through on the good one's allow.
 */
import type { MatchedBy, ReputationTable } from '@sallyport/hosts/reputation-table';
import { precedenceOf, type Action, type ResponseCategory, type Rule } from '@sallyport/hosts/rule';

/** What was read of one connection or request. The views are not kept, except as `matchedName` in the verdict. */
export interface Question {
  /** As on the wire. Empty when no name was read. Several when they disagree or when one tunnel holds another. */
  readonly names: readonly Uint8Array[];
  /** Plain HTTP only: over TLS no path is visible, so URL entries answer nothing there. */
  readonly url: { readonly host: Uint8Array; readonly path: Uint8Array } | null;
  /** 4 or 16 bytes. */
  readonly remoteIp: Uint8Array;
  readonly remotePort: number;
}

/** `EnableNetworkProtection` and `EnableConvertWarnToBlock`. */
export interface PolicySettings {
  readonly mode: 'disabled' | 'audit' | 'block';
  readonly convertWarnToBlock: boolean;
}

/** Null: there is no such table yet. */
export interface Tables {
  readonly indicators: ReputationTable | null;
  readonly reputation: ReputationTable | null;
}

export type Layer = 'indicator' | 'reputation';
export type Effect = 'pass' | 'audit' | 'block' | 'warn';

export interface Verdict {
  /** What to do with the connection. `warn` is cut like `block` as long as nobody can be asked. */
  readonly effect: Effect;
  /** What the deciding rule says, whatever the mode makes of it. */
  readonly action: Action | 'none';
  readonly responseCategory: ResponseCategory | null;
  readonly layer: Layer | 'none';
  readonly rule: Rule | null;
  readonly matched: MatchedBy | null;
  /** The name that was matched, as it was asked; null when the remote address was. */
  readonly matchedName: Uint8Array | null;
}

/** The verdict on nearly every connection: no entry, or protection is off. One object, so that it costs nothing. */
export const PASS: Verdict = Object.freeze({
  effect: 'pass',
  action: 'none',
  responseCategory: null,
  layer: 'none',
  rule: null,
  matched: null,
  matchedName: null,
});

/** One entry's say on one name or on the address. */
export interface Answer {
  readonly layer: Layer;
  readonly rule: Rule;
  readonly matched: MatchedBy;
  /** As in `LastMatch`. */
  readonly specificity: number;
  /** Null: the remote address. */
  readonly name: Uint8Array | null;
}

/** Hears how a decision comes about. It cannot influence it. */
export interface Listener {
  /** A table was asked about a name, or about the address when `name` is null. */
  asked(layer: Layer, table: ReputationTable, name: Uint8Array | null, answer: Answer | null): void;
  /** Both the name and the address have an entry in this layer. */
  weighed(winner: Answer, loser: Answer): void;
  /** An audit indicator did not stop the question from going on. */
  wentOn(audit: Answer): void;
  /** All layers were heard about this name. */
  judged(name: Uint8Array | null, answer: Answer | null): void;
}

/** `nowMs`: Unix milliseconds. A rule whose `expiresAt` has come is as good as absent. */
export function judge(question: Question, tables: Tables, settings: PolicySettings, nowMs: number): Verdict {
  return decide(question, tables, settings, nowMs, null);
}

/** `judge`, with a listener for explanations. */
export function decide(
  question: Question,
  tables: Tables,
  settings: PolicySettings,
  nowMs: number,
  listener: Listener | null,
): Verdict {
  if (settings.mode === 'disabled' && listener === null) return PASS;
  const { names } = question;
  let worst = names.length === 0 ? answerFor(null, question, tables, nowMs, listener) : null;
  for (let i = 0; i < names.length; i++) {
    const answer = answerFor(names[i] ?? null, question, tables, nowMs, listener);
    if (i === 0 || badness(answer) > badness(worst)) worst = answer;
  }
  return worst === null || settings.mode === 'disabled' ? PASS : verdictOf(worst, settings);
}

/** All layers about one name (null: no name was read) and the remote address. */
function answerFor(
  name: Uint8Array | null,
  question: Question,
  tables: Tables,
  nowMs: number,
  listener: Listener | null,
): Answer | null {
  const indicator = answerIn('indicator', tables.indicators, name, question, nowMs, listener);
  let answer = indicator;
  if (indicator === null || indicator.rule.action === 'audit') {
    if (indicator !== null) listener?.wentOn(indicator);
    const below = answerIn('reputation', tables.reputation, name, question, nowMs, listener);
    // Only a layer that restricts replaces an audit indicator; an allow or audit below would lose its record.
    if (indicator === null || (below !== null && badness(below) > badness(indicator))) answer = below;
  }
  listener?.judged(name, answer);
  return answer;
}

function answerIn(
  layer: Layer,
  table: ReputationTable | null,
  name: Uint8Array | null,
  question: Question,
  nowMs: number,
  listener: Listener | null,
): Answer | null {
  if (table === null) return null;
  const byName = name === null ? null : askName(layer, table, name, question.url, nowMs);
  if (name !== null) listener?.asked(layer, table, name, byName);
  const byAddress = toAnswer(layer, table, table.findIp(question.remoteIp, nowMs), null);
  listener?.asked(layer, table, null, byAddress);
  if (byName === null) return byAddress;
  if (byAddress === null) return byName;
  // The specification has no rule for this tie; its "allows always take precedence" is applied, the name first.
  const nameWins = precedenceOf(byName.rule.action) <= precedenceOf(byAddress.rule.action);
  listener?.weighed(nameWins ? byName : byAddress, nameWins ? byAddress : byName);
  return nameWins ? byName : byAddress;
}

/** A URL entry is about less than any host entry, so it goes first. */
function askName(
  layer: Layer,
  table: ReputationTable,
  name: Uint8Array,
  url: Question['url'],
  nowMs: number,
): Answer | null {
  if (url !== null && isSameName(url.host, name)) {
    const rule = table.findUrl(url.host, url.path, nowMs);
    if (rule >= 0) return toAnswer(layer, table, rule, name);
  }
  return toAnswer(layer, table, table.findHost(name, 0, name.length, nowMs), name);
}

function toAnswer(layer: Layer, table: ReputationTable, ruleIndex: number, name: Uint8Array | null): Answer | null {
  if (ruleIndex < 0) return null;
  const { matched, specificity } = table.last;
  return { layer, rule: table.rule(ruleIndex), matched, specificity, name };
}

const DOT = 0x2e;

/** Whether two names from the wire differ in ASCII case and trailing dots at most. */
export function isSameName(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  const length = trimmedLength(a);
  if (length !== trimmedLength(b)) return false;
  for (let i = 0; i < length; i++) {
    if (foldCase(a[i] ?? 0) !== foldCase(b[i] ?? 0)) return false;
  }
  return true;
}

function trimmedLength(name: Uint8Array): number {
  let length = name.length;
  while (length > 0 && name[length - 1] === DOT) length--;
  return length;
}

const foldCase = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** Across several names and for the layers below an audit: no answer is worse than an allow, nobody vouches for it. */
const BADNESS = { allow: 0, none: 1, audit: 2, warn: 3, block: 4 } as const satisfies Record<Action | 'none', number>;
const badness = (answer: Answer | null): number => BADNESS[answer === null ? 'none' : answer.rule.action];

/** Specification 4.3, by action, then mode. Audit is there for audit indicators, which the table leaves out. */
function effectOf(action: Action, settings: PolicySettings): Effect {
  switch (action) {
    case 'allow':
      return 'pass';
    case 'audit':
      return 'audit';
    case 'warn':
      if (settings.mode === 'audit') return 'audit';
      return settings.convertWarnToBlock ? 'block' : 'warn';
    case 'block':
      return settings.mode === 'audit' ? 'audit' : 'block';
    default:
      return action satisfies never;
  }
}

function verdictOf(answer: Answer, settings: PolicySettings): Verdict {
  const { layer, rule, matched, name } = answer;
  return {
    effect: effectOf(rule.action, settings),
    action: rule.action,
    responseCategory: rule.category,
    layer,
    rule,
    matched,
    matchedName: name,
  };
}
