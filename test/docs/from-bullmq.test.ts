/*
 * docs/from-bullmq.md: its programs run and print what stands behind their lines.
 */
import { expect, test } from "vitest";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised } from "./programs.ts";

const ENTRY = "src/entries/queue.ts";
const PROGRAMS = codeBlocks(readPage("docs/from-bullmq.md"), "ts");

test.each(PROGRAMS.map((program, index) => [index + 1, program] as const))(
  "program %i prints what stands behind its lines",
  async (number, program) => {
    const lines = promised(program);
    expect(lines.length).toBeGreaterThan(0);
    expect(await printed(program, `from-bullmq-${number}`, ENTRY)).toEqual(lines);
  },
);

test("there are programs", () => {
  expect(PROGRAMS).toHaveLength(3);
});
