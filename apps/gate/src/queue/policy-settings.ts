/** The gate's settings as the policy takes them, compiled once a change. */
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
  return { networks: excludedAddresses.map(networkOf), executables: excludedExecutables };
}

/** `readGateSettings` has checked the spelling: anything else is a broken invariant. */
function networkOf(text: string): Exclusions['networks'][number] {
  const address = parseIp(text);
  if (address !== null) return { address, prefixLength: address.length * 8 };
  const network = parseCidr(text);
  if (network.kind !== 'ok') throw new Error(`${text} is no network`);
  return { address: network.bytes, prefixLength: network.prefixLength };
}
