/**
 * The decision of `judge` with its chain, for people: every entry that covers the question and, in short sentences,
 * why one of them decided. Nothing is decided here; `decide` is listened to.
 *
 * Easy to get wrong: layers that `decide` never came to are asked here afterwards, so that an entry without effect is
 * seen too. They cannot win.
 */
import type { Asked, Candidate, MatchedBy, ReputationTable } from '@sallyport/hosts/reputation-table';
import { isExceptionRule, type Rule } from '@sallyport/hosts/rule';
import { isInScope } from '@sallyport/hosts/scope';

import type { ExcludedNetwork } from './exclusions.ts';
import { decide, isOnlyCounted, pathOf, type Answer, type Listener, type TableLayer } from './judge.ts';
import type { Layer, NameScore, PolicySettings, Question, Tables, Verdict } from './verdict.ts';
import {
  LAYER_NAMES,
  addressText,
  capital,
  categoryText,
  entryText,
  networkText,
  ruleText,
  scopeText,
  textOf,
} from './wording.ts';

/**
 * Why a candidate has no say: it has expired, is for another port or other processes, is an exception (which only takes
 * back), was taken back by an exception of its own feed, or its layer is not heard.
 */
export type Silence = 'expired' | 'port' | 'scope' | 'exception' | 'taken-back' | 'not-heard';

export interface ExplainedCandidate {
  readonly layer: Layer;
  readonly matched: MatchedBy;
  /** The entry as it would be written in a list: `example.com`, `10.0.0.0/8`, `example.com/path`. */
  readonly entry: string;
  /** The name or address it was asked about. */
  readonly asked: string;
  /** As in `LastMatch`: bytes of name or path, or bits of prefix. */
  readonly specificity: number;
  readonly rule: Rule;
  /** Null when it applies. */
  readonly silence: Silence | null;
  /** The one that decided. At most one; none when nothing matched or protection is disabled. */
  readonly won: boolean;
}

export interface Explanation {
  /** What `judge` says to the same question. */
  readonly verdict: Verdict;
  /** In the order in which they were weighed: by name, then layer, then most specific first; layers not heard last. */
  readonly candidates: readonly ExplainedCandidate[];
  readonly reasons: readonly string[];
}

/** Asks the same tables as `judge`; costs some allocations a candidate, so it is not for every connection. */
export function explain(question: Question, tables: Tables, settings: PolicySettings, nowMs: number): Explanation {
  const chain = new Chain(question, tables, nowMs);
  const verdict = decide(question, tables, settings, nowMs, chain);
  chain.tellNotHeard();
  let won = false;
  const candidates = chain.found.map(({ name, ruleIndex, ...candidate }) => {
    const wins = !won && chain.winner !== null && isSameEntry({ name, ruleIndex, ...candidate }, chain.winner);
    won ||= wins;
    return { ...candidate, won: wins };
  });
  const reasons = [...chain.reasons, conclusion(verdict, question, settings, candidates.length > 0)];
  return { verdict, candidates, reasons };
}

type Found = Omit<ExplainedCandidate, 'won'> & Pick<Answer, 'name' | 'ruleIndex'>;

/** For the first such entry only: where a rule stands more than once, the most specific place is the one that counted. */
const isSameEntry = (found: Found, answer: Answer): boolean =>
  found.silence === null &&
  found.layer === answer.layer &&
  found.ruleIndex === answer.ruleIndex &&
  found.name === answer.name;

