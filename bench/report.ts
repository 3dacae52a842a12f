/*
 * The report: results as Markdown, for the terminal and for docs/benchmarks.md, with the host and
 * the command that they came from.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { FIGURE_NAMES, FIGURES, formatFigure, type FigureName } from "./figures.ts";
import { replaceBetween, table, wrapped } from "./markdown.ts";
import type { Outcome, Results, Spread } from "./results.ts";
import type { Comparison, Scenario } from "./scenario.ts";
import { missingFor, versionOf, type ServerKind } from "./server.ts";

const KINDS: readonly ServerKind[] = ["homemaker", "beanstalkd", "fork", "redis"];
/** Above this share of its core the load, not the server, decides the throughput. */
const LOAD_BOUND_PERCENT = 90;

/** How the run was asked for and what went wrong on the way. */
export interface RunNotes {
  /** As a reader would type it. */
  readonly command: string;
  readonly rounds: number;
  /** What could not be measured, each with its reason. */
  readonly gaps: readonly string[];
}

/** Everything, as Markdown. */
export function report(plan: readonly Scenario[], results: Results, notes: RunNotes): string {
  return [
    hostLines(notes),
    gapLines(notes.gaps),
    "### Targets",
    "To measure one again: `npm run bench -- --only` and the name of its scenario.",
    verdictTable(plan, results),
    ...plan.map((scenario) => scenarioSection(scenario, results)),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Puts the report between the marks of docs/benchmarks.md. */
export function writeReport(text: string): void {
  replaceBetween("docs/benchmarks.md", "results", text);
}

/** The figures of one run in one line. */
export function sampleLine(sample: { readonly [name in FigureName]?: number }): string {
  const parts: string[] = [];
  for (const name of FIGURE_NAMES) {
    const value = sample[name];
    if (value !== undefined) parts.push(`${FIGURES[name].title} ${formatFigure(name, value)}`);
  }
  return parts.join("; ");
}

function hostLines(notes: RunNotes): string {
  const cores = cpus();
  const versions = KINDS.filter((kind) => missingFor(kind) === undefined).map(
    (kind) => `${kind} ${versionOf(kind)}`,
  );
  const rows = [
    ["Command", `\`${notes.command}\``],
    ["Date", new Date().toISOString().slice(0, 10)],
    ["Processor", `${cores[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores`],
    ["Memory", `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ["System", `${systemName()}, Linux ${release()}`],
    ["Versions", versions.join("; ")],
    ["Rounds", `${notes.rounds}; a cell is the median, with [least-most] of the rounds`],
  ];
  return table(["", ""], rows);
}

function systemName(): string {
  return (
    /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown system"
  );
}

function gapLines(gaps: readonly string[]): string {
  return gaps.length === 0
    ? ""
    : ["**Not measured:**", "", ...gaps.map((gap) => wrapped(`- ${gap}`))].join("\n");
}

function verdictTable(plan: readonly Scenario[], results: Results): string {
  const rows: string[][] = [];
  for (const scenario of plan) {
    for (const comparison of scenario.comparisons) {
      const bound = boundText(comparison);
      if (bound === "") continue;
      const outcome = results.outcome(scenario, comparison);
      rows.push([
        scenario.name,
        comparison.what,
        bound,
        measuredText(outcome),
        outcome.verdict ?? "not measured",
      ]);
    }
  }
  return table(["scenario", "what", "target", "measured", "verdict"], rows);
}

function scenarioSection(scenario: Scenario, results: Results): string {
  const { title, contenders, comparisons } = scenario;
  const spreads = contenders.map(({ name }) => ({
    name,
    figures: new Map(
      FIGURE_NAMES.map((figure) => [figure, results.spread(scenario, name, figure)]),
    ),
  }));
  const columns = FIGURE_NAMES.filter((figure) =>
    spreads.some(({ figures }) => figures.get(figure) !== undefined),
  );
  const rows = spreads.map(({ name, figures }) => [
    name,
    ...columns.map((figure) =>
      spreadText(figures.get(figure), (value) => formatFigure(figure, value)),
    ),
  ]);
  const outcomes = comparisons.map((comparison) => results.outcome(scenario, comparison));
  return [
    `### ${scenario.name}`,
    wrapped(`${title.charAt(0).toUpperCase()}${title.slice(1)}.`),
    columns.length === 0
      ? "Not measured."
      : table(["", ...columns.map((figure) => FIGURES[figure].title)], rows),
    [
      ...outcomes.filter(({ spread }) => spread !== undefined).map(outcomeLine),
      ...loadNotes(scenario, results).map(wrapped),
    ].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function outcomeLine(outcome: Outcome): string {
  return wrapped(`- ${outcome.comparison.what}: ${measuredText(outcome)}`);
}

/** Says where the throughput is the load's own, so that nobody takes it for the server's. */
function loadNotes(scenario: Scenario, results: Results): string[] {
  const notes: string[] = [];
  for (const { name } of scenario.contenders) {
    const load = results.spread(scenario, name, "loadBusyPercent");
    const server = results.spread(scenario, name, "serverBusyPercent");
    if (name === "ceiling" || load === undefined || server === undefined) continue;
    if (load.median < LOAD_BOUND_PERCENT || load.median < server.median) continue;
    notes.push(
      `- ${name}: the load used ${load.median.toFixed(0)} % of its core, the server ${server.median.toFixed(0)} %: ` +
        "the throughput is bound by the load, compare the server's CPU per command",
    );
  }
  return notes;
}

function boundText({ figure, against, atLeast, atMost }: Comparison): string {
  const show = valueText(figure, against !== undefined);
  if (atLeast !== undefined) return `at least ${show(atLeast)}`;
  return atMost === undefined ? "" : `at most ${show(atMost)}`;
}

function measuredText({ comparison, spread }: Outcome): string {
  return spreadText(spread, valueText(comparison.figure, comparison.against !== undefined));
}

/**
 * A ratio reads as `1.23x`, anything else as its figure; the words of the comparison name the unit.
 */
function valueText(figure: FigureName, isRatio: boolean): (value: number) => string {
  if (isRatio) return (value) => `${value.toFixed(2)}x`;
  return (value) => formatFigure(figure, value);
}

function spreadText(spread: Spread | undefined, show: (value: number) => string): string {
  if (spread === undefined) return "-";
  const { median, least, most } = spread;
  return least === most ? show(median) : `${show(median)} [${show(least)}-${show(most)}]`;
}
