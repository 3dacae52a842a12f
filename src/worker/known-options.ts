/* Known options: refuses what is no option of queues, jobs and workers (client/known-names.ts). */
import { unknownNameIn } from "../client/known-names.ts";
import { BadOptionError } from "./errors.ts";

export type { Known } from "../client/known-names.ts";

/** Throws a BadOptionError if `given` has a name that is not in the table. */
export function checkNames(
  what: string,
  given: object,
  known: Readonly<Record<string, true>>,
): void {
  const unknown = unknownNameIn(given, known);
  if (unknown !== undefined) throw new BadOptionError(`${what}: ${unknown}: no such option`);
}