class Chain implements Listener {
  readonly found: Found[] = [];
  readonly reasons: string[] = [];
  winner: Answer | null = null;
  readonly #question: Question;
  readonly #tables: Tables;
  readonly #asked: Asked;
  /** Names already explained, by layer; null stands for the address, which is weighed again with every name. */
  readonly #told: Record<TableLayer, Set<Uint8Array | null>> = {
    indicator: new Set(),
    reputation: new Set(),
    category: new Set(),
  };
  readonly #popularTold = new Set<Uint8Array>();

  constructor(question: Question, tables: Tables, nowMs: number) {
    this.#question = question;
    this.#tables = tables;
    this.#asked = { nowMs, port: question.remotePort, subject: question.subject };
  }

  excluded(by: ExcludedNetwork | 'process'): void {
    const what =
      by === 'process'
        ? `${this.#question.subject?.executable ?? ''} is an excluded program`
        : `${addressText(this.#question.remoteIp)} is in the excluded network ${networkText(by.address, by.prefixLength)}`;
    this.reasons.push(`${what}: nothing is asked.`);
  }

  asked(layer: TableLayer, table: ReputationTable, name: Uint8Array | null, answer: Answer | null): void {
    if (this.#told[layer].has(name)) return;
    this.#told[layer].add(name);
    // `sallyport check NAME` knows of no address, so there is nothing to say about it.
    if (name === null && this.#question.remoteIp.length === 0) return;
    const found = this.#collect(layer, table, name);
    const about = this.#aboutText(name);
    this.#tellSilent(found);
    if (answer === null) {
      this.reasons.push(`${LAYER_NAMES[layer]}: nothing ${found.length > 0 ? 'that counts ' : ''}about ${about}.`);
      return;
    }
    const entries = entriesOf(found.filter(({ silence }) => silence === null));
    const mine = entries.find(({ matched, specificity }) => isAt(answer, matched, specificity));
    const others = entries.filter((entry) => entry !== mine);
    const longest = others.length > 0 ? `, the most specific of ${entries.length} entries` : '';
    const entry = entryText(answer, this.#question, name);
    this.reasons.push(
      `${LAYER_NAMES[layer]}: ${answer.matched} entry ${entry} says ${answer.rule.action} about ${about}${longest}.`,
    );
    if (mine !== undefined) this.reasons.push(`${entry} is listed by ${listOf(mine.rules)}.`);
    for (const other of others) this.reasons.push(`Less specific: ${other.entry}, listed by ${listOf(other.rules)}.`);
  }

  weighed(winner: Answer, loser: Answer): void {
    const what = (answer: Answer): string =>
      `${answer.rule.action} on the ${answer.name === null ? 'address' : 'name'}`;
    this.reasons.push(`${capital(what(winner))} goes before ${what(loser)} (allow, warn, block, audit).`);
  }

  wentOn(answer: Answer): void {
    if (!isOnlyCounted(answer)) {
      this.reasons.push(`"${answer.rule.title}" only asks for a record, so the layers below are heard too.`);
      return;
    }
    const category = answer.webCategory === null ? 'The category' : categoryText(answer.webCategory);
    this.reasons.push(`${category} is not blocked by any policy: it is only counted.`);
  }

  popular(name: Uint8Array): void {
    this.#tellPopular(name, ', so it is not scored');
  }

  scored(name: Uint8Array, score: NameScore | null, answer: Answer | null): void {
    const about = textOf(name);
    if (score === null || answer === null) {
      this.reasons.push(`Local score: nothing remarkable about ${about}.`);
      return;
    }
    const { layer, rule, ruleIndex, matched, specificity } = answer;
    this.found.push({ layer, matched, entry: about, asked: about, specificity, rule, silence: null, name, ruleIndex });
    this.reasons.push(`Local score: ${score.score} of 100 for ${about}: ${score.reasons.join('; ')}.`);
  }

  judged(name: Uint8Array | null, answer: Answer | null): void {
    if (name === null || this.#question.names.length < 2) return;
    const said = answer === null || isOnlyCounted(answer) ? 'no answer' : answer.rule.action;
    this.reasons.push(`For ${textOf(name)} alone: ${said}.`);
  }

  decided(answer: Answer | null): void {
    this.winner = isOnlyCounted(answer) ? null : answer;
  }

  /** What stands in the layers that were not asked about a name or the address. */
  tellNotHeard(): void {
    const { indicators, reputation, categories } = this.#tables;
    for (const name of [...new Set(this.#question.names), null]) {
      this.#tellLayerNotHeard('indicator', indicators, name);
      this.#tellLayerNotHeard('reputation', reputation, name);
      this.#tellLayerNotHeard('category', categories, name);
      if (name !== null) this.#tellPopular(name, '');
    }
  }

  #tellLayerNotHeard(layer: TableLayer, table: ReputationTable | null, name: Uint8Array | null): void {
    if (table === null || this.#told[layer].has(name)) return;
    const found = this.#collect(layer, table, name).filter(({ silence }) => silence === 'not-heard');
    for (const { entry, rules } of entriesOf(found)) {
      this.reasons.push(`${LAYER_NAMES[layer]}: not heard about ${entry}, listed by ${listOf(rules)}.`);
    }
  }

  #tellPopular(name: Uint8Array, consequence: string): void {
    const entry = this.#tables.popular?.nameCandidates(name, 0, name.length, null)[0];
    if (entry === undefined || this.#popularTold.has(name)) return;
    this.#popularTold.add(name);
    const about = textOf(name);
    const popular = entryText(entry, this.#question, name);
    const how = popular === about ? 'is a popular name' : `is under the popular name ${popular}`;
    this.reasons.push(`${about} ${how}${consequence}.`);
  }

  /** Adds what the layer has on the name or the address to `found`, and returns it. */
  #collect(layer: TableLayer, table: ReputationTable, name: Uint8Array | null): Found[] {
    const question = this.#question;
    const candidates =
      name === null
        ? table.addressCandidates(question.remoteIp)
        : table.nameCandidates(name, 0, name.length, pathOf(name, question.url));
    const isHeard = this.#told[layer].has(name);
    const silences = this.#silences(table, candidates);
    const found = candidates.map(({ ruleIndex, matched, specificity }, i): Found => {
      const entry = entryText({ matched, specificity }, question, name);
      const silence = silences[i] ?? (isHeard ? null : 'not-heard');
      const rule = table.rule(ruleIndex);
      return { layer, matched, entry, asked: this.#aboutText(name), specificity, rule, silence, name, ruleIndex };
    });
    // Not spread: a name may have more rules than a call may have arguments.
    for (const each of found) this.found.push(each);
    return found;
  }

  /** By candidate. An exception takes back from its own entry on, whose candidates stand next to each other. */
  #silences(table: ReputationTable, candidates: readonly Candidate[]): (Silence | null)[] {
    const takenBack = new Set<string>();
    const own = candidates.map(({ ruleIndex }) => this.#ownSilence(table.rule(ruleIndex)));
    let read = 0;
    return candidates.map(({ ruleIndex, matched, specificity }, at) => {
      for (let other = candidates[read]; other !== undefined && isAt(other, matched, specificity); read++) {
        if (own[read] === 'exception') takenBack.add(table.rule(other.ruleIndex).id);
        other = candidates[read + 1];
      }
      return own[at] ?? (takenBack.has(table.rule(ruleIndex).id) ? 'taken-back' : null);
    });
  }

  #ownSilence(rule: Rule): Silence | null {
    const { nowMs, port, subject } = this.#asked;
    if (rule.expiresAt !== null && rule.expiresAt <= nowMs) return 'expired';
    if (rule.port !== undefined && rule.port !== port) return 'port';
    if (rule.scope !== undefined && !isInScope(rule.scope, subject)) return 'scope';
    return isExceptionRule(rule) ? 'exception' : null;
  }

  #tellSilent(found: readonly Found[]): void {
    for (const { entry, rule, silence } of found) {
      const what = `${entry} (${rule.action}, "${rule.title}")`;
      switch (silence) {
        case 'expired':
          this.reasons.push(`${what} has expired and does not count.`);
          break;
        case 'port':
          this.reasons.push(`${what} is for port ${rule.port ?? 0} only and does not count.`);
          break;
        case 'scope': {
          const unknown = this.#asked.subject === null ? ', and the process is not known' : '';
          this.reasons.push(`${what} is for ${scopeText(rule.scope ?? {})} only${unknown}: it does not count.`);
          break;
        }
        case 'exception':
          this.reasons.push(`${entry} is an exception of "${rule.title}", which takes back its own entries.`);
          break;
        case 'taken-back':
          this.reasons.push(`${what} is taken back by the feed's own exception and does not count.`);
          break;
        case 'not-heard':
        case null:
          break;
        default:
          silence satisfies never;
      }
    }
  }

  #aboutText(name: Uint8Array | null): string {
    return name === null ? addressText(this.#question.remoteIp) : textOf(name);
  }
}

interface Entry {
  readonly entry: string;
  readonly matched: MatchedBy;
  readonly specificity: number;
  readonly rules: Rule[];
}

/** Candidates by entry, in their order. */
function entriesOf(found: readonly Found[]): Entry[] {
  const entries: Entry[] = [];
  for (const { entry, matched, specificity, rule } of found) {
    const last = entries.at(-1);
    if (last !== undefined && isAt(last, matched, specificity)) last.rules.push(rule);
    else entries.push({ entry, matched, specificity, rules: [rule] });
  }
  return entries;
}

const isAt = (place: Pick<Candidate, 'matched' | 'specificity'>, matched: MatchedBy, specificity: number): boolean =>
  place.matched === matched && place.specificity === specificity;

const listOf = (rules: readonly Rule[]): string => rules.map(ruleText).join(' and ');

function conclusion(verdict: Verdict, question: Question, settings: PolicySettings, anything: boolean): string {
  if (settings.mode === 'disabled') return 'Protection is disabled: the connection passes.';
  if (verdict.layer === 'exclusion') return 'The connection is excluded from protection: it passes.';
  if (verdict.rule === null) {
    if (question.names.length > 1) return 'No entry restricts any of the names: it passes.';
    return anything ? 'No entry restricts it: it passes.' : 'No entry matches: it passes.';
  }
  const worst = question.names.length > 1 ? 'the worst of several names counts: ' : '';
  const decision = `${worst}"${verdict.rule.title}" (${verdict.rule.id}) decides: ${verdict.action}`;
  if (verdict.effect === 'pass') return `${capital(decision)}, it passes.`;
  if (verdict.effect !== 'audit') {
    const converted =
      verdict.action === 'warn' && verdict.effect === 'block' ? ' (warnings are converted to blocks)' : '';
    return `${capital(decision)}, it is cut${converted}.`;
  }
  return `${capital(decision)}, it passes and is recorded${settings.mode === 'audit' ? ' (audit mode)' : ''}.`;
}
