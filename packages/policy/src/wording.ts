/**
 * Names, entries and rules as people write them.
 *
 * Easy to get wrong: a table keeps hashes, not names. An entry's text is therefore cut out of the question that it
 * covers, by the length the table reports.
 */
import { canonicalHost, clearHostBits, formatIp, isMapped, parseIp } from '@sallyport/hosts/canonical';
import type { Candidate } from '@sallyport/hosts/reputation-table';
import type { Rule } from '@sallyport/hosts/rule';
import { isEveryone, type Scope } from '@sallyport/hosts/scope';
import { MAX_PATH_BYTES, normalizePath } from '@sallyport/hosts/url-path';
import { parentOf, type WebCategory } from '@sallyport/hosts/web-category';

import type { TableLayer } from './judge.ts';
import type { Question } from './verdict.ts';

export const LAYER_NAMES = {
  indicator: 'Custom indicators',
  reputation: 'Reputation',
  category: 'Web content filtering',
} as const satisfies Record<TableLayer, string>;

/** The name as people write it: canonical where it can be, else with the odd bytes escaped. */
export function textOf(name: Uint8Array): string {
  const text = new TextDecoder().decode(name.slice()).replace(/\.+$/, '');
  const canonical = canonicalHost(text);
  if (canonical.kind === 'ok') return canonical.value;
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : JSON.stringify(text).slice(1, -1);
}

/**
 * The entry as it would be written in a list: `example.com`, `10.0.0.0/8`, `example.com/path`. `name`: the one it was
 * found for, null for the remote address.
 */
export function entryText(
  { matched, specificity }: Pick<Candidate, 'matched' | 'specificity'>,
  question: Question,
  name: Uint8Array | null,
): string {
  switch (matched) {
    case 'host':
      return name === null ? '' : textOf(name).slice(-specificity).toLowerCase();
    case 'url': {
      const path = new Uint8Array(MAX_PATH_BYTES);
      normalizePath(question.url?.path ?? path, path);
      const written = Buffer.from(path.subarray(0, specificity)).toString('latin1');
      return `${name === null ? '' : textOf(name)}${JSON.stringify(written || '/').slice(1, -1)}`;
    }
    case 'ip':
    case 'cidr': {
      const asked = name === null ? question.remoteIp : (parseIp(textOf(name)) ?? question.remoteIp);
      return networkText(unmapped(asked), specificity);
    }
    default:
      return matched satisfies never;
  }
}

/** An IPv4-mapped address as the IPv4 address it stands for. */
export const addressText = (address: Uint8Array): string => formatIp(unmapped(address));

const unmapped = (address: Uint8Array): Uint8Array => (isMapped(address) ? address.slice(12) : address);

/** `192.0.2.1`, or `192.0.2.0/24` with what is after the prefix cleared. */
export function networkText(address: Uint8Array, prefixLength: number): string {
  const network = address.slice();
  clearHostBits(network, prefixLength);
  return prefixLength === address.length * 8 ? formatIp(network) : `${formatIp(network)}/${prefixLength}`;
}

/** `"Title" (block, Phishing, confidence 80, port 443 only)`. */
export function ruleText(rule: Rule): string {
  const details: string[] = [rule.action, rule.category];
  if (rule.webCategory !== undefined) details.push(categoryText(rule.webCategory));
  if (rule.confidence !== undefined) details.push(`confidence ${rule.confidence}`);
  if (rule.port !== undefined) details.push(`port ${rule.port} only`);
  if (rule.scope !== undefined && !isEveryone(rule.scope)) details.push(`${scopeText(rule.scope)} only`);
  return `"${rule.title}" (${details.join(', ')})`;
}

/** `Gambling [Adult content]`: the category and its parent. */
export const categoryText = (category: WebCategory): string => `${category} [${parentOf(category)}]`;

/** `user 1000-1999 and program curl or wget`. */
export function scopeText({ uids, executables, cgroups, containers }: Scope): string {
  const criteria: string[] = [];
  const criterion = (what: string, items: readonly string[] | undefined): void => {
    if (items !== undefined) criteria.push(`${what} ${items.length === 0 ? '(none)' : items.join(' or ')}`);
  };
  criterion(
    'user',
    uids?.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)),
  );
  criterion('program', executables);
  criterion('control group', cgroups);
  criterion('container', containers);
  return criteria.join(' and ');
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
