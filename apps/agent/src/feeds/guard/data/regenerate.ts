/**
 * Writes the data files beside it from the packages they come from. For developers, about twice a year:
 *
 *     npm install --prefix DIR --ignore-scripts tldts third-party-web simple-icons email-providers oembed-providers
 *     (cd DIR && apt-get download spamassassin rspamd yt-dlp && for f in *.deb; do dpkg-deb -x "$f" .; done)
 *     node apps/agent/src/feeds/guard/data/regenerate.ts DIR
 *
 * README.md beside it says what each source is and under which licence. A source that is not in DIR is left as it is.
 *
 * Easy to get wrong: names are reduced to what one can register, so that `www` and `cdn` hosts do not fill the files;
 * a name below a shared-hosting suffix is somebody's site and is left out.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { canonicalHost } from '@sallyport/hosts/canonical';

import { PublicSuffixes } from '../public-suffixes.ts';

const from = resolve(process.argv[2] ?? '.');
const modules = join(from, 'node_modules');
const json = (path: string): unknown => JSON.parse(readFileSync(join(modules, path), 'utf8'));
const version = (name: string): string => (json(`${name}/package.json`) as { version: string }).version; // oxlint-disable-line typescript/no-unsafe-type-assertion -- an npm package has one
const lines = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');

function write(file: string, constant: string, header: string, names: readonly string[]): void {
  const text = `/**\n${header
    .split('\n')
    .map((line) => ` * ${line}`.trimEnd())
    .join(
      '\n',
    )}\n *\n * Written by regenerate.ts; not to be edited. Long because it is data.\n */\nexport const ${constant} = \`\n${names.join('\n')}\n\`;\n`;
  writeFileSync(join(import.meta.dirname, file), text);
  process.stdout.write(`${file}: ${names.length} lines\n`);
}

/** What regenerate.ts reads of tldts: the list as a trie of labels, with typed arrays for its nodes and edges. */
interface Trie {
  readonly nodeFlags: Uint8Array;
  readonly edgeStart: ArrayLike<number>;
  readonly edgeLength: ArrayLike<number>;
  readonly edgeChild: ArrayLike<number>;
  readonly labelText: string;
  readonly rulesRoot: number;
  readonly exceptionsRoot: number;
}
const ICANN = 1;

function rulesOf(trie: Trie): { icann: string[]; private: string[] } {
  const offsets: number[] = [];
  let offset = 0;
  for (let edge = 0; edge < trie.edgeLength.length; edge++) {
    offsets.push(offset);
    offset += trie.edgeLength[edge] ?? 0;
  }
  const rules = { icann: new Set<string>(), private: new Set<string>() };
  const walk = (node: number, name: string, mark: string): void => {
    const flags = trie.nodeFlags[node] ?? 0;
    if (flags !== 0 && name !== '') {
      const wildcard = name.startsWith('*.');
      // The list is given in both spellings; one is enough.
      const canonical = canonicalHost(wildcard ? name.slice(2) : name);
      if (canonical.kind === 'ok') {
        rules[(flags & ICANN) === 0 ? 'private' : 'icann'].add(`${mark}${wildcard ? '*.' : ''}${canonical.value}`);
      }
    }
    for (let edge = trie.edgeStart[node] ?? 0; edge < (trie.edgeStart[node + 1] ?? 0); edge++) {
      const start = offsets[edge] ?? 0;
      const label = trie.labelText.slice(start, start + (trie.edgeLength[edge] ?? 0));
      walk(trie.edgeChild[edge] ?? 0, name === '' ? label : `${label}.${name}`, mark);
    }
  };
  walk(trie.rulesRoot, '', '');
  walk(trie.exceptionsRoot, '', '!');
  return { icann: [...rules.icann].toSorted(), private: [...rules.private].toSorted() };
}

const trie = (await import(pathToFileURL(join(modules, 'tldts/dist/es6/src/data/trie.js')).href)) as Trie; // oxlint-disable-line typescript/no-unsafe-type-assertion -- checked by the tests of what comes out
const rules = rulesOf(trie);
write(
  'public-suffix-rules.ts',
  'PUBLIC_SUFFIX_RULES',
  `The Public Suffix List, as tldts ${version('tldts')} carries it: first the ICANN section, below the empty line the private one.\nMozilla and contributors, https://publicsuffix.org, MPL-2.0. Form: https://github.com/publicsuffix/list/wiki/Format`,
  [...rules.icann, '', ...rules.private],
);
const suffixes = new PublicSuffixes([...rules.icann, '', ...rules.private].join('\n'));

/** Registrable names, without those below shared hosting. */
function registrable(hosts: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const host of hosts) {
    const canonical = canonicalHost(host.replace(/^\*?\./, ''));
    if (canonical.kind !== 'ok') continue;
    const found = suffixes.registrable(canonical.value);
    if (found !== null && !found.belowPrivate && !found.name.endsWith('.onion')) names.add(found.name);
  }
  return [...names].toSorted();
}

