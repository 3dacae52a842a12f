/* Shell syntax: the words that cover a day's work with a running server: `homemaker tubes`,
 * `homemaker put mails hello`, `homemaker top` ...
 *
 * SHELL_COMMANDS declares each once: parsing, `--help` and docs/shell.md are made from it. As pure
 * as ../command-line.ts; what the words ask for is done beside. Called by ../subcommands.ts.
 */
import { Argument, Option as Flag } from "commander";
import type { Command } from "commander";
import type { Units } from "../../text/control.ts";
import { ID_MAX } from "../../../assembly/constants.ts";
import { completeListenAddress, parseListenAddress } from "../../config/listen-address.ts";
import type { BoundAddress } from "../../config/listen-address.ts";
import { OPTIONS } from "../../config/options.ts";
import { exitOf, quietSubcommand, wrongArguments } from "../quiet-command.ts";
import type { Exit } from "../quiet-command.ts";
import { ADDRESS_VARIABLE, tokenIn, unknownVariables } from "../variables.ts";
import type { Environment } from "../variables.ts";
import { TUBE_COLUMNS } from "./request.ts";
import type { Request } from "./request.ts";
import {
  WordError,
  PRI_MAX,
  SECONDS_MAX,
  LIST_MAX,
  SETTING_FORMS,
  TAG_FORMS,
  settingsOf,
  statsRequest,
  peekRequest,
  putRequest,
  updateRequest,
  reserveRequest,
  tubeOf,
  idOf,
  stateOf,
  columnOf,
  numberOf,
  secondsOf,
} from "./words.ts";
import type { Given } from "./words.ts";

/** A shell command: which server, what for, and how to say it. */
export interface ShellCommand {
  readonly kind: "shell";
  /** At least one: where the server may be; the first that answers is meant. */
  readonly addresses: readonly BoundAddress[];
  /** What is shown to the server first; undefined if nothing is. */
  readonly token: string | undefined;
  /** One line of JSON for each thing, instead of text for people. */
  readonly asJson: boolean;
  readonly request: Request;
}

interface Declared {
  /** One sentence: what it does. */
  readonly help: string;
  readonly words?: readonly Argument[];
  readonly flags?: readonly Flag[];
  /** Throws a WordError. */
  request(given: Given): Request;
}

const TUBE = new Argument("<TUBE>", "name of a tube");
const JOB = new Argument("<ID>", "id of a job");
const JOBS = new Argument("<ID...>", "ids of jobs");
const STATE = new Argument("[STATE]", "ready, reserved, delayed or buried (default: ready)");

