/* Command line: from arguments and environment to Options, or to what must be printed instead.
 *
 * A pure function: it reads no process, writes nowhere and never throws for what a user did.
 * commander splits the arguments into flags and words; what they mean stands in options.ts. A flag
 * wins over the environment, the environment over the default; an empty variable counts as not set.
 * Called by main.ts; toolchain/docs.ts takes its tables from the same declarations.
 */
import { CommanderError, Option as Flag } from "commander";
import type { Command } from "commander";
import type { Units } from "../text/control.ts";
import { suggestion } from "./nearest.ts";
import { handedSockets, HandedSocketsError } from "../config/handed-sockets.ts";
import { environmentName } from "../config/option.ts";
import type { Option } from "../config/option.ts";
import { conflictIn } from "../config/option-conflicts.ts";
import { completeOptions, OPTIONS, settle } from "../config/options.ts";
import type { Options } from "../config/options.ts";
import { complaint, quietCommand, withoutPrefix, wrongUsage } from "./quiet-command.ts";
import type { Exit } from "./quiet-command.ts";
import { SUBCOMMANDS } from "./subcommands.ts";
import { SWITCHES } from "./switches.ts";
import type { Switch } from "./switches.ts";
import { isServiceLink, unknownVariables } from "./variables.ts";
import type { Environment } from "./variables.ts";
import { PROGRAM, VERSION } from "../version.ts";

/** What the command line asks for: to serve, or to print something and end. */
export type Parsed =
  | {
      readonly kind: "run";
      readonly options: Options;
      /** Lines for stderr. No line here has its line end. */
      readonly warnings: readonly string[];
    }
  | Exit;

/**
 * What was given on the command line: for each flag by name, its values in order ("" for a flag
 * without one).
 */
type GivenFlags = ReadonlyMap<string, readonly string[]>;

/**
 * Something on the command line or in the environment is wrong. Its message is what the user reads.
 */
class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "HM_USAGE";
}

/**
 * Reads `argv` (without the program's own path) and `env`. `pid` is whose sockets are taken, of
 * those that the environment says were handed over.
 */
export function parseOptions(
  argv: readonly string[],
  env: Environment,
  units: Units,
  pid = 0,
): Parsed {
  try {
    if (argv.length === 1 && argv[0] === "help") return parseOptions(["--help"], env, units);
    const given = splitArguments(argv);
    const asked = SWITCHES.filter((one) => given.has(flagName(one)));
    if (asked.some(({ does }) => does === "help")) return printAndExit(helpText(units).trimEnd());
    if (asked.some(({ does }) => does === "version")) return printAndExit(`${PROGRAM} ${VERSION}`);
    for (const one of asked) checkWords(one, given);
    const warnings = asked.filter(({ does }) => does === "ignored").map(warningAbout);
    warnings.push(...warningsAbout(env));
    const settings = settle((option) => valueOf(option, given, env, units, warnings));
    const handed = handedSockets(env, pid);
    const conflict = conflictIn(settings, handed);
    if (conflict !== undefined) throw new UsageError(conflict);
    return { kind: "run", options: completeOptions(settings, handed), warnings };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof HandedSocketsError)) throw error;
    return wrongUsage(error.message);
  }
}

/** What `--help` prints. */
export function helpText(units: Units): string {
  const environment = environmentName(OPTIONS.port);
  return (
    declareFlags(units).helpInformation() +
    "\nOther commands, each with a --help of its own:\n" +
    `  ${PROGRAM} verify DIR                  look through a journal\n` +
    `  ${PROGRAM} import DIR --data TARGET    make a journal of beanstalkd's log\n` +
    `  ${PROGRAM} work --jobs MODULE          run the workers of a module\n` +
    `  ${PROGRAM} top                         show live what a server is doing\n` +
    `  ${PROGRAM} tubes, stats, jobs, peek, failures, why, put, reserve,\n` +
    `      kick, kick-job, update-job, delete, cancel, move, finish, await, flush,\n` +
    `      pause, drain, undrain, status, step-down\n` +
    "                                        work with a running server\n" +
    "\nSizes are bytes, or take a unit: 64k, 10MiB, 1g (powers of 1024).\n" +
    `Every option can be set in the environment too: --port is ${environment}.\n`
  );
}

/** The flag or variable as messages name it: "-p/--port", "--threads", "-b". */
function flagLabel({ short, name }: { short?: string; name?: string }): string {
  const parts = [];
  if (short !== undefined) parts.push(`-${short}`);
  if (name !== undefined) parts.push(`--${name}`);
  return parts.join("/");
}

function printAndExit(stdout: string): Exit {
  return { kind: "exit", code: 0, stdout };
}

