/**
 * `sallyport bench score`: how often the local score is wrong about popular names, how often it is right about
 * phishing names, and what a name costs.
 *
 * The names are strings; nothing is resolved or contacted. Easy to get wrong: a host name stands for its site in the
 * split into halves (the last two labels decide), so that no site is both tuned on and tested on.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { BRANDS } from '@sallyport/policy/score/brand-index';
import { assessName, scoreName } from '@sallyport/policy/score/score-name';
import { THRESHOLD } from '@sallyport/policy/score/signals';
import { trigramSource } from '@sallyport/policy/score/train-trigrams';

import { progress, Refusal, runCommand } from './command.ts';
import { alignedTable } from './report.ts';
import { median } from './statistics.ts';

const USAGE = `usage: sallyport bench score [--json] [--examples N] [--train WORDS]
  --json      one JSON object on standard output instead of a table
  --examples  examples for each signal (5)
  --train     write packages/policy/src/score/random-label-data.ts, counted from the word list WORDS, to standard output
The lists are looked for in $SALLYPORT_CORPORA, or in ../shared/corpora beside this project.`;

const CORPORA = process.env['SALLYPORT_CORPORA'] ?? join(import.meta.dirname, '../../../shared/corpora');
const LISTS = join(CORPORA, 'lists');

/** The misp-warninglists of hosts that many people ask for. */
const POPULAR_LISTS = [
  'tranco10k',
  'majestic_million',
  'cisco_top1000',
  'moz-top500',
  'google',
  'microsoft',
  'microsoft-office365',
  'bank-website',
  'crl-hostname',
  'captive-portals',
  'url-shortener',
  'whats-my-ip',
  'public-ipfs-gateways',
] as const;
const PHISHING_LISTS = ['maltrail-mit/malicious_evilginx.txt', 'ut1-ccbysa/phishing/urls'] as const;
const MALICIOUS_LIST = 'domains-malicious-mit-cc0.txt.xz';

/** What must hold. */
const MOST_FALSE_POSITIVES = 0.001;
const ROUNDS = 7;
const NAMES_PER_ROUND = 20_000;

interface Names {
  readonly source: 'corpora' | 'generated';
  readonly popular: readonly string[];
  readonly phishing: readonly string[];
  readonly malicious: readonly string[];
}

