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
    ...JSON_OPTION,
    ...STATE,
  },
  'indicator list': { ...JSON_OPTION, ...STATE },
  'indicator remove': { ...JSON_OPTION, ...STATE },
  'indicator import': { ...JSON_OPTION, ...STATE },
  'feed add': {
    format: { type: 'string', value: 'hosts|domains|adblock|cidr', meaning: 'default: detected' },
    category: { type: 'string', value: 'phishing|malicious|c2|untrusted', meaning: 'default: malicious' },
    ...JSON_OPTION,
    ...STATE,
  },
  'feed list': { ...JSON_OPTION, ...STATE },
  'feed refresh': { ...JSON_OPTION, ...STATE },
  'feed remove': { ...JSON_OPTION, ...STATE },
  check: { ...JSON_OPTION, ...STATE },
  events: {
    follow: { type: 'boolean', short: 'f', meaning: 'go on with new events until Ctrl-C' },
    id: {
      type: 'string',
      multiple: true,
      value: 'ID[,ID]',
      meaning: '1125 audited, 1126 blocked, 5007 settings changed',
    },
    since: { type: 'string', value: 'WHEN', meaning: 'a duration (1h) or RFC 3339' },
    limit: { type: 'string', short: 'n', value: 'N', meaning: 'the newest N events only' },
    json: { type: 'boolean', meaning: 'one object a line: the columns of DeviceNetworkEvents and EventId' },
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
    'no-install': { type: 'boolean', meaning: 'say what is missing, install nothing' },
    ...STATE,
  },
  evaluate: STATE,
  test: { help: STATE.help },
  'bench gate': { ...JSON_OPTION, help: STATE.help },
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
    forms: [{ path: 'up', usage: '[--mode MODE] [--state-dir DIR] [--no-forward]', summary: 'needs root' }],
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
    forms: [{ path: 'check', usage: 'NAME|URL|IP [--json]', summary: '' }],
    notes: ['Nothing is sent anywhere: the tables are asked, the same way the gate asks them.'],
    examples: ['sallyport check login.example.com', 'sallyport check http://203.0.113.7/a/b.exe'],
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'events',
    summary: 'what was blocked, audited, connected or changed',
    forms: [{ path: 'events', usage: '[--follow] [--id ID[,ID]] [--since WHEN] [--limit N] [--json]', summary: '' }],
    notes: ['Oldest first. On a terminal, without --since or --limit, the newest 100.'],
    examples: ['sallyport events --id 1126 --since 1h', 'sallyport events --follow --json | jq .RemoteUrl'],
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'indicator',
    summary: 'your own allow, audit, warn and block rules',
    forms: [
      { path: 'indicator add', usage: 'VALUE --action A [--title T] [--expires WHEN]', summary: 'add or replace one' },
      { path: 'indicator list', usage: '[--json]', summary: 'all of them' },
      { path: 'indicator remove', usage: 'VALUE', summary: 'remove one' },
      { path: 'indicator import', usage: 'FILE.csv', summary: 'all rows or none' },
    ],
    notes: [
      'VALUE is a domain (covers its sub-domains), a URL, an IP address or a network in CIDR notation.',
      'FILE.csv has the columns indicatorType, indicatorValue, action, title, description and, if wanted,',
      'expirationTime, severity, recommendedActions, rbacGroups, category, mitretechniques, GenerateAlert.',
    ],
    examples: ['sallyport indicator add bad.example --action block --title "Invoice scam" --expires 7d'],
    load: () => import('./commands/indicator.ts'),
  },
  {
    name: 'feed',
    summary: 'lists of hosts, addresses and URLs that others keep',
    forms: [
      { path: 'feed add', usage: 'PATH|URL [--format F] [--category C]', summary: 'read it now and keep it' },
      { path: 'feed list', usage: '[--json]', summary: 'all of them' },
      { path: 'feed refresh', usage: '[ID]', summary: 'read one again, or all' },
      { path: 'feed remove', usage: 'ID', summary: 'forget it and its entries' },
    ],
    notes: ['ID is the id that `feed list` shows, or the path or URL.'],
    examples: ['sallyport feed add /srv/lists/phishing.txt --category phishing'],
    load: () => import('./commands/feed.ts'),
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
    forms: [{ path: 'bench gate', usage: '[--json]', summary: 'needs root' }],
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
