/* README's figures: of the server as it starts, in memory and with a directory, beside its peers.
 */
import { CORE_COUNT } from "./cores.ts";
import { formatFigure, type FigureName } from "./figures.ts";
import { replaceBetween, table, wrapped } from "./markdown.ts";
import type { Results } from "./results.ts";
import type { Scenario } from "./scenario.ts";

/** The scenarios that README shows, with what it calls them. */
const SHOWN: readonly (readonly [scenario: string, title: string])[] = [
  ["default-8x64", "8 x 64"],
  ["default-16x512", "16 x 512"],
  ["default-64x1", "64 x 1"],
  ["default-sync-8x64", "8 x 64 `--data`"],
  ["default-sync-64x1", "64 x 1 `--data`"],
];
/** The rows of each, with what README calls them. */
const CONTENDERS: readonly (readonly [contender: string, title: string])[] = [
  ["homemaker", "Homemaker"],
  ["beanstalkd", "beanstalkd"],
  ["fork", "antikirra's fork of it"],
  ["redis lists", "Redis lists"],
];

/** Puts the figures of a run between the marks of README.md. */
export function writeReadme(plan: readonly Scenario[], results: Results, command: string): void {
  replaceBetween("README.md", "figures", readmeFigures(plan, results, command));
}

/** The same, as Markdown; what was not measured has no row. */
export function readmeFigures(
  plan: readonly Scenario[],
  results: Results,
  command: string,
): string {
  const rows = SHOWN.flatMap(([name, title]) => rowsOf(plan, results, name, title));
  const cores = CORE_COUNT === 1 ? "one core" : `${CORE_COUNT} cores`;
  return [
    wrapped(
      `As it starts, with no option but the directory, on ${cores} that it shares with the load; ` +
        "put + reserve + delete with bodies of 100 bytes, in 8 tubes. With `--data` every reply " +
        "waits for the disk, beside beanstalkd's `-f0` and the fork's `-D`. From " +
        `\`${command.replaceAll(" ", "\u00a0")}\`:`,
    ).replaceAll("\u00a0", " "),
    table(["connections x pipelined", "", "thousand commands/s", "CPU, us/command"], rows),
  ].join("\n\n");
}

function rowsOf(
  plan: readonly Scenario[],
  results: Results,
  name: string,
  title: string,
): readonly (readonly string[])[] {
  const scenario = plan.find((one) => one.name === name);
  if (scenario === undefined) return [];
  const cell = (contender: string, figure: FigureName): string => {
    const spread = results.spread(scenario, contender, figure);
    return spread === undefined ? "" : formatFigure(figure, spread.median);
  };
  const rows = CONTENDERS.map(([contender, called]) => [
    called,
    cell(contender, "commandsPerSecond"),
    cell(contender, "serverMicrosPerCommand"),
  ]).filter(([, rate]) => rate !== "");
  return rows.map((row, index) => [index === 0 ? title : "", ...row]);
}
