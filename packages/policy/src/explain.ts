/**
 * The decision of `judge` with its chain, for people: every entry that covers the question and, in short sentences,
 * why one of them decided. Nothing is decided here; `decide` is listened to.
 */
import { canonicalHost, clearHostBits, formatIp, isMapped, parseIp } from '@sallyport/hosts/canonical';
import type { Candidate, MatchedBy, ReputationTable } from '@sallyport/hosts/reputation-table';
import type { Rule } from '@sallyport/hosts/rule';
import { MAX_PATH_BYTES, normalizePath } from '@sallyport/hosts/url-path';

import {
  decide,
  isSameName,
  type Answer,
  type Layer,
  type Listener,
  type PolicySettings,
  type Question,
  type Tables,
  type Verdict,
} from './judge.ts';

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
  readonly expired: boolean;
  /** The one that decided. At most one; none when nothing matched or protection is disabled. */
  readonly won: boolean;
}

export interface Explanation {
  /** What `judge` says to the same question. */
  readonly verdict: Verdict;
  /** In the order in which they were weighed: by name, then layer, then most specific first. */
  readonly candidates: readonly ExplainedCandidate[];
  readonly reasons: readonly string[];
}

export function explain(question: Question, tables: Tables, settings: PolicySettings, nowMs: number): Explanation {
  const chain = new Chain(question, nowMs);
  const verdict = decide(question, tables, settings, nowMs, chain);
  let won = false;
  const candidates = chain.candidates.map(({ name, ...candidate }) => {
    const wins =
      !won &&
      !candidate.expired &&
      candidate.rule === verdict.rule &&
      candidate.layer === verdict.layer &&
      candidate.matched === verdict.matched &&
      name === verdict.matchedName;
    won ||= wins;
    return { ...candidate, won: wins };
  });
  return { verdict, candidates, reasons: [...chain.reasons, conclusion(verdict, question, settings)] };
}

const LAYER_NAMES = { indicator: 'custom indicators', reputation: 'reputation' } as const satisfies Record<
  Layer,
  string
>;

type Heard = Omit<ExplainedCandidate, 'won'> & { readonly name: Uint8Array | null };

class Chain implements Listener {
  readonly candidates: Heard[] = [];
  readonly reasons: string[] = [];
  readonly #question: Question;
  readonly #nowMs: number;
  /** The address is weighed again with every name; it is listed once. */
  readonly #addressListed = new Set<Layer>();

  constructor(question: Question, nowMs: number) {
    this.#question = question;
    this.#nowMs = nowMs;
  }

  asked(layer: Layer, table: ReputationTable, name: Uint8Array | null, answer: Answer | null): void {
    if (name === null && this.#addressListed.has(layer)) return;
    if (name === null) this.#addressListed.add(layer);
    const asked = name === null ? formatIp(this.#question.remoteIp) : textOf(name);
    const found = this.#candidates(table, name);
    for (const { ruleIndex, matched, specificity } of found) {
      const rule = table.rule(ruleIndex);
      const expired = rule.expiresAt !== null && rule.expiresAt <= this.#nowMs;
      const entry = this.#entryText(matched, specificity, name);
      this.candidates.push({ layer, matched, entry, asked, specificity, rule, expired, name });
      if (expired) this.reasons.push(`${entry} (${rule.action}, "${rule.title}") has expired and does not count.`);
    }
    if (answer === null) {
      this.reasons.push(`${capital(LAYER_NAMES[layer])}: nothing about ${asked}.`);
      return;
    }
    const entry = this.#entryText(answer.matched, answer.specificity, name);
    const others = found.length > 1 ? `, the most specific of ${found.length} entries` : '';
    this.reasons.push(
      `${capital(LAYER_NAMES[layer])}: ${answer.matched} entry ${entry} says ${answer.rule.action} about ${asked}${others}.`,
    );
  }

  weighed(winner: Answer, loser: Answer): void {
    const what = (answer: Answer): string =>
      `${answer.rule.action} on the ${answer.name === null ? 'address' : 'name'}`;
    this.reasons.push(`${capital(what(winner))} goes before ${what(loser)} (allow, warn, block, audit).`);
  }

  wentOn(audit: Answer): void {
    this.reasons.push(`"${audit.rule.title}" only asks for a record, so the layers below are heard too.`);
  }

  judged(name: Uint8Array | null, answer: Answer | null): void {
    if (name === null || this.#question.names.length < 2) return;
    this.reasons.push(`For ${textOf(name)} alone: ${answer === null ? 'no answer' : answer.rule.action}.`);
  }

  #candidates(table: ReputationTable, name: Uint8Array | null): Candidate[] {
    if (name === null) return table.ipCandidates(this.#question.remoteIp);
    const { url } = this.#question;
    const byUrl = url !== null && isSameName(url.host, name) ? table.urlCandidates(url.host, url.path) : [];
    return [...byUrl, ...table.hostCandidates(name, 0, name.length)];
  }

  #entryText(matched: MatchedBy, specificity: number, name: Uint8Array | null): string {
    switch (matched) {
      case 'host':
        return name === null ? '' : textOf(name).slice(-specificity);
      case 'url': {
        const path = new Uint8Array(MAX_PATH_BYTES);
        normalizePath(this.#question.url?.path ?? path, path);
        return `${name === null ? '' : textOf(name)}${Buffer.from(path.subarray(0, specificity)).toString('latin1')}`;
      }
      case 'ip':
      case 'cidr': {
        const asked = name === null ? this.#question.remoteIp : (parseIp(textOf(name)) ?? this.#question.remoteIp);
        const address = isMapped(asked) ? asked.slice(12) : asked.slice();
        clearHostBits(address, specificity);
        return matched === 'ip' ? formatIp(address) : `${formatIp(address)}/${specificity}`;
      }
      default:
        return matched satisfies never;
    }
  }
}

function conclusion(verdict: Verdict, question: Question, settings: PolicySettings): string {
  if (settings.mode === 'disabled') return 'Protection is disabled: the connection passes.';
  if (verdict.rule === null) {
    return question.names.length > 1
      ? 'No entry restricts any of the names: it passes.'
      : 'No entry matches: it passes.';
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

/** The name as people write it: canonical where it can be, else with the odd bytes escaped. */
function textOf(name: Uint8Array): string {
  const text = new TextDecoder().decode(name.slice()).replace(/\.+$/, '');
  const canonical = canonicalHost(text);
  if (canonical.kind === 'ok') return canonical.value;
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : JSON.stringify(text).slice(1, -1);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
