/**
 * What the command line can ask of the agent. Two implementations stand behind it: the control socket of a running
 * agent (frames over a Unix socket, mode 0600), and the agent's own core opened directly when no agent runs.
 */
import type { CategoryPolicy, CategoryView } from './category-policy.ts';
import type { DeviceNetworkEvent } from './device-network-event.ts';
import type { GateStatus } from './gate-link.ts';
import type { Indicator, IndicatorInput } from './indicator.ts';
import type { SettingName, SettingSource } from './settings.ts';

/** A user's mistake or a refusal: one line that names what is wrong and the remedy. `code` is stable. */
export interface ControlFault {
  readonly code: 'invalid' | 'not-found' | 'conflict' | 'unavailable' | 'internal';
  readonly message: string;
}

export interface SettingView {
  readonly name: SettingName;
  readonly value: string | number | boolean;
  readonly source: SettingSource;
}

export interface FeedView {
  readonly id: string;
  /** Path or URL, as given. */
  readonly location: string;
  /** As given, or the catalogue's; null when there is none. */
  readonly name: string | null;
  /** Of the catalogue's entry that it was made from. */
  readonly catalogueId: string | null;
  /** added: by its location; chosen: from the catalogue; default: by `up` itself. */
  readonly origin: 'added' | 'chosen' | 'default';
  /** A feed that is off keeps its copy and approvals and has no entry in force. */
  readonly enabled: boolean;
  /** As it was read, or as it was asked for before the first reading. */
  readonly format: string;
  /** phishing, malicious, c2, untrusted, or a web category. */
  readonly category: string;
  /** 0-100, for entries that have none of their own; null: full trust. */
  readonly confidence: number | null;
  /** How often a URL is asked; null for what is read from files. */
  readonly intervalMs: number | null;
  readonly addedMs: number;
  /** When the content in force was read; null before the first time. */
  readonly refreshedMs: number | null;
  /** When its server last answered; null when it never did, or for files. */
  readonly checkedMs: number | null;
  /** When it is asked next; null for files and for feeds that are off. */
  readonly nextMs: number | null;
  readonly entries: { readonly hosts: number; readonly ips: number; readonly cidrs: number; readonly urls: number };
  readonly exceptions: number;
  /** Entries the feed holds twice, and entries that feeds before it have as well. */
  readonly duplicates: { readonly own: number; readonly others: number };
  /** By reason; `feed report` has the lines. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly invalid: {
    readonly count: number;
    readonly first: readonly { readonly line: number; readonly text: string; readonly reason: string }[];
  };
  /** Entries that guard rails keep out of force. */
  readonly held: number;
  /** New content that guard rails hold back as a whole; what was in force before stays. */
  readonly pending: { readonly reason: string; readonly entries: number; readonly atMs: number } | null;
  /** Last refresh that failed, with its reason; the entries above are those of the last good one. */
  readonly problem: string | null;
}

/** Everything about the last reading of a feed. */
export interface FeedReportView {
  readonly feed: FeedView;
  /** Lines or items. */
  readonly read: number;
  /** Entries in force: neither held back nor said twice. */
  readonly added: number;
  /** Of those, the ones below FeedBlockConfidence: recorded, not blocked. */
  readonly audited: number;
  /** Entries that count for one port only. */
  readonly portQualified: number;
  readonly webCategories: Readonly<Record<string, number>>;
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly lines: readonly number[] }[];
  /** The first hundred different ones of each reason; `feed.held` counts all. */
  readonly held: readonly HeldEntry[];
  /** Customers of shared hosting whose entries were narrowed to their very name. */
  readonly narrowed: number;
  /** What the feed would do if it were believed blindly, and what it does. Null before the first reading. */
  readonly damage: FeedDamage | null;
  /** Files of an archive or folder. */
  readonly members: {
    readonly read: number;
    readonly skipped: {
      readonly count: number;
      readonly first: readonly { readonly name: string; readonly reason: string }[];
    };
  };
  /** What was approved though guard rails speak against it; `*` stands for everything. */
  readonly approved: readonly string[];
}

