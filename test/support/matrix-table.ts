/* Matrix table: how many tests there were in each cell of the matrix, and how long they tried what
 * has no end of its own, as lines for people.
 *
 *   matrix-table.ts REPORT...
 *
 * As a program it prints those of vitest's JSON reports together; .ci/run ends with that. As a
 * reporter of vitest it prints those of one run, if there were any.
 */
import { existsSync, readFileSync } from "node:fs";
import type { TestModule } from "vitest/node";
import { CELLS, PLACES, reasonAgainst, TRANSPORTS, TRIALS } from "./matrix.ts";
import type { Cell } from "./matrix.ts";

/** One test of a cell. */
export interface Tried {
  readonly cell: Cell;
  readonly state: string;
  readonly millis: number;
}

/** The reporter. */
export class MatrixReporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tried = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => {
        const { cell, elsewhereMillis } = test.meta();
        const millis = elsewhereMillis ?? test.diagnostic()?.duration ?? 0;
        return cell === undefined ? [] : [{ cell, state: test.result().state, millis }];
      }),
    );
    if (tried.some(({ state }) => state !== "skipped")) console.log(linesAbout(tried).join("\n"));
  }
}

/** The table, and below it why cells are empty. */
export function linesAbout(tried: readonly Tried[]): readonly string[] {
  const reasons = [...new Set(CELLS.flatMap((cell) => reasonAgainst(cell) ?? []))];
  const entry = (cell: Cell): string => {
    const own = tried.filter((one) => isSame(one.cell, cell) && one.state !== "skipped");
    if (own.length > 0) return counted(own) + (cell.trial === "dialogues" ? "" : lasting(own));
    const reason = reasonAgainst(cell);
    return reason === undefined ? "not run" : `[${reasons.indexOf(reason) + 1}]`;
  };
  const rows = PLACES.flatMap((place) =>
    TRANSPORTS.map((transport) => [
      place,
      transport,
      ...TRIALS.map((trial) => entry({ place, transport, trial })),
    ]),
  );
  const all = [["matrix", "over", ...TRIALS], ...rows];
  const width = (column: number): number =>
    Math.max(...all.map((row) => (row[column] ?? "").length));
  return [
    ...all.map((row) => row.map((text, column) => text.padEnd(width(column) + 2)).join("")),
    ...reasons.map((reason, index) => `[${index + 1}] ${reason}`),
  ].map((line) => line.trimEnd());
}

function counted(own: readonly Tried[]): string {
  const passed = own.filter(({ state }) => state === "passed").length;
  return passed === own.length ? String(passed) : `${passed} of ${own.length}`;
}

function lasting(own: readonly Tried[]): string {
  const seconds = own.reduce((sum, { millis }) => sum + millis, 0) / 1000;
  return `, ${seconds.toFixed(0)} s`;
}

function isSame(one: Cell, other: Cell): boolean {
  return (
    one.place === other.place && one.transport === other.transport && one.trial === other.trial
  );
}

/** What of a JSON report is read. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string;
      readonly duration?: number | null;
      readonly meta?: { readonly cell?: Cell; readonly elsewhereMillis?: number };
    }[];
  }[];
}

/** The tests of a JSON report that are in a cell. */
export function triedIn({ testResults }: Report): readonly Tried[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .flatMap(({ status: state, duration, meta: { cell, elsewhereMillis } = {} }) => {
      const millis = elsewhereMillis ?? duration ?? 0;
      return cell === undefined ? [] : [{ cell, state, millis }];
    });
}

if (import.meta.main) {
  const there = process.argv.slice(2).filter((path) => existsSync(path));
  const reports = there.map((path) => JSON.parse(readFileSync(path, "utf8")) as Report);
  console.log(linesAbout(reports.flatMap(triedIn)).join("\n"));
}
