/* Known options: refuses what is no option, where a type checker did not see it: a misspelt one
 * would be left out without a word.
 */
import { BadOptionError } from "./errors.ts";

/** The names of what may be said, as a table that the compiler holds to be whole. */
export type Known<Options> = Readonly<Record<keyof Options, true>>;

/** Throws a BadOptionError if `given` has a name that is not in the table. */
export function checkNames(
  what: string,
  given: object,
  known: Readonly<Record<string, true>>,
): void {
  for (const name in given) {
    if (!Object.hasOwn(known, name)) throw new BadOptionError(`${what}: ${name}: no such option`);
  }
}
