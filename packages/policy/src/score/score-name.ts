/**
 * The local score: what a name on no list looks like by itself. No network, no memory of other names, no clock; the
 * same name gives the same score.
 *
 * Nearly every name is unremarkable, so that path allocates nothing: labels are read from one scratch buffer, and
 * only a name over the threshold is put into sentences. Easy to get wrong: the objects below are filled again by
 * every call, so nothing here may be re-entered or kept.
 */
import type { NameScore } from '../verdict.ts';
import { BAIT_WORDS } from './bait-words.ts';
import { BRANDS, genuineDomains } from './brand-index.ts';
import { HONEST_NEIGHBOURS } from './brands.ts';
import { type DecodedLabel, readInternational } from './international-label.ts';
import { Lexicon, Reading } from './lexicon.ts';
import { Near, nearestBrand, ONE_ERROR_LENGTH } from './nearest-brand.ts';
import { measure, Randomness } from './random-label.ts';
import { type Finding, Findings, THRESHOLD } from './signals.ts';
import {
  BRAND_TOP_LEVEL_DOMAINS,
  CHEAP_TOP_LEVEL_DOMAINS,
  CUSTOMER_NAMED_DOMAINS,
  EDUCATION_LABELS,
} from './suffixes.ts';
import { fold, foldInto, SHORTEST_FOLDED } from './visual-fold.ts';
import { isPunycodePrefix, WireName } from './wire-name.ts';
import { WordTable } from './word-table.ts';

export interface ScoreContext {
  /** No device of the fleet has asked for the name before. */
  readonly isNewInFleet?: boolean;
}

export interface Assessment {
  /** 0 to 100. */
  readonly score: number;
  /** Strongest first. */
  readonly findings: readonly Finding[];
}

/**
 * Scores a name as on the wire: any case, A-labels or UTF-8, with or without the root's dot. Null below THRESHOLD and
 * for everything that is no host name. Never throws.
 */
export function scoreName(name: Uint8Array, context?: ScoreContext): NameScore | null {
  if (!examine(name, context)) return null;
  const score = findings.score();
  if (score < THRESHOLD) return null;
  return { score, reasons: findings.list().map(({ reason }) => reason) };
}

/** `scoreName` whatever the score, with each finding: for measuring and explaining. */
export function assessName(name: Uint8Array, context?: ScoreContext): Assessment {
  if (!examine(name, context)) return { score: 0, findings: [] };
  return { score: findings.score(), findings: findings.list() };
}

/** Labels in front of the registrable one that are read; a name may have 126. */
const MOST_SUB_LABELS = 8;
const HYPHEN = 0x2d;

const wireName = new WireName();
const findings = new Findings();
const reading = new Reading();
const foldedReading = new Reading();
const near = new Near();
const randomness = new Randomness();
const foldedBytes = new Uint8Array(64);

const lexicon = new Lexicon(BRANDS, BAIT_WORDS, (label) => label);
const foldedLexicon = new Lexicon(BRANDS, [], (label) => {
  const word = fold(label);
  return word.length < SHORTEST_FOLDED ? '' : word;
});
const cheap = new WordTable(CHEAP_TOP_LEVEL_DOMAINS);
const brandTops = new WordTable(BRAND_TOP_LEVEL_DOMAINS);
const customerNamed = new WordTable(CUSTOMER_NAMED_DOMAINS);
const honest = new WordTable(HONEST_NEIGHBOURS);
const education = new WordTable(EDUCATION_LABELS);

/** Stands in for a brand number that is not there. */
const UNKNOWN = { common: true, product: true, internal: false };

/** Fills `findings`. False: nothing to say, `findings` is not valid. */
function examine(name: Uint8Array, context: ScoreContext | undefined): boolean {
  if (!wireName.read(name)) return false;
  const { bytes, starts, ends, labels, length, registrable } = wireName;
  const start = starts[registrable] ?? 0;
  const end = ends[registrable] ?? 0;
  const topStart = starts[labels - 1] ?? 0;
  if (isGenuine() || brandTops.find(bytes, topStart, length) >= 0) return false;
  findings.clear();

  const isCheap = cheap.find(bytes, topStart, length) >= 0;
  const subject = readRegistrable(start, end, isCheap);
  if (registrable > 0 && customerNamed.find(bytes, start, length) < 0 && !isEducation()) readSubLabels(subject);
  if (wireName.international) readInternationalLabels();

  if (isCheap) findings.add('cheap-suffix', POINTS.cheapSuffix, -1);
  if (wireName.hosted) findings.add('hosting-suffix', POINTS.hostingSuffix, -1);
  if (context?.isNewInFleet === true) findings.add('new-in-fleet', POINTS.newInFleet, -1);
  return true;
}