export interface HeldEntry {
  /** As `feed approve` takes it: a name, `*.name`, an address, a network, or `host/path`. */
  readonly entry: string;
  readonly reason: string;
  /** The reason in words, to stand behind the entry and a colon. */
  readonly sentence: string;
  /** How often the feed has it. */
  readonly count: number;
  /** Some entries can never act. */
  readonly approvable: boolean;
}

export interface BeforeAfter {
  /** Without guard rails. */
  readonly before: number;
  /** With them. */
  readonly after: number;
}

export interface FeedDamage {
  /** Popular names that the feed lists themselves. */
  readonly popularListed: BeforeAfter;
  /** Popular names that would be blocked, by an entry of their own or one above them. */
  readonly popularBlocked: BeforeAfter;
  /** Public suffixes that the feed lists, as a match that covers what is below. */
  readonly publicSuffixes: BeforeAfter;
  /** URLs whose host is a popular name or below one. */
  readonly urlsOnPopularHosts: BeforeAfter;
}

export interface FeedAdd {
  readonly location: string;
  readonly format: string;
  readonly category: string;
  readonly name?: string;
  readonly confidence?: number;
  readonly intervalMs?: number;
}

/** One public feed of the catalogue. */
export interface CatalogueView {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly homepage: string;
  readonly purpose: string;
  readonly licence: string;
  /** any, attribution, non-commercial or unstated. */
  readonly use: string;
  readonly format: string;
  readonly category: string;
  readonly intervalHours: number;
  readonly description: string;
  readonly needsKey: boolean;
  readonly note: string | null;
  /** Whether `up` enables it by itself. */
  readonly isDefault: boolean;
  /** on, off, or available: not a feed of this device yet. */
  readonly state: 'on' | 'off' | 'available';
}

export interface StatusView {
  readonly version: string;
  readonly pid: number | null;
  readonly startedMs: number | null;
  readonly stateDirectory: string;
  /** mdatp's vocabulary (defender-spec 7): starting, started, stopping, stopped, failed_to_start, restarting. */
  readonly networkProtectionStatus: string;
  readonly mode: string;
  readonly gate: GateStatus | null;
  readonly failPolicy: Readonly<Record<string, string>>;
  readonly indicators: number;
  readonly feeds: readonly FeedView[];
  readonly journal: { readonly records: number; readonly bytes: number; readonly oldestMs: number | null };
  readonly problems: readonly string[];
}

/** Who asks, for `check`. Absent: not known, so that what is for somebody in particular is silent. */
export interface CheckAs {
  readonly port?: number;
  /** A user name or a uid. */
  readonly user?: string;
  /** Absolute path of a program. */
  readonly process?: string;
}

/** An entry that covers the question, whether or not it decided. */
export interface CheckCandidate {
  readonly layer: string;
  /** host, url, ip or cidr. */
  readonly matched: string;
  /** As in a list: `example.com`, `10.0.0.0/8`, `example.com/path`. */
  readonly entry: string;
  readonly asked: string;
  readonly rule: CheckRule;
  readonly won: boolean;
  /** Why it has no say; null when it has. */
  readonly silent: string | null;
}

export interface CheckRule {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly action: string;
  readonly category: string;
  readonly webCategory: string | null;
  readonly confidence: number | null;
  readonly port: number | null;
  /** Whom it is for, in words; null for everybody. */
  readonly scope: string | null;
  readonly expiresMs: number | null;
}

export interface CheckView {
  readonly target: string;
  readonly effect: 'pass' | 'audit' | 'block' | 'warn';
  readonly mode: string;
  readonly responseCategory: string | null;
  readonly webCategory: string | null;
  /** exclusion, indicator, reputation, category, score or none. */
  readonly layer: string;
  readonly rule: CheckRule | null;
  /** One sentence each, in the order of evaluation: what matched, what won and why. */
  readonly reasons: readonly string[];
  /** In the order in which they were weighed. */
  readonly candidates: readonly CheckCandidate[];
}

