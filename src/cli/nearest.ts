/* Nearest: which of the known words somebody meant who typed another one.
 *
 * Used for the names of commands and of variables; commander does the same for flags.
 */

/** Letters that may be wrong, and only in words that are longer than twice that. */
const SLIPS_MAX = 2;

/** The known word that is a slip or two away from `word`; undefined where none is. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = SLIPS_MAX + 1;
  for (const one of known) {
    const slips = slipsBetween(word, one);
    if (slips === 0 || slips >= least || 2 * slips >= one.length) continue;
    least = slips;
    best = one;
  }
  return best;
}

/** As commander says it behind a message: " (Did you mean tubes?)", or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (Did you mean ${meant}?)`;
}

/**
 * How many letters must be added, left out, changed or swapped with the next one to make `b` of
 * `a`; more than SLIPS_MAX where the lengths alone say so.
 */
function slipsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > SLIPS_MAX) return SLIPS_MAX + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
