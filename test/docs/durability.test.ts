/*
 * docs/durability.md against what it speaks of: the tests that it names, the options and the exit
 * codes.
 */
import { describe, expect, test } from "vitest";
import { environmentName } from "../../src/config/option.ts";
import { DEFAULT_OPTIONS, OPTIONS } from "../../src/config/options.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/durability.md");
const rows = tableRows(section(PAGE, "What is lost when").split("\n### ")[0] ?? "");
/** The notes below the table: a number, and the test that it stands for as `FILE: NAME`. */
const notes = tableRows(section(PAGE, "The tests behind the table")).map(
  ([number = "", cell = ""]) => ({
    number,
    reference: cell.slice(1, -1),
  }),
);

/** The numbers such as `[1]` in a cell. */
function numbersIn(cell: string): string[] {
  return cell.match(/\[\d+\]/g) ?? [];
}

describe("the table of what is lost", () => {
  test("has a note in every row, and no empty cell", () => {
    expect(rows.length).toBeGreaterThan(7);
    expect(rows.filter((cells) => cells.length !== 5 || cells.includes(""))).toEqual([]);
    expect(rows.filter(([event = ""]) => numbersIn(event).length === 0)).toEqual([]);
  });

  test("has notes counted from 1, each of which a row names, and no others", () => {
    const named = new Set(rows.flatMap(([event = ""]) => numbersIn(event)));
    const numbers = notes.map(({ number }) => number);
    expect(numbers).toEqual(notes.map((_note, index) => `[${index + 1}]`));
    expect([...named].toSorted()).toEqual(numbers.toSorted());
  });

  test.each(notes)("$number names a test that there is: $reference", ({ reference }) => {
    const [, file = "", name = ""] = /^(test\/\S+\.ts): (.+)$/.exec(reference) ?? [];
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
