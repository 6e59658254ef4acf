/**
 * The few statistics of the benchmark. Pure.
 *
 * A ratio is formed inside each pair and only then summarised: both halves of a pair saw the same
 * machine, while the series as a whole drifts.
 */

/** What is kept of a series. Values in the unit of the series. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** The value below which the share `p` (0 to 1) of the values lies, interpolated. NaN when there are none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const summarise = (values: readonly number[]): Summary => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
  runs: values.length,
});

/**
 * Ratios of measured to baseline, when they alternate as B M B M … B: each measurement is compared
 * with the mean of the baselines before and after it. Needs one baseline more than measurements.
 */
export function pairedRatios(baselines: readonly number[], measured: readonly number[]): number[] {
  if (baselines.length !== measured.length + 1) throw new RangeError('a baseline before and after each measurement');
  return measured.map((value, n) => value / (((baselines[n] ?? 0) + (baselines[n + 1] ?? 0)) / 2));
}
