/* docs/spool.md: its program runs and prints what stands behind its lines. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PROGRAMS = codeBlocks(readPage("docs/spool.md"), "ts");

test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
  "%s",
  async (_, program, index) => {
    rmSync("build/examples/spool", { recursive: true, force: true });
    const lines = await printed(program, `spool-${index}`, "src/entries/queue.ts");
    expect(lines).toEqual(promised(program));
  },
);

test("there is one", () => expect(PROGRAMS).toHaveLength(1));
