/**
 * The sets of rules that entries point at. Entries with the same rules share one set, so a name on five feeds costs
 * no more than a name on one.
 *
 * A set's members are in the order in which a look-up tries them: exceptions, so that they are known before anything
 * answers; then stronger action, surer, added first.
 */
import { KIND, KIND_BITS, KIND_MASK } from './format.ts';

/** `rule index << 2 | kind`. */
export type Member = number;

export const memberOf = (ruleIndex: number, kind: number): Member => ((ruleIndex << KIND_BITS) | kind) >>> 0;
export const ruleOf = (member: Member): number => member >>> KIND_BITS;
export const kindOf = (member: Member): number => member & KIND_MASK;

/** Sets as they stand in a file. */
export interface SetColumns {
  readonly starts: Uint32Array;
  readonly members: Uint32Array;
}

const NO_SETS: SetColumns = { starts: new Uint32Array(1), members: new Uint32Array(0) };

export class EntrySets {
  readonly #rank: (ruleIndex: number) => number;
  readonly #base: SetColumns;
  /** Behind the sets of the base; starts count from the end of its members. */
  readonly #starts: number[] = [0];
  readonly #members: Member[] = [];
  /** Set by member, of the sets of one member. */
  readonly #singles = new Map<Member, number>();
  readonly #several = new Map<string, number>();

  /**
   * `rank`: the lower, the earlier a rule is tried (`rankOf`). `base`: sets that keep their indices; a new set like one
   * of them is a set of its own, which costs a few bytes and saves reading them all.
   */
  constructor(rank: (ruleIndex: number) => number, base: SetColumns = NO_SETS) {
    this.#rank = rank;
    this.#base = base;
  }

  get count(): number {
    return this.#baseCount + this.#starts.length - 1;
  }

  get memberCount(): number {
    return this.#base.members.length + this.#members.length;
  }

  membersOf(set: number): readonly Member[] {
    const own = set - this.#baseCount;
    if (own >= 0) return this.#members.slice(this.#starts[own], this.#starts[own + 1]);
    return Array.from(this.#base.members.subarray(this.#base.starts[set], this.#base.starts[set + 1]));
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

  /** A set of its own even when there is one like it, because its index is given. */
  place(members: readonly Member[]): void {
    this.#append(this.#arrange(members));
  }

  /** Starts and members as they stand in a file. */
  write(starts: Uint32Array, members: Uint32Array): void {
    const { length } = this.#base.members;
    starts.set(this.#base.starts);
    for (const [i, start] of this.#starts.entries()) starts[this.#baseCount + i] = length + start;
    members.set(this.#base.members);
    members.set(this.#members, length);
  }

  get #baseCount(): number {
    return this.#base.starts.length - 1;
  }

  #append(members: readonly Member[]): number {
    for (const member of members) this.#members.push(member);
    this.#starts.push(this.#members.length);
    return this.count - 1;
  }

  /** In order, without what another member of the same rule covers. */
  #arrange(members: readonly Member[]): Member[] {
    const distinct = new Set(members);
    return [...distinct]
      .filter((member) => kindOf(member) === KIND.suffix || !distinct.has(memberOf(ruleOf(member), KIND.suffix)))
      .sort((a, b) => this.#rank(ruleOf(a)) - this.#rank(ruleOf(b)) || a - b);
  }
}
