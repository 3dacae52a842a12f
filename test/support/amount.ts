/* Amounts: how much of what has no natural end a run does. A usual run does a part of it, another
 * part each time; with THOROUGH=1, which `npm run test:matrix` sets, it does all.
 *
 * Titles of tests say what they do, as these numbers are.
 */
import { Random } from "./random.ts";

/** Whether all is to be done. */
export const IS_THOROUGH = process.env["THOROUGH"] === "1";

/** The usual amount of something, or, where all is to be done, the other. */
export function amount({ usual, thorough }: { usual: number; thorough: number }): number {
  return IS_THOROUGH ? thorough : usual;
}

/** So many of them, which ones the seed decides, in their order; all, where all is to be done. */
export function someOf<Item>(items: readonly Item[], count: number, seed: number): Item[] {
  if (IS_THOROUGH) return [...items];
  const random = new Random(seed);
  const lots = items.map((item, at) => ({ item, at, lot: random.word() }));
  const drawn = lots.toSorted((a, b) => a.lot - b.lot).slice(0, count);
  return drawn.toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}
