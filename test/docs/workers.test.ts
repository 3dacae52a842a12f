/*
 * docs/workers.md: each promise that is said to be kept names a test that is there.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPage, section, tableRows } from "./page.ts";

const TESTS = new URL("../", import.meta.url);
const PAGE = readPage("docs/workers.md");
const PROJECTS = ["Honeydew", "The note on queues for node-resque", "Continuum", "KQS"];

/** The file and the title that the last cell of a row names. */
function named(row: readonly string[]): readonly [file: string, title: string] {
  const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(row.at(-1) ?? "") ?? [];
  return [file, title];
}

describe.each(PROJECTS)("what %s promises", (project) => {
  const rows = tableRows(section(PAGE, project));

  test("has rows, each with how it is kept and a test", () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter((row) => row.length !== 3 || row.includes(""))).toEqual([]);
  });

  test.each(rows.map((row) => [row[0] ?? "", ...named(row)] as const))(
    "is tested: %s",
    (_, file, title) => {
      const path = new URL(file, TESTS);
      expect([file, existsSync(path)]).toEqual([file, true]);
      const source = readFileSync(path, "utf8");
      const isThere = source.includes(`"${title}"`) || source.includes(`\`${title}\``);
      expect([title, isThere]).toEqual([title, true]);
    },
  );
});

test("no promise stands twice", () => {
  const promises = PROJECTS.flatMap((project) =>
    tableRows(section(PAGE, project)).map(([one]) => one),
  );
  expect(promises.filter((one, index) => promises.indexOf(one) !== index)).toEqual([]);
});
