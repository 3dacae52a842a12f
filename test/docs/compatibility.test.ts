/*
 * docs/compatibility.md against what it speaks of: the list of differences, the tests that it
 * names, the options, the libraries.
 */
import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Common } from "../../src/engine/common.ts";
import { JOB_STATS, SERVER_STATS, TUBE_STATS } from "../../src/protocol/stats.ts";
import { parseBlocks, parseCases } from "../dialogues/dialogue.ts";
import { uncounted } from "../dialogues/upstream.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/compatibility.md");
/** The page's prose, however its lines are broken. */
const PROSE = PAGE.replace(/\s+/g, " ");
const DIALOGUES = "test/dialogues/";
const LIST = "differences.txt";
const listed = parseBlocks(readPage(`${DIALOGUES}${LIST}`), LIST).map(({ title }) => title);

/**
 * What the last column of the table names: tests of other files as `test/....ts: name`, the
 * rest differences of the list.
 */
const shownBy = tableRows(section(PAGE, "Differences")).map((cells) => namesIn(cells.at(-1) ?? ""));
const named = shownBy.flat();
const elsewhere = named.filter((name) => name.startsWith("test/"));

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");
}

describe("the table of differences", () => {
  test("has every difference of the dialogues' list, once", () => {
    expect(named.filter((name) => !name.startsWith("test/")).toSorted()).toEqual(listed.toSorted());
  });

  test("names a test in every row", () => {
    expect(shownBy.length).toBeGreaterThan(15);
    expect(shownBy.filter((names) => names.length === 0)).toEqual([]);
  });

  test.each(elsewhere)("names a test that there is: %s", (reference) => {
    const [, file = "", name = ""] = /^(\S+\.ts): (.+)$/.exec(reference) ?? [];
    expect(readPage(file)).toContain(`"${name}"`);
  });

  test("fills every cell", () => {
    const rows = tableRows(section(PAGE, "Differences"));
    expect(rows.filter((cells) => cells.length !== 5 || cells.includes(""))).toEqual([]);
  });
});

test("the limits have the defaults of docs/options.md", () => {
  const options = tableRows(readPage("docs/options.md"));
  const limits = tableRows(section(PAGE, "Limits that beanstalkd does not have"));
  const numbered = limits.filter(([, byDefault = ""]) => /^\d/.test(byDefault));
  expect(numbered.length).toBeGreaterThan(4);
  for (const [flag = "", byDefault] of numbered) {
    const option = options.find(([syntax = ""]) => syntax.startsWith(`${flag.slice(0, -1)} `));
    expect([flag, byDefault]).toEqual([flag, option?.[3]]);
  }
});

test("the libraries have the versions that are installed", () => {
  const { devDependencies } = JSON.parse(readPage("package.json")) as {
    devDependencies: Record<string, string>;
  };
  const libraries = tableRows(section(PAGE, "How it is compared"));
  expect(libraries).toHaveLength(4);
  for (const [name = "", version] of libraries)
    expect([name, version]).toEqual([name, devDependencies[name]]);
});

test("the dialogues stand for 53 of beanstalkd's 63 tests", () => {
  const files = readdirSync(new URL("../dialogues/", import.meta.url));
  const dialogues = files.filter((file) => file.endsWith(".txt") && file !== LIST);
  const cases = dialogues.flatMap((file) => parseCases(readPage(`${DIALOGUES}${file}`), file));
  expect(uncounted(cases)).toEqual([]);
  expect(new Set(cases.flatMap(({ upstream }) => upstream)).size).toBe(53);
  expect(PROSE).toMatch(/Of the 63 tests that beanstalkd has of its server 53 stand there/);
});

test("the statistics have the 51, 14 and 14 keys of 1.13, and more behind them", () => {
  expect([TUBE_STATS[13]?.key, JOB_STATS[13]?.key]).toEqual(["pause-time-left", "kicks"]);
  expect(SERVER_STATS[50]?.key).toBe("platform");
  expect(PROSE).toMatch(/each has more, behind all of beanstalkd's/);
});

describe("what no other test shows", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test("time goes on evenly when the wall clock is set", () => {
    const clock = Common.create(1).clock();
    const before = clock();
    vi.useFakeTimers({ toFake: ["Date"], now: 0 });
    expect(Date.now()).toBe(0);
    const after = clock();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(60_000_000);
  });
});
