/* What a broker brings into a program: no server, and no package but the one that the build
 * bundles.
 */
import { expect, test } from "vitest";
import { followImports } from "../support/imports.ts";

/** What of a broker's imports is no file of the project. */
function packagesOf(path: string): readonly string[] {
  const seen = new Set<string>();
  followImports(new URL(`../../${path}`, import.meta.url), seen);
  expect(
    [...seen].filter((name) => /^src\/(?:server|http|cli|observability)\//.test(name)),
  ).toEqual([]);
  return [...seen].filter((name) => !/^(?:src|assembly)\//.test(name) && name !== "package.json");
}

test("a broker imports no server, no runtime, and no package but as-bind", () => {
  expect(packagesOf("src/broker/open-broker.ts")).toEqual(["as-bind/dist/as-bind.cjs.js"]);
});

test("on Node and its neighbours it imports nothing more but what these have", () => {
  const packages = packagesOf("src/runtimes/node-broker.ts");
  const foreign = packages.filter((name) => !name.startsWith("node:"));
  expect(foreign).toEqual(["as-bind/dist/as-bind.cjs.js"]);
});
