/** Settings as they travel, with networks as texts, made into what the policy decides by. Once a change. */
import { parseCidr, parseIp } from '@sallyport/hosts/canonical';

import type { ExcludedNetwork } from './exclusions.ts';
import type { PolicySettings } from './verdict.ts';

/** The policy's part of the gate's settings. */
export type SettingsAsTexts = Omit<PolicySettings, 'exclusions'> & {
  /** Addresses and CIDRs. */
  readonly excludedAddresses: readonly string[];
  /** As in `Scope.executables`. */
  readonly excludedExecutables: readonly string[];
};

/** Throws on an address that is none: whoever took the settings in has checked them. */
export function policySettingsFrom(settings: SettingsAsTexts): PolicySettings {
  const { mode, convertWarnToBlock, lowReputation, excludedAddresses, excludedExecutables } = settings;
  const isNothingExcluded = excludedAddresses.length === 0 && excludedExecutables.length === 0;
  return {
    mode,
    convertWarnToBlock,
    lowReputation,
    exclusions: isNothingExcluded
      ? null
      : { networks: excludedAddresses.map(networkOf), executables: excludedExecutables },
  };
}

function networkOf(text: string): ExcludedNetwork {
  const address = parseIp(text);
  if (address !== null) return { address, prefixLength: address.length * 8 };
  const network = parseCidr(text);
  if (network.kind !== 'ok') throw new Error(`${text} is no network`);
  return { address: network.bytes, prefixLength: network.prefixLength };
}
