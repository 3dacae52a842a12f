/*
 * Tube rows: tubes as lines of a table, in an order. Used by `homemaker tubes` and `homemaker top`.
 */
import type { TubeColumn } from "./request.ts";
import type { Facts, Value } from "./text.ts";

/** Which figure of `stats-tube` stands in which column. */
const FIGURES: Readonly<Record<TubeColumn, string>> = {
  name: "name",
  ready: "current-jobs-ready",
  reserved: "current-jobs-reserved",
  delayed: "current-jobs-delayed",
  buried: "current-jobs-buried",
  waiting: "current-waiting",
  total: "total-jobs",
};

/** The head of the table. */
export const TUBE_HEAD: readonly string[] = [...Object.keys(FIGURES), "watching", "paused"];

/** A tube's cells below `heads`, which are of TUBE_HEAD. */
export function tubeCells(tube: Facts, heads: readonly string[] = TUBE_HEAD): readonly Value[] {
  const left = figure(tube, "pause-time-left");
  const cells: Readonly<Record<string, Value>> = {
    ...Object.fromEntries(Object.entries(FIGURES).map(([head, name]) => [head, tube[name] ?? ""])),
    watching: figure(tube, "current-watching"),
    paused: left > 0 ? `${left} s` : "",
  };
  return heads.map((head) => cells[head] ?? "");
}

/**
 * Tubes in the order of a column: names from A to Z, figures from the highest down, equals by name.
 */
export function sortTubes(tubes: readonly Facts[], by: TubeColumn): readonly Facts[] {
  const name = (tube: Facts): string => String(tube["name"] ?? "");
  return tubes.toSorted((a, b) => {
    const step = by === "name" ? 0 : figure(b, FIGURES[by]) - figure(a, FIGURES[by]);
    if (step !== 0) return step;
    return name(a) < name(b) ? -1 : 1;
  });
}

/** A number of a reply, 0 where there is none. */
export function figure(facts: Facts, name: string): number {
  const value = facts[name];
  return typeof value === "number" ? value : 0;
}