/** What this device judges by, for people. */
export interface PolicyView {
  readonly mode: string;
  readonly convertWarnToBlock: boolean;
  readonly deviceGroup: string;
  readonly lowReputationAction: string;
  /** `all` or `browsers`. */
  readonly webContentFilteringProcesses: string;
  readonly excludedAddresses: readonly string[];
  readonly excludedProcesses: readonly string[];
  /** In the order in which they are asked. `entries`: null when there is no table. */
  readonly layers: readonly { readonly name: string; readonly entries: number | null; readonly note: string }[];
  readonly categoryPolicies: readonly CategoryPolicy[];
  /** The order of precedence, a sentence each. */
  readonly precedence: readonly string[];
  readonly problems: readonly string[];
}

export interface EventQuery {
  readonly sinceMs?: number;
  readonly ids?: readonly number[];
  /** Newest first when set; oldest first and everything when not. */
  readonly limit?: number;
}

/** A page of the indicators, ordered by id. */
export interface IndicatorQuery {
  /** Only those with a higher id. */
  readonly after?: number;
  /** Default 1000, at most 5000. */
  readonly limit?: number;
  /** The last ones instead of the first. */
  readonly newest?: boolean;
}

/** A line of what `importIndicators` takes, as JSON: a row, or what was wrong with it before it got that far. */
export type ImportLine =
  | { readonly row: number; readonly input: IndicatorInput }
  | { readonly row: number; readonly field: string; readonly reason: string };

export interface ImportResult {
  readonly imported: number;
  /** How many there are; `failures` holds the first thousand. */
  readonly failed: number;
  readonly failures: readonly { readonly row: number; readonly field: string; readonly reason: string }[];
}

/** Every method rejects with a ControlError (control-error.ts) that carries a ControlFault. */
export interface Control {
  status(): Promise<StatusView>;
  settings(): Promise<readonly SettingView[]>;
  set(name: string, value: string): Promise<SettingView>;
  /** Resolves once the gate judges by it (or at once when no gate runs). */
  addIndicator(input: IndicatorInput): Promise<Indicator>;
  indicators(query?: IndicatorQuery): Promise<readonly Indicator[]>;
  removeIndicator(value: string): Promise<Indicator>;
  /** Lines of ImportLine. All or nothing, however many. */
  importIndicators(lines: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<ImportResult>;
  categories(): Promise<readonly CategoryView[]>;
  categoryPolicies(): Promise<readonly CategoryPolicy[]>;
  /** Replaces the policy of the same name. */
  putCategoryPolicy(policy: CategoryPolicy): Promise<CategoryPolicy>;
  removeCategoryPolicy(name: string): Promise<CategoryPolicy>;
  /** `content` streams a local file that only the caller may be able to read; absent for URLs. */
  addFeed(feed: FeedAdd, content?: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<FeedView>;
  feeds(): Promise<readonly FeedView[]>;
  refreshFeed(
    idOrLocation: string,
    content?: AsyncIterable<Uint8Array>,
    onProgress?: (line: string) => void,
  ): Promise<FeedView>;
  removeFeed(idOrLocation: string): Promise<FeedView>;
  feedReport(idOrLocation: string): Promise<FeedReportView>;
  catalogue(): Promise<readonly CatalogueView[]>;
  /** A feed that is off, or an entry of the catalogue. A URL that was never read is read in the background. */
  enableFeed(idOrLocation: string, onProgress?: (line: string) => void): Promise<FeedView>;
  disableFeed(idOrLocation: string): Promise<FeedView>;
  /** Entries that guard rails hold back; `*` for all of them, an empty list for content that is held as a whole. */
  approveFeed(idOrLocation: string, entries: readonly string[], onProgress?: (line: string) => void): Promise<FeedView>;
  check(target: string, as?: CheckAs): Promise<CheckView>;
  policy(): Promise<PolicyView>;
  events(query: EventQuery): AsyncIterable<DeviceNetworkEvent>;
  /** New events as they arrive, until the signal aborts. */
  followEvents(query: EventQuery, signal: AbortSignal): AsyncIterable<DeviceNetworkEvent>;
}
