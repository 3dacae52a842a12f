/* ReserveMode: how reserves choose over several watched tubes: in one order, or by the tubes'
 * weights.
 */

/** The modes, as clients write them. */
export const RESERVE_MODES = ["fifo", "weighted", "weighted-fair"] as const;
export type ReserveMode = (typeof RESERVE_MODES)[number];

/** Largest weight of a watched tube. */
export const WEIGHT_MAX = 9999;
