/**
 * The protected brands in the forms in which names are compared with them: genuine domains, and words by number.
 *
 * Easy to get wrong: a domain is genuine for every brand, not only its own: `paypal.google.com` is Google's business.
 */
import { BRAND_LINES } from './brands.ts';
import { WordTable } from './word-table.ts';

export interface Brand {
  readonly label: string;
  /** Also a word, a short form or part of words: looked for only as a whole part of a label. */
  readonly common: boolean;
  /** Companies name hosts of their own after it, so a host name says little. */
  readonly product: boolean;
  /** A part of the brand's own log-in pages: in front of an unrelated domain it has no honest use. */
  readonly internal: boolean;
  /** The first of its genuine domains: what a reason names. */
  readonly domain: string;
}

const brands: Brand[] = [];
const domains: string[] = [];
for (const line of BRAND_LINES) {
  const [first = '', ...own] = line.split(' ');
  const common = first.startsWith('~');
  const product = first.startsWith('+');
  const internal = first.startsWith('!');
  const label = common || product || internal ? first.slice(1) : first;
  brands.push({ label, common, product, internal, domain: own[0] ?? first });
  domains.push(...own);
}

/** In the order of brands.ts; the numbers used everywhere else. */
export const BRANDS: readonly Brand[] = brands;

/** Registrable domains, and some hosts, that belong to brands. */
export const genuineDomains = new WordTable(domains);
