/** `sallyport policy explain` without a target: what this device judges by. */
import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import type { PolicyView } from '@sallyport/contract/control';
import type { GateSettings } from '@sallyport/contract/gate-settings';

import type { CategorySettings } from '../categories/category-rules.ts';

export interface EffectivePolicy {
  readonly gate: GateSettings;
  readonly categories: CategorySettings;
  readonly policies: readonly CategoryPolicy[];
  /** Stored indicators, and those of them for other device groups. */
  readonly indicators: { readonly stored: number; readonly otherGroups: number };
  /** Entries of feeds and of category lists in force. */
  readonly reputationEntries: number;
  readonly categoryEntries: number | null;
  readonly problems: readonly string[];
}

const PRECEDENCE = [
  'What is excluded, by address or by program, is not judged at all.',
  'Layers are asked in this order: custom indicators, reputation (feeds), web content filtering, local score. The first that answers decides; an audit answer is recorded and the next layer is asked too.',
  'Within a layer the most specific entry with a rule that applies decides: a longer path before a shorter one, a URL before its host, a longer name before a shorter one, a longer prefix before a shorter one.',
  'Among the rules of that entry: allow, then warn, then block, then audit; then the surer source.',
  'When both the name and the remote address have an answer in one layer, the stronger action wins, the name first.',
  'Rules apply only to the port, users, programs, control groups and containers they are for, and until the second they expire.',
  'An allow indicator overrides everything below it; it is the exception to a category policy.',
  'Several category policies add up; a category that none blocks is counted, as long as there is a policy.',
] as const;

export function policyView(policy: EffectivePolicy): PolicyView {
  const { gate, categories, policies, indicators } = policy;
  const others = indicators.otherGroups;
  return {
    mode: gate.mode,
    convertWarnToBlock: gate.convertWarnToBlock,
    deviceGroup: categories.deviceGroup,
    lowReputationAction: gate.lowReputation,
    webContentFilteringProcesses: categories.processes,
    excludedAddresses: gate.excludedAddresses,
    excludedProcesses: gate.excludedExecutables,
    layers: [
      {
        name: 'indicators',
        entries: indicators.stored,
        note: others === 0 ? '' : `${others} of them are for other device groups and do not act here`,
      },
      { name: 'reputation', entries: policy.reputationEntries, note: '' },
      {
        name: 'categories',
        entries: policy.categoryEntries,
        note: policies.length === 0 ? 'no policy: not asked' : '',
      },
      {
        name: 'score',
        entries: null,
        note: gate.lowReputation === 'off' ? 'off: names on no list are not scored' : 'names on no list',
      },
    ],
    categoryPolicies: policies,
    precedence: PRECEDENCE,
    problems: policy.problems,
  };
}