const POINTS = {
  homograph: 95,
  homographInside: 85,
  homographOfWord: 65,
  homographOfWordInside: 40,
  brandDomainInside: 85,
  foldedWhole: 80,
  foldedInside: 65,
  foldedCommon: 50,
  oneErrorLong: 62,
  oneErrorShort: 50,
  twoErrors: 50,
  brandAndBait: 65,
  commonBrandAndBait: 52,
  commonBrandAndBaits: 60,
  brandAndBaits: 80,
  brandBetweenHyphens: 50,
  brandElsewhere: 30,
  commonBrandElsewhere: 10,
  brandUnderCheapSuffix: 55,
  commonBrandUnderCheapSuffix: 15,
  brandLabelInside: 50,
  weakBrandLabelInside: 25,
  brandInsideBaited: 62,
  weakBrandInsideBaited: 55,
  internalInside: 70,
  mixedScripts: 75,
  brokenPunycode: 70,
  wholeScript: 45,
  randomCertain: 65,
  randomLikely: 50,
  alternating: 62,
  baitWords: 30,
  cheapSuffix: 20,
  hostingSuffix: 12,
  newInFleet: 20,
} as const;

/** Whether the name belongs to a protected brand: its registrable domain, or one of its hosts, is listed. */
function isGenuine(): boolean {
  const { bytes, starts, length, registrable } = wireName;
  for (let label = registrable; label >= 0 && label >= registrable - 2; label--) {
    if (genuineDomains.find(bytes, starts[label] ?? 0, length) >= 0) return true;
  }
  return false;
}

/** Library proxies of schools carry other domains in front of their own (`www-nature-com.proxy.example.edu`). */
function isEducation(): boolean {
  const { bytes, starts, ends, labels, length } = wireName;
  if (education.find(bytes, starts[labels - 1] ?? 0, length) >= 0) return true;
  return labels > 2 && education.find(bytes, starts[labels - 2] ?? 0, ends[labels - 2] ?? 0) >= 0;
}

/** The label that somebody chose and registered. Returns how many bait words it holds. */
function readRegistrable(start: number, end: number, isCheap: boolean): number {
  const { bytes } = wireName;
  if (isPunycodePrefix(bytes, start)) return 0;
  lexicon.read(bytes, start, end, reading);
  const { brand, baits } = reading;
  if (brand >= 0) {
    const common = BRANDS[brand]?.common ?? true;
    const whole = reading.brandStart === start && reading.brandEnd === end;
    if (whole) {
      // `brand.de` is usually the brand's own, and on hosting suffixes the projects of its staff.
      const isCountry = wireName.length - (wireName.starts[wireName.labels - 1] ?? 0) === 2;
      if (isCheap && !isCountry) {
        const points = common ? POINTS.commonBrandUnderCheapSuffix : POINTS.brandUnderCheapSuffix;
        findings.add('brand-elsewhere', points, brand);
      }
    } else if (baits > 0) {
      let points: number = common ? POINTS.commonBrandAndBait : POINTS.brandAndBait;
      if (baits > 1) points = common ? POINTS.commonBrandAndBaits : POINTS.brandAndBaits;
      findings.add('brand-and-bait', points, brand);
    } else {
      const points = common
        ? POINTS.commonBrandElsewhere
        : isPart(reading, start, end)
          ? POINTS.brandBetweenHyphens
          : POINTS.brandElsewhere;
      findings.add('brand-elsewhere', points, brand);
    }
  } else {
    if (baits > 1) findings.add('bait-words', POINTS.baitWords, -1);
    if (!findFolded(start, end)) findNear(start, end);
    if (!wireName.hosted) findRandom(start, end);
  }
  return baits;
}

