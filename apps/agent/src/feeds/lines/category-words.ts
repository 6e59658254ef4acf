/**
 * The words that feeds use for kinds of threats, as the response categories of events. Words that say nothing of that
 * kind, or are not known, give nothing: the feed's own category holds then.
 */
import { RESPONSE_CATEGORIES, type ResponseCategory } from '@sallyport/hosts/rule';
import { isWebCategory, type WebCategory } from '@sallyport/hosts/web-category';

const WORDS: Readonly<Record<string, ResponseCategory>> = {
  malware: 'Malicious',
  malwaredownload: 'Malicious',
  malicious: 'Malicious',
  payload: 'Malicious',
  payloaddelivery: 'Malicious',
  exploit: 'Malicious',
  exploitkit: 'Malicious',
  ransomware: 'Malicious',
  trojanactivity: 'Malicious',
  phish: 'Phishing',
  phishing: 'Phishing',
  socialengineering: 'Phishing',
  credentialtheft: 'Phishing',
  c2: 'C2',
  cc: 'C2',
  cnc: 'C2',
  botnet: 'C2',
  botnetcc: 'C2',
  domainc2: 'C2',
  commandandcontrol: 'CmdCtrl',
  techscam: 'TechScam',
  techsupportscam: 'TechScam',
  scam: 'TechScam',
  suspicious: 'Untrusted',
};

const bare = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
const NAMES: ReadonlyMap<string, ResponseCategory> = new Map([
  // A feed cannot speak for the administrator.
  ...RESPONSE_CATEGORIES.filter((category) => !/^(?:Custom|Casb)/.test(category)).map(
    (category) => [bare(category), category] as const,
  ),
  ...Object.entries(WORDS),
]);

interface WordCategory {
  readonly responseCategory: ResponseCategory | null;
  readonly webCategory: WebCategory | null;
}

/** The one object that `categoryOf` gives for words that say nothing. */
export const NO_CATEGORY: WordCategory = Object.freeze({ responseCategory: null, webCategory: null });

/** The categories that `word` means; case and punctuation do not matter. */
export function categoryOf(word: string): WordCategory {
  if (word === '') return NO_CATEGORY;
  if (isWebCategory(word)) return { responseCategory: null, webCategory: word };
  const responseCategory = NAMES.get(bare(word));
  return responseCategory === undefined ? NO_CATEGORY : { responseCategory, webCategory: null };
}
