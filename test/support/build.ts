/* Global setup of the tests: the compiled modules in build/ are those of the sources as they stand.
 *
 * A module that does not compile is reported, is absent from build/ and turns the whole run red;
 * the tests that do without it still say what they have to say.
 */
import { build } from "../../src/toolchain/build.ts";

export async function setup(): Promise<void> {
  const { failures } = await build();
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}