/** Whether the brand that was read stands between hyphens or the ends of the label. */
function isPart({ brandStart, brandEnd }: Reading, start: number, end: number): boolean {
  const { bytes } = wireName;
  return (brandStart === start || bytes[brandStart - 1] === HYPHEN) && (brandEnd === end || bytes[brandEnd] === HYPHEN);
}

/** Look-alikes in ASCII. */
function findFolded(start: number, end: number): boolean {
  if (end - start < SHORTEST_FOLDED || end - start > foldedBytes.length) return false;
  const length = foldInto(wireName.bytes, start, end, foldedBytes);
  foldedLexicon.read(foldedBytes, 0, length, foldedReading);
  const { brand } = foldedReading;
  if (brand < 0) return false;
  if (honest.find(wireName.bytes, start, end) >= 0) return false;
  const whole = foldedReading.brandStart === 0 && foldedReading.brandEnd === length;
  const points =
    BRANDS[brand]?.common === true ? POINTS.foldedCommon : whole ? POINTS.foldedWhole : POINTS.foldedInside;
  findings.add('visual-look-alike', points, brand);
  return true;
}

/** Typing errors, in the whole label and in its parts between hyphens. */
function findNear(start: number, end: number): void {
  const { bytes } = wireName;
  let partStart = start;
  for (let i = start; i <= end; i++) {
    if (i < end && bytes[i] !== HYPHEN) continue;
    if (i - partStart >= ONE_ERROR_LENGTH) {
      nearestBrand(bytes, partStart, i, near);
      if (near.brand >= 0) {
        const long = (BRANDS[near.brand]?.label.length ?? 0) >= 8;
        const points = near.errors > 1 ? POINTS.twoErrors : long ? POINTS.oneErrorLong : POINTS.oneErrorShort;
        findings.add('typing-error', points, near.brand);
      }
    }
    partStart = i + 1;
  }
}

const RANDOM_CERTAIN_BITS = 6.3;
const RANDOM_LIKELY_BITS = 5.9;
const SHORTEST_RANDOM = 10;
const CERTAIN_CHANGES = 5;
const LIKELY_CHANGES = 4;

function findRandom(start: number, end: number): void {
  if (end - start < SHORTEST_RANDOM || wireName.isOnion()) return;
  measure(wireName.bytes, start, end, randomness);
  const { letters, bitsPerLetter, changes } = randomness;
  if (changes >= LIKELY_CHANGES) {
    const points = changes >= CERTAIN_CHANGES ? POINTS.alternating : POINTS.randomLikely;
    findings.add('random-label', points, -1, 'letters and digits take turns');
  } else if (letters >= SHORTEST_RANDOM && bitsPerLetter >= RANDOM_LIKELY_BITS) {
    const points = bitsPerLetter >= RANDOM_CERTAIN_BITS ? POINTS.randomCertain : POINTS.randomLikely;
    findings.add('random-label', points, -1, 'its letters do not follow each other as in words');
  }
}

/** What stands in front of a registrable domain that is not a brand's. */
function readSubLabels(baitsBehind: number): void {
  const { bytes, starts, ends, registrable } = wireName;
  let baits = baitsBehind;
  let brand = -1;
  let wholeBrand = false;
  for (let label = registrable - 1; label >= 0 && label >= registrable - MOST_SUB_LABELS; label--) {
    const start = starts[label] ?? 0;
    const end = ends[label] ?? 0;
    if (isPunycodePrefix(bytes, start)) continue;
    const inside = genuineDomainAt(label);
    lexicon.read(bytes, start, end, reading);
    baits += reading.baits;
    if (reading.brand < 0) continue;
    const { brandStart, brandEnd } = reading;
    if (inside || isFollowedByCom(brandEnd, end)) {
      findings.add('brand-domain-inside', POINTS.brandDomainInside, reading.brand);
    }
    if ((BRANDS[reading.brand] ?? UNKNOWN).internal && isPart(reading, start, end)) {
      findings.add('brand-label-inside', POINTS.internalInside, reading.brand);
    }
    const whole = brandStart === start && brandEnd === end;
    if (brand < 0 || (whole && !wholeBrand)) {
      brand = reading.brand;
      wholeBrand = whole;
    }
  }
  if (brand < 0) return;
  const { common, product } = BRANDS[brand] ?? UNKNOWN;
  if (baits > 0 && !common) {
    const strong = baitsBehind > 0 || (wholeBrand && !product);
    findings.add('brand-label-inside', strong ? POINTS.brandInsideBaited : POINTS.weakBrandInsideBaited, brand);
  } else if (wholeBrand) {
    const weak = common || product;
    findings.add('brand-label-inside', weak ? POINTS.weakBrandLabelInside : POINTS.brandLabelInside, brand);
  }
}

