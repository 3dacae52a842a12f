/* The bench: our server and its peers in turn, within one run, several rounds, each fresh and
 * pinned to its core.
 *
 * `node bench/main.ts --help` names the options. Exit code 0 when all that could be measured was,
 * whatever the verdicts say; 1 when a measurement failed; 2 for wrong options. Nothing that it
 * starts outlives it.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { CORE_IS_SHARED } from "./cores.ts";
import { missingForContender, measure } from "./measurement.ts";
import { writeReadme } from "./readme.ts";
import { report, sampleLine, writeReport } from "./report.ts";
import { Results } from "./results.ts";
import type { Scale, Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { FORK_VARIABLE, missingTool } from "./server.ts";

const FULL: Scale & { readonly rounds: number } = {
  rounds: 3,
  seconds: 0.6,
  jobs: 1_000_000,
  idleConnections: 10_000,
  diskSeconds: 20,
};
const QUICK: Scale & { readonly rounds: number } = {
  rounds: 1,
  seconds: 0.5,
  jobs: 100_000,
  idleConnections: 1000,
  diskSeconds: 3,
};

interface Options {
  readonly rounds?: number;
  readonly seconds?: number;
  readonly only?: readonly string[];
  readonly fork?: string;
  readonly quick?: true;
  readonly write?: true;
}

const program = new Command("bench")
  .description("measures homemaker, beanstalkd and Redis lists side by side")
  .option(
    "--rounds <n>",
    `rounds of each timed scenario (default: ${FULL.rounds}; ${QUICK.rounds} with --quick)`,
    wholeNumber,
  )
  .option(
    "--seconds <s>",
    `length of a timed window (default: ${FULL.seconds}; ${QUICK.seconds} with --quick)`,
    positive,
  )
  .option(
    "--only <names>",
    `scenarios, separated by commas: ${scenarioNames(FULL).join(", ")}`,
    chosenNames,
  )
  .option(
    "--quick",
    "one short round of everything, about a minute; figures to look at, not to quote",
  )
  .addOption(
    new Option(
      "--fork <path>",
      "a fork of beanstalkd that takes part: the program that https://github.com/antikirra/beanstalkd builds",
    ).env(FORK_VARIABLE),
  )
  .option("--write", "put the results into docs/benchmarks.md and README.md; only of a full run")
  .configureOutput({ outputError: (text, write) => write(`bench: ${text}`) })
  .exitOverride((exit) => process.exit(exit.exitCode === 0 ? 0 : 2));

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => process.exit(130));
process.exitCode = await main(program.parse().opts<Options>());

async function main(options: Options): Promise<number> {
  if (options.write === true && (options.quick === true || options.only !== undefined))
    program.error("error: --write takes a full run: leave out --quick and --only");
  if (options.fork !== undefined) process.env[FORK_VARIABLE] = options.fork;
  const tool = missingTool();
  if (tool !== undefined) program.error(`error: ${tool}`);
  const scale = { ...(options.quick === true ? QUICK : FULL), ...given(options) };
  const plan = scenarios(scale).filter(
    ({ name, isLong = false }) => options.only?.includes(name) ?? !isLong,
  );
  const gaps = announceGaps(plan);
  const results = new Results();
  const failures = await runAll(plan, scale.rounds, results);
  const text = report(plan, results, {
    command: commandLine(),
    rounds: scale.rounds,
    gaps: [...gaps, ...failures],
  });
  console.log(`\n${text}`);
  if (options.write === true) {
    writeReport(text);
    writeReadme(plan, results, commandLine());
  }
  return failures.length === 0 ? 0 : 1;
}

/** The numbers that were given, to be laid over the defaults. */
function given({ rounds, seconds }: Options): { rounds?: number; seconds?: number } {
  return {
    ...(rounds === undefined ? {} : { rounds }),
    ...(seconds === undefined ? {} : { seconds }),
  };
}

/** Says loudly, first, what will not be measured; returns it for the report. */
function announceGaps(plan: readonly Scenario[]): string[] {
  const missing = new Map<string, string[]>();
  for (const scenario of plan) {
    for (const contender of scenario.contenders) {
      const reason = missingForContender(contender);
      if (reason !== undefined)
        missing.set(reason, [
          ...(missing.get(reason) ?? []),
          `${scenario.name} (${contender.name})`,
        ]);
    }
  }
  const gaps = [...missing].map(
    ([reason, places]) => `${reason}; it is needed by ${places.join(", ")}`,
  );
  if (CORE_IS_SHARED) gaps.push("the load apart from the server: there is only one core");
  for (const gap of gaps) console.error(`NOT MEASURED: ${gap}`);
  return gaps;
}

/** Rounds outermost, so that all contenders see the same hours of the host; returns what failed. */
async function runAll(
  plan: readonly Scenario[],
  rounds: number,
  results: Results,
): Promise<string[]> {
  const failures: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const scenario of plan) {
      if (round === 1 || scenario.once !== true)
        failures.push(...(await runScenario(scenario, round, rounds, results)));
    }
  }
  return failures;
}

async function runScenario(
  scenario: Scenario,
  round: number,
  rounds: number,
  results: Results,
): Promise<string[]> {
  const failures: string[] = [];
  for (const contender of scenario.contenders) {
    if (missingForContender(contender) !== undefined) continue;
    const label = `${scenario.name} ${contender.name} (round ${round} of ${rounds})`;
    try {
      const sample = await measure(contender);
      results.add(scenario, contender.name, round, sample);
      console.log(`${label}: ${sampleLine(sample)}`);
    } catch (error) {
      const failure = `${label} failed: ${reasons(error)}`;
      console.error(`FAILED: ${failure}`);
      failures.push(failure);
    }
  }
  return failures;
}

/** An error's message with those of its causes, in one line. */
function reasons(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message.replaceAll(/\s+/g, " ");
  return error.cause === undefined ? own : `${reasons(error.cause)}; ${own}`;
}

/** As a reader would type it: where a program lies here is nobody's business. */
function commandLine(): string {
  const options = process.argv
    .slice(2)
    .map((option, index, all) =>
      all[index - 1] === "--fork" ? "PATH" : option.replace(/^--fork=.*/s, "--fork=PATH"),
    );
  return options.length === 0 ? "npm run bench" : `npm run bench -- ${options.join(" ")}`;
}

function scenarioNames(scale: Scale): string[] {
  return scenarios(scale).map(({ name }) => name);
}

function chosenNames(text: string): string[] {
  const known = scenarioNames(FULL);
  const names = text.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(
      `There is no scenario ${unknown}; there are ${known.join(", ")}.`,
    );
  return names;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100)
    throw new InvalidArgumentError("It is a whole number from 1 to 100.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 60))
    throw new InvalidArgumentError("It is a number of seconds above 0, at most 60.");
  return value;
}