/** Every shell command by its name, in the order in which help and docs show them. */
export const SHELL_COMMANDS: Readonly<Record<string, Declared>> = {
  top: {
    help: "shows what the server is doing, live: q quits, s sorts, arrows scroll; without a terminal, or with --json, line by line",
    flags: [
      new Flag("-s, --sort <COLUMN>", `order of the tubes: ${TUBE_COLUMNS.join(", ")}`),
      new Flag("-i, --interval <DURATION>", "time from one look to the next (default: 1s)"),
    ],
    request: ({ flags, units }) => ({
      verb: "top",
      sort: columnOf(flags["sort"] ?? "ready"),
      intervalSeconds: secondsOf(flags["interval"] ?? "1s", "--interval", 1, 3600, units),
    }),
  },
  tubes: {
    help: "lists the tubes with what is in them",
    flags: [new Flag("-s, --sort <COLUMN>", `order: ${TUBE_COLUMNS.join(", ")} (default: name)`)],
    request: ({ flags }) => ({
      verb: "tubes",
      sort: columnOf(flags["sort"] ?? "name"),
      intervalSeconds: 0,
    }),
  },
  stats: {
    help: "prints the server's figures, or those of a tube or of a job",
    words: [new Argument("[TUBE]", "name of a tube; without it, the whole server")],
    flags: [new Flag("-j, --job <ID>", "the figures of a job")],
    request: statsRequest,
  },
  jobs: {
    help: "lists jobs of a tube in the order of their ids",
    words: [TUBE, STATE],
    flags: [
      new Flag("-n, --limit <COUNT>", `how many, 1 to ${LIST_MAX} (default: 20)`),
      new Flag("--after <ID>", "only jobs with a higher id (default: 0)"),
    ],
    request: ({ words, flags }) => ({
      verb: "jobs",
      tube: tubeOf(words[0]),
      state: stateOf(words[1]),
      limit: numberOf(flags["limit"] ?? "20", "--limit", 1, LIST_MAX),
      after: numberOf(flags["after"] ?? "0", "--after", 0, ID_MAX),
    }),
  },
  peek: {
    help: "prints the body of a job, by its id or the next one of a tube",
    words: [new Argument("[ID]", "id of a job")],
    flags: [
      new Flag("-t, --tube <TUBE>", "instead of an id: the next job of this tube"),
      new Flag(
        "--state <STATE>",
        "in this state: ready, reserved, delayed or buried (default: ready)",
      ),
    ],
    request: peekRequest,
  },
  failures: {
    help: "prints how the attempts at a job failed, oldest first, and what the workers said",
    words: [JOB],
    request: ({ words }) => ({ verb: "failures", job: idOf(words[0]) }),
  },
  why: {
    help: "prints why nobody gets a job, or who has it, and what stands before it",
    words: [JOB],
    request: ({ words }) => ({ verb: "why", job: idOf(words[0]) }),
  },
  put: {
    help: "puts a job, its body from the command line or else from standard input, and prints its id",
    words: [TUBE, new Argument("[BODY]", "the body; without it, standard input")],
    flags: [
      new Flag("--lines", "each line of standard input is a job"),
      new Flag("--pri <PRI>", "priority, 0 is the most urgent (default: 1024)"),
      new Flag("--delay <DURATION>", "time before it is ready (default: 0)"),
      new Flag("--ttr <DURATION>", "time that a worker has for it (default: 1m)"),
      new Flag("--tags <TAGS>", `its tags, in one word of the shell: ${TAG_FORMS}`),
    ],
    request: putRequest,
  },
  reserve: {
    help: "takes the next job and prints its body; it goes back to its tube afterwards unless told otherwise",
    words: [new Argument("[TUBE...]", "tubes to take from (default: default)")],
    flags: [
      new Flag("--timeout <DURATION>", "how long to wait for one (default: 0)"),
      new Flag("--delete", "the job is done: delete it once it is printed"),
      new Flag("--bury", "put it aside once it is printed"),
      new Flag(
        "-m, --message <TEXT>",
        "why it is put aside or goes back: kept with it as a failure",
      ),
    ],
    request: reserveRequest,
  },
  kick: {
    help: "makes buried jobs of a tube ready, or delayed ones if none are buried",
    words: [TUBE, new Argument("[COUNT]", "how many at most (default: 1)")],
    request: ({ words }) => ({
      verb: "kick",
      tube: tubeOf(words[0]),
      count: numberOf(words[1] ?? "1", "COUNT", 0, PRI_MAX),
    }),
  },
  "kick-job": {
    help: "makes buried or delayed jobs ready",
    words: [JOBS],
    request: ({ words }) => ({ verb: "kick-job", jobs: words.map(idOf) }),
  },
  "update-job": {
    help: "changes the priority and the delay of jobs that nobody holds",
    words: [JOBS],
    flags: [
      new Flag("--pri <PRI>", "the new priority (default: each job keeps its own)"),
      new Flag(
        "--delay <DURATION>",
        "time before it is ready; 0 makes a delayed job ready (default: its state stays)",
      ),
    ],
    request: updateRequest,
  },
  delete: {
    help: "deletes jobs that nobody holds",
    words: [JOBS],
    request: ({ words }) => ({ verb: "delete", jobs: words.map(idOf) }),
  },
  cancel: {
    help: "deletes jobs; one that a worker holds is gone when the worker ends that attempt in any way",
    words: [JOBS],
    request: ({ words }) => ({ verb: "cancel", jobs: words.map(idOf) }),
  },
  move: {
    help: "moves jobs that nobody holds to another tube, with their attempts and failures",
    words: [TUBE, JOBS],
    flags: [new Flag("-m, --message <TEXT>", "why: kept with each job as a failure")],
    request: ({ words: [tube, ...jobs], flags: { message } }) => ({
      verb: "move",
      tube: tubeOf(tube),
      jobs: jobs.map(idOf),
      ...(typeof message === "string" && { message }),
    }),
  },
  finish: {
    help: "takes a job that nobody holds and ends it with a result, from the command line or else from standard input",
    words: [JOB, new Argument("[RESULT]", "the result; without it, standard input")],
    flags: [new Flag("--keep <DURATION>", "how long the result is kept (default: 1h)")],
    request: ({ words: [job, result], flags, units }) => ({
      verb: "finish",
      job: idOf(job),
      ...(result !== undefined && { result }),
      keepSeconds: secondsOf(flags["keep"] ?? "1h", "--keep", 0, SECONDS_MAX, units),
    }),
  },
  await: {
    help: "waits until jobs have ended and prints how, with the result or the newest failure of each",
    words: [JOBS],
    request: ({ words }) => ({ verb: "await", jobs: words.map(idOf) }),
  },
  flush: {
    help: "deletes all jobs of a tube, reserved ones too",
    words: [TUBE],
    flags: [new Flag("--yes", "do it; without this it only says how many there are")],
    request: ({ words, flags }) => ({
      verb: "flush",
      tube: tubeOf(words[0]),
      isSure: flags["yes"] === true,
    }),
  },
  pause: {
    help: "keeps the jobs of a tube from being reserved for a time; 0 ends that",
    words: [TUBE, new Argument("<DURATION>", "how long: 90, 90s, 5m, 1h, 2d")],
    request: ({ words, units }) => ({
      verb: "pause",
      tube: tubeOf(words[0]),
      seconds: secondsOf(words[1] ?? "", "DURATION", 0, SECONDS_MAX, units),
    }),
  },
  set: {
    help: "sets limits of a tube that stay until they are taken away; a put beyond them is refused",
    words: [
      TUBE,
      new Argument(
        "<NAME=VALUE...>",
        `what to set, nothing behind the = takes it away: ${SETTING_FORMS}`,
      ),
    ],
    request: ({ words: [tube, ...settings] }) => ({
      verb: "set",
      tube: tubeOf(tube),
      settings: settingsOf(settings, tubeOf(tube)),
    }),
  },
  drain: { help: "has the server refuse new jobs", request: () => ({ verb: "drain" }) },
  undrain: { help: "has the server take new jobs again", request: () => ({ verb: "undrain" }) },
  status: {
    help: "prints which server that is, whether it leads, and how far the copy of its journal is",
    request: () => ({ verb: "status" }),
  },
  "step-down": {
    help: "has the server that leads let another one lead, and stand by itself",
    flags: [new Flag("--force", "also if no server is known to stand by")],
    request: ({ flags }) => ({ verb: "step-down", isForced: flags["force"] === true }),
  },
};

