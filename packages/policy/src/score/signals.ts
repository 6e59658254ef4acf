/**
 * What can speak against a name, how much each counts, and how they add up.
 *
 * Points are read as independent chances in a hundred that the name is a trap: two findings of 50 and 20 make
 * 100 - 50 x 80 / 100 = 60. Easy to get wrong: a signal counts once a name, with its highest points, so a long name
 * cannot collect a score by repeating itself.
 */
import { BRANDS } from './brand-index.ts';

/** Strong ones first. The order breaks ties between reasons. */
export const SIGNALS = [
  'homograph',
  'brand-domain-inside',
  'visual-look-alike',
  'typing-error',
  'brand-and-bait',
  'mixed-scripts',
  'broken-punycode',
  'random-label',
  'brand-elsewhere',
  'brand-label-inside',
  'whole-script-look-alike',
  'bait-words',
  'cheap-suffix',
  'hosting-suffix',
  'new-in-fleet',
] as const;
export type Signal = (typeof SIGNALS)[number];

/** A name is reported from this score on. */
export const THRESHOLD = 60;

export interface Finding {
  readonly signal: Signal;
  /** 1 to 99. */
  readonly points: number;
  /** A short sentence for people. */
  readonly reason: string;
}

/** The findings on one name, without allocation until somebody asks for sentences. One object is used again and again. */
export class Findings {
  readonly #points = new Uint8Array(SIGNALS.length);
  readonly #brands = new Int16Array(SIGNALS.length);
  /** Text that goes with a signal's sentence; only set for rare signals. */
  readonly #details: string[] = SIGNALS.map(() => '');

  clear(): void {
    this.#points.fill(0);
  }

  /** `brand`: number of the brand concerned, or -1. Only the highest points of a signal stay. */
  add(signal: Signal, points: number, brand: number, detail = ''): void {
    const number = SIGNALS.indexOf(signal);
    if (points <= (this.#points[number] ?? 0)) return;
    this.#points[number] = points;
    this.#brands[number] = brand;
    this.#details[number] = detail;
  }

  /** 0 to 100. */
  score(): number {
    let rest = 100;
    for (let i = 0; i < SIGNALS.length; i++) rest = (rest * (100 - (this.#points[i] ?? 0))) / 100;
    return Math.round(100 - rest);
  }

  /** Strongest first. */
  list(): Finding[] {
    const found: Finding[] = [];
    for (const [i, signal] of SIGNALS.entries()) {
      const points = this.#points[i] ?? 0;
      if (points === 0) continue;
      const domain = BRANDS[this.#brands[i] ?? -1]?.domain ?? '';
      found.push({ signal, points, reason: SENTENCES[signal](domain, this.#details[i] ?? '') });
    }
    return found.sort((a, b) => b.points - a.points);
  }
}

const SENTENCES = {
  homograph: (domain, detail) => `looks like ${domain}: ${detail}`,
  'brand-domain-inside': (domain) => `carries ${domain} in front of an unrelated domain`,
  'visual-look-alike': (domain) => `looks like ${domain}: characters that are read for others`,
  'typing-error': (domain) => `nearly spelled like ${domain}`,
  'brand-and-bait': (domain) => `joins the name of ${domain} with words used to lure`,
  'mixed-scripts': (_, detail) => `mixes scripts in one word: ${detail}`,
  'broken-punycode': (_, detail) => `international label is not valid: ${detail}`,
  'random-label': (_, detail) => `looks computed, not chosen: ${detail}`,
  'brand-elsewhere': (domain) => `contains the name of ${domain}`,
  'brand-label-inside': (domain) => `names ${domain} in front of an unrelated domain`,
  'whole-script-look-alike': (_, detail) => `every letter of the ${detail} label looks like a Latin one`,
  'bait-words': () => 'is made of words used to lure',
  'cheap-suffix': () => 'ends in a suffix often used for traps',
  'hosting-suffix': () => 'stands under a suffix where names are free',
  'new-in-fleet': () => 'was not seen in this fleet before',
} as const satisfies Record<Signal, (domain: string, detail: string) => string>;
