/**
 * What a parser can say about bytes it was shown. Hostile input is data, not an exception.
 *
 * `incomplete` and `rejected` lead to different decisions (hold the segment, or fail by policy), so they are never merged.
 */

/**
 * - `ok`: the structure is whole. Views inside `value` live as long as the bytes that were shown.
 * - `incomplete`: the bytes are a proper prefix of something acceptable. `need` is the least total length, counted from
 *   the first byte shown, at which `ok` becomes possible: asking again with fewer bytes is wasted work.
 * - `rejected`: no continuation can make the bytes acceptable. `offset` is where that was noticed.
 */
export type Parsed<T, Reason extends string> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'incomplete'; readonly need: number }
  | { readonly kind: 'rejected'; readonly reason: Reason; readonly offset: number };

export const incomplete = (need: number): { readonly kind: 'incomplete'; readonly need: number } => ({
  kind: 'incomplete',
  need,
});

export const rejected = <Reason extends string>(
  reason: Reason,
  offset: number,
): { readonly kind: 'rejected'; readonly reason: Reason; readonly offset: number } => ({
  kind: 'rejected',
  reason,
  offset,
});
