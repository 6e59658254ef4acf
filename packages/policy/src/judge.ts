/**
 * The one place that decides. Names, a URL, an address and a process go in, a verdict comes out; no clock, no I/O, no
 * memory.
 *
 * The order (specification 4.1): what is excluded is not judged. Else each name passes through the layers by itself:
 * custom indicators, reputation, web content filtering, and for names on no list the local score. Within a layer the
 * table's answers for the name and for the address are weighed by allow > warn > block > audit. The first layer that
 * answers decides, so an allow or warn indicator overrides a feed.
 *
 * Two things a reader would get wrong. An audit is no answer, neither an indicator's nor a feed's: it only asks for a
 * record, so the layers below are still heard and a block there stands. And where several names were read (an
 * ambiguous Host, a tunnel with an outer and an inner name) the worst of them counts, not the strongest: whoever sends
 * two names must not get the bad one through on the good one's allow.
 */
import type { Asked, MatchedBy, ReputationTable } from '@sallyport/hosts/reputation-table';
import { precedenceOf, type Action, type Rule } from '@sallyport/hosts/rule';
import type { WebCategory } from '@sallyport/hosts/web-category';

import { excludedBy, type ExcludedNetwork } from './exclusions.ts';
import type { Effect, Layer, NameScore, PolicySettings, Question, Tables, Verdict } from './verdict.ts';

/** The verdict on nearly every connection: no entry, or protection is off. One object, so that it costs nothing. */
export const PASS: Verdict = Object.freeze({
  effect: 'pass',
  action: 'none',
  responseCategory: null,
  webCategory: null,
  layer: 'none',
  rule: null,
  matched: null,
  matchedName: null,
});

const EXCLUDED: Verdict = Object.freeze({ ...PASS, layer: 'exclusion' });

export type AnsweringLayer = Exclude<Layer, 'exclusion'>;
/** Layers that are tables. */
export type TableLayer = Exclude<AnsweringLayer, 'score'>;

/** One entry's say on one name or on the address. */
export interface Answer {
  readonly layer: AnsweringLayer;
  readonly rule: Rule;
  /** In the layer's table; -1 for the local score. */
  readonly ruleIndex: number;
  readonly matched: MatchedBy;
  /** As in `LastMatch`. */
  readonly specificity: number;
  /** Null: the remote address. */
  readonly name: Uint8Array | null;
  /** Of the category layer's answer, also where another layer's answer is preferred to it. */
  readonly webCategory: WebCategory | null;
}

/** Hears how a decision comes about. It cannot influence it. */
export interface Listener {
  /** Nothing else is asked. */
  excluded(by: ExcludedNetwork | 'process'): void;
  /** A table was asked about a name, or about the address when `name` is null. */
  asked(layer: TableLayer, table: ReputationTable, name: Uint8Array | null, answer: Answer | null): void;
  /** Both the name and the address have an entry in this layer. */
  weighed(winner: Answer, loser: Answer): void;
  /** An audit, or a category that is only counted, did not stop the question from going on. */
  wentOn(answer: Answer): void;
  /** The name is popular and therefore not scored. */
  popular(name: Uint8Array): void;
  scored(name: Uint8Array, score: NameScore | null, answer: Answer | null): void;
  /** All layers were heard about this name. */
  judged(name: Uint8Array | null, answer: Answer | null): void;
  /** The answer that becomes the verdict. */
  decided(answer: Answer | null): void;
}

/** `nowMs`: Unix milliseconds. A rule whose `expiresAt` has come is as good as absent. */
export function judge(question: Question, tables: Tables, settings: PolicySettings, nowMs: number): Verdict {
  return decide(question, tables, settings, nowMs, null);
}

/** Of the decision under way. One object for all of them, so that asking a table costs no allocation. */
const asked: Asked = { nowMs: 0, port: 0, subject: null };

/** `judge`, with a listener for explanations: it hears of what matches even when protection is disabled. */
export function decide(
  question: Question,
  tables: Tables,
  settings: PolicySettings,
  nowMs: number,
  listener: Listener | null,
): Verdict {
  const disabled = settings.mode === 'disabled';
  if (disabled && listener === null) return PASS;
  const exclusion = settings.exclusions === null ? null : excludedBy(settings.exclusions, question);
  if (exclusion !== null) {
    listener?.excluded(exclusion);
    return disabled ? PASS : EXCLUDED;
  }
  asked.nowMs = nowMs;
  asked.port = question.remotePort;
  asked.subject = question.subject;
  const { names } = question;
  let worst = names.length === 0 ? answerFor(null, question, tables, settings, listener) : null;
  for (let i = 0; i < names.length; i++) {
    const answer = answerFor(names[i] ?? null, question, tables, settings, listener);
    // A category that is only counted is no worse than nothing, but it says more.
    if (i === 0 || badness(answer) > badness(worst) || (worst === null && isOnlyCounted(answer))) worst = answer;
  }
  if (disabled || worst === null) return PASS;
  listener?.decided(worst);
  return verdictOf(worst, settings);
}

/** All layers about one name (null: no name was read) and the remote address. */
function answerFor(
  name: Uint8Array | null,
  question: Question,
  tables: Tables,
  settings: PolicySettings,
  listener: Listener | null,
): Answer | null {
  const answer = heard(name, question, tables, settings, listener);
  listener?.judged(name, answer);
  return answer;
}

