/* Who hands the engine over: a program that has jobs elsewhere brings none along. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { followImports } from "../support/imports.ts";

const ENTRIES = new URL("../../src/entries/", import.meta.url);

test("only `homemaker` and `homemaker/testing` bring an engine with them", () => {
  const withEngine = readdirSync(ENTRIES).filter((name) => {
    const seen = new Set<string>();
    followImports(new URL(name, ENTRIES), seen);
    return seen.has("src/embedded/embedded-backend.ts");
  });
  expect(withEngine.toSorted()).toEqual(["queue.ts", "testing.ts"]);
});
