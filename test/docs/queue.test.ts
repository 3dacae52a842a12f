/*
 * docs/queue.md: its programs run and print what stands behind their lines, and its table of back
 * ends is what they say of themselves.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { KINDS } from "../backends/beds.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/queue.md");
const EXAMPLES = new URL("../../build/examples/", import.meta.url);
const ENTRY = new URL("../../src/entries/queue.ts", import.meta.url).pathname;
const PROGRAMS = codeBlocks(PAGE, "ts");

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      expect(await printed(program, index)).toEqual(promised(program));
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

/** What a program defines or does first. */
function titleOf(program: string): string {
  return /defineJob\("([^"]+)"/.exec(program)?.[1] ?? "a program";
}

/** What the comments behind, or below, its console.log say. */
function promised(program: string): readonly string[] {
  return [...program.matchAll(/console\.log\(.*\);(?: \/\/ (.*)|((?:\n *\/\/ .*)+))/g)].flatMap(
    ([, behind, below = ""]) =>
      behind === undefined
        ? [...below.matchAll(/\/\/ (.*)/g)].map(([, line = ""]) => line)
        : [behind],
  );
}

/** Runs a program of the page, and returns what it prints. */
async function printed(program: string, index: number): Promise<readonly string[]> {
  mkdirSync(EXAMPLES, { recursive: true });
  const file = new URL(`queue-${index}.ts`, EXAMPLES);
  writeFileSync(file, program.replace('from "homemaker"', `from ${JSON.stringify(ENTRY)}`));
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    const texts = values.map((value) => (typeof value === "string" ? value : inspect(value)));
    lines.push(texts.join(" "));
  });
  onTestFinished(() => log.mockRestore());
  await import(file.pathname);
  return lines;
}