const hostOf = (url: string | null | undefined): string => {
  const text = (url ?? '').replaceAll('*', 'x');
  return URL.canParse(text) ? new URL(text).hostname : '';
};

/**
 * Hosts of an unknown owner count as popular when the crawl met them this often. Further down the ranks come hosts
 * that were injected into hacked sites: of the first 60,000, 62 are on lists of malicious names, of 10,000 a handful.
 */
const UNKNOWN_OWNER_RANK = 10_000;

if (existsSync(join(modules, 'third-party-web'))) {
  const observed = lines(join(modules, 'third-party-web/dist/domain-map.csv')).map((line) => line.split(','));
  write(
    'third-party-hosts.ts',
    'THIRD_PARTY_HOSTS',
    `Hosts that many web sites load from: third-party-web ${version('third-party-web')}, counted by HTTP Archive. MIT, (c) 2019 Patrick Hulce.\nThose of a known owner, and of others the ${UNKNOWN_OWNER_RANK.toLocaleString('en')} met most often.`,
    registrable(
      observed.flatMap(([host, , kind], rank) =>
        host !== undefined && (kind !== 'unknown' || rank < UNKNOWN_OWNER_RANK) ? [host] : [],
      ),
    ),
  );
}

if (existsSync(join(modules, 'simple-icons'))) {
  const icons = json('simple-icons/data/simple-icons.json') as { source?: string; guidelines?: string }[]; // oxlint-disable-line typescript/no-unsafe-type-assertion -- as the package has it
  write(
    'brand-hosts.ts',
    'BRAND_HOSTS',
    `Sites of well-known brands: simple-icons ${version('simple-icons')}, CC0-1.0.`,
    registrable(icons.flatMap(({ source, guidelines }) => [hostOf(source), hostOf(guidelines)])),
  );
}

if (existsSync(join(modules, 'email-providers')) && existsSync(join(modules, 'oembed-providers'))) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the package has it
  const media = json('oembed-providers/providers.json') as {
    provider_url: string;
    endpoints: { schemes?: string[]; url: string }[];
  }[];
  write(
    'mail-and-media-hosts.ts',
    'MAIL_AND_MEDIA_HOSTS',
    `Common mail providers: email-providers ${version('email-providers')}, ISC, (c) Jannis R and contributors.\nSites whose pages can be embedded: oembed-providers ${version('oembed-providers')}, MIT, (c) Cal Henderson and contributors.`,
    registrable([
      ...(json('email-providers/common.json') as string[]), // oxlint-disable-line typescript/no-unsafe-type-assertion -- as the package has it
      ...media.flatMap(({ provider_url: url, endpoints }) => [
        hostOf(url),
        ...endpoints.flatMap((endpoint) => [endpoint.url, ...(endpoint.schemes ?? [])].map(hostOf)),
      ]),
    ]),
  );
}

const spamassassin = join(from, 'usr/share/spamassassin');
const rspamd = join(from, 'etc/rspamd/maps.d');
const ytdlp = join(from, 'usr/lib/python3/dist-packages/yt_dlp/extractor');
/** Arguments of the settings `name` in files of SpamAssassin. */
const settings = (file: string, name: string): string[] =>
  lines(join(spamassassin, file))
    .map((line) => line.split(/\s+/))
    .filter(([first]) => first === name)
    .flatMap((words) => words.slice(1).map((word) => word.replace(/\/.*/, '')));

if (existsSync(spamassassin) && existsSync(rspamd)) {
  write(
    'mail-filter-hosts.ts',
    'MAIL_FILTER_HOSTS',
    `Hosts that mail filters never take for a sign of spam, and URL shorteners they know: SpamAssassin 4.0.1 (25_uribl.cf,\n25_url_shortener.cf) and Rspamd 3.4 (surbl-whitelist.inc, redirectors.inc), both Apache-2.0.`,
    registrable([
      ...settings('25_uribl.cf', 'uridnsbl_skip_domain'),
      ...settings('25_url_shortener.cf', 'url_shortener'),
      ...lines(join(rspamd, 'surbl-whitelist.inc')),
      ...lines(join(rspamd, 'redirectors.inc')),
    ]),
  );
}

if (existsSync(ytdlp)) {
  const hosts = readdirSync(ytdlp)
    .filter((file) => file.endsWith('.py'))
    .flatMap((file) =>
      [...readFileSync(join(ytdlp, file), 'utf8').matchAll(/'url': '(?:https?:)?\/\/([a-z0-9.-]+)/g)].map(
        (match) => match[1] ?? '',
      ),
    );
  write(
    'broadcaster-hosts.ts',
    'BROADCASTER_HOSTS',
    'Broadcasters, newspapers and video sites: the test pages of yt-dlp 2023.03.04, Unlicense.',
    registrable(hosts),
  );
}
