/* Known names: tells what is no option, where a type checker did not see it: a misspelt one would
 * be left out without a word. Used by connect.ts, and by worker/known-options.ts.
 */

/** The names of what may be said, as a table that the compiler holds to be whole. */
export type Known<Options> = Readonly<Record<keyof Options, true>>;

/** A name of `given` that is not in the table; undefined if there is none. */
export function unknownNameIn(
  given: object,
  known: Readonly<Record<string, true>>,
): string | undefined {
  for (const name in given) if (!Object.hasOwn(known, name)) return name;
  return undefined;
}
