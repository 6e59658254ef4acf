/**
 * Changes a table without building it again: one copy of the file, then a few words per change. Ten thousand changes
 * to ten million names take a fraction of a second, where building takes many.
 *
 * Changes are collected by entry and made in `build`, in the order of the entries: an entry that is changed a thousand
 * times gets one new set of rules, and the order of the calls does not show in the file.
 *
 * Easy to get wrong: keys keep the homes they were given when the table was built. When too many were added, or too
 * many sets for slots of this size, `build` says so and the table has to be built from its sources again. Rules and sets
 * that no entry needs any more stay in the file until then.
 */
import { assemble } from './assemble.ts';
import { EntryKeys } from './entry-keys.ts';
import { EntrySets, type Member, memberOf } from './entry-sets.ts';
import { type EntryKind, KIND, MAX_SHORT_SETS } from './format.ts';
import { type AddressPart, canonicalNetwork, Networks } from './networks.ts';
import { appendRules, rankAt, rankOf, ruleKey } from './rule-columns.ts';
import { ruleFault } from './rule-fault.ts';
import { RuleIndex } from './rule-index.ts';
import type { Rule } from './rule.ts';
import { SlotEditor } from './slots.ts';
import { addressPartOf, encodedRulesOf, ruleAt, slotsOf } from './table-contents.ts';
import { TableError } from './table-error.ts';
import { checkFile, type TableFile } from './table-file.ts';

/** Share of the slots that may be in use. */
const MAX_LOAD = 0.9;

export type EditedTable =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** No room is left: build it from its sources. */
  | { readonly kind: 'full'; readonly detail: string };

export class TableEditor {
  readonly #file: TableFile;
  readonly #present: RuleIndex;
  /** Rules behind those of the file. */
  readonly #added: Rule[] = [];
  /** Rules that were asked for. */
  readonly #ruleIndices = new Map<string, number>();
  readonly #sets: EntrySets;
  readonly #keys: EntryKeys;
  readonly #hostWords: Int32Array;
  readonly #urlWords: Int32Array;
  readonly #hosts: SlotEditor;
  readonly #urls: SlotEditor;
  readonly #hostChanges: EntryChange[] = [];
  readonly #urlChanges: EntryChange[] = [];
  /** The latest change of each network and member. */
  readonly #networkChanges = new Map<string, NetworkChange>();
  #full: string | null = null;

