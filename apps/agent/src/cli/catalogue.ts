/**
 * Every command: what the help says about it, its options and where its code is. Code is imported when the command
 * runs and not before: `sallyport check` must not pay for the CSV reader.
 *
 * The commands without `load` are started by the launcher (POSIX sh), not here; they are listed so that the help is whole.
 */
import { DEFAULT_STATE_DIRECTORY } from '../state/state-directory.ts';
import type { OptionTable } from './arguments.ts';
import type { Context } from './context.ts';

const STATE = {
  'state-dir': {
    type: 'string',
    value: 'DIR',
    meaning: `where state and control socket are (default ${DEFAULT_STATE_DIRECTORY})`,
  },
  help: { type: 'boolean', short: 'h', meaning: 'this help' },
} as const satisfies OptionTable;

const JSON_OPTION = { json: { type: 'boolean', meaning: 'print JSON' } } as const satisfies OptionTable;

const FORWARD = {
  'no-forward': { type: 'boolean', meaning: 'leave traffic alone that this machine only forwards' },
} as const satisfies OptionTable;

const FOR_WHOM = {
  user: { type: 'string', multiple: true, value: 'USER', meaning: 'only for this user: name, uid or range 1000-1999' },
  process: { type: 'string', multiple: true, value: 'PROGRAM', meaning: 'only for this program: path or file name' },
} as const satisfies OptionTable;

const POLICY_NAME = {
  policy: { type: 'string', value: 'P', meaning: 'the policy to change (default: default)' },
} as const satisfies OptionTable;

const ASKING = {
  port: { type: 'string', value: 'N', meaning: 'the remote port (default: the one of the target, else 443)' },
  user: { type: 'string', value: 'USER', meaning: 'as this user, by name or uid' },
  process: { type: 'string', value: 'PATH', meaning: 'as this program, by its absolute path' },
} as const satisfies OptionTable;

