/* Properties: random tests with fast-check. One that fails says with which seed, and how to run it
 * again.
 *
 *   CLI_SEED, SESSIONS_SEED ...   seed of every property of that folder (or random ones)
 */
import { check, defaultReportMessage } from "fast-check";
import type { IProperty, Parameters } from "fast-check";

/**
 * What a test of the folder test/`folder` states its properties with. It throws with the smallest
 * counterexample and how to replay it.
 */
export function propertiesOf(folder: string) {
  const variable = `${folder.toUpperCase()}_SEED`;
  return <Values>(property: IProperty<Values>, parameters: Parameters<Values> = {}): void => {
    const given = process.env[variable];
    const seed = given === undefined ? {} : { seed: Number(given) };
    const details = check(property, { ...parameters, ...seed });
    if (!details.failed) return;
    const replay = `${variable}=${details.seed} npm test -- test/${folder}`;
    throw new Error(`${defaultReportMessage(details)}\n\nReplay: ${replay}`, {
      cause: details.errorInstance,
    });
  };
}
