/*
 * Comments end at column 100, wherever they stand in a source: the formatter breaks code and leaves
 * comments alone.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const COLUMNS = 100;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = globSync(["{assembly,bench,src,test}/**/*.{ts,tsx,css}", "*.ts"], { cwd: ROOT });
/** A line of nothing but a comment. */
const IS_COMMENT = /^\s*(?:\/\/|\/\*|\*)/;
/** A comment behind code: a `//` in a string has no end of code before it, or a quote behind it. */
const HAS_COMMENT = /[;,{(] \/\/ (?!.*["'`][,;)]*$)/;

/** The lines with comments of `source` that are too long, each with its number. */
function tooLong(source: string): string[] {
  return source
    .split("\n")
    .map((line, at) => ({ line, number: at + 1 }))
    .filter(({ line }) => line.length > COLUMNS)
    .filter(({ line }) => IS_COMMENT.test(line) || HAS_COMMENT.test(line))
    .map(({ line, number }) => `${number}: ${line}`);
}

test("no comment is longer than a line (in src/engine/calls.ts: mend assembly/, npm run exports)", () => {
  expect(SOURCES.length).toBeGreaterThan(500);
  const found = SOURCES.flatMap((path) =>
    tooLong(readFileSync(ROOT + path, "utf8")).map((line) => `${path}:${line}`),
  );
  expect(found).toEqual([]);
});

test("a long comment is noticed, alone and behind code, and a long string is not", () => {
  const words = "word ".repeat(20).trim();
  const lines = [`/* ${words}`, ` * ${words}`, ` // ${words}`, `call(); // ${words}`];
  const code = [`call("; // ${words}");`, `const url = "https://${words}";`];
  expect(tooLong([...lines, ...code].join("\n"))).toEqual(
    lines.map((line, at) => `${at + 1}: ${line}`),
  );
});
