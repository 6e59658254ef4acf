/**
 * Category folders as the University of Toulouse publishes them (UT1, CC BY-SA 4.0), and what each means here.
 *
 * Easy to get wrong: the folders' names mislead. `child` holds sites made for children, `sexual_education` and
 * `update` are lists to allow, `violence` is the same list as `agressif`. The descriptions in the publisher's
 * `global_usage` decide, not the names.
 */
import type { ResponseCategory } from '@sallyport/hosts/rule';
import type { WebCategory } from '@sallyport/hosts/web-category';

export type Ut1Meaning =
  | { readonly kind: 'web'; readonly category: WebCategory }
  /** A list of threats rather than of a subject. */
  | { readonly kind: 'threat'; readonly category: ResponseCategory }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface Ut1Member {
  /** One name for all folders with the same list. */
  readonly folder: string;
  readonly file: string;
  readonly meaning: Ut1Meaning;
}

/** Symbolic links in the publisher's tree; copies of it hold them as folders. */
const SECOND_NAMES: Readonly<Record<string, string>> = {
  ads: 'publicite',
  aggressive: 'agressif',
  drugs: 'drogue',
  mail: 'forums',
  porn: 'adult',
  proxy: 'redirector',
  violence: 'agressif',
};

const web = (category: WebCategory): Ut1Meaning => ({ kind: 'web', category });
const threat = (category: ResponseCategory): Ut1Meaning => ({ kind: 'threat', category });
const NONE: Ut1Meaning = { kind: 'skipped', reason: 'no web category corresponds to this folder' };
const ALLOWED: Ut1Meaning = { kind: 'skipped', reason: 'a list of sites to allow' };

const FOLDERS: Readonly<Record<string, Ut1Meaning>> = {
  adult: web('Pornography / Sexually explicit'),
  agressif: web('Hate & intolerance'),
  ai: NONE,
  arjel: web('Gambling'),
  associations_religieuses: NONE,
  astrology: NONE,
  'audio-video': web('Streaming media & downloads'),
  bank: ALLOWED,
  bitcoin: NONE,
  blog: NONE,
  celebrity: NONE,
  chat: web('Chat'),
  child: ALLOWED,
  cleaning: ALLOWED,
  cooking: NONE,
  cryptojacking: threat('Malicious'),
  dangerous_material: web('Criminal activity'),
  dating: NONE,
  ddos: threat('Malicious'),
  dialer: NONE,
  doh: NONE,
  download: web('Download sites'),
  drogue: web('Illegal drug'),
  'dynamic-dns': NONE,
  educational_games: ALLOWED,
  examen_pix: ALLOWED,
  exceptions_liste_bu: ALLOWED,
  fakenews: NONE,
  filehosting: web('Download sites'),
  financial: NONE,
  forums: NONE,
  gambling: web('Gambling'),
  games: web('Games'),
  hacking: web('Hacking'),
  jobsearch: ALLOWED,
  lingerie: web('Nudity'),
  liste_blanche: ALLOWED,
  liste_bu: ALLOWED,
  malware: threat('Malicious'),
  manga: NONE,
  marketingware: NONE,
  mixed_adult: web('Nudity'),
  'mobile-phone': NONE,
  phishing: threat('Phishing'),
  press: ALLOWED,
  publicite: NONE,
  radio: web('Streaming media & downloads'),
  reaffected: NONE,
  redirector: NONE,
  'remote-control': NONE,
  'residential-proxies': NONE,
  sect: web('Cults'),
  sexual_education: web('Sex education'),
  shopping: NONE,
  shortener: NONE,
  social_networks: web('Social networking'),
  special: NONE,
  sports: NONE,
  stalkerware: threat('Malicious'),
  strict_redirector: NONE,
  strong_redirector: NONE,
  translation: NONE,
  tricheur: web('School cheating'),
  tricheur_pix: { kind: 'skipped', reason: 'for one French exam only, as its publisher says' },
  update: ALLOWED,
  vpn: NONE,
  warez: web('Illegal software'),
  webhosting: NONE,
  webmail: web('Web-based email'),
};

/** Files that hold regular expressions for another program's matcher. */
const EXPRESSIONS: ReadonlySet<string> = new Set(['expressions', 'very_restrictive_expression']);

/** What a path of the form `…/folder/file` means; null when it is none of this layout. */
export function ut1Member(path: string): Ut1Member | null {
  const [file = '', named] = path.split('/').toReversed();
  if (named === undefined || !(file === 'domains' || file === 'urls' || EXPRESSIONS.has(file))) return null;
  const folder = Object.hasOwn(SECOND_NAMES, named) ? (SECOND_NAMES[named] ?? named) : named;
  const known = Object.hasOwn(FOLDERS, folder) ? FOLDERS[folder] : undefined;
  if (EXPRESSIONS.has(file)) {
    return { folder, file, meaning: { kind: 'skipped', reason: 'regular expressions, which are no hosts' } };
  }
  return { folder, file, meaning: known ?? { kind: 'skipped', reason: 'a folder that is not known' } };
}

/** Whether the path could stand for its layout alone: a folder of this publisher with a list in it. */
export function isUt1Path(path: string): boolean {
  const member = ut1Member(path);
  return member !== null && Object.hasOwn(FOLDERS, member.folder);
}
