/** Tables and questions out of lines as people write them. */
import assert from 'node:assert/strict';

import { parseCidr, parseIp } from '@sallyport/hosts/canonical';
import { ACTIONS, type Action, type Rule } from '@sallyport/hosts/rule';
import type { Subject } from '@sallyport/hosts/scope';

import { OracleTable, type Entry } from '../../hosts/test/oracle.ts';
import type { PolicySettings, Question, Tables } from '../src/verdict.ts';

/**
 * `action value`: `name`, `=name` exact, `*.name` below, `host/path`, address or network. The line is the rule's title
 * and id; what else it has comes second.
 */
export type Line = string | readonly [line: string, change: Partial<Rule>];

type Layer = Exclude<keyof Tables, 'score'>;
export type Lines = Partial<Record<Layer, readonly Line[]>> & Pick<Partial<Tables>, 'score'>;

const DEFAULTS = {
  indicators: { source: 'indicator', category: 'CustomBlockList' },
  reputation: { source: 'feed', category: 'Phishing' },
  categories: { source: 'category', category: 'CustomPolicy', webCategory: 'Gambling' },
  popular: { source: 'popular', category: 'CustomPolicy' },
} as const satisfies Record<Layer, Partial<Rule>>;

export const tables = (lines: Lines): Tables => ({
  indicators: tableOf('indicators', lines.indicators),
  reputation: tableOf('reputation', lines.reputation),
  categories: tableOf('categories', lines.categories),
  popular: tableOf('popular', lines.popular),
  score: lines.score ?? null,
});

function tableOf(layer: Layer, lines: readonly Line[] | undefined): OracleTable | null {
  if (lines === undefined) return null;
  const rules: Rule[] = [];
  const entries: Entry[] = [];
  for (const each of lines) {
    const [line, change] = typeof each === 'string' ? [each, {}] : each;
    const [word = '', value = ''] = line.split(' ');
    const action = ACTIONS.find((known) => known === word) ?? assert.fail(line);
    entries.push(entryOf(value, rules.length));
    const category = layer === 'indicators' && action === 'allow' ? { category: 'CustomAllowList' as const } : {};
    rules.push({ action, id: line, title: line, expiresAt: null, ...DEFAULTS[layer], ...category, ...change });
  }
  return new OracleTable(rules, entries);
}

function entryOf(value: string, rule: number): Entry {
  const address = parseIp(value);
  if (address !== null) return { type: 'cidr', bytes: address, prefixLength: address.length * 8, rule };
  const network = parseCidr(value);
  if (network.kind === 'ok') return { type: 'cidr', bytes: network.bytes, prefixLength: network.prefixLength, rule };
  const slash = value.indexOf('/');
  if (slash >= 0) return { type: 'url', host: value.slice(0, slash), path: value.slice(slash), rule };
  if (value.startsWith('=')) return { type: 'host', name: value.slice(1), kind: 'exact', rule };
  if (value.startsWith('*.')) return { type: 'host', name: value.slice(2), kind: 'subdomains', rule };
  return { type: 'host', name: value, kind: 'suffix', rule };
}

export interface Asking {
  readonly remote?: string;
  readonly port?: number;
  readonly subject?: Partial<Subject>;
}

/** About names to one address; one of them may be a URL, `host/path`. */
export function question(names: string | readonly string[], asking: Asking = {}): Question {
  const list = typeof names === 'string' ? [names] : names;
  const url = list.find((name) => name.includes('/'));
  const slash = url?.indexOf('/') ?? 0;
  const nobody: Subject = { uid: null, executable: null, cgroup: null, container: null };
  const remote = asking.remote ?? '192.0.2.1';
  return {
    names: list.map((name) => Buffer.from(name.replace(/\/.*/s, ''))),
    url: url === undefined ? null : { host: Buffer.from(url.slice(0, slash)), path: Buffer.from(url.slice(slash)) },
    remoteIp: remote.startsWith('::ffff:') ? mapped(remote.slice(7)) : (parseIp(remote) ?? assert.fail(remote)),
    remotePort: asking.port ?? 443,
    subject: asking.subject === undefined ? null : { ...nobody, ...asking.subject },
  };
}

const mapped = (quad: string): Uint8Array =>
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...(parseIp(quad) ?? assert.fail(quad)));

export const BLOCK: PolicySettings = {
  mode: 'block',
  convertWarnToBlock: false,
  lowReputation: 'off',
  exclusions: null,
};
export const AUDIT: PolicySettings = { ...BLOCK, mode: 'audit' };
export const DISABLED: PolicySettings = { ...BLOCK, mode: 'disabled' };
export const CONVERT: PolicySettings = { ...BLOCK, convertWarnToBlock: true };

/** The same line for each action. */
export const perAction = (value: string): Record<Action, string> => ({
  allow: `allow ${value}`,
  warn: `warn ${value}`,
  block: `block ${value}`,
  audit: `audit ${value}`,
});
