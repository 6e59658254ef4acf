/**
 * The Public Suffix List: below which names does everybody register their own?
 *
 * Easy to get wrong: a rule `*.Y` makes every name right below Y a public suffix, although many are plain hosts
 * (`ec2-….compute-1.amazonaws.com`). Y itself is none, but all that is below it belongs to different people.
 * Format and algorithm: https://github.com/publicsuffix/list/wiki/Format
 */
import { PUBLIC_SUFFIX_RULES } from './data/public-suffix-rules.ts';

/** icann: a registry of names (`co.uk`); private: shared hosting and the like (`github.io`). */
export type SuffixSection = 'icann' | 'private';

export class PublicSuffixes {
  /** `co.uk`: rules without a wildcard. */
  readonly literal: ReadonlyMap<string, SuffixSection>;
  /** The `Y` of rules `*.Y`. */
  readonly wildcard: ReadonlyMap<string, SuffixSection>;
  /** The names of rules `!X`: no public suffix although a wildcard covers them. */
  readonly exception: ReadonlySet<string>;

  /** `rules`: one a line in canonical spelling, the ICANN section first, an empty line, then the private one. */
  constructor(rules: string) {
    const literal = new Map<string, SuffixSection>();
    const wildcard = new Map<string, SuffixSection>();
    const exception = new Set<string>();
    const [icann = '', ...rest] = rules.trim().split('\n\n');
    for (const [section, text] of [
      ['icann', icann],
      ['private', rest.join('\n')],
    ] as const) {
      for (const rule of text.split('\n')) {
        if (rule.startsWith('!')) exception.add(rule.slice(1));
        else if (rule.startsWith('*.')) wildcard.set(rule.slice(2), section);
        else if (rule !== '') literal.set(rule, section);
      }
    }
    this.literal = literal;
    this.wildcard = wildcard;
    this.exception = exception;
  }

  /** The section of the rule that makes `name` itself a public suffix, or null. */
  sectionOf(name: string): SuffixSection | null {
    if (this.exception.has(name)) return null;
    return this.literal.get(name) ?? this.wildcard.get(name.slice(name.indexOf('.') + 1)) ?? null;
  }

  /** The public suffix and one label, or null for a public suffix. An unknown top-level domain is a public suffix. */
  registrable(name: string): { readonly name: string; readonly belowPrivate: boolean } | null {
    if (this.sectionOf(name) !== null) return null;
    let candidate = name;
    for (let dot = candidate.indexOf('.'); dot >= 0; dot = candidate.indexOf('.')) {
      const parent = candidate.slice(dot + 1);
      const section = this.sectionOf(parent);
      if (section !== null || !parent.includes('.')) return { name: candidate, belowPrivate: section === 'private' };
      candidate = parent;
    }
    return null;
  }
}

/** The list that comes with the program. Reading it takes some milliseconds: once is enough. */
export const defaultPublicSuffixes = (): PublicSuffixes => new PublicSuffixes(PUBLIC_SUFFIX_RULES);
