/*
 * docs/workers-guide.md: its programs run and print what stands behind their lines; its tables name
 * what there is.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { fileOf, printed, promised, titleOf, writeFiles } from "./programs.ts";

const PAGE = readPage("docs/workers-guide.md");
const ENTRY = "src/entries/queue.ts";
const BLOCKS = codeBlocks(PAGE, "ts");
const PROGRAMS = BLOCKS.filter((block) => fileOf(block) === undefined);

describe("the programs", () => {
  beforeAll(() => writeFiles(BLOCKS, ENTRY));

  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      expect(await printed(program, `workers-${index}`, ENTRY)).toEqual(promised(program));
    },
  );

  test("are there, and print something", () => {
    expect(PROGRAMS.length).toBeGreaterThan(4);
    expect(PROGRAMS.flatMap(promised).length).toBeGreaterThan(6);
  });
});

test.each([
  ["What a worker is told", "src/worker/worker-options.ts", "WorkerOptions<State>"],
  ["Events", "src/worker/worker-events.ts", "WorkerEvents"],
])("the table of %s names all there is", (title, file, name) => {
  const source = readPage(file);
  const body = source.slice(source.indexOf(`interface ${name} {`)).split("\n}\n")[0] ?? "";
  const declared = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member);
  const said = tableRows(section(PAGE, title)).flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, member]) => member),
  );
  expect(new Set(said)).toEqual(new Set(declared));
});
