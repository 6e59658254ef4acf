/**
 * Answers from a table file where it lies: every column is a view on the caller's bytes, which may be shared memory,
 * and no object is made per entry. What is read of names are hashes; a name can be asked for, the list cannot be
 * printed.
 *
 * How a name is looked up: from its last byte to its first, so that each suffix's hash falls out on the way; the place
 * where each could lie is read at once, so that the memory answers in parallel; then the longest is compared first.
 */
import type { AddressSection } from './address-section.ts';
import { canonicalHost, isMapped, MAX_NAME_BYTES, readIp } from './canonical.ts';
import { ADDRESS_MARK } from './entry-keys.ts';
import { KIND, KIND_BITS, KIND_MASK } from './format.ts';
import { KeyedHash } from './keyed-hash.ts';
import type { Asked, Candidate, LastMatch, MatchedBy, ReputationTable } from './reputation-table.ts';
import { decodeRule, isException, portOf } from './rule-columns.ts';
import type { Rule } from './rule.ts';
import { isInScope } from './scope.ts';
import { SuffixHashes } from './suffix-hashes.ts';
import { checkFile, type RejectedFile, TableFile } from './table-file.ts';
import { endsPrefix, MAX_PATH_BYTES, normalizePath } from './url-path.ts';

export type OpenedTable = { readonly kind: 'ok'; readonly value: HostTable } | RejectedFile;

/** Which kinds answer for the whole name and which for one of its parents: bit n stands for kind n. */
const WHOLE = (1 << KIND.suffix) | (1 << KIND.exact);
const PARENT = (1 << KIND.suffix) | (1 << KIND.subdomains);

const DOT = 0x2e;
const COLON = 0x3a;
/** One byte more than a name may have: its longest suffix of legal length is still looked up. */
const WALKED_BYTES = MAX_NAME_BYTES + 1;

export class HostTable implements ReputationTable {
  readonly hosts: number;
  readonly ips: number;
  readonly cidrs: number;
  readonly urls: number;
  readonly rules: number;
  readonly byteLength: number;
  /** Of the content; two tables of the same bytes have the same one. */
  readonly checksum: number;
  readonly last: LastMatch = { matched: 'host', specificity: 0 };

  readonly #file: TableFile;
  readonly #labelMask: number;
  readonly #decoded = new Map<number, Rule>();

  readonly #hash: KeyedHash;
  readonly #address = new Uint8Array(16);
  readonly #path = new Uint8Array(MAX_PATH_BYTES);
  /** The name being looked up, as `#readName` left it. */
  #name: Uint8Array;
  #start = 0;
  #end = 0;
  readonly #suffixes: SuffixHashes;
  /** Where each suffix belongs. */
  readonly #positions: Int32Array;
  /** By origin: the latest question in which an exception took its rules back. Few tables ever need it. */
  #excepted: Uint32Array | null = null;
  /** Number of the latest question in which an exception was met, and whether that is the present one. */
  #question = 0;
  #hasExceptions = false;

  private constructor(file: TableFile) {
    this.#file = file;
    this.#name = file.bytes;
    this.#labelMask = file.labelMask;
    this.#hash = new KeyedHash(...file.hashKey);
    this.#suffixes = new SuffixHashes(...file.hashKey);
    this.#positions = new Int32Array(this.#suffixes.his.length);
    this.rules = file.counts.rules;
    this.hosts = file.hosts.entries;
    this.urls = file.urls.entries;
    this.ips = file.v4.single + file.v6.single;
    this.cidrs = file.v4.networks + file.v6.networks - this.ips;
    this.byteLength = file.bytes.length;
    this.checksum = file.checksum;
  }

  /** Verifies `bytes` (see `checkFile`) and takes views on them; they must not change afterwards. */
  static open(bytes: Uint8Array): OpenedTable {
    const checked = checkFile(bytes);
    return checked.kind === 'ok' ? { kind: 'ok', value: new HostTable(checked.file) } : checked;
  }

  /** The same for bytes that `open` took before, in whichever thread; costs nothing worth mentioning. */
  static view(bytes: Uint8Array): HostTable {
    return new HostTable(new TableFile(bytes));
  }

