/*
 * docs/durability.md against what it speaks of: the tests that it names, the options and the exit
 * codes.
 */
import { describe, expect, test } from "vitest";
import { environmentName } from "../../src/config/option.ts";
import { DEFAULT_OPTIONS, OPTIONS } from "../../src/config/options.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/durability.md");
const rows = tableRows(section(PAGE, "What is lost when"));
const references = rows.flatMap((cells) =>
  [...(cells.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ""),
);

describe("the table of what is lost", () => {
  test("has a test in every row, and no empty cell", () => {
    expect(rows.length).toBeGreaterThan(7);
    expect(rows.filter((cells) => cells.length !== 6 || cells.includes(""))).toEqual([]);
    expect(rows.filter((cells) => !/`test\/\S+\.test\.ts: /.test(cells.at(-1) ?? ""))).toEqual([]);
  });

  test.each([...new Set(references)])("names a test that there is: %s", (reference) => {
    const [, file = "", name = ""] = /^(\S+\.test\.ts): (.+)$/.exec(reference) ?? [];
    expect(readPage(file)).toContain(name);
  });
});

test("names options that there are, with their defaults", () => {
  const known = new Set(Object.values(OPTIONS).map(({ name }) => name));
  const others = ["json", "salvage", "only", "rounds", "seconds"]; // of subcommands and the bench
  const named = [...PAGE.matchAll(/--([a-z][a-z-]+)/g)].map(([, name]) => name ?? "");
  expect(named.filter((name) => !known.has(name) && !others.includes(name))).toEqual([]);
  expect(environmentName(OPTIONS.dataDirectory)).toBe("HOMEMAKER_DATA");
  expect(DEFAULT_OPTIONS).toMatchObject({
    durability: "sync",
    syncIntervalMillis: 50,
    recovery: "salvage",
  });
});
