/* docs/schedules.md: its programs run and print what stands behind their lines. */
import { describe, expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PROGRAMS = codeBlocks(readPage("docs/schedules.md"), "ts");

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      const lines = await printed(program, `schedules-${index}`, "src/entries/queue.ts");
      expect(lines).toEqual(promised(program));
    },
  );

  test("are there", () => expect(PROGRAMS).toHaveLength(2));
});
