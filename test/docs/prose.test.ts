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

/** Lines that begin a block of code where one should end, and one that never ends. */
function looseFences(page: string): string[] {
  const fences = page.split("\n").filter((line) => /^ *```/.test(line));
  const loose = fences.filter((line, index) => index % 2 === 1 && !/^ *```$/.test(line));
  return fences.length % 2 === 1 ? [...loose, fences.at(-1) ?? ""] : loose;
}

test.each(PAGES)("%s ends each block of code", (path) => {
  expect(looseFences(readPage(path))).toEqual([]);
});

test("a block of code that does not end is noticed", () => {
  expect(looseFences("```sh\nls\n```\n")).toEqual([]);
  expect(looseFences("```sh\nls\n\n```sh\nls\n```\n")).not.toEqual([]);
  expect(looseFences("```sh\nls\n")).toEqual(["```sh"]);
});