function main(): void {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      examples: { type: 'string', default: '5' },
      train: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) throw new Refusal(USAGE);
  if (values.train !== undefined) {
    process.stdout.write(trigramSource(readFileSync(values.train, 'utf8').toLowerCase().split('\n')));
    return;
  }
  if (!/^\d{1,4}$/.test(values.examples)) throw new Refusal('--examples: a whole number from 0 up');
  const names = existsSync(LISTS) ? readNames() : generatedNames();
  if (names.source === 'generated') {
    progress(`no ${LISTS}: names are generated, which shows that the program works and nothing more`);
  }
  const result = measure(names, Number(values.examples));
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${humanForm(result)}\n`);
}

/** One list under the score. */
function count(names: readonly string[], examples: number) {
  const perSignal: Record<string, { names: number; decided: number; examples: string[] }> = {};
  const found: { name: string; score: number; reasons: readonly string[] }[] = [];
  const tuned = { names: 0, found: 0 };
  const other = { names: 0, found: 0 };
  const sites = new Set<string>();
  const foundSites = new Set<string>();
  for (const name of names) {
    const half = isTunedHalf(name) ? tuned : other;
    half.names++;
    sites.add(siteOf(name));
    const { score, findings } = assessName(bytesOf(name));
    if (score < THRESHOLD) continue;
    half.found++;
    foundSites.add(siteOf(name));
    found.push({ name, score, reasons: findings.map(({ reason }) => reason) });
    for (const [n, { signal }] of findings.entries()) {
      const entry = (perSignal[signal] ??= { names: 0, decided: 0, examples: [] });
      entry.names++;
      if (n > 0) continue;
      entry.decided++;
      // One a site, or a single campaign would fill the list.
      if (entry.examples.length < examples && !entry.examples.some((shown) => siteOf(shown) === siteOf(name))) {
        entry.examples.push(name);
      }
    }
  }
  return {
    names: names.length,
    found,
    rate: share(found.length, names.length),
    sites: sites.size,
    sitesFound: foundSites.size,
    siteRate: share(foundSites.size, sites.size),
    tunedHalf: { ...tuned, rate: share(tuned.found, tuned.names) },
    otherHalf: { ...other, rate: share(other.found, other.names) },
    perSignal,
  };
}

function measure(names: Names, examples: number) {
  const popular = count(names.popular, examples);
  const phishing = count(names.phishing, examples);
  const malicious = count(names.malicious, examples);
  return {
    source: names.source,
    threshold: THRESHOLD,
    popularNames: popular.names,
    falsePositives: popular.found.length,
    falsePositiveRate: popular.rate,
    falsePositiveLimit: MOST_FALSE_POSITIVES,
    falsePositiveRateHalves: { tuned: popular.tunedHalf, other: popular.otherHalf },
    falsePositiveNames: popular.found,
    phishingNames: phishing.names,
    detected: phishing.found.length,
    detectionRate: phishing.rate,
    detectionRateHalves: { tuned: phishing.tunedHalf, other: phishing.otherHalf },
    phishingSites: phishing.sites,
    detectedSites: phishing.sitesFound,
    siteDetectionRate: phishing.siteRate,
    maliciousNames: malicious.names,
    maliciousDetected: malicious.found.length,
    maliciousDetectionRate: malicious.rate,
    maliciousSiteDetectionRate: malicious.siteRate,
    maliciousDetectionRateHalves: { tuned: malicious.tunedHalf, other: malicious.otherHalf },
    nsPerName: {
      popular: nsPerName(names.popular),
      phishing: nsPerName(names.phishing),
      malicious: nsPerName(names.malicious),
    },
    perSignal: { popular: popular.perSignal, phishing: phishing.perSignal, malicious: malicious.perSignal },
  };
}

/** Median over rounds, each over names in an order that visits the whole list. */
function nsPerName(names: readonly string[]): number {
  const step = Math.max(1, Math.floor(names.length / NAMES_PER_ROUND));
  const wire = names.filter((_, n) => n % step === 0).map(bytesOf);
  let reported = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    for (const name of wire) if (scoreName(name) !== null) reported++;
    return Number(process.hrtime.bigint() - start) / wire.length;
  });
  if (reported % ROUNDS !== 0) throw new Error('the same names were scored differently');
  return Math.round(median(rounds));
}

type Result = ReturnType<typeof measure>;

function humanForm(result: Result): string {
  const percent = (rate: number): string => `${(100 * rate).toFixed(3)} %`;
  const rows = [
    ['', 'names', 'reported', 'rate', 'tuned half', 'other half', 'ns/name'],
    [
      'popular (false positives)',
      String(result.popularNames),
      String(result.falsePositives),
      percent(result.falsePositiveRate),
      percent(result.falsePositiveRateHalves.tuned.rate),
      percent(result.falsePositiveRateHalves.other.rate),
      String(result.nsPerName.popular),
    ],
    [
      'phishing',
      String(result.phishingNames),
      String(result.detected),
      percent(result.detectionRate),
      percent(result.detectionRateHalves.tuned.rate),
      percent(result.detectionRateHalves.other.rate),
      String(result.nsPerName.phishing),
    ],
    [
      'phishing, by site',
      String(result.phishingSites),
      String(result.detectedSites),
      percent(result.siteDetectionRate),
      '-',
      '-',
      '-',
    ],
    [
      'malicious, any kind',
      String(result.maliciousNames),
      String(result.maliciousDetected),
      percent(result.maliciousDetectionRate),
      percent(result.maliciousDetectionRateHalves.tuned.rate),
      percent(result.maliciousDetectionRateHalves.other.rate),
      String(result.nsPerName.malicious),
    ],
  ];
  const holds = result.falsePositiveRate <= MOST_FALSE_POSITIVES;
  const lines = [
    alignedTable(rows),
    '',
    `false positives: ${percent(result.falsePositiveRate)}, at most ${percent(MOST_FALSE_POSITIVES)}: ${holds ? 'holds' : 'DOES NOT HOLD'}`,
    ...result.falsePositiveNames.map(({ name, score, reasons }) => `  ${name}  ${score}  ${reasons.join('; ')}`),
  ];
  for (const [list, signals] of Object.entries(result.perSignal)) {
    lines.push('', `${list}: signal, names reported with it, decided by it, examples`);
    const table = Object.entries(signals)
      .sort(([, a], [, b]) => b.decided - a.decided)
      .map(([signal, { names, decided, examples }]) => [
        `  ${signal}`,
        String(names),
        String(decided),
        examples.join(' '),
      ]);
    lines.push(
      ...table.map(([signal = '', of = '', by = '', which = '']) =>
        `${signal.padEnd(26)}${of.padStart(7)}${by.padStart(7)}  ${which}`.trimEnd(),
      ),
    );
  }
  return lines.join('\n');
}

function readNames(): Names {
  const popular = new Set<string>();
  for (const list of POPULAR_LISTS) {
    const parsed: unknown = JSON.parse(readFileSync(join(LISTS, 'misp-warninglists-cc0', `${list}.json`), 'utf8'));
    for (const entry of entriesOf(parsed)) addHost(popular, entry.replace(/^\*?\./, ''));
  }
  const phishing = new Set<string>();
  for (const list of PHISHING_LISTS) {
    for (const line of readFileSync(join(LISTS, list), 'utf8').split('\n')) addHost(phishing, line);
  }
  const malicious = new Set<string>();
  for (const line of unpacked(join(LISTS, MALICIOUS_LIST)).split('\n')) addHost(malicious, line);
  return { source: 'corpora', popular: [...popular], phishing: [...phishing], malicious: [...malicious] };
}

function entriesOf(parsed: unknown): string[] {
  if (typeof parsed !== 'object' || parsed === null || !('list' in parsed) || !Array.isArray(parsed.list)) {
    throw new Refusal('a warninglist without a list');
  }
  return parsed.list.filter((entry: unknown) => typeof entry === 'string');
}

/** Adds the host of a line that is a host, a URL without scheme, or `host:port`. Addresses and comments are left out. */
function addHost(into: Set<string>, line: string): void {
  const host = (line.split('#')[0] ?? '').trim().toLowerCase().split('/')[0]?.split(':')[0]?.replace(/\.$/, '') ?? '';
  if (!/^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+$/.test(host) || /^[\d.]+$/.test(host)) return;
  into.add(host);
}

function unpacked(file: string): string {
  try {
    return execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 30 }).toString();
  } catch (error) {
    throw new Refusal(`cannot unpack ${file}: apt-get install xz-utils`, { cause: error });
  }
}

/** Honest and dishonest variations of the protected brands. They show that the program works, not how well. */
function generatedNames(): Names {
  const brands = BRANDS.filter(({ common }) => !common);
  const words = ['garden', 'harbour', 'kitchen', 'museum', 'railway', 'weather', 'winter', 'yellow'];
  const honest = words.flatMap((first) => words.map((second) => `www.${first}${second}.example`));
  const dishonest = brands.flatMap(({ label, domain }) => [
    `${label}-login.example`,
    `${domain}.secure-account.example`,
    `${label.slice(0, -1)}.verify-${label}.example`,
  ]);
  const computed = brands.map((_, n) => {
    let state = Math.imul(n + 1, 0x9e3779b1) >>> 0;
    const letters = Array.from({ length: 14 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return String.fromCharCode(0x61 + ((state >>> 16) % 26));
    });
    return `${letters.join('')}.example`;
  });
  return {
    source: 'generated',
    popular: [...brands.map(({ domain }) => domain), ...honest],
    phishing: dishonest,
    malicious: [...dishonest, ...computed],
  };
}

/** The last two labels. */
const siteOf = (name: string): string => name.split('.').slice(-2).join('.');

/** Whether points and words were chosen on the half that the name is in: lowest bit of the FNV-1a of its site. */
function isTunedHalf(name: string): boolean {
  let hash = 0x811c9dc5;
  const site = siteOf(name);
  for (let i = 0; i < site.length; i++) hash = Math.imul(hash ^ site.charCodeAt(i), 0x01000193);
  return (hash & 1) === 0;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : Number((part / whole).toFixed(6)));

const bytesOf = (name: string): Uint8Array => Buffer.from(name, 'latin1');

await runCommand(main);
