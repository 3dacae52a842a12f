/* The client's tests, all that the quick run has of them, on Deno and Bun: they and the client run
 * there, and the servers that they start run on Node.
 *
 * imports.test.ts and types.test.ts are left out: they say what is in the sources, and run nothing.
 */
import { globSync } from "node:fs";
import { ROOT } from "../support/runtimes.ts";
import { testElsewhere } from "../support/suite-on.ts";

const OF_SOURCES = ["imports", "types"].map((name) => `test/client/${name}.test.ts`);
const files = globSync("test/client/*.test.ts", { cwd: ROOT, exclude: ["**/*.long.test.ts"] });

await testElsewhere(
  files.filter((file) => !OF_SOURCES.includes(file)),
  {},
);
