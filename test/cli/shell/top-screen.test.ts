import { describe, expect, it } from "vitest";
import { drawScreen, rateOf, sparkline } from "../../../src/cli/shell/top-screen.ts";
import type { Sample, View } from "../../../src/cli/shell/top-screen.ts";

const VIEW: View = {
  columns: 100,
  rows: 14,
  sort: "ready",
  skipped: 0,
  where: "here",
  isLost: false,
};

function sample(
  atSeconds: number,
  puts: number,
  tubes: readonly (readonly [string, number])[],
): Sample {
  return {
    atSeconds,
    server: { version: "1", uptime: 3700, "cmd-put": puts, "current-jobs-ready": 1_234_567 },
    tubes: tubes.map(([name, ready]) => ({ name, "current-jobs-ready": ready })),
    tubeCount: tubes.length,
  };
}

/** The screen without what makes letters bold or dim. */
function plain(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/\x1B\[\d*m/g, ""));
}

describe("the screen of top", () => {
  it("says what the server does in a second", () => {
    const history = [sample(0, 0, []), sample(2, 3000, [])];
    const lines = plain(drawScreen(history, VIEW)).join("\n");
    expect(lines).toContain("here · version 1 · up 1 h 1 min");
    expect(lines).toContain("ready 1,234,567");
    expect(lines).toContain("in  1,500/s");
    expect(lines).toContain("no tubes of 0, by ready");
  });

  it("shows as many tubes as there is room for, in order, and scrolls no further than to the last", () => {
    const tubes = Array.from({ length: 30 }, (_, at): [string, number] => [`t${at}`, at]);
    const names = (skipped: number): string[] =>
      plain(drawScreen([sample(0, 0, tubes)], { ...VIEW, skipped })).flatMap((line) => {
        const [name = ""] = line.split(" ");
        return /^t\d/.test(name) ? [name] : [];
      });
    const room = names(0).length;
    expect(room).toBe(5);
    expect(names(0)).toEqual(["t29", "t28", "t27", "t26", "t25"]);
    expect(names(1)[0]).toBe("t28");
    expect(names(1000)).toEqual(["t4", "t3", "t2", "t1", "t0"]);
  });

  it("is never wider or longer than the terminal", () => {
    const tubes = Array.from({ length: 99 }, (_, at): [string, number] => [
      "x".repeat(200 - at),
      at,
    ]);
    const history = Array.from({ length: 9 }, (_, at) => sample(at, at * 7, tubes));
    for (const [columns, rows] of [
      [20, 12],
      [80, 24],
      [300, 60],
    ] as const) {
      const lines = plain(drawScreen(history, { ...VIEW, columns, rows }));
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });
});

describe("with a long name and little room", () => {
  const name = `${"mail".repeat(49)}-eu`;
  const tubes = [
    { name, "current-jobs-ready": 12_345_678, "total-jobs": 987_654_321, "pause-time-left": 3599 },
    { name: "short", "current-jobs-ready": 1, "current-jobs-buried": 77 },
  ];
  const history: Sample[] = [{ ...sample(0, 0, []), tubes, tubeCount: 2 }];

  it.each([80, 100, 60, 44])(
    "%i columns show every figure that fits, and who is paused",
    (columns) => {
      const lines = plain(drawScreen(history, { ...VIEW, columns }));
      const head = lines.find((line) => line.startsWith("name ")) ?? "";
      const row = lines.find((line) => line.startsWith("mailmail")) ?? "";
      expect(head).toMatch(/ ready .*paused$/);
      expect(row).toContain(" 12345678 ");
      expect(row).toMatch(/^mail[^ ]*….*-eu .*3599 s$/);
      expect(lines.find((line) => line.startsWith("short "))).toContain(" 1");
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    },
  );

  it("80 columns keep the column by which is sorted", () => {
    const head = (sort: View["sort"], columns: number): string =>
      plain(drawScreen(history, { ...VIEW, sort, columns })).find((line) =>
        line.startsWith("name "),
      ) ?? "";
    expect(head("total", 50)).toContain("total");
    expect(head("ready", 50)).not.toContain("total");
    expect(head("ready", 50)).not.toContain("watching");
  });

  it("a long address leaves room for what is said about the server", () => {
    const where = `unix:/run/${"deep/".repeat(30)}socket`;
    const [title = ""] = plain(drawScreen(history, { ...VIEW, columns: 80, where }));
    expect(title).toMatch(/^unix:.*….*socket · version 1 · up 1 h 1 min$/);
    const [lost = ""] = plain(drawScreen(history, { ...VIEW, columns: 80, where, isLost: true }));
    expect(lost).toMatch(/socket · the connection is lost, trying again$/);
    expect(lost.length).toBe(80);
  });
});

it("a rate is never negative: a server that was started again begins at 0", () => {
  expect(rateOf("put", sample(0, 500, []), sample(1, 20, []))).toBe(0);
  expect(rateOf("put", undefined, sample(1, 20, []))).toBe(0);
});

it("the chart's highest bar is full, and something is more than nothing", () => {
  expect(sparkline([0, 1, 50, 100], 10)).toBe(" ▁▄█");
  expect(sparkline([1, 2, 3], 2)).toBe("▆█");
  expect(sparkline([0, 0], 2)).toBe("  ");
  expect(sparkline([1], 0)).toBe("");
});
