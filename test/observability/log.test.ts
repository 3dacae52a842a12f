import { describe, expect, it } from "vitest";
import { BURST_LINES, KINDS_MAX, openLog, WINDOW_MS } from "../../src/observability/log.ts";
import { QUIET } from "../support/quiet-sink.ts";
import type { Log } from "../../src/log.ts";

interface Stage {
  readonly log: Log;
  readonly lines: string[];
  /** Each line without its time. */
  read(): unknown[];
  advance(millis: number): void;
}

function openStage(verbosity = 0): Stage {
  const lines: string[] = [];
  let now = 0;
  const sink = { ...QUIET, write: (line: string) => void lines.push(line) };
  return {
    log: openLog({ verbosity, sink, nowMs: () => now }),
    lines,
    read: () => lines.map(readLine),
    advance: (millis) => void (now += millis),
  };
}

function readLine(line: string): unknown {
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  return rest;
}

describe("the log", () => {
  it("writes one JSON line per event, with a level, a time, a message and fields", () => {
    const { log, lines, read } = openStage();
    log.write("warn", "accept failed", { code: "EMFILE", thread: 1 });
    log.write("error", "thread died");
    expect(read()).toEqual([
      { level: "warn", msg: "accept failed", code: "EMFILE", thread: 1 },
      { level: "error", msg: "thread died" },
    ]);
    for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/);
  });

  it("lets nothing that a client sends end a line or reach the terminal", () => {
    const { log, lines, read } = openStage();
    const tube = 'a\r\nb\u001b[31m\0\u007f\u009b31m\u0085"\\ é';
    log.write("info", "odd tube", { tube });
    expect(read()).toEqual([{ level: "info", msg: "odd tube", tube }]);
    expect(lines.join("").match(/\p{Cc}/gu)).toEqual(["\n"]);
  });

  it.each([
    [0, ["error", "warn", "info"]],
    [1, ["error", "warn", "info", "debug"]],
    [2, ["error", "warn", "info", "debug", "trace"]],
    [9, ["error", "warn", "info", "debug", "trace"]],
  ])("shows at verbosity %d: %s", (verbosity, shown) => {
    const { log, lines } = openStage(verbosity);
    const levels = ["error", "warn", "info", "debug", "trace"] as const;
    for (const level of levels) log.write(level, `a line of ${level}`);
    expect(lines).toHaveLength(shown.length);
    expect(levels.filter((level) => log.shows(level))).toEqual(shown);
  });

  it("counts repeats instead of writing them, and says how many there were", () => {
    const { log, lines, read, advance } = openStage();
    for (let i = 0; i < 1000; i++) log.write("warn", "accept failed");
    expect(lines).toHaveLength(BURST_LINES);
    advance(WINDOW_MS - 1);
    log.write("warn", "accept failed");
    expect(lines).toHaveLength(BURST_LINES);
    advance(1);
    log.write("warn", "accept failed", { code: "EMFILE" });
    log.write("warn", "accept failed");
    expect(read().slice(BURST_LINES)).toEqual([
      { level: "warn", msg: "accept failed", code: "EMFILE", suppressed: 1001 - BURST_LINES },
      { level: "warn", msg: "accept failed" },
    ]);
  });

  it("keeps kinds apart: a flood of one does not hide another", () => {
    const { log, read } = openStage();
    for (let i = 0; i < 100; i++) log.write("warn", "accept failed");
    log.write("warn", "memory is full");
    expect(read().at(-1)).toEqual({ level: "warn", msg: "memory is full" });
  });

  it("is bounded even when every line is of another kind", () => {
    const { log, lines } = openStage();
    for (let i = 0; i < 10_000; i++) log.write("warn", `kind ${i}`);
    expect(lines).toHaveLength(KINDS_MAX + BURST_LINES);
  });

  it("does not bound what -V asks for", () => {
    const { log, lines } = openStage(2);
    for (let i = 0; i < 100; i++) {
      log.write("debug", "accepted");
      log.write("trace", "command");
    }
    expect(lines).toHaveLength(200);
  });

  it("writes at the end what was counted and not yet said", () => {
    const { log, lines, read } = openStage();
    for (let i = 0; i < BURST_LINES + 3; i++) log.write("warn", "accept failed");
    log.flush();
    log.flush();
    expect(lines).toHaveLength(BURST_LINES + 1);
    expect(read().at(-1)).toEqual({ level: "warn", msg: "accept failed", suppressed: 3 });
  });
});