/** Whether `label` and what follows it, up to the registrable label, is a genuine domain: `paypal.com` in `paypal.com.evil.example`. */
function genuineDomainAt(label: number): boolean {
  const { bytes, starts, ends, registrable } = wireName;
  for (let last = label + 1; last < registrable && last <= label + 2; last++) {
    if (genuineDomains.find(bytes, starts[label] ?? 0, ends[last] ?? 0) >= 0) return true;
  }
  return false;
}

/** `-com` behind a brand, at the end of the label or before another hyphen: a domain with its dots written as hyphens. */
function isFollowedByCom(at: number, end: number): boolean {
  const { bytes } = wireName;
  if (at + 4 > end || bytes[at] !== HYPHEN) return false;
  if (bytes[at + 1] !== 0x63 || bytes[at + 2] !== 0x6f || bytes[at + 3] !== 0x6d) return false;
  return at + 4 === end || bytes[at + 4] === HYPHEN;
}

/** The rare path: labels in Punycode or UTF-8. Allocates; a name has at most 253 bytes. */
function readInternationalLabels(): void {
  const { bytes, starts, ends, registrable, labels } = wireName;
  const inLatinSuffix =
    !isPunycodePrefix(bytes, starts[labels - 1] ?? 0) && (bytes[starts[labels - 1] ?? 0] ?? 0) < 0x80;
  for (let label = Math.max(0, registrable - MOST_SUB_LABELS); label <= registrable; label++) {
    const found = readInternational(bytes, starts[label] ?? 0, ends[label] ?? 0);
    if (found === null) continue;
    if (found.kind === 'broken') {
      findings.add('broken-punycode', POINTS.brokenPunycode, -1, found.why);
      continue;
    }
    if (found.mixed !== null) {
      findings.add('mixed-scripts', POINTS.mixedScripts, -1, found.mixed.join(' and '));
    }
    if (found.look === null) continue;
    readLook(found.look);
    const { brand } = reading;
    if (brand >= 0) {
      findings.add('homograph', homographPoints(found, inLatinSuffix), brand, found.disguise);
    } else if (found.script !== null && found.mixed === null && inLatinSuffix && label === registrable) {
      findings.add('whole-script-look-alike', POINTS.wholeScript, -1, found.script);
    }
  }
}

/** Brand and lure words of what a label looks like, into `reading`; folded when the plain letters hold no brand. */
function readLook(look: Uint8Array): void {
  lexicon.read(look, 0, look.length, reading);
  if (reading.brand >= 0 || look.length > foldedBytes.length) return;
  const length = foldInto(look, 0, look.length, foldedBytes);
  foldedLexicon.read(foldedBytes, 0, length, foldedReading);
  if (foldedReading.brand < 0) return;
  reading.brand = foldedReading.brand;
  reading.brandStart = foldedReading.brandStart;
  // Folding shortens, so the end is counted from behind.
  reading.brandEnd = look.length - (length - foldedReading.brandEnd);
}

/** A brand that is a word (`meta`) is met in other languages as well (`méta-analyse`, Russian `мета`). */
function homographPoints({ look, script, mixed }: DecodedLabel, inLatinSuffix: boolean): number {
  const whole = reading.brandStart === 0 && reading.brandEnd === look?.length;
  if (BRANDS[reading.brand]?.common !== true) return whole ? POINTS.homograph : POINTS.homographInside;
  if (script !== null && mixed === null && !inLatinSuffix) return 0;
  return whole ? POINTS.homographOfWord : POINTS.homographOfWordInside;
}
