/*
 * Prose ends at column 100: on every page, outside tables, code and lines that are one long link.
 */
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readPage } from "./page.ts";

const COLUMNS = 100;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync(["*.md", "docs/**/*.md", "test/*/*.md"], { cwd: ROOT });

/** The lines of a page's prose that are too long. */
function tooLong(page: string): string[] {
  const prose = page.replace(/^ *```.*?^ *```$/gms, "");
  return prose
    .split("\n")
    .filter((line) => line.length > COLUMNS && !line.startsWith("|") && /\S\s+\S/.test(line));
}

test.each(PAGES)("%s has lines that can be read", (path) => {
  expect(tooLong(readPage(path))).toEqual([]);
});

test("a long line is noticed, in prose alone", () => {
  const long = "word ".repeat(30);
  const code = ["```sh", long, "```"].join("\n");
  expect(tooLong([long, `| ${long} |`, code].join("\n"))).toEqual([long]);
});
