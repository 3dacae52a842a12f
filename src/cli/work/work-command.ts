/* Work command: the syntax of `homemaker work`: from arguments and environment to what is asked
 * for. As pure as ../command-line.ts. Called by ../subcommands.ts; toolchain/docs.ts shows its
 * help.
 */
import { Option as Flag } from "commander";
import type { Command } from "commander";
import { environmentName } from "../../config/option.ts";
import type { Option } from "../../config/option.ts";
import { OPTIONS } from "../../config/options.ts";
import type { Options } from "../../config/options.ts";
import { wholeNumber } from "../../config/option-values.ts";
import { isLoopback } from "../../config/tcp-address.ts";
import type { Units } from "../../text/control.ts";
import { exitOf, quietSubcommand, wrongArguments } from "../quiet-command.ts";
import type { Exit } from "../quiet-command.ts";
import { ADDRESS_VARIABLE, tokenIn } from "../variables.ts";
import type { Environment } from "../variables.ts";

/** To run workers. */
export interface WorkCommand {
  readonly kind: "work";
  /** Paths of modules. */
  readonly modules: readonly string[];
  /** Path of the configuration. */
  readonly config: string | undefined;
  /** URL of the queue; undefined if the command line does not say. */
  readonly queue: string | undefined;
  /** Directory of the queue, in place of a URL. */
  readonly directory: string | undefined;
  /** The queue that is meant where nobody says. */
  readonly queueDefault: string;
  /** What is shown to a server; undefined if nothing is. */
  readonly token: string | undefined;
  /** Directory with bodies of jobs that are too big for the queue. */
  readonly blobs: string | undefined;
  readonly concurrency: number | undefined;
  readonly graceMillis: number | undefined;
  readonly http: Pick<
    Options,
    "httpPort" | "httpListen" | "httpHosts" | "httpToken" | "httpReadToken"
  >;
  /** Start anew whenever a file of the modules changes. */
  readonly watches: boolean;
  readonly verbosity: number;
}

interface Flags {
  readonly jobs?: readonly string[];
  readonly config?: string;
  readonly queue?: string;
  readonly data?: string;
  readonly blobs?: string;
  readonly concurrency?: string;
  readonly grace?: string;
  readonly httpPort?: string;
  readonly httpListen?: string;
  readonly watch?: true;
  readonly verbose?: true;
}

const NAME = "work";
/** It has no short form, so that it is a word of its own wherever it stands. */
export const WATCH_FLAG = "--watch";
const SLOTS_MOST = 1000;
const GRACE_MILLIS_MAX = 86_400_000;
const DURATION = "a duration from 0 to 1d";
const QUEUE_DEFAULT = "homemaker://127.0.0.1";

/** Reads what stands behind `work`. */
export function parseWork(
  argv: readonly string[],
  env: Environment,
  units: Units,
): WorkCommand | Exit {
  const command = workSyntax();
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    return exitOf(NAME, command, error);
  }
  try {
    return commandOf(command.opts(), env, units);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return wrongArguments(NAME, error.message);
  }
}

/** What a flag's value is not. Its message is what the user reads. */
class FlagError extends Error {
  override readonly name = "FlagError";
  readonly code = "HM_USAGE";
}

/** Throws a FlagError. */
function commandOf(flags: Flags, env: Environment, units: Units): WorkCommand {
  const { jobs: modules = [], config, queue, data: directory, concurrency, grace } = flags;
  if (modules.length === 0 && config === undefined) {
    throw new FlagError("expected --jobs MODULE, or --config FILE");
  }
  if (queue !== undefined && directory !== undefined) {
    throw new FlagError("--queue or --data, not both");
  }
  return {
    kind: NAME,
    modules,
    config,
    queue,
    directory,
    blobs: flags.blobs,
    queueDefault: queueOf(env[ADDRESS_VARIABLE] ?? ""),
    token: tokenIn(env),
    concurrency: concurrency === undefined ? undefined : slotsOf(concurrency),
    graceMillis: grace === undefined ? undefined : graceOf(grace, units),
    http: httpOf(flags, env, units),
    watches: flags.watch === true,
    verbosity: flags.verbose === true ? 1 : 0,
  };
}

