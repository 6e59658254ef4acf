/**
 * The default list of popular hosts, put together from the files in data/ (sources and licences: data/README.md).
 *
 * Easy to get wrong: a public suffix is popular too (`github.io`), but what keeps it from being blocked is the Public
 * Suffix List; the order of the checks in guard-rails.ts decides which reason is shown.
 */
import { BRAND_HOSTS } from './data/brand-hosts.ts';
import { BROADCASTER_HOSTS } from './data/broadcaster-hosts.ts';
import { MAIL_AND_MEDIA_HOSTS } from './data/mail-and-media-hosts.ts';
import { MAIL_FILTER_HOSTS } from './data/mail-filter-hosts.ts';
import { SERVICE_HOSTS } from './data/service-hosts.ts';
import { THIRD_PARTY_HOSTS } from './data/third-party-hosts.ts';

/** Names separated by white space; lines that begin with `#` are comments. */
export function readNames(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => line.split(/\s+/))
    .filter((name) => name.includes('.'));
}

/** Canonical names, some of them several times. */
export const defaultPopularHosts = (): string[] =>
  [SERVICE_HOSTS, BRAND_HOSTS, BROADCASTER_HOSTS, MAIL_AND_MEDIA_HOSTS, MAIL_FILTER_HOSTS, THIRD_PARTY_HOSTS].flatMap(
    readNames,
  );
