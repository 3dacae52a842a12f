/* Global setup of the tests: what stands in build/ is that of the sources as they stand, the
 * command that tests start among it (command.ts).
 *
 * A module that does not compile is reported, is absent from build/ and turns the whole run red;
 * the tests that do without it still say what they have to say. The command lies in a folder named
 * after all that it is made of, so that another run, of other sources, takes nothing away from one
 * that is under way.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { build, ROOT } from "../../src/toolchain/build.ts";
import { bundlePackage } from "../../src/toolchain/bundle.ts";
import { COMMAND_VARIABLE } from "./command.ts";

const MADE_OF = [
  "package.json",
  "tsconfig.json",
  "node_modules/{as-bind,rolldown}/package.json",
  "{src,assembly}/**/*.ts",
];
const DAY_MS = 86_400_000;

export async function setup(): Promise<void> {
  const failures = [...(await build()).failures];
  try {
    process.env[COMMAND_VARIABLE] = `${ROOT}${await bundled()}main.js`;
  } catch (error) {
    failures.push(`the command cannot be bundled: ${String(error)}`);
  }
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}

/** Where the command lies, from the root; it is made unless it is there. */
async function bundled(): Promise<string> {
  const digest = createHash("sha256");
  for (const path of globSync(MADE_OF, { cwd: ROOT }).toSorted()) {
    digest.update(path).update(readFileSync(ROOT + path));
  }
  const folder = `build/lib-${digest.digest("hex").slice(0, 16)}/`;
  if (existsSync(ROOT + folder)) return folder;
  dropOld();
  const draft = `build/lib-draft-${process.pid}/`;
  try {
    await bundlePackage(ROOT, draft);
    renameSync(ROOT + draft, ROOT + folder);
  } catch (error) {
    // Another run may have made the same meanwhile.
    if (!existsSync(ROOT + folder)) throw error;
  } finally {
    rmSync(ROOT + draft, { recursive: true, force: true });
  }
  return folder;
}

/** Removes what no run needs any more. */
function dropOld(): void {
  for (const folder of globSync("build/lib-*", { cwd: ROOT })) {
    if (statSync(ROOT + folder).mtimeMs < Date.now() - DAY_MS)
      rmSync(ROOT + folder, { recursive: true, force: true });
  }
}
