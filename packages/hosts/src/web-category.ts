/**
 * The categories of web content filtering (specification 6): 28 under five parents, names verbatim. The order is part
 * of the file format (docs/formats/table.md): append, never reorder.
 *
 * Easy to get wrong: "Uncategorized" is not "everything unknown". It is newly registered and parked domains only.
 */

export const PARENT_CATEGORIES = [
  'Adult content',
  'High bandwidth',
  'Legal liability',
  'Leisure',
  'Uncategorized',
] as const;
export type ParentCategory = (typeof PARENT_CATEGORIES)[number];

const CHILDREN = {
  Cults: 'Adult content',
  Gambling: 'Adult content',
  Nudity: 'Adult content',
  'Pornography / Sexually explicit': 'Adult content',
  'Sex education': 'Adult content',
  Tasteless: 'Adult content',
  Violence: 'Adult content',
  'Download sites': 'High bandwidth',
  'Image sharing': 'High bandwidth',
  'Peer-to-peer': 'High bandwidth',
  'Streaming media & downloads': 'High bandwidth',
  'Child abuse images': 'Legal liability',
  'Criminal activity': 'Legal liability',
  Hacking: 'Legal liability',
  'Hate & intolerance': 'Legal liability',
  'Illegal drug': 'Legal liability',
  'Illegal software': 'Legal liability',
  'School cheating': 'Legal liability',
  'Self-harm': 'Legal liability',
  Weapons: 'Legal liability',
  Chat: 'Leisure',
  Games: 'Leisure',
  'Instant messaging': 'Leisure',
  'Professional network': 'Leisure',
  'Social networking': 'Leisure',
  'Web-based email': 'Leisure',
  'Newly registered domains': 'Uncategorized',
  'Parked domains': 'Uncategorized',
} as const satisfies Record<string, ParentCategory>;

export type WebCategory = keyof typeof CHILDREN;

export const WEB_CATEGORIES = Object.keys(CHILDREN) as readonly WebCategory[]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- keys of the literal above

export const parentOf = (category: WebCategory): ParentCategory => CHILDREN[category];

export const isWebCategory = (name: string): name is WebCategory => Object.hasOwn(CHILDREN, name);
