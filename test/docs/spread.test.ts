/* docs/spread.md: its program runs and prints what stands behind its lines. */
import { expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PROGRAMS = codeBlocks(readPage("docs/spread.md"), "ts");

test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
  "%s",
  async (_, program, index) => {
    const lines = await printed(program, `spread-${index}`, "src/entries/queue.ts");
    expect(lines).toEqual(promised(program));
  },
);

test("there is one", () => expect(PROGRAMS).toHaveLength(1));
