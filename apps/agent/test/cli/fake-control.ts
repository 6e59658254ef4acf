/** A Control in memory, for tests of the command line: enough policy to tell right from wrong, nothing more. */
import type { CategoryPolicy, CategoryView } from '@sallyport/contract/category-policy';
import type {
  CatalogueView,
  CheckRule,
  CheckView,
  Control,
  EventQuery,
  FeedAdd,
  FeedReportView,
  FeedView,
  ImportLine,
  ImportResult,
  IndicatorQuery,
  PolicyView,
  SettingView,
  StatusView,
} from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';
import { DEVICE_NETWORK_EVENT_COLUMNS, type DeviceNetworkEvent } from '@sallyport/contract/device-network-event';
import type { Indicator, IndicatorInput } from '@sallyport/contract/indicator';
import { isSettingName, SETTING_NAMES, SETTINGS, type SettingName } from '@sallyport/contract/settings';

import { EMPTY_VIEW } from '../../src/feed-store/stored-feed.ts';

/** All columns null but those given. */
export function event(columns: Partial<DeviceNetworkEvent>): DeviceNetworkEvent {
  const empty = Object.fromEntries(DEVICE_NETWORK_EVENT_COLUMNS.map((name) => [name, null]));
  return { ...(empty as unknown as DeviceNetworkEvent), EventId: 0, ...columns };
}

