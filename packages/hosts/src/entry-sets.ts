/**
 * The sets of rules that entries point at. Entries with the same rules share one set, so a name on five feeds costs
 * no more than a name on one.
 *
 * A set's members are in the order in which a look-up tries them: exceptions, so that they are known before anything
 * answers; then stronger action, surer, added first.
 */
import { KIND, KIND_BITS, KIND_MASK } from './format.ts';
import { isExceptionRule, precedenceOf, type Rule } from './rule.ts';

/** `rule index << 2 | kind`. */
export type Member = number;

export const memberOf = (ruleIndex: number, kind: number): Member => ((ruleIndex << KIND_BITS) | kind) >>> 0;
export const ruleOf = (member: Member): number => member >>> KIND_BITS;
export const kindOf = (member: Member): number => member & KIND_MASK;

export class EntrySets {
  readonly #ranks: number[] = [];
  readonly #starts: number[] = [0];
  readonly #members: Member[] = [];
  /** Set by member, of the sets of one member. */
  readonly #singles = new Map<Member, number>();
  readonly #several = new Map<string, number>();

  /** Rules must be announced in the order of their indices. */
  addRule(rule: Rule): void {
    const strength = isExceptionRule(rule) ? -1 : precedenceOf(rule.action);
    // 101 for unsure.
    this.#ranks.push(strength * 128 + (rule.confidence === undefined ? 101 : 100 - rule.confidence));
  }

  get count(): number {
    return this.#starts.length - 1;
  }

  get memberCount(): number {
    return this.#members.length;
  }

  membersOf(set: number): readonly Member[] {
    return this.#members.slice(this.#starts[set], this.#starts[set + 1]);
  }

  single(member: Member): number {
    const known = this.#singles.get(member);
    if (known !== undefined) return known;
    const set = this.#append([member]);
    this.#singles.set(member, set);
    return set;
  }

  /** The set of these members, which may come in any order and repeat. */
  intern(members: readonly Member[]): number {
    const first = members[0];
    if (first !== undefined && members.every((member) => member === first)) return this.single(first);
    const kept = this.#arrange(members);
    const only = kept.length === 1 ? kept[0] : undefined;
    if (only !== undefined) return this.single(only);
    const key = kept.join();
    const known = this.#several.get(key);
    if (known !== undefined) return known;
    const set = this.#append(kept);
    this.#several.set(key, set);
    return set;
  }

  /** Takes over a set as it stands in a file; its index is the number of sets before it. */
  adopt(members: readonly Member[]): void {
    const only = members.length === 1 ? members[0] : undefined;
    const set = this.#append(members);
    if (only === undefined) this.#several.set(members.join(), set);
    else this.#singles.set(only, set);
  }

  /** A set of its own even when there is one like it, because its index is given. */
  place(members: readonly Member[]): void {
    this.#append(this.#arrange(members));
  }

  /** Starts and members as they stand in a file. */
  write(starts: Uint32Array, members: Uint32Array): void {
    starts.set(this.#starts);
    members.set(this.#members);
  }

  #append(members: readonly Member[]): number {
    for (const member of members) this.#members.push(member);
    this.#starts.push(this.#members.length);
    return this.#starts.length - 2;
  }

  /** In order, without what another member of the same rule covers. */
  #arrange(members: readonly Member[]): Member[] {
    const rank = (member: Member): number => this.#ranks[ruleOf(member)] ?? 0;
    const distinct = new Set(members);
    return [...distinct]
      .filter((member) => kindOf(member) === KIND.suffix || !distinct.has(memberOf(ruleOf(member), KIND.suffix)))
      .sort((a, b) => rank(a) - rank(b) || a - b);
  }
}
