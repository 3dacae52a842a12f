/* Random tests of this folder: a property that fails says with which seed, and how to run it again.
 *
 *   SESSIONS_SEED   seed of every property (absent: a random one each)
 */
import { check, defaultReportMessage } from "fast-check";
import type { IProperty, Parameters } from "fast-check";

/** Throws with the smallest counterexample, the seed and the command that replays it, unless the property holds. */
export function holds<Values>(
  property: IProperty<Values>,
  parameters: Parameters<Values> = {},
): void {
  const given = process.env["SESSIONS_SEED"];
  const seed = given === undefined ? {} : { seed: Number(given) };
  const details = check(property, { ...parameters, ...seed });
  if (!details.failed) return;
  const replay = `SESSIONS_SEED=${details.seed} npm test -- test/sessions`;
  throw new Error(`${defaultReportMessage(details)}\n\nReplay: ${replay}`, {
    cause: details.errorInstance,
  });
}