/** Option tables by `command` or `command sub-command`. */
export const OPTIONS = {
  status: { ...JSON_OPTION, ...STATE },
  'config get': { ...JSON_OPTION, ...STATE },
  'config set': { ...JSON_OPTION, ...STATE },
  'config network-protection': {
    value: { type: 'string', value: 'block|audit|disabled', meaning: 'the new level; without it, the present one' },
    ...JSON_OPTION,
    ...STATE,
  },
  'indicator add': {
    action: { type: 'string', value: 'allow|audit|warn|block', meaning: 'what happens to a connection that matches' },
    title: { type: 'string', value: 'TEXT', meaning: 'title of the alert' },
    description: { type: 'string', value: 'TEXT', meaning: 'why the indicator exists' },
    severity: { type: 'string', value: 'informational|low|medium|high', meaning: 'severity of the alert' },
    expires: { type: 'string', value: 'WHEN', meaning: 'RFC 3339, or a duration: 30m, 24h, 7d' },
    ...FOR_WHOM,
    cgroup: {
      type: 'string',
      multiple: true,
      value: 'PATH',
      meaning: 'only for this control group and those below it',
    },
    container: { type: 'string', multiple: true, value: 'NAME|ID', meaning: 'only for this container' },
    group: { type: 'string', multiple: true, value: 'GROUP', meaning: 'only on devices of this group (DeviceGroup)' },
    ...JSON_OPTION,
    ...STATE,
  },
  'indicator list': {
    limit: { type: 'string', short: 'n', value: 'N', meaning: 'the newest N; without it the newest 1000, as JSON all' },
    ...JSON_OPTION,
    ...STATE,
  },
  'indicator remove': { ...JSON_OPTION, ...STATE },
  'indicator import': {
    format: { type: 'string', value: 'detect|csv|stix|misp', meaning: 'default: detected' },
    action: {
      type: 'string',
      value: 'allow|audit|warn|block',
      meaning: 'for STIX and MISP, which name none (default block)',
    },
    ...JSON_OPTION,
    ...STATE,
  },
  'indicator export': {
    format: { type: 'string', value: 'csv|stix|misp', meaning: 'default: csv' },
    to: { type: 'string', value: 'FILE', meaning: 'a new file, for its owner alone; default: standard output' },
    ...STATE,
  },
  'category list': { ...JSON_OPTION, ...STATE },
  'category block': { ...POLICY_NAME, ...JSON_OPTION, ...STATE },
  'category unblock': { ...POLICY_NAME, ...JSON_OPTION, ...STATE },
  'category policy list': { ...JSON_OPTION, ...STATE },
  'category policy add': {
    category: { type: 'string', multiple: true, value: 'NAME', meaning: 'what it blocks; without it, it only records' },
    group: { type: 'string', multiple: true, value: 'GROUP', meaning: 'only on devices of this group (DeviceGroup)' },
    ...FOR_WHOM,
    ...JSON_OPTION,
    ...STATE,
  },
  'category policy remove': { ...JSON_OPTION, ...STATE },
  'policy explain': { ...ASKING, ...JSON_OPTION, ...STATE },
  'hosts build': {
    out: { type: 'string', short: 'o', value: 'OUT.tbl', meaning: 'the table, a new file' },
    format: { type: 'string', value: 'F', meaning: 'as for feed add; default: detected, file by file' },
    category: { type: 'string', value: 'C', meaning: 'as for feed add; default: malicious' },
    ...JSON_OPTION,
    help: STATE.help,
  },
  'hosts inspect': { ...JSON_OPTION, help: STATE.help },
  'hosts diff': { ...JSON_OPTION, help: STATE.help },
  'feed add': {
    format: { type: 'string', value: 'FORMAT', meaning: 'default: detected; csv:value=2,type=3 names columns' },
    category: {
      type: 'string',
      value: 'C',
      meaning: 'malicious (default), phishing, c2, untrusted, or a web category',
    },
    confidence: { type: 'string', value: '0-100', meaning: 'of entries that say nothing themselves; default: full' },
    name: { type: 'string', value: 'TEXT', meaning: 'what lists and events call it' },
    interval: { type: 'string', value: 'TIME', meaning: 'how often a URL is asked: 30m, 6h; default: 24h' },
    ...JSON_OPTION,
    ...STATE,
  },
  'feed enable': { ...JSON_OPTION, ...STATE },
  'feed disable': { ...JSON_OPTION, ...STATE },
  'feed catalogue': { ...JSON_OPTION, ...STATE },
  'feed report': { ...JSON_OPTION, ...STATE },
  'feed held': { ...JSON_OPTION, ...STATE },
  'feed approve': {
    all: { type: 'boolean', meaning: 'every entry of the feed, now and later' },
    ...JSON_OPTION,
    ...STATE,
  },
  'feed list': { ...JSON_OPTION, ...STATE },
  'feed refresh': { ...JSON_OPTION, ...STATE },
  'feed remove': { ...JSON_OPTION, ...STATE },
  check: { ...ASKING, ...JSON_OPTION, ...STATE },
  events: {
    follow: { type: 'boolean', short: 'f', meaning: 'go on with new events until Ctrl-C' },
    id: {
      type: 'string',
      multiple: true,
      value: 'ID[,ID]',
      meaning: '1125 audited, 1126 blocked, 5007 changed, 5013 refused',
    },
    since: { type: 'string', value: 'WHEN', meaning: 'a duration (1h) or RFC 3339' },
    limit: { type: 'string', short: 'n', value: 'N', meaning: 'the newest N events only' },
    view: { type: 'string', value: 'FILE.xml', meaning: "only what this view of Event Viewer's selects" },
    json: { type: 'boolean', meaning: 'one object a line: columns of DeviceNetworkEvents, EventId' },
    xml: { type: 'boolean', meaning: 'an Events document, as Event Viewer saves it' },
    export: { type: 'string', value: 'FILE', meaning: 'into a new file, as XML or JSON' },
    ...STATE,
  },
  wire: {
    flows: {
      type: 'string',
      multiple: true,
      value: 'FILE.jsonl',
      meaning: 'recorded flows; may be given several times',
    },
    ...JSON_OPTION,
    ...STATE,
  },
  version: { ...JSON_OPTION, ...STATE },
  help: STATE,
  up: {
    mode: { type: 'string', value: 'block|audit|disabled', meaning: 'set the mode before starting' },
    ...FORWARD,
    'no-default-feeds': { type: 'boolean', meaning: 'use no public feed but those that were chosen' },
    'no-install': { type: 'boolean', meaning: 'say what is missing, install nothing' },
    ...STATE,
  },
  evaluate: STATE,
  test: { help: STATE.help },
  'bench gate': { ...JSON_OPTION, help: STATE.help },
  'bench hosts': { ...JSON_OPTION, help: STATE.help },
  'bench swaps': { ...JSON_OPTION, help: STATE.help },
  'bench score': { ...JSON_OPTION, help: STATE.help },
} as const satisfies Record<string, OptionTable>;

export type CommandPath = keyof typeof OPTIONS;

interface Form {
  readonly path: CommandPath;
  /** Behind the path: `VALUE --action A`. */
  readonly usage: string;
  readonly summary: string;
}

