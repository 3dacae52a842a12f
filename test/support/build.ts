/* Global setup of the tests: what stands in build/ is that of the sources as they stand, the
 * command that tests start among it (command.ts).
 *
 * A module that does not compile is reported, is absent from build/ and turns the whole run red;
 * the tests that do without it still say what they have to say.
 */
import { globSync, renameSync, rmSync, statSync } from "node:fs";
import { build, ROOT } from "../../src/toolchain/build.ts";
import { bundlePackage } from "../../src/toolchain/bundle.ts";
import { BUNDLE, COMMAND } from "./command.ts";

const SOURCES = ["package.json", "tsconfig.json", "{src,assembly}/**/*.ts"];

export async function setup(): Promise<void> {
  const { failures } = await build();
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
  await bundle();
}

/** Makes the command anew where a source is younger. */
async function bundle(): Promise<void> {
  const made = statSync(COMMAND, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(SOURCES, { cwd: ROOT });
  if (sources.every((path) => statSync(ROOT + path).mtimeMs < made)) return;
  const draft = `build/lib.${process.pid}/`;
  await bundlePackage(ROOT, draft);
  rmSync(ROOT + BUNDLE, { recursive: true, force: true });
  renameSync(ROOT + draft, ROOT + BUNDLE);
}
