/** What our two bits of a flow's conntrack mark say. Rules and verdicts both speak it. */

export interface FlowMarks {
  readonly mask: number;
  readonly allowed: number;
  readonly blocked: number;
  /** Both bits: judged so far, the next request is looked at too. Told apart from "never seen" for a closed policy. */
  readonly inspected: number;
}

/** The two bits of `mask`: the lower one says allowed, the higher one blocked. */
export function flowMarks(mask: number): FlowMarks {
  const allowed = (mask & -mask) >>> 0;
  return { mask: mask >>> 0, allowed, blocked: (mask ^ allowed) >>> 0, inspected: mask >>> 0 };
}