/** The line about a flag without effect. */
function warningAbout(ignored: Switch): string {
  return complaint(`${flagLabel(ignored)} has no effect and may be left out`);
}

/**
 * The lines about variables that mean nothing. Throws a UsageError for one that is misspelt: what
 * it should have said may be what keeps the jobs.
 */
function warningsAbout(env: Environment): readonly string[] {
  return unknownVariables(env).map(({ name, meant }) => {
    if (meant !== undefined) {
      throw new UsageError(`unknown variable ${name} (Did you mean ${meant}?)`);
    }
    return complaint(`the variable ${name} is not known, and has no effect`);
  });
}

/** A flag that sets something has been taken to mean nothing where its value is wrong. */
function checkWords(asked: Switch, given: GivenFlags): void {
  const wrong = given.get(flagName(asked))?.find((word) => asked.means?.(word) === undefined);
  if (asked.means === undefined || wrong === undefined) return;
  throw new UsageError(`${flagLabel(asked)}: expected ${asked.expects}, not "${wrong}"`);
}

function valueOf<Value>(
  option: Option<Value>,
  given: GivenFlags,
  env: Environment,
  units: Units,
  warnings: string[],
): Value {
  const fromFlag = wordsOfFlag(option, given);
  const words = fromFlag ?? wordsOfVariable(option, env);
  if (words === undefined) return option.default;
  const value = option.parse(words, units, (line) => warnings.push(complaint(line)));
  if (value !== undefined) return value;
  const source = fromFlag === undefined ? environmentName(option) : flagLabel(option);
  if (option.secret) throw new UsageError(`${source}: expected ${option.expects}`);
  const wrong = option.list ? words.join(",") : words.at(-1);
  throw new UsageError(`${source}: expected ${option.expects}, not "${wrong}"`);
}

function wordsOfFlag<Value>(
  option: Option<Value>,
  given: GivenFlags,
): readonly string[] | undefined {
  const words = given.get(option.name);
  const isCounted = words !== undefined && option.placeholder === undefined;
  return isCounted ? [String(words.length)] : words;
}

function wordsOfVariable<Value>(option: Option<Value>, env: Environment): string[] | undefined {
  const name = environmentName(option);
  const text = env[name] ?? "";
  if (text === "" || isServiceLink(name, text)) return undefined;
  return option.list ? text.split(",").map((word) => word.trim()) : [text];
}

function splitArguments(argv: readonly string[]): GivenFlags {
  const command = declareFlags();
  const given = new Map<string, string[]>();
  const add = (name: string, word: string): void => {
    given.set(name, [...(given.get(name) ?? []), word]);
  };
  for (const flag of command.options) {
    const alias = SWITCHES.find((one) => flagName(one) === flag.name());
    command.on(`option:${flag.name()}`, (word = "") => {
      add(flag.name(), word);
      for (const [option, value] of alias?.means?.(word) ?? []) add(option, value);
    });
  }
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(withoutPrefix(error), { cause: error });
  }
  const [first, about] = command.args;
  const stray = first === "help" ? (about ?? first) : first;
  if (stray === undefined) return given;
  if (first !== argv[0] || !/^[a-z]/i.test(stray))
    throw new UsageError(`unexpected argument "${stray}"`);
  throw new UsageError(`unknown command "${stray}"${suggestion(stray, SUBCOMMANDS)}`);
}

/**
 * All flags, as commander knows them. With `units` they carry their defaults in words, for help.
 */
function declareFlags(units?: Units): Command {
  const command = quietCommand(PROGRAM)
    .description("A multithreaded work queue server that speaks the beanstalkd protocol.")
    .usage("[options]")
    .helpOption(false)
    .allowExcessArguments();
  for (const option of Object.values(OPTIONS) as Option<unknown>[]) {
    const note = units === undefined ? "" : ` (default: ${defaultWords(option, units)})`;
    command.addOption(new Flag(flagSyntax(option), option.help + note).helpGroup(option.category));
  }
  for (const one of SWITCHES) {
    command.addOption(new Flag(flagSyntax(one), one.help).helpGroup(one.category));
  }
  return command;
}

/** The default as help and docs put it. */
export function defaultWords(option: Option<unknown>, units: Units): string {
  return option.defaultText ?? option.format(option.default, units);
}

/** "-p, --port <PORT>": what commander reads and help shows. */
export function flagSyntax(flag: { short?: string; name?: string; placeholder?: string }): string {
  const value = flag.placeholder === undefined ? "" : ` <${flag.placeholder}>`;
  return flagLabel(flag).replace("/", ", ") + value;
}

function flagName(one: Switch): string {
  return one.short === undefined ? one.name : (one.name ?? one.short);
}
