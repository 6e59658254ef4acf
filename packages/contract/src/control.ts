/**
 * What the command line can ask of the agent. Two implementations stand behind it: the control socket of a running
 * agent (frames over a Unix socket, mode 0600), and the agent's own core opened directly when no agent runs.
 */
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
  readonly format: string;
  readonly category: string;
  readonly addedMs: number;
  readonly refreshedMs: number;
  readonly entries: { readonly hosts: number; readonly ips: number; readonly cidrs: number; readonly urls: number };
  readonly exceptions: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly invalid: {
    readonly count: number;
    readonly first: readonly { readonly line: number; readonly text: string; readonly reason: string }[];
  };
  /** Last refresh that failed, with its reason; the entries above are those of the last good one. */
  readonly problem: string | null;
}

export interface FeedAdd {
  readonly location: string;
  readonly format: string;
  readonly category: string;
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

export interface CheckView {
  readonly target: string;
  readonly effect: 'pass' | 'audit' | 'block' | 'warn';
  readonly mode: string;
  readonly responseCategory: string | null;
  readonly rule: {
    readonly id: string;
    readonly title: string;
    readonly source: string;
    readonly action: string;
  } | null;
  /** One sentence each, in the order of evaluation: what matched, what won and why. */
  readonly reasons: readonly string[];
}

export interface EventQuery {
  readonly sinceMs?: number;
  readonly ids?: readonly number[];
  /** Newest first when set; oldest first and everything when not. */
  readonly limit?: number;
}

export interface ImportResult {
  readonly imported: number;
  readonly failures: readonly { readonly row: number; readonly field: string; readonly reason: string }[];
}

/** Every method rejects with a ControlError (control-error.ts) that carries a ControlFault. */
export interface Control {
  status(): Promise<StatusView>;
  settings(): Promise<readonly SettingView[]>;
  set(name: string, value: string): Promise<SettingView>;
  /** Resolves once the gate judges by it (or at once when no gate runs). */
  addIndicator(input: IndicatorInput): Promise<Indicator>;
  indicators(): Promise<readonly Indicator[]>;
  removeIndicator(value: string): Promise<Indicator>;
  /** All or nothing. */
  importIndicators(inputs: readonly { readonly row: number; readonly input: IndicatorInput }[]): Promise<ImportResult>;
  /** `content` streams a local file that only the caller may be able to read; absent for URLs. */
  addFeed(feed: FeedAdd, content?: AsyncIterable<Uint8Array>, onProgress?: (line: string) => void): Promise<FeedView>;
  feeds(): Promise<readonly FeedView[]>;
  refreshFeed(
    idOrLocation: string,
    content?: AsyncIterable<Uint8Array>,
    onProgress?: (line: string) => void,
  ): Promise<FeedView>;
  removeFeed(idOrLocation: string): Promise<FeedView>;
  check(target: string): Promise<CheckView>;
  events(query: EventQuery): AsyncIterable<DeviceNetworkEvent>;
  /** New events as they arrive, until the signal aborts. */
  followEvents(query: EventQuery, signal: AbortSignal): AsyncIterable<DeviceNetworkEvent>;
}
