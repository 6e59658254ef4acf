/**
 * The names under which our events stand in an event log.
 *
 * Easy to get wrong: views that people have were written for Defender, and their paths name its channels. Those mean
 * ours here; every other channel holds nothing of ours, and selecting from it selects nothing.
 */
export const CHANNEL = 'Sallyport/Operational';
export const PROVIDER_NAME = 'Sallyport';
/** Made up once; a provider keeps its id. */
export const PROVIDER_GUID = '{5a7d9c1e-3f0b-4c86-9e52-b1a4707f6d20}';
export const PRODUCT_NAME = 'Sallyport';

/** Event ids of the log (defender-spec 3), and 0 for rows that are no entry of Defender's log: connections and gaps. */
export const EVENT_IDS: readonly number[] = [0, 1125, 1126, 5007, 5013];

/** defender-spec 3: the channels that its custom view selects. */
const SAME_AS_OURS: readonly string[] = [
  CHANNEL,
  'Microsoft-Windows-Windows Defender/Operational',
  'Microsoft-Windows-Windows Defender/WHC',
];

/** Whether a view's `Path` means our channel; names of channels are told apart without regard to case. */
export const isOurChannel = (path: string): boolean =>
  SAME_AS_OURS.some((known) => known.toLowerCase() === path.trim().toLowerCase());