export class FakeControl implements Control {
  readonly past: DeviceNetworkEvent[] = [];
  /** Handed to whoever follows; following ends when they are used up and `signal` aborts. */
  readonly news: DeviceNetworkEvent[] = [];
  readonly #nowMs: number;
  readonly #settings = new Map<SettingName, SettingView>();
  readonly #indicators = new Map<string, Indicator>();
  readonly #policies = new Map<string, CategoryPolicy>();
  readonly #feeds: FeedView[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    for (const name of SETTING_NAMES) {
      this.#settings.set(name, { name, value: SETTINGS[name].default, source: 'default' });
    }
  }

  async status(): Promise<StatusView> {
    return {
      version: '0.1.0',
      pid: null,
      startedMs: null,
      stateDirectory: '/state',
      networkProtectionStatus: 'stopped',
      mode: String(this.#settings.get('EnableNetworkProtection')?.value),
      gate: null,
      failPolicy: { FailPolicyGateAbsent: 'open', FailPolicyQueueFull: 'open' },
      indicators: this.#indicators.size,
      feeds: this.#feeds,
      journal: { records: this.past.length, bytes: 0, oldestMs: null },
      problems: [],
    };
  }

  async settings(): Promise<readonly SettingView[]> {
    return [...this.#settings.values()];
  }

  async set(name: string, text: string): Promise<SettingView> {
    if (!isSettingName(name)) throw new ControlError('not-found', `unknown setting ${name}`);
    const value = SETTINGS[name].read(text);
    if (value === null)
      throw new ControlError('invalid', `${name}: ${text} is not accepted; use ${SETTINGS[name].accepts}`);
    const view: SettingView = { name, value, source: 'local' };
    this.#settings.set(name, view);
    return view;
  }

  async addIndicator(input: IndicatorInput): Promise<Indicator> {
    const reason = this.#refusal(input);
    if (reason !== null) throw new ControlError('invalid', `${reason.field}: ${reason.reason}`);
    const now = new Date(this.#nowMs).toISOString();
    const indicator: Indicator = {
      ...input,
      id: String(this.#indicators.size + 1),
      indicatorType: input.indicatorType ?? 'DomainName',
      indicatorValue: input.indicatorValue.toLowerCase(),
      title: input.title ?? input.indicatorValue,
      expirationTime: input.expirationTime ?? null,
      creationTimeDateTimeUtc: now,
      lastUpdateTime: now,
    };
    this.#indicators.set(indicator.indicatorValue, indicator);
    return indicator;
  }

  async indicators({ after = 0, limit = 1000, newest }: IndicatorQuery = {}): Promise<readonly Indicator[]> {
    const all = [...this.#indicators.values()].filter(({ id }) => Number(id) > after);
    return newest === true ? all.slice(-limit) : all.slice(0, limit);
  }

  async removeIndicator(value: string): Promise<Indicator> {
    const indicator = this.#indicators.get(value.toLowerCase());
    if (indicator === undefined) throw new ControlError('not-found', `there is no indicator ${value}`);
    this.#indicators.delete(indicator.indicatorValue);
    return indicator;
  }

  async importIndicators(content: AsyncIterable<Uint8Array>): Promise<ImportResult> {
    const chunks = await Array.fromAsync(content);
    const text = Buffer.concat(chunks).toString();
    const lines = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ImportLine);
    const failures = lines.flatMap((line) => {
      if ('reason' in line) return [line];
      const reason = this.#refusal(line.input);
      return reason === null ? [] : [{ row: line.row, ...reason }];
    });
    if (failures.length > 0) return { imported: 0, failed: failures.length, failures };
    for (const line of lines) if ('input' in line) await this.addIndicator(line.input);
    return { imported: lines.length, failed: 0, failures: [] };
  }

  async categories(): Promise<readonly CategoryView[]> {
    const policies = [...this.#policies.values()].filter(({ categories }) => categories.includes('Gambling'));
    return [
      {
        name: 'Gambling',
        parent: 'Adult content',
        state: policies.length > 0 ? 'blocked' : this.#policies.size > 0 ? 'audited' : 'off',
        policies: policies.map(({ name }) => name),
        entries: null,
      },
    ];
  }

  async categoryPolicies(): Promise<readonly CategoryPolicy[]> {
    return [...this.#policies.values()];
  }

  async putCategoryPolicy(policy: CategoryPolicy): Promise<CategoryPolicy> {
    this.#policies.set(policy.name.toLowerCase(), policy);
    return policy;
  }

  async removeCategoryPolicy(name: string): Promise<CategoryPolicy> {
    const policy = this.#policies.get(name.toLowerCase());
    if (policy === undefined) throw new ControlError('not-found', `${name}: no such policy`);
    this.#policies.delete(name.toLowerCase());
    return policy;
  }

  async policy(): Promise<PolicyView> {
    return {
      mode: String(this.#settings.get('EnableNetworkProtection')?.value),
      convertWarnToBlock: false,
      deviceGroup: '',
      lowReputationAction: 'audit',
      webContentFilteringProcesses: 'all',
      excludedAddresses: [],
      excludedProcesses: [],
      layers: [{ name: 'indicators', entries: this.#indicators.size, note: '' }],
      categoryPolicies: [...this.#policies.values()],
      precedence: ['Allow, then warn, then block, then audit.'],
      problems: [],
    };
  }

  async addFeed(feed: FeedAdd, content?: AsyncIterable<Uint8Array>): Promise<FeedView> {
    const names = await this.#names(content);
    if (names.length === 0) throw new ControlError('invalid', `${feed.location}: no entries`);
    const view: FeedView = {
      ...EMPTY_VIEW,
      location: feed.location,
      category: feed.category.toLowerCase(),
      format: feed.format === 'detect' ? 'domains' : feed.format,
      id: `f${this.#feeds.length + 1}`,
      addedMs: this.#nowMs,
      refreshedMs: this.#nowMs,
      entries: { hosts: names.length, ips: 0, cidrs: 0, urls: 0 },
    };
    this.#feeds.push(view);
    return view;
  }

  async feeds(): Promise<readonly FeedView[]> {
    return [...this.#feeds];
  }

  async refreshFeed(id: string, content?: AsyncIterable<Uint8Array>): Promise<FeedView> {
    const at = this.#indexOf(id);
    const old = this.#feeds[at];
    if (old === undefined) throw new ControlError('not-found', `there is no feed ${id}`);
    const names = await this.#names(content);
    const view = { ...old, entries: { ...old.entries, hosts: names.length } };
    this.#feeds[at] = view;
    return view;
  }

  async removeFeed(id: string): Promise<FeedView> {
    const [removed] = this.#feeds.splice(this.#indexOf(id), 1);
    if (removed === undefined) throw new ControlError('not-found', `there is no feed ${id}`);
    return removed;
  }

  async feedReport(id: string): Promise<FeedReportView> {
    const feed = this.#feeds[this.#indexOf(id)];
    if (feed === undefined) throw new ControlError('not-found', `there is no feed ${id}`);
    return {
      feed,
      read: feed.entries.hosts,
      added: feed.entries.hosts,
      audited: 0,
      portQualified: 0,
      webCategories: {},
      skipped: [],
      held: [],
      narrowed: 0,
      damage: null,
      members: { read: 1, skipped: { count: 0, first: [] } },
      approved: [],
    };
  }

  async catalogue(): Promise<readonly CatalogueView[]> {
    return [];
  }

  enableFeed(id: string): Promise<FeedView> {
    return this.#change(id, { enabled: true });
  }

  disableFeed(id: string): Promise<FeedView> {
    return this.#change(id, { enabled: false });
  }

  approveFeed(id: string): Promise<FeedView> {
    return this.#change(id, { held: 0, pending: null });
  }

  async check(target: string): Promise<CheckView> {
    const mode = String(this.#settings.get('EnableNetworkProtection')?.value);
    const found = [...this.#indicators.values()].find(
      ({ indicatorValue }) => target === indicatorValue || target.endsWith(`.${indicatorValue}`),
    );
    const nothing = { webCategory: null, layer: 'none', candidates: [] };
    if (found === undefined) {
      const reasons = ['no rule matches'];
      return { ...nothing, target, effect: 'pass', mode, responseCategory: null, rule: null, reasons };
    }
    const { id, title, action, indicatorValue } = found;
    const rule: CheckRule = {
      id,
      title,
      source: 'indicator',
      action,
      category: 'CustomBlockList',
      webCategory: null,
      confidence: null,
      port: null,
      scope: null,
      expiresMs: null,
    };
    return {
      ...nothing,
      layer: 'indicator',
      target,
      effect: action === 'Block' ? 'block' : 'pass',
      mode,
      responseCategory: 'CustomBlockList',
      rule,
      reasons: [`${indicatorValue} matches`],
      candidates: [
        { layer: 'indicator', matched: 'host', entry: indicatorValue, asked: target, rule, won: true, silent: null },
      ],
    };
  }

  async *events({ sinceMs, ids, limit }: EventQuery): AsyncGenerator<DeviceNetworkEvent> {
    const chosen = this.past.filter(
      ({ Timestamp, EventId }) =>
        (sinceMs === undefined || Date.parse(String(Timestamp)) >= sinceMs) && (ids?.includes(EventId) ?? true),
    );
    yield* limit === undefined ? chosen : chosen.toReversed().slice(0, limit);
  }

  async *followEvents(query: EventQuery, signal: AbortSignal): AsyncGenerator<DeviceNetworkEvent> {
    const { ids, sinceMs } = query;
    if (sinceMs !== undefined) yield* this.events(ids === undefined ? { sinceMs } : { ids, sinceMs });
    for (const each of this.news) if (ids?.includes(each.EventId) ?? true) yield each;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  #refusal({ indicatorValue, expirationTime }: IndicatorInput): { field: string; reason: string } | null {
    if (/^\d+(\.\d+)*$/.test(indicatorValue) && !/^(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])(\.|$)/.test(indicatorValue)) {
      return { field: 'indicatorValue', reason: `${indicatorValue} is no address` };
    }
    if (expirationTime !== undefined && Date.parse(expirationTime) <= this.#nowMs) {
      return { field: 'expirationTime', reason: `${expirationTime} is past; give a time in the future` };
    }
    return null;
  }

  async #change(id: string, change: Partial<FeedView>): Promise<FeedView> {
    const at = this.#indexOf(id);
    const old = this.#feeds[at];
    if (old === undefined) throw new ControlError('not-found', `there is no feed ${id}`);
    const view = { ...old, ...change };
    this.#feeds[at] = view;
    return view;
  }

  #indexOf(id: string): number {
    const at = this.#feeds.findIndex((feed) => feed.id === id || feed.location === id);
    return at < 0 ? this.#feeds.length : at;
  }

  async #names(content: AsyncIterable<Uint8Array> | undefined): Promise<string[]> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content ?? []) chunks.push(chunk);
    return Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line.includes('.'));
  }
}
