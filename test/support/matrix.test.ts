/* The matrix: every cell has tests or a reason, and the table says which. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CELLS, reasonAgainst } from "./matrix.ts";
import type { Cell } from "./matrix.ts";
import { linesAbout, triedIn } from "./matrix-table.ts";
import { ROOT } from "./runtimes.ts";

const OVER_TCP: Cell = { place: "node", transport: "TCP", trial: "ledger" };
const IN_A_PAGE: Cell = { place: "chromium", transport: "TCP", trial: "ledger" };

/** The columns of a row of the table. */
function columns(lines: readonly string[], { place, transport }: Cell): readonly string[] {
  const row = lines
    .map((line) => line.split(/ {2,}/))
    .find(([first, second]) => first === place && second === transport);
  return row?.slice(2) ?? [];
}

test("a cell counts its tests, those that failed too; what did not run and what cannot be is said", () => {
  const passed = { cell: OVER_TCP, state: "passed", millis: 60_400 };
  const lines = linesAbout([passed, passed, { cell: OVER_TCP, state: "failed", millis: 0 }]);
  expect(columns(lines, OVER_TCP)).toEqual(["not run", "2 of 3, 121 s", "not run"]);
  const [, note = ""] = /^(\[\d\])$/.exec(columns(lines, IN_A_PAGE)[1] ?? "") ?? [];
  expect(lines).toContain(`${note} ${reasonAgainst(IN_A_PAGE)}`);
  expect(columns(linesAbout([passed]), OVER_TCP)[1]).toBe("1, 60 s");
  const dialogue = { ...passed, cell: { ...OVER_TCP, trial: "dialogues" as const } };
  expect(columns(linesAbout([dialogue]), OVER_TCP)[0]).toBe("1");
  expect(lines.filter((line) => line.startsWith("["))).not.toEqual([]);
});

test("reports of several runs are read together, and tests of no cell are left out", () => {
  const tests = [
    { status: "passed", duration: 12, meta: { cell: OVER_TCP } },
    { status: "passed", duration: 0, meta: { cell: OVER_TCP, elsewhereMillis: 34 } },
    { status: "failed", meta: {} },
  ];
  const report = { testResults: [{ assertionResults: tests }, { assertionResults: [] }] };
  const passed = { cell: OVER_TCP, state: "passed" };
  expect(triedIn(report)).toEqual([
    { ...passed, millis: 12 },
    { ...passed, millis: 34 },
  ]);
});

test("a cell with a reason has no tests, so that reasons go when tests come", () => {
  const used = globSync("test/**/*.test.ts", { cwd: ROOT }).flatMap((name) =>
    [...readFileSync(ROOT + name, "utf8").matchAll(/inCell\("(\w+)", "([\w-]+)", "(\w+)"\)/g)].map(
      ([, place, transport, trial]) => `${place} ${transport} ${trial}`,
    ),
  );
  const reasoned = CELLS.filter((cell) => reasonAgainst(cell) !== undefined);
  const names = reasoned.map(({ place, transport, trial }) => `${place} ${transport} ${trial}`);
  expect(used.filter((name) => names.includes(name))).toEqual([]);
  expect(used).toContain("node TCP ledger");
});