interface CommandModule {
  readonly run: (args: readonly string[], context: Context) => Promise<number>;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly forms: readonly Form[];
  readonly notes?: readonly string[];
  readonly examples?: readonly string[];
  /** Absent: the launcher starts it. */
  readonly load?: () => Promise<CommandModule>;
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'up',
    summary: 'protect this machine, in the foreground; Ctrl-C undoes everything',
    forms: [
      {
        path: 'up',
        usage: '[--mode MODE] [--state-dir DIR] [--no-forward] [--no-default-feeds]',
        summary: 'needs root',
      },
    ],
  },
  {
    name: 'status',
    summary: 'is this machine protected, since when, with what',
    forms: [{ path: 'status', usage: '[--json]', summary: '' }],
    notes: ['Exit code 3 when no agent is running.'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'check',
    summary: 'the verdict on a name, URL or address, and the rule behind it',
    forms: [{ path: 'check', usage: 'NAME|URL|IP [--port N] [--user U] [--process PATH] [--json]', summary: '' }],
    notes: [
      'Nothing is sent anywhere: the tables are asked, the same way the gate asks them.',
      'Rules for certain users or programs count only when --user or --process says who asks.',
    ],
    examples: ['sallyport check login.example.com', 'sallyport check http://203.0.113.7/a/b.exe'],
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'events',
    summary: 'what was blocked, audited, connected or changed',
    forms: [{ path: 'events', usage: '[--follow] [--id ID[,ID]] [--since WHEN] [--view FILE]', summary: '' }],
    notes: ['Oldest first. On a terminal, without --since or --limit, the newest 100.'],
    examples: [
      'sallyport events --id 1126 --since 1h',
      'sallyport events --view docs/views/network-protection.xml --export june.xml',
      'sallyport events --follow --json | jq .RemoteUrl',
    ],
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'indicator',
    summary: 'your own allow, audit, warn and block rules',
    forms: [
      { path: 'indicator add', usage: 'VALUE --action A [--title T] [--expires WHEN]', summary: 'add or replace' },
      { path: 'indicator list', usage: '[--limit N] [--json]', summary: 'the newest, or all' },
      { path: 'indicator remove', usage: 'VALUE', summary: 'remove one' },
      { path: 'indicator import', usage: 'FILE [--format F] [--action A]', summary: 'all rows or none' },
      { path: 'indicator export', usage: '[--format F] [--to FILE]', summary: 'all of them' },
    ],
    notes: [
      'VALUE is example.com (with its sub-domains), *.example.com (only those), exact:example.com',
      '(without them), a URL, an address, a network in CIDR notation or a range 192.0.2.1-192.0.2.9;',
      'with :PORT behind it for one port only (IPv6 then in brackets).',
      'A URL with a path is seen in plain HTTP alone: over TLS it matches nothing.',
      'A CSV has the columns indicatorType, indicatorValue, action, title, description and, if wanted,',
      'expirationTime, severity, recommendedActions, rbacGroups, category, mitretechniques, GenerateAlert,',
      'users, executables, cgroups, containers.',
    ],
    examples: [
      'sallyport indicator add bad.example --action block --title "Invoice scam" --expires 7d',
      'sallyport indicator add mail.example:25 --action allow --user postfix',
    ],
    load: () => import('./commands/indicator.ts'),
  },
  {
    name: 'feed',
    summary: 'lists of hosts, addresses and URLs that others keep',
    forms: [
      { path: 'feed catalogue', usage: '[--json]', summary: 'public feeds to choose from, with their licences' },
      { path: 'feed enable', usage: 'ID…', summary: 'use these, of the catalogue or turned off before' },
      { path: 'feed disable', usage: 'ID…', summary: 'turn these off and keep what was read' },
      { path: 'feed add', usage: 'PATH|URL [--format F] [--category C]', summary: 'read it now and keep it' },
      { path: 'feed list', usage: '[--json]', summary: 'all of them' },
      { path: 'feed refresh', usage: '[ID]', summary: 'read one again, or all' },
      { path: 'feed report', usage: 'ID', summary: 'everything about the last reading' },
      { path: 'feed held', usage: '[ID]', summary: 'what guard rails hold back, and why' },
      { path: 'feed approve', usage: 'ID [ENTRY…|--all]', summary: 'let new content, or entries, act all the same' },
      { path: 'feed remove', usage: 'ID', summary: 'forget it, its entries and approvals' },
    ],
    notes: [
      'ID is the id that `feed list` or `feed catalogue` shows, or the path or URL.',
      'PATH is a file, an archive (zip, tar) or a folder of lists; URLs are asked on their interval.',
      'Formats: hosts, domains, adblock, cidr, dnsmasq, unbound, rpz, bind, dnscrypt, tpl, suricata,',
      'dataset, csv, stix, misp, ut1.',
    ],
    examples: [
      'sallyport feed add /srv/lists/phishing.txt --category phishing',
      'sallyport feed enable spamhaus-drop',
      'sallyport feed approve 3 drive.example',
    ],
    load: () => import('./commands/feed.ts'),
  },
  {
    name: 'category',
    summary: 'web content filtering: which kinds of sites are blocked, for whom',
    forms: [
      { path: 'category list', usage: '[--json]', summary: 'all 28, what is known and blocked' },
      { path: 'category block', usage: 'NAME… [--policy P]', summary: 'block categories, or all below a parent' },
      { path: 'category unblock', usage: 'NAME… [--policy P]', summary: 'record them only' },
      { path: 'category policy list', usage: '[--json]', summary: 'all policies' },
      { path: 'category policy add', usage: 'NAME [--category C] [--group G]', summary: 'add or replace one' },
      { path: 'category policy remove', usage: 'NAME', summary: 'remove one' },
    ],
    notes: [
      'Several policies add up. As long as there is one, categories that none blocks are recorded (usage statistics).',
      'The exception for a single site is an allow indicator: sallyport indicator add SITE --action allow',
    ],
    examples: ['sallyport category block Gambling "Adult content"', 'sallyport category policy add kids --user 1001'],
    load: () => import('./commands/category.ts'),
  },
  {
    name: 'policy',
    summary: 'what this machine judges by, or everything behind one verdict',
    forms: [
      {
        path: 'policy explain',
        usage: '[NAME|URL|IP] [--port N] [--user U] [--process PATH] [--json]',
        summary: 'without a target: mode, layers, policies, precedence',
      },
    ],
    load: () => import('./commands/policy.ts'),
  },
  {
    name: 'hosts',
    summary: 'make, read and compare table files; needs neither agent nor root',
    forms: [
      { path: 'hosts build', usage: 'FILE… -o OUT.tbl [--format F]', summary: 'one table of lists' },
      {
        path: 'hosts inspect',
        usage: 'T.tbl [NAME…] [--json]',
        summary: 'what is in it, and what it says about names',
      },
      { path: 'hosts diff', usage: 'A.tbl B.tbl [--json]', summary: 'entries that came, went and changed, by rule' },
    ],
    load: () => import('./commands/hosts.ts'),
  },
  {
    name: 'config',
    summary: 'settings, their values and where each comes from',
    forms: [
      { path: 'config get', usage: '[NAME] [--json]', summary: 'one or all' },
      { path: 'config set', usage: 'NAME VALUE', summary: 'change one' },
      {
        path: 'config network-protection',
        usage: 'enforcement-level [--value LEVEL]',
        summary: 'EnableNetworkProtection, spelt as mdatp does',
      },
    ],
    examples: ['sallyport config set EnableNetworkProtection audit'],
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'evaluate',
    summary: 'try it out: one allowed and one blocked request in a namespace of its own',
    forms: [{ path: 'evaluate', usage: '', summary: 'needs root' }],
  },
  {
    name: 'wire',
    summary: 'what the parsers read in recorded flows, against known answers',
    forms: [{ path: 'wire', usage: '--flows FILE.jsonl [--json]', summary: '' }],
    load: () => import('./commands/wire.ts'),
  },
  {
    name: 'test',
    summary: 'format, lint, types, dead code, unit, property and end-to-end tests',
    forms: [{ path: 'test', usage: '', summary: 'end-to-end tests need root' }],
  },
  {
    name: 'bench',
    summary: 'measure against unprotected traffic and installed peers',
    forms: [
      { path: 'bench gate', usage: '[--json]', summary: 'added latency, throughput, memory; needs root' },
      { path: 'bench hosts', usage: '[--json]', summary: 'tables of 10^4 to 10^7 names, beside dnsmasq and others' },
      { path: 'bench swaps', usage: '[--json]', summary: 'new tables while traffic flows; needs root' },
      { path: 'bench score', usage: '[--json]', summary: 'what the local score takes for a trap' },
    ],
  },
  {
    name: 'version',
    summary: 'the version',
    forms: [{ path: 'version', usage: '[--json]', summary: '' }],
    load: () => import('./commands/version.ts'),
  },
  {
    name: 'help',
    summary: 'this, or everything about one command',
    forms: [{ path: 'help', usage: '[COMMAND]', summary: '' }],
    load: () => import('./commands/help.ts'),
  },
];

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

export const findCommand = (name: string): Command | undefined => COMMANDS.find((command) => command.name === name);
