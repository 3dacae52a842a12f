/* What the framework needs: itself, the client and the protocol, so that it runs wherever
 * JavaScript does; and one package, which reads cron patterns and needs nothing itself.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { followImports } from "../support/imports.ts";

const WORKER = new URL("../../src/worker/", import.meta.url);

test("it imports one package, and no file but its own, the client's, the protocol's and the seams", () => {
  const seen = new Set<string>();
  for (const name of readdirSync(WORKER)) followImports(new URL(name, WORKER), seen);
  const foreign = [...seen].filter((name) => !/^src\/(?:worker|client|protocol)\//.test(name));
  expect(foreign.toSorted()).toEqual([
    "assembly/constants.ts",
    "assembly/layouts.ts",
    "croner",
    "src/clock.ts",
    "src/near-commands.ts",
  ]);
  expect([...seen]).toEqual(expect.arrayContaining(["src/worker/define-job.ts"]));
});