function heard(
  name: Uint8Array | null,
  question: Question,
  tables: Tables,
  settings: PolicySettings,
  listener: Listener | null,
): Answer | null {
  const indicator = answerIn('indicator', tables.indicators, name, question, listener);
  if (indicator !== null && indicator.rule.action !== 'audit') return indicator;
  if (indicator !== null) listener?.wentOn(indicator);

  const reputation = answerIn('reputation', tables.reputation, name, question, listener);
  const known = worseOf(indicator, reputation);
  if (reputation !== null && reputation.rule.action !== 'audit') return known;
  if (reputation !== null) listener?.wentOn(reputation);

  const category = answerIn('category', tables.categories, name, question, listener);
  const listed = withCategory(worseOf(known, category), category);
  if (category !== null && category.rule.action !== 'audit') return listed;
  if (category !== null) listener?.wentOn(category);

  // A categorised name is known, whereas an audit exempts from nothing and an address says nothing about the name.
  if (name === null || (category !== null && category.name !== null)) return listed;
  return withCategory(worseOf(listed, scoreOf(name, tables, settings, listener)), category);
}

function answerIn(
  layer: TableLayer,
  table: ReputationTable | null,
  name: Uint8Array | null,
  question: Question,
  listener: Listener | null,
): Answer | null {
  if (table === null) return null;
  let byName: Answer | null = null;
  if (name !== null) {
    const path = pathOf(name, question.url);
    byName = toAnswer(layer, table, table.findName(name, 0, name.length, path, asked), name);
    listener?.asked(layer, table, name, byName);
  }
  const byAddress = toAnswer(layer, table, table.findAddress(question.remoteIp, asked), null);
  listener?.asked(layer, table, null, byAddress);
  if (byName === null) return byAddress;
  if (byAddress === null) return byName;
  // The specification has no rule for this tie; its "allows always take precedence" is applied, the name first.
  const nameWins = precedenceOf(byName.rule.action) <= precedenceOf(byAddress.rule.action);
  listener?.weighed(nameWins ? byName : byAddress, nameWins ? byAddress : byName);
  return nameWins ? byName : byAddress;
}

/** The path belongs to the one name that the URL has. */
export const pathOf = (name: Uint8Array, url: Question['url']): Uint8Array | null =>
  url !== null && isSameName(url.host, name) ? url.path : null;

function toAnswer(
  layer: TableLayer,
  table: ReputationTable,
  ruleIndex: number,
  name: Uint8Array | null,
): Answer | null {
  if (ruleIndex < 0) return null;
  const { matched, specificity } = table.last;
  const rule = table.rule(ruleIndex);
  const webCategory = layer === 'category' ? (rule.webCategory ?? null) : null;
  return { layer, rule, ruleIndex, matched, specificity, name, webCategory };
}

/** The upper layer's answer unless the lower one restricts more. */
function worseOf(upper: Answer | null, lower: Answer | null): Answer | null {
  if (upper === null || lower === null) return upper ?? lower;
  return badness(lower) > badness(upper) ? lower : upper;
}

/** Usage statistics count a category whatever decides. */
function withCategory(answer: Answer | null, category: Answer | null): Answer | null {
  if (answer === null || category === null || answer.webCategory === category.webCategory) return answer;
  return { ...answer, webCategory: category.webCategory };
}

/** The local score as an answer; null when it is off, the name is popular, or there is nothing to say about it. */
function scoreOf(name: Uint8Array, tables: Tables, settings: PolicySettings, listener: Listener | null): Answer | null {
  const action = settings.lowReputation;
  if (action === 'off' || tables.score === null) return null;
  if (tables.popular !== null && tables.popular.findName(name, 0, name.length, null, asked) >= 0) {
    listener?.popular(name);
    return null;
  }
  const score = tables.score(name);
  const answer = score === null ? null : scoreAnswer(name, action, score);
  listener?.scored(name, score, answer);
  return answer;
}

const scoreAnswer = (name: Uint8Array, action: Action, { score, reasons }: NameScore): Answer => ({
  layer: 'score',
  rule: {
    action,
    category: 'Untrusted',
    id: 'local-score',
    title: reasons[0] ?? 'Low reputation',
    source: 'score',
    expiresAt: null,
    confidence: score,
  },
  ruleIndex: -1,
  matched: 'host',
  specificity: trimmedLength(name),
  name,
  webCategory: null,
});

const DOT = 0x2e;

/** Whether two names from the wire differ in ASCII case and trailing dots at most. */
function isSameName(a: Uint8Array, b: Uint8Array): boolean {
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

/** A category that no policy blocks: it is recorded for usage statistics and restricts nothing (specification 4.6). */
export const isOnlyCounted = (answer: Answer | null): boolean =>
  answer !== null && answer.layer === 'category' && answer.rule.action === 'audit';

/** Across several names and for the layers below an audit: no answer is worse than an allow, nobody vouches for it. */
const BADNESS = { allow: 0, none: 1, audit: 2, warn: 3, block: 4 } as const satisfies Record<Action | 'none', number>;
const badness = (answer: Answer | null): number =>
  BADNESS[answer === null || isOnlyCounted(answer) ? 'none' : answer.rule.action];

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
  const { layer, rule, matched, name, webCategory } = answer;
  if (isOnlyCounted(answer)) return { ...PASS, webCategory };
  return {
    effect: effectOf(rule.action, settings),
    action: rule.action,
    responseCategory: rule.category,
    webCategory,
    layer,
    rule,
    matched,
    matchedName: name,
  };
}
