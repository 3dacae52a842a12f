/* Metrics: their declarations, their text, and the files that stand on them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { METRICS } from "../../src/observability/metrics.ts";
import type { Metric } from "../../src/observability/metric.ts";
import type { MetricKey } from "../../src/observability/metrics.ts";
import { exposition } from "../../src/observability/exposition.ts";
import type { Figures } from "../../src/observability/exposition.ts";
import { ParsedMetrics } from "./parsed-metrics.ts";
import { promtool } from "./promtool.ts";

const MONITORING = new URL("../../docs/monitoring/", import.meta.url);
const METRICS_LIST: readonly Metric[] = Object.values(METRICS);
const noPause = async (): Promise<void> => undefined;

/** A value for every series that `labels` allow one of. */
function figuresWith(value: number, labelValue: string): Figures {
  const entries = (Object.keys(METRICS) as MetricKey[]).map((key) => {
    const { labels: names, boundsSeconds }: Metric = METRICS[key];
    const labels = Object.fromEntries(names.map((name) => [name, labelValue]));
    if (boundsSeconds === undefined) return [key, [{ labels, value }]];
    const counts = Array.from({ length: boundsSeconds.length + 1 }, () => value);
    return [key, [{ labels, counts, sumSeconds: 1.5 }]];
  });
  return Object.fromEntries(entries);
}

test(
  "promtool finds nothing wrong with any metric, its name, type and help",
  { tags: ["promtool"] },
  async () => {
    expect(promtool(["check", "metrics"], await exposition(figuresWith(3, "a"), noPause))).toBe("");
  },
);

test("promtool would find it", { tags: ["promtool"] }, () => {
  expect(promtool(["check", "metrics"], "# TYPE x counter\nx 1\n")).not.toBe("");
});

test("labels are escaped, and come back as they were", { tags: ["promtool"] }, async () => {
  const hostile = 'a"b\\c\nd{}=,x 1';
  const text = await exposition(figuresWith(3, hostile), noPause);
  const parsed = new ParsedMetrics(text);
  expect(parsed.labels("homemaker_tube_users", "tube")).toEqual(new Set([hostile]));
  expect(promtool(["check", "metrics"], text)).toBe("");
});

test("a histogram is written as running sums, with its sum and its count", async () => {
  const parsed = new ParsedMetrics(await exposition(figuresWith(2, "a"), noPause));
  const name = "homemaker_journal_sync_duration_seconds";
  const buckets = parsed.find(`${name}_bucket`);
  const bounds = METRICS.journalSync.boundsSeconds.length;
  expect(buckets.map(({ value }) => value)).toEqual(
    Array.from({ length: bounds + 1 }, (_, at) => 2 * (at + 1)),
  );
  expect(buckets.at(-1)?.labels).toEqual({ le: "+Inf" });
  expect(parsed.value(`${name}_count`)).toBe(2 * (bounds + 1));
  expect(parsed.value(`${name}_sum`)).toBe(1.5);
});

test("a metric without series is left out, and every other is of its declared type", async () => {
  const parsed = new ParsedMetrics(
    await exposition({ ...figuresWith(1, "a"), journalFull: [] }, noPause),
  );
  const expected = METRICS_LIST.filter(({ name }) => name !== METRICS.journalFull.name);
  expect(Object.fromEntries(parsed.types)).toEqual(
    Object.fromEntries(expected.map(({ name, type }) => [name, type])),
  );
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

async function rules(): Promise<readonly Rule[]> {
  const text = await readFile(new URL("alerts.yaml", MONITORING), "utf8");
  const { groups } = parse(text) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

test("promtool finds nothing wrong with the alert rules", { tags: ["promtool"] }, () => {
  const complaint = promtool(["check", "rules", fileURLToPath(new URL("alerts.yaml", MONITORING))]);
  expect(complaint).toBe("");
});

/** The metrics that an expression asks for. */
function metricsIn(expr: string): readonly string[] {
  return expr.match(/\b(?:homemaker|process)_[a-z_]+/g) ?? [];
}

/** Whether a series of that name exists. */
function isDeclared(name: string): boolean {
  return METRICS_LIST.some(({ name: known, type }) =>
    type === "histogram"
      ? ["_bucket", "_sum", "_count"].some((part) => `${known}${part}` === name)
      : known === name,
  );
}

test("the alert rules ask for metrics that are there, with the labels that they have", async () => {
  for (const { alert, expr } of await rules()) {
    const unknown = metricsIn(expr).filter((name) => !isDeclared(name));
    expect([alert, unknown]).toEqual([alert, []]);
  }
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

async function panels(): Promise<readonly Panel[]> {
  const text = await readFile(new URL("grafana.json", MONITORING), "utf8");
  return (JSON.parse(text) as { panels: Panel[] }).panels;
}

test(
  "every panel of the dashboard has its own place and id, and asks something that Prometheus understands",
  { tags: ["promtool"] },
  async () => {
    const all = await panels();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const places = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
    const charts = all.filter(({ type }) => type !== "row");
    const exprs = charts.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(exprs.length).toBeGreaterThanOrEqual(charts.length);
    expect(exprs.flatMap(metricsIn).filter((name) => !isDeclared(name))).toEqual([]);
    const recorded = exprs.map((expr, at) => {
      const plain = expr
        .replaceAll("$__rate_interval", "5m")
        .replaceAll(/\$(?:instance|tube)/g, ".*");
      return { record: `panel:${at}`, expr: plain };
    });
    const folder = mkdtempSync(`${tmpdir()}/homemaker-panels-`);
    try {
      const file = `${folder}/rules.yaml`; // JSON is YAML
      writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules: recorded }] }));
      expect(promtool(["check", "rules", "--lint=none", file])).toBe("");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test("between them, alerts and dashboard use every kind of metric that is worth an eye", async () => {
  const exprs = [
    ...(await rules()).map(({ expr }) => expr),
    ...(await panels()).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];
  const used = new Set(exprs.flatMap(metricsIn).map((name) => name.replace(/_bucket$/, "")));
  for (const source of ["tube", "shard", "journal", "thread"] as const) {
    const some = METRICS_LIST.filter((one) => one.source === source).some(({ name }) =>
      used.has(name),
    );
    expect([source, some]).toEqual([source, true]);
  }
});
