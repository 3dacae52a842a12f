/*
 * docs/queue.md: its programs run and print what stands behind their lines.
 */
import { describe, expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PAGE = readPage("docs/queue.md");
const ENTRY = "src/entries/queue.ts";
const PROGRAMS = codeBlocks(PAGE, "ts");

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      expect(await printed(program, `queue-${index}`, ENTRY)).toEqual(promised(program));
    },
  );

  test("are there, and print something", () => {
    expect(PROGRAMS.length).toBeGreaterThan(5);
    expect(PROGRAMS.flatMap(promised).length).toBeGreaterThan(7);
  });
});
