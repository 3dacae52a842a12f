/*
 * docs/testing-jobs.md: its programs run and print what stands behind their lines.
 */
import { describe, expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PROGRAMS = codeBlocks(readPage("docs/testing-jobs.md"), "ts");

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      const name = `testing-jobs-${index}`;
      expect(await printed(program, name, "src/entries/queue.ts")).toEqual(promised(program));
    },
  );

  test("are there, and print something", () => {
    expect(PROGRAMS.length).toBeGreaterThan(1);
    expect(PROGRAMS.flatMap(promised).length).toBeGreaterThan(7);
  });
});