/** HOMEMAKER_ADDRESS says which server the shell's commands mean, and these as well. */
function queueOf(address: string): string {
  if (address === "") return QUEUE_DEFAULT;
  if (/^wss?:\/\//.test(address)) return address;
  if (address.startsWith("tls://")) return `homemaker+${address.replaceAll(",tls://", ",")}`;
  const path = /^unix:(.*)$/.exec(address)?.[1];
  return path === undefined ? `homemaker://${address}` : `homemaker+unix:${path}`;
}

function slotsOf(word: string): number {
  const slots = wholeNumber(word);
  if (slots >= 1 && slots <= SLOTS_MOST) return slots;
  throw new FlagError(`--concurrency: expected a whole number, 1 to ${SLOTS_MOST}, not "${word}"`);
}

function graceOf(word: string, units: Units): number {
  const millis = units.parseDuration(word) ?? Number.NaN;
  if (millis >= 0 && millis <= GRACE_MILLIS_MAX) return millis;
  throw new FlagError(`--grace: expected ${DURATION}, not "${word}"`);
}

/** A flag, then the variable of the server's option, then its default. */
function httpOf(
  { httpPort: port, httpListen: host }: Flags,
  env: Environment,
  units: Units,
): WorkCommand["http"] {
  const valueOf = <Value>(option: Option<Value>, flag?: string): Value => {
    const word = flag ?? env[environmentName(option)] ?? "";
    if (word === "") return option.default;
    const value = option.parse(option.list ? word.split(",") : [word], units, () => undefined);
    if (value !== undefined) return value;
    const what = flag === undefined ? environmentName(option) : `--${option.name}`;
    const given = option.secret ? "" : `, not "${word}"`;
    throw new FlagError(`${what}: expected ${option.expects}${given}`);
  };
  const httpPort = port === undefined ? undefined : valueOf(OPTIONS.httpPort, port);
  const http = {
    httpPort,
    httpListen: valueOf(OPTIONS.httpListen, host),
    httpHosts: valueOf(OPTIONS.httpHosts),
    httpToken: valueOf(OPTIONS.httpToken),
    httpReadToken: valueOf(OPTIONS.httpReadToken),
  };
  const isOpen = http.httpToken === undefined && http.httpReadToken === undefined;
  if (httpPort !== undefined && !isLoopback(http.httpListen) && isOpen) {
    const variable = environmentName(OPTIONS.httpReadToken);
    throw new FlagError(
      `--http-listen ${http.httpListen} can be reached from elsewhere: set ${variable}`,
    );
  }
  return http;
}

/** What commander reads and `--help` shows. */
export function workSyntax(): Command {
  const collect = (word: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    word,
  ];
  return quietSubcommand(NAME)
    .usage("--jobs MODULE [options]")
    .description(
      "Runs the workers of a module: of the handlers that it exports, of arrays of them, and of " +
        "options of createWorker. SIGTERM or SIGINT ends it: jobs that run may end, what has not " +
        "begun is given back; a second one tells handlers to stop at once, a third one ends the " +
        "process. Exit code 0: it was told to stop and did; 1: it could not start, could not go " +
        "on, or left handlers behind; 2: wrong arguments.",
    )
    .addOption(
      new Flag("-j, --jobs <MODULE>", "a module with handlers; may be repeated").argParser(collect),
    )
    .option(
      "-c, --config <FILE>",
      "JSON with modules, queue, classes of jobs, pools (docs/work.md)",
    )
    .option(
      "-q, --queue <URL>",
      `where the jobs are (default: the server of ${ADDRESS_VARIABLE}, or ${QUEUE_DEFAULT})`,
    )
    .option("-b, --data <DIR>", "the jobs are in this directory, which no other process uses")
    .option("--blobs <DIR>", "where bodies of jobs lie that are too big for the queue")
    .option("-n, --concurrency <N>", "slots of pools that do not say themselves (default: 10)")
    .option("--grace <DURATION>", "how long jobs that run may take to end (default: 10s)")
    .option("--http-port <PORT>", "serve /healthz, /readyz and /metrics here; 0 is any free port")
    .option("--http-listen <HOST>", "on this address (default: 127.0.0.1)")
    .option(WATCH_FLAG, "for development: start anew when a file of the modules changes")
    .option("-V, --verbose", "log more");
}
