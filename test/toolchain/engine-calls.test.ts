import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { engineCalls } from "../../src/toolchain/engine-calls.ts";

it("the host's list of the engine's exports is what assembly/ exports (if not: npm run exports)", async () => {
  const files = await engineCalls();
  expect(files.map(({ path }) => path)).toEqual(["src/engine/exports.ts", "src/engine/calls.ts"]);
  for (const { path, text } of files) {
    expect(await readFile(new URL(`../../${path}`, import.meta.url), "utf8")).toBe(text);
  }
});

it("every export that a shard is asked for says what it does", async () => {
  const [, calls] = await engineCalls();
  const methods = [...(calls?.text ?? "").matchAll(/\n(.*)\n {2}(\w+)\([^)]*\): \w+ \{/g)];
  const silent = methods.filter(([, before = ""]) => !before.includes("*/")).map(([, , n]) => n);
  expect(methods.length).toBeGreaterThan(50);
  expect(silent).toEqual([]);
});
