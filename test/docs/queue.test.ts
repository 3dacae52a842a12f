/*
 * docs/queue.md: its programs run and print what stands behind their lines, and its table of back
 * ends is what they say of themselves.
 */
import { describe, expect, test } from "vitest";
import { KINDS } from "../backends/beds.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
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

test("the table of back ends says what they say of themselves", async () => {
  const rows = tableRows(section(PAGE, "Back ends"));
  for (const [index, { name, open }] of KINDS.entries()) {
    await using bed = await open();
    expect(bed.backend.name).toBe(name);
    const said = rows.map((cells) => [(cells[0] ?? "").replaceAll("`", ""), cells[index + 1]]);
    const { durable, ...can } = bed.backend.can;
    const is = Object.entries(can).map(([what, word]) => [what, wordOf(word)]);
    is.push(["durable", name === "server" && !durable ? "with `--data`" : wordOf(durable)]);
    expect(new Map(said as [string, string][])).toEqual(new Map(is as [string, string][]));
  }
});

function wordOf(can: boolean | string): string {
  if (typeof can === "string") return can;
  return can ? "yes" : "no";
}