  /** `table` is a table file; it stays as it is. Throws TableError `bad-table`. */
  constructor(table: Uint8Array) {
    const checked = checkFile(table);
    if (checked.kind !== 'ok') throw new TableError('bad-table', `${checked.reason}: ${checked.detail}`);
    const file = checked.file;
    this.#file = file;
    this.#present = new RuleIndex(file);
    const ruleCount = file.counts.rules;
    this.#sets = new EntrySets(
      (index) => {
        const added = this.#added[index - ruleCount];
        return added === undefined ? rankAt(index, file.rules) : rankOf(added);
      },
      { starts: file.setStarts, members: file.members },
    );
    this.#keys = new EntryKeys(file.hashKey);
    this.#keys.labelMask = file.labelMask;
    const { slotWords, hosts, urls } = file.counts;
    this.#hostWords = slotsOf(file, 'hosts').slice();
    this.#urlWords = slotsOf(file, 'urls').slice();
    this.#hosts = new SlotEditor(this.#hostWords, slotWords, hosts);
    this.#urls = new SlotEditor(this.#urlWords, slotWords, urls);
  }

  /** Index of this very rule, which is added when the table does not have it yet. Throws TableError `bad-rule`. */
  rule(rule: Rule): number {
    const key = ruleKey(rule);
    const known = this.#ruleIndices.get(key);
    if (known !== undefined) return known;
    for (const index of this.#present.withId(rule.id)) {
      const present = ruleKey(ruleAt(this.#file, index));
      if (!this.#ruleIndices.has(present)) this.#ruleIndices.set(present, index);
    }
    const found = this.#ruleIndices.get(key);
    if (found !== undefined) return found;
    const fault = ruleFault(rule);
    if (fault !== null) throw new TableError('bad-rule', fault);
    const index = this.#file.counts.rules + this.#added.length;
    this.#added.push(rule);
    this.#ruleIndices.set(key, index);
    return index;
  }

  /** Parameters as in `TableBuilder.addHost`. What is there already stays as it is. */
  addHost(name: string, ruleIndex: number, kind: EntryKind = 'suffix'): void {
    const member = this.#member(ruleIndex, kind);
    this.#keys.host(name);
    this.#change(this.#hostChanges, member, true);
  }

  /** What is not there is no error. A rule's suffix entry holds its narrower ones too: they go with it. */
  removeHost(name: string, ruleIndex: number, kind: EntryKind = 'suffix'): void {
    const member = this.#member(ruleIndex, kind);
    const labels = this.#keys.labelMask;
    this.#keys.host(name);
    this.#keys.labelMask = labels;
    this.#change(this.#hostChanges, member, false);
  }

  addUrl(host: string, path: string, ruleIndex: number): void {
    const member = this.#member(ruleIndex, 'suffix');
    this.#keys.url(host, path);
    this.#change(this.#urlChanges, member, true);
  }

  removeUrl(host: string, path: string, ruleIndex: number): void {
    const member = this.#member(ruleIndex, 'suffix');
    this.#keys.url(host, path);
    this.#change(this.#urlChanges, member, false);
  }

  addCidr(bytes: Uint8Array, prefixLength: number, ruleIndex: number): void {
    this.#changeNetwork({ bytes, prefixLength, member: this.#member(ruleIndex, 'suffix'), isThere: true });
  }

  removeCidr(bytes: Uint8Array, prefixLength: number, ruleIndex: number): void {
    this.#changeNetwork({ bytes, prefixLength, member: this.#member(ruleIndex, 'suffix'), isThere: false });
  }

  /** The changed file; the editor can go on afterwards. Once it is full it stays so. Throws TableError `too-large`. */
  build(): EditedTable {
    const { counts, hashKey } = this.#file;
    this.#apply(this.#hostChanges, this.#hosts, counts.hosts.homes);
    this.#apply(this.#urlChanges, this.#urls, counts.urls.homes);
    if (this.#full !== null) return { kind: 'full', detail: this.#full };
    const { v4, v6 } = this.#addressParts();
    if (counts.slotWords === 2 && this.#sets.count > MAX_SHORT_SETS) {
      return { kind: 'full', detail: `${this.#sets.count} combinations of rules` };
    }
    const bytes = assemble({
      hashKey,
      labelMask: this.#keys.labelMask >>> 0,
      slotWords: counts.slotWords,
      hosts: {
        counts: { ...counts.hosts, entries: this.#hosts.entries },
        write: (words) => words.set(this.#hostWords),
      },
      urls: { counts: { ...counts.urls, entries: this.#urls.entries }, write: (words) => words.set(this.#urlWords) },
      v4,
      v6,
      sets: this.#sets,
      rules: appendRules(encodedRulesOf(this.#file), this.#added, (id) => {
        const first = this.#present.withId(id).next();
        return first.done === true ? null : first.value;
      }),
    });
    return { kind: 'ok', bytes };
  }

  #changeNetwork(change: NetworkChange): void {
    const { bytes, prefixLength } = canonicalNetwork(change.bytes, change.prefixLength);
    this.#networkChanges.set(networkKey(bytes, prefixLength, change.member), { ...change, bytes, prefixLength });
  }

  #addressParts(): { readonly v4: AddressPart; readonly v6: AddressPart } {
    const file = this.#file;
    if (this.#networkChanges.size === 0) return { v4: addressPartOf(file, 'v4'), v6: addressPartOf(file, 'v6') };
    const networks = new Networks();
    for (const section of [file.v4, file.v6]) {
      section.forEach((bytes, prefixLength, set) => {
        for (const member of this.#sets.membersOf(set)) {
          if (this.#networkChanges.get(networkKey(bytes, prefixLength, member))?.isThere === false) continue;
          networks.add(bytes, prefixLength, member);
        }
      });
    }
    for (const { bytes, prefixLength, member, isThere } of this.#networkChanges.values()) {
      if (isThere) networks.add(bytes, prefixLength, member);
    }
    return { v4: networks.settle(4, this.#sets), v6: networks.settle(6, this.#sets) };
  }

  /** Notes a change of the entry under the latest key. */
  #change(changes: EntryChange[], member: Member, isThere: boolean): void {
    changes.push({ hi: this.#keys.hi >>> 0, lo: this.#keys.lo >>> 0, member, isThere });
  }

  /** Makes the changes: first what goes, which leaves room, then what comes. */
  #apply(changes: EntryChange[], slots: SlotEditor, homes: number): void {
    // Stable, so that of two changes of one member the later one counts.
    changes.sort((a, b) => a.hi - b.hi || a.lo - b.lo);
    const left: { readonly hi: number; readonly lo: number; readonly members: readonly Member[] }[] = [];
    for (let i = 0; i < changes.length;) {
      const { hi = 0, lo = 0 } = changes[i] ?? {};
      const before = slots.get(hi, lo);
      const members = new Set(before < 0 ? [] : this.#sets.membersOf(before));
      for (; changes[i]?.hi === hi && changes[i]?.lo === lo; i++) {
        const { member = 0, isThere = false } = changes[i] ?? {};
        if (isThere) members.add(member);
        else members.delete(member);
      }
      if (members.size === 0) slots.delete(hi, lo);
      else left.push({ hi, lo, members: [...members] });
    }
    changes.length = 0;
    for (const { hi, lo, members } of left) {
      const isFull = slots.get(hi, lo) < 0 && slots.entries + 1 > homes * MAX_LOAD;
      if (isFull || !slots.put(hi, lo, this.#sets.intern(members))) {
        this.#full ??= `${slots.entries} entries in ${homes} places`;
      }
    }
  }

  #member(ruleIndex: number, kind: EntryKind): Member {
    if (!Number.isInteger(ruleIndex) || ruleIndex < 0 || ruleIndex >= this.#file.counts.rules + this.#added.length) {
      throw new TableError('bad-rule-index', String(ruleIndex));
    }
    return memberOf(ruleIndex, KIND[kind]);
  }
}

/** Whether the entry is to have the member. */
interface EntryChange {
  /** Unsigned. */
  readonly hi: number;
  readonly lo: number;
  readonly member: Member;
  readonly isThere: boolean;
}

interface NetworkChange {
  readonly bytes: Uint8Array;
  readonly prefixLength: number;
  readonly member: Member;
  readonly isThere: boolean;
}

const networkKey = (bytes: Uint8Array, prefixLength: number, member: Member): string =>
  `${bytes.join('.')}/${prefixLength} ${member}`;