  /** What a connection's process has to be known for: criteria that some rule's scope has. */
  get scopeCriteria(): {
    readonly uids: boolean;
    readonly executables: boolean;
    readonly cgroups: boolean;
    readonly containers: boolean;
  } {
    const scopes = Array.from({ length: this.#file.counts.scopes }, (_, i) => this.#file.scope(i));
    return {
      uids: scopes.some((scope) => scope?.uids !== undefined),
      executables: scopes.some((scope) => scope?.executables !== undefined),
      cgroups: scopes.some((scope) => scope?.cgroups !== undefined),
      containers: scopes.some((scope) => scope?.containers !== undefined),
    };
  }

  findName(name: Uint8Array, start: number, end: number, path: Uint8Array | null, asked: Asked): number {
    this.#hasExceptions = false;
    const address = this.#readName(name, start, end);
    if (path !== null && this.urls > 0) {
      const rule = this.#walkPath(address, path, asked, null);
      if (rule >= 0) return rule;
    }
    return address === 0 ? this.#walkName(asked, null) : this.#walkNetworks(this.#address, address, asked, null);
  }

  findAddress(address: Uint8Array, asked: Asked): number {
    this.#hasExceptions = false;
    return this.#walkNetworks(address, address.length, asked, null);
  }

  nameCandidates(name: Uint8Array, start: number, end: number, path: Uint8Array | null): Candidate[] {
    const found: Candidate[] = [];
    const address = this.#readName(name, start, end);
    if (path !== null && this.urls > 0) this.#walkPath(address, path, NOBODY, found);
    if (address === 0) this.#walkName(NOBODY, found);
    else this.#walkNetworks(this.#address, address, NOBODY, found);
    return found;
  }

  addressCandidates(address: Uint8Array): Candidate[] {
    const found: Candidate[] = [];
    this.#walkNetworks(address, address.length, NOBODY, found);
    return found;
  }

  /** Throws RangeError for an index that no `find…` returns. */
  rule(index: number): Rule {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    if (!(index >= 0 && index < this.rules)) throw new RangeError(`no rule ${index}, the table has ${this.rules}`);
    const file = this.#file;
    const rule = decodeRule(
      index,
      file.rules,
      (at) => file.text(at),
      (scope) => file.scope(scope) ?? {},
    );
    this.#decoded.set(index, rule);
    return rule;
  }

  /**
   * Prepares the walk over a name from the wire. Returns the length of the address in `#address` when the name is an
   * address literal, else 0 with `#name`, `#start` and `#end` set; trailing dots are outside.
   */
  #readName(name: Uint8Array, from: number, to: number): 0 | 4 | 16 {
    const start = Math.max(0, from);
    let end = Math.min(to, name.length);
    let unusual = 0;
    while (end > start && name[end - 1] === DOT) end--;
    for (let i = Math.max(start, end - MAX_NAME_BYTES); i < end; i++) unusual |= NAME_CLASS[name[i] ?? 0] ?? 0;
    this.#name = name;
    this.#start = start;
    this.#end = end;
    const last = name[end - 1] ?? 0;
    if (unusual === 0 && (last < 0x30 || last > 0x39)) return 0;
    if ((unusual & NON_ASCII) === 0) {
      const bracketed = name[start] === 0x5b && last === 0x5d;
      return bracketed ? readIp(name, start + 1, end - 1, this.#address) : readIp(name, start, end, this.#address);
    }
    const canonical = canonicalHost(new TextDecoder().decode(name.slice(start, end)));
    if (canonical.kind === 'ok') {
      this.#name = Buffer.from(canonical.value);
      this.#start = 0;
      this.#end = this.#name.length;
    }
    return 0;
  }

  #walkName(asked: Asked, found: Candidate[] | null): number {
    const name = this.#name;
    const end = this.#end;
    const floor = Math.max(this.#start, end - WALKED_BYTES);
    if (end <= floor || this.hosts === 0) return -1;
    const hosts = this.#file.hosts;
    const isWhole = floor === this.#start;
    const { his, los, starts } = this.#suffixes;
    const suffixes = this.#suffixes.read(name, floor, end, this.#labelMask, isWhole);
    for (let i = 0; i < suffixes; i++) {
      const position = hosts.position(his[i] ?? 0);
      hosts.touch(position);
      this.#positions[i] = position;
    }
    for (let i = suffixes - 1; i >= 0; i--) {
      const set = hosts.find(this.#positions[i] ?? 0, los[i] ?? 0);
      if (set < 0) continue;
      const start = starts[i] ?? 0;
      const kinds = start === floor && isWhole ? WHOLE : PARENT;
      const rule = this.#answer(set, kinds, asked, 'host', end - start, found);
      if (rule >= 0) return rule;
    }
    return -1;
  }

  #walkPath(address: number, path: Uint8Array, asked: Asked, found: Candidate[] | null): number {
    const urls = this.#file.urls;
    const hash = this.#hash;
    hash.reset();
    if (address > 0) {
      hash.absorb(ADDRESS_MARK);
      for (let i = 0; i < address; i++) hash.absorb(this.#address[i] ?? 0);
    } else {
      if (this.#end - this.#start > MAX_NAME_BYTES || this.#end === this.#start) return -1;
      for (let i = this.#end - 1; i >= this.#start; i--) hash.absorb(FOLD[this.#name[i] ?? 0] ?? 0);
    }
    // Prefixes are hashed from the shortest to the longest and asked the other way round: sets are kept meanwhile.
    const length = normalizePath(path, this.#path);
    const sets: number[] = [];
    const ends: number[] = [];
    for (let i = 0; i <= length; i++) {
      const byte = this.#path[i] ?? 0;
      if (i === length || endsPrefix(byte)) {
        hash.digest();
        const set = urls.find(urls.position(hash.hi), hash.lo);
        if (set >= 0) {
          sets.push(set);
          ends.push(i);
        }
      }
      hash.absorb(byte);
    }
    for (let i = sets.length - 1; i >= 0; i--) {
      const rule = this.#answer(sets[i] ?? 0, WHOLE, asked, 'url', ends[i] ?? 0, found);
      if (rule >= 0) return rule;
    }
    return -1;
  }

  #walkNetworks(address: Uint8Array, length: number, asked: Asked, found: Candidate[] | null): number {
    let section: AddressSection = this.#file.v4;
    let offset = 0;
    if (length === 16) {
      if (isMapped(address)) offset = 12;
      else section = this.#file.v6;
    } else if (length !== 4) return -1;
    for (let network = section.find(address, offset); network !== 0; network = section.parent(network)) {
      const bits = section.prefixLength(network);
      const matched = bits === section.longest ? 'ip' : 'cidr';
      const rule = this.#answer(section.set(network), WHOLE, asked, matched, bits, found);
      if (rule >= 0) return rule;
    }
    return -1;
  }

  /**
   * The first rule of a set that applies, or -1; members lie in order of strength. With `found`, all of them are
   * appended instead.
   */
  #answer(
    set: number,
    kinds: number,
    asked: Asked,
    matched: MatchedBy,
    specificity: number,
    found: Candidate[] | null,
  ): number {
    const { setStarts, members, rules } = this.#file;
    const end = setStarts[set + 1] ?? 0;
    for (let i = setStarts[set] ?? 0; i < end; i++) {
      const member = members[i] ?? 0;
      if (((kinds >>> (member & KIND_MASK)) & 1) === 0) continue;
      const ruleIndex = member >>> KIND_BITS;
      if (found !== null) {
        found.push({ ruleIndex, matched, specificity });
        continue;
      }
      if ((rules.expiry[ruleIndex] ?? 0) <= asked.nowMs) continue;
      const port = portOf(rules.limits[ruleIndex * 2] ?? 0);
      if (port !== 0 && port !== asked.port) continue;
      const scope = rules.limits[ruleIndex * 2 + 1] ?? 0;
      if (scope !== 0 && !isInScope(this.#file.scope(scope - 1) ?? {}, asked.subject)) continue;
      const origin = rules.origins[ruleIndex] ?? 0;
      if (isException(rules.properties[ruleIndex] ?? 0)) {
        this.#takeBack(origin);
        continue;
      }
      if (this.#hasExceptions && this.#excepted?.[origin] === this.#question) continue;
      this.last.matched = matched;
      this.last.specificity = specificity;
      return ruleIndex;
    }
    return -1;
  }

  #takeBack(origin: number): void {
    this.#excepted ??= new Uint32Array(this.rules);
    if (!this.#hasExceptions) {
      this.#hasExceptions = true;
      this.#question = (this.#question + 1) >>> 0;
      if (this.#question === 0) {
        // The numbers begin again, so the old ones must not be taken for new.
        this.#excepted.fill(0);
        this.#question = 1;
      }
    }
    this.#excepted[origin] = this.#question;
  }
}

/** For collecting candidates, where nobody is asked about. */
const NOBODY: Asked = { nowMs: 0, port: 0, subject: null };

const COLON_SEEN = 1;
const NON_ASCII = 2;
/** What sends a name from the wire off the fast path. */
const NAME_CLASS = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code > 0x7f) return NON_ASCII;
  return code === COLON ? COLON_SEEN : 0;
});
const FOLD = Uint8Array.from({ length: 256 }, (_, code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code));
