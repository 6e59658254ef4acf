/**
 * Names of everything of ours that the kernel sees, derived from the state directory, so that several agents can
 * run side by side and each recognises its own leftovers.
 */
import { createHash } from 'node:crypto';

export const DEFAULT_STATE_DIRECTORY = '/var/lib/sallyport';

export interface RulesetNames {
  /** Empty for the default state directory, else six hexadecimal digits. */
  readonly suffix: string;
  readonly nftTable: string;
  readonly queueNumber: number;
}

export function namesFor(stateDirectory: string): RulesetNames {
  const digest = createHash('sha256').update(stateDirectory).digest();
  const suffix = stateDirectory === DEFAULT_STATE_DIRECTORY ? '' : digest.toString('hex', 0, 3);
  return {
    suffix,
    nftTable: suffix === '' ? 'sallyport' : `sallyport_${suffix}`,
    // Out of the low numbers that hand-written rule sets and Suricata's examples use.
    queueNumber: 20_000 + (digest.readUInt16BE(4) % 20_000),
  };
}
