/** What the agent itself writes into the journal, beside the gate's flow records. Stored as JSON. */
export type OwnRecord =
  | {
      readonly kind: 'setting-changed';
      readonly name: string;
      readonly oldValue: string;
      readonly newValue: string;
      readonly source: string;
    }
  /** A change that was refused, because the setting is managed. */
  | { readonly kind: 'change-refused'; readonly name: string; readonly value: string }
  /** From `fromMs` to the row's time, packets were not judged. */
  | { readonly kind: 'protection-gap'; readonly fromMs: number; readonly reason: string }
  /** `where`: the journal's own bound, or the gate's ring while the agent was away. */
  | {
      readonly kind: 'events-dropped';
      readonly where: 'journal' | 'gate';
      readonly connections: number;
      readonly protection: number;
      readonly fromMs: number;
    };

/** 0: no entry of the event log. */
export function eventIdOfOwn(record: OwnRecord): number {
  if (record.kind === 'setting-changed') return 5007;
  return record.kind === 'change-refused' ? 5013 : 0;
}
