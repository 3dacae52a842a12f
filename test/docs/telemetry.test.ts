/*
 * docs/telemetry.md: its programs run and print what stands behind their lines, and its tables
 * name what there is.
 */
import { describe, expect, test } from "vitest";
import { WORKER_METRICS } from "../../src/observability/worker-metrics.ts";
import { prometheus } from "../../src/entries/prometheus.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { printed, promised, titleOf } from "./programs.ts";

const PAGE = readPage("docs/telemetry.md");
const PROGRAMS = codeBlocks(PAGE, "ts");

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [titleOf(program), program, index] as const))(
    "%s",
    async (_, program, index) => {
      const name = `telemetry-${index}`;
      expect(await printed(program, name, "src/entries/queue.ts")).toEqual(promised(program));
    },
  );

  test("are there, and print something", () => {
    expect(PROGRAMS.length).toBeGreaterThan(3);
    expect(PROGRAMS.flatMap(promised).length).toBeGreaterThan(5);
  });
});

test("the table of metrics has all that there are", async () => {
  const metrics = await prometheus().register.getMetricsAsJSON();
  const ofWorkers = new Set<string>(Object.values(WORKER_METRICS).map(({ name }) => name));
  const there = metrics.map(({ name }) => name).filter((name) => !ofWorkers.has(name));
  expect(metrics.length).toBe(there.length + ofWorkers.size);
  const said = tableRows(section(PAGE, "Metrics")).map(([name = ""]) => name.replaceAll("`", ""));
  expect(said.toSorted()).toEqual(there.toSorted());
});

test("the table of functions has all of Telemetry", () => {
  const source = readPage("src/worker/telemetry.ts");
  const body = source.slice(source.indexOf("interface Telemetry {")).split("\n}\n")[0] ?? "";
  const declared = [...body.matchAll(/^ {2}(\w+)\?\(/gm)].map(([, name]) => name);
  const said = tableRows(section(PAGE, "Of one's own")).map(([name = ""]) => /\w+/.exec(name)?.[0]);
  expect(said).toEqual(declared);
});