/** Reads the words and flags behind the name of a shell command. */
export function parseShellCommand(
  name: string,
  rest: readonly string[],
  env: Environment,
  units: Units,
): ShellCommand | Exit {
  const declared = SHELL_COMMANDS[name];
  if (declared === undefined) return wrongArguments(name, "there is no such command");
  const command = syntaxOf(name, declared);
  try {
    command.parse(rest, { from: "user" });
    const flags: Given["flags"] = command.opts();
    const addresses = addressesOf(flags["address"], env);
    const request = declared.request({ words: command.args, flags, units });
    const token = tokenIn(env);
    return { kind: "shell", addresses, token, asJson: flags["json"] === true, request };
  } catch (error) {
    if (error instanceof WordError) return wrongArguments(name, error.message);
    return exitOf(name, command, error);
  }
}

/** What `homemaker NAME --help` prints. */
export function shellHelp(name: string): string {
  const declared = SHELL_COMMANDS[name];
  return declared === undefined ? "" : syntaxOf(name, declared).helpInformation();
}

/** Another server than the one meant could lose jobs, so the variable must not be misspelt. */
function checkVariables(env: Environment): void {
  const misspelt = unknownVariables(env).find(({ meant }) => meant === ADDRESS_VARIABLE);
  if (misspelt === undefined) return;
  throw new WordError(`unknown variable ${misspelt.name} (Did you mean ${ADDRESS_VARIABLE}?)`);
}

/** The server that is meant: the flag, the variable, or where a server listens by default. */
function addressesOf(flag: string | true | undefined, env: Environment): readonly BoundAddress[] {
  if (flag === undefined) checkVariables(env);
  const variable = env[ADDRESS_VARIABLE] ?? "";
  const [source, text] =
    typeof flag === "string" ? ["--address", flag] : [ADDRESS_VARIABLE, variable || "127.0.0.1"];
  return text.split(",").map((one) => {
    const address = parseListenAddress(one);
    if (address !== undefined) return completeListenAddress(address, OPTIONS.port.default);
    throw new WordError(`${source}: expected ${OPTIONS.listen.expects}, not "${one}"`);
  });
}

function syntaxOf(name: string, { help, words = [], flags = [] }: Declared): Command {
  const command = quietSubcommand(name).description(
    `${help.charAt(0).toUpperCase()}${help.slice(1)}.`,
  );
  for (const word of words) command.addArgument(word);
  for (const flag of flags) command.addOption(flag);
  return command
    .option(
      "-a, --address <ADDRESS>",
      `the server (default: ${ADDRESS_VARIABLE}, or 127.0.0.1:11300)`,
    )
    .option("--json", "JSON, one line for each thing");
}
