/** The agent's settings as the policy takes them, for `check`: as the gate reads what it is sent. */
import type { GateSettings } from '@sallyport/contract/gate-settings';
import { parseCidr, parseIp } from '@sallyport/hosts/canonical';
import type { Exclusions, PolicySettings } from '@sallyport/policy/verdict';

export const policySettingsFrom = (settings: GateSettings): PolicySettings => ({
  mode: settings.mode,
  convertWarnToBlock: settings.convertWarnToBlock,
  lowReputation: settings.lowReputation,
  exclusions: exclusionsFrom(settings),
});

function exclusionsFrom({ excludedAddresses, excludedExecutables }: GateSettings): Exclusions | null {
  if (excludedAddresses.length === 0 && excludedExecutables.length === 0) return null;
  return { networks: excludedAddresses.flatMap(networkOf), executables: excludedExecutables };
}

function networkOf(text: string): Exclusions['networks'] {
  const address = parseIp(text);
  if (address !== null) return [{ address, prefixLength: address.length * 8 }];
  const network = parseCidr(text);
  return network.kind === 'ok' ? [{ address: network.bytes, prefixLength: network.prefixLength }] : [];
}
