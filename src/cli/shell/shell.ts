/* Shell: does what a shell command asks for, on one connection, and says what came of it. Called by
 * ../main.ts.
 *
 * Exit codes: 0 it was done, 1 it was not (one line on standard error says why). What users wrote
 * (bodies, messages) goes to a screen with its control characters spelled out, and to a pipe or
 * file as it is.
 */
import { UnreachableError } from "../../client/errors.ts";
import type { Request } from "./request.ts";
import type { ShellCommand } from "./syntax.ts";
import { formatListenAddress } from "../../config/listen-address.ts";
import type { BoundAddress } from "../../config/listen-address.ts";
import { PROGRAM } from "../../version.ts";
import { BadReplyError } from "../../protocol/reply-line.ts";
import { ReplyTooBigError } from "../../protocol/reply-reader.ts";
import { LISTED_JOB_KEYS } from "../../protocol/stats.ts";
import type { Runtime } from "../../runtime.ts";
import { isLoss, RefusedError, ServerView } from "./server-view.ts";
import type { Terminal } from "../../terminal.ts";
import { failureFields, failureLines } from "./failure-text.ts";
import { bodyFields, shown, shownText, table } from "./text.ts";
import type { Facts } from "./text.ts";
import { sortTubes, TUBE_HEAD, tubeCells } from "./tube-rows.ts";
import { watchServer } from "./top.ts";

const EXIT_DONE = 0;
const EXIT_NOT_DONE = 1;
/** The keys of `stats` that say how a server is. */
const STATUS_KEYS = [
  "hostname",
  "version",
  "uptime",
  "draining",
  "journal-read-only",
  "copy-epoch",
  "copy-position",
  "copy-lag-bytes",
  "copy-lag-ms",
  "copy-standbys",
];
const isOfCopy = (key: string): boolean => key.startsWith("copy-");
const BAD_ANSWERS = [BadReplyError, ReplyTooBigError];

/** Runs a shell command; returns the exit code. */
export async function runShell(
  command: ShellCommand,
  runtime: Runtime,
  terminal: Terminal,
): Promise<number> {
  const { addresses, token } = command;
  const where = addresses.map(formatListenAddress).join(",");
  const complain = (why: string): void => runtime.complain(`${PROGRAM}: ${shownText(why)}`);
  let server: ServerView | undefined;
  try {
    server = await ServerView.open(addresses, token);
    await new Shell(command, server, terminal, complain).run();
    return EXIT_DONE;
  } catch (error) {
    const why = explain(error, where);
    if (why === undefined) throw error;
    complain(why);
    return EXIT_NOT_DONE;
  } finally {
    server?.close();
  }
}

function explain(error: unknown, where: string): string | undefined {
  if (error instanceof RefusedError) return error.message;
  if (error instanceof UnreachableError) return error.message;
  const isTheConnection = isLoss(error) || BAD_ANSWERS.some((kind) => error instanceof kind);
  return isTheConnection && error instanceof Error ? `${where}: ${error.message}` : undefined;
}

class Shell {
  readonly #request: Request;
  readonly #asJson: boolean;
  readonly #server: ServerView;
  readonly #terminal: Terminal;
  readonly #where: string;
  readonly #addresses: readonly BoundAddress[];
  readonly #token: string | undefined;
  readonly #complain: (why: string) => void;

  constructor(
    { request, asJson, addresses, token }: ShellCommand,
    server: ServerView,
    terminal: Terminal,
    complain: (why: string) => void,
  ) {
    this.#addresses = addresses;
    this.#token = token;
    this.#complain = complain;
    this.#request = request;
    this.#asJson = asJson;
    this.#server = server;
    this.#terminal = terminal;
    this.#where = server.where;
  }

  async run(): Promise<void> {
    const request = this.#request;
    switch (request.verb) {
      case "top":
        return watchServer(this.#server, this.#terminal, {
          ...request,
          asJson: this.#asJson,
          open: (signal) => ServerView.open(this.#addresses, this.#token, signal),
          complain: this.#complain,
        });
      case "tubes":
        return this.#tubes(request);
      case "stats":
        return this.#stats(request);
      case "jobs":
        return this.#jobs(request);
      case "peek":
        return this.#body(`peek ${request.job}`);
      case "peek-tube":
        await this.#use(request.tube);
        return this.#body(`peek-${request.state}`);
      case "failures":
        return this.#failures(request.job);
      case "why":
        return this.#say(await this.#server.facts(`explain ${request.job}`));
      case "put":
        return this.#put(request);
      case "reserve":
        return this.#reserve(request);
      case "kick":
        return this.#kick(request);
      case "kick-job":
        return this.#each(request.jobs, "kick-job", "KICKED");
      case "delete":
        return this.#each(request.jobs, "delete", "DELETED");
      case "update-job":
        return this.#update(request);
      case "cancel":
        return this.#cancel(request.jobs);
      case "move":
        return this.#move(request);
      case "finish":
        return this.#finish(request);
      case "await":
        return this.#await(request.jobs);
      case "flush":
        return this.#flush(request);
      case "pause":
        await this.#server.expect("PAUSED", `pause-tube ${request.tube} ${request.seconds}`);
        return this.#say(
          request.seconds === 0
            ? { "pause-ended": request.tube }
            : { paused: request.tube, seconds: request.seconds },
        );
      case "set":
        return this.#set(request);
      case "drain":
        await this.#server.expect("DRAINING", "drain");
        return this.#say({ draining: true });
      case "undrain":
        await this.#server.expect("NOT_DRAINING", "undrain");
        return this.#say({ draining: false });
      case "status":
        return this.#status();
      case "step-down":
        await this.#server.expect("STEPPING_DOWN", `step-down ${request.isForced ? 0 : 1}`);
        return this.#say({ "stepping-down": true });
    }
  }

  /** What of `stats` tells which server leads, and how well; of beanstalkd, what it has of it. */
  async #status(): Promise<void> {
    const facts = await this.#server.facts("stats");
    const isCopied = Number(facts["copy-epoch"] ?? 0) > 0;
    const keys = STATUS_KEYS.filter((key) => key in facts && (isCopied || !isOfCopy(key)));
    await this.#say({
      server: this.#where,
      role: isCopied ? "leader" : "alone",
      ...Object.fromEntries(keys.map((key) => [key, facts[key] ?? ""])),
    });
  }

  async #set({ tube, settings }: Extract<Request, { verb: "set" }>): Promise<void> {
    await this.#server.expect("TUBE_SET", `set-tube ${tube} ${settings.join(" ")}`);
    const said = settings.map((one) => one.split("=", 2));
    await this.#say({ set: tube, ...Object.fromEntries(said) });
  }

  async #lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#terminal.write(`${lines.join("\n")}\n`);
  }

  /** Facts as a line of JSON, or one below the other. */
  async #say(facts: Facts): Promise<void> {
    if (this.#asJson) return this.#lines([JSON.stringify(facts)]);
    const width = Math.max(...Object.keys(facts).map((key) => key.length));
    await this.#lines(
      Object.entries(facts).map(
        ([key, value]) => `${`${key}:`.padEnd(width + 2)}${shownText(String(value))}`,
      ),
    );
  }

  async #list(head: readonly string[], items: readonly Facts[]): Promise<void> {
    if (this.#asJson) return this.#lines(items.map((item) => JSON.stringify(item)));
    const rows = items.map((item) => head.map((key) => item[key] ?? ""));
    await this.#lines(table(head, rows));
  }

  async #tubes({ sort }: Extract<Request, { verb: "tubes" | "top" }>): Promise<void> {
    const { names } = await this.#server.tubeNames();
    const tubes = sortTubes(await this.#server.tubes(names), sort);
    if (this.#asJson) return this.#lines(tubes.map((tube) => JSON.stringify(tube)));
    await this.#lines(
      table(
        TUBE_HEAD,
        tubes.map((tube) => tubeCells(tube)),
      ),
    );
  }

  async #stats({ tube, job }: Extract<Request, { verb: "stats" }>): Promise<void> {
    if (tube !== undefined) return this.#say(await this.#server.facts(`stats-tube ${tube}`));
    if (job !== undefined) return this.#say(await this.#server.facts(`stats-job ${job}`));
    return this.#say(await this.#server.facts("stats"));
  }

  async #jobs(request: Extract<Request, { verb: "jobs" }>): Promise<void> {
    const { tube, state, after, limit } = request;
    const { items } = await this.#server.document(`list-jobs ${tube} ${state} ${after} ${limit}`);
    await this.#list(items[0] === undefined ? LISTED_JOB_KEYS : Object.keys(items[0]), items);
  }

  async #failures(job: number): Promise<void> {
    const { items } = await this.#server.document(`list-failures ${job}`);
    if (this.#asJson) return this.#lines(items.map((item) => JSON.stringify(failureFields(item))));
    await this.#lines(items.flatMap(failureLines));
  }

  /** Prints the body that a command answers. */
  async #body(line: string): Promise<void> {
    const { args, body } = await this.#server.expect("FOUND", line);
    await this.#printBody(Number(args[0]), body);
  }

  async #printBody(id: number, body: Uint8Array): Promise<void> {
    if (this.#asJson) return this.#lines([JSON.stringify({ id, ...bodyFields(body) })]);
    if (this.#terminal.isScreen) return this.#lines([shown(body)]);
    await this.#terminal.write(body);
  }

  async #put(request: Extract<Request, { verb: "put" }>): Promise<void> {
    const { tube, pri, delaySeconds, ttrSeconds, isLines } = request;
    if (request.tags !== undefined) await this.#checkTags();
    const tags = request.tags === undefined ? "" : ` ${request.tags}`;
    await this.#server.expect("USING", `use ${tube}`);
    const given = request.body;
    const input =
      given === undefined ? await this.#terminal.readAll() : new TextEncoder().encode(given);
    for (const body of isLines ? linesOf(input) : [input]) {
      const line = `put ${pri} ${delaySeconds} ${ttrSeconds} ${body.length}${tags}`;
      const { args } = await this.#server.expect("INSERTED", line, body);
      const [id, met] = args;
      const known = met === undefined ? {} : { met: met.toLowerCase() };
      await this.#lines([this.#asJson ? JSON.stringify({ id: Number(id), ...known }) : String(id)]);
    }
  }

  async #reserve(request: Extract<Request, { verb: "reserve" }>): Promise<void> {
    const { tubes, timeoutSeconds, afterwards, message } = request;
    if (message !== undefined) await this.#checkMessages();
    if (timeoutSeconds === 0) await this.#checkTubes(tubes);
    for (const tube of tubes) await this.#server.expect("WATCHING", `watch ${tube}`);
    if (!tubes.includes("default")) await this.#server.expect("WATCHING", "ignore default");
    const reply = await this.#server.expect("RESERVED", `reserve-with-timeout ${timeoutSeconds}`);
    const id = Number(reply.args[0]);
    const { pri = 0 } = await this.#server.facts(`stats-job ${id}`);
    await this.#printBody(id, reply.body);
    if (afterwards === "delete") await this.#server.expect("DELETED", `delete ${id}`);
    else if (afterwards === "bury") await this.#fail("BURIED", `bury ${id} ${pri}`, message);
    else await this.#fail("RELEASED", `release ${id} ${pri} 0`, message);
  }

  /**
   * A server that does not know failure messages would take one for a command: it is asked for
   * something harmless first.
   */
  async #checkMessages(): Promise<void> {
    const { word } = await this.#server.ask("peek-failure 1");
    if (word === "UNKNOWN_COMMAND") {
      throw new RefusedError("this server does not know failure messages");
    }
  }

  /** A server that does not know tags would take the body of such a put for commands. */
  async #checkTags(): Promise<void> {
    const { word } = await this.#server.ask("features");
    if (word !== "OK") throw new RefusedError("this server does not know tags");
  }

  /** Uses a tube that is there: `use` alone would make it. */
  async #use(tube: string): Promise<void> {
    await this.#server.facts(`stats-tube ${tube}`);
    await this.#server.expect("USING", `use ${tube}`);
  }

  /** Who does not wait means tubes that are there; one of them is enough. */
  async #checkTubes(tubes: readonly string[]): Promise<void> {
    const replies = await Promise.all(tubes.map((tube) => this.#server.ask(`stats-tube ${tube}`)));
    if (replies.some(({ word }) => word !== "NOT_FOUND")) return;
    throw new RefusedError(`there is no tube ${tubes.join(" or ")}`);
  }

  /** Ends an attempt, with what is to be said about it. */
  async #fail(hoped: string, line: string, message: string | undefined): Promise<void> {
    if (message === undefined) return void (await this.#server.expect(hoped, line));
    const bytes = new TextEncoder().encode(message);
    await this.#server.expect(hoped, `${line} ${bytes.length}`, bytes);
  }

  async #kick({ tube, count }: Extract<Request, { verb: "kick" }>): Promise<void> {
    await this.#use(tube);
    const { args } = await this.#server.expect("KICKED", `kick ${count}`);
    await this.#say({ kicked: Number(args[0]) });
  }

  async #update(request: Extract<Request, { verb: "update-job" }>): Promise<void> {
    const { jobs, pri, delaySeconds } = request;
    const delay = delaySeconds === undefined ? "" : ` ${delaySeconds}`;
    const lineOf = async (job: number): Promise<string> => {
      const line = `update-job ${job}`;
      if (pri !== undefined) return `${line} ${pri}${delay}`;
      const reply = await this.#server.ask(`stats-job ${job}`);
      const kept = reply.word === "OK" ? (await this.#server.facts(`stats-job ${job}`))["pri"] : 0;
      return `${line} ${kept}${delay}`;
    };
    await this.#each(jobs, "update-job", "UPDATED", lineOf);
  }

  async #move({ tube, jobs, message }: Extract<Request, { verb: "move" }>): Promise<void> {
    const body = message === undefined ? undefined : new TextEncoder().encode(message);
    if (body !== undefined) await this.#checkMessages();
    const lineOf = async (job: number): Promise<string> =>
      Promise.resolve(`move ${job} ${tube}${body === undefined ? "" : ` ${body.length}`}`);
    await this.#each(jobs, "move", "MOVED", lineOf, body);
  }

  async #cancel(jobs: readonly number[]): Promise<void> {
    const counts: Record<string, number> = { cancelled: 0, cancelling: 0 };
    const reasons: string[] = [];
    for (const job of jobs) {
      const line = `cancel ${job}`;
      const { word } = await this.#server.ask(line);
      const count = counts[word.toLowerCase()];
      if (count === undefined) reasons.push(await this.#server.whyNotFound(line));
      else counts[word.toLowerCase()] = count + 1;
    }
    await this.#say(counts);
    if (reasons.length > 0) throw new RefusedError(`cancel: ${reasons.join("; ")}`);
  }

  async #finish(request: Extract<Request, { verb: "finish" }>): Promise<void> {
    const { job, keepSeconds, result } = request;
    await this.#checkResults();
    await this.#server.expect("RESERVED", `reserve-job ${job}`);
    const bytes =
      result === undefined ? await this.#terminal.readAll() : new TextEncoder().encode(result);
    await this.#server.expect("FINISHED", `finish ${job} ${keepSeconds} ${bytes.length}`, bytes);
    await this.#say({ finished: job });
  }

  /** A server that does not know results would take one for a command. */
  async #checkResults(): Promise<void> {
    const { word } = await this.#server.ask("peek-progress 1");
    if (word === "UNKNOWN_COMMAND") throw new RefusedError("this server does not know results");
  }

  /** Goes on where a job cannot be awaited or ends otherwise, and says so at the end. */
  async #await(jobs: readonly number[]): Promise<void> {
    const reasons: string[] = [];
    let awaited = 0;
    for (const job of jobs) {
      const line = `await ${job}`;
      const { word } = await this.#server.ask(line);
      if (word === "AWAITING") awaited++;
      else if (word !== "NOT_FOUND") await this.#server.expect("AWAITING", line);
      else reasons.push(`there is no job ${job}, nor a result of it`);
    }
    for (; awaited > 0; awaited--) {
      const { args, body } = await this.#server.nextPush();
      const [id = "", end = ""] = args;
      if (end !== "finished") reasons.push(`job ${id} is ${end}`);
      const facts = { id: Number(id), end };
      if (this.#asJson) await this.#lines([JSON.stringify({ ...facts, ...bodyFields(body) })]);
      else await this.#lines([`${id} ${end}`, ...(body.length === 0 ? [] : [shown(body)])]);
    }
    if (reasons.length > 0) throw new RefusedError(`await: ${reasons.join("; ")}`);
  }

  /** The same for each job; goes on where one cannot be found, and says so at the end. */
  async #each(
    jobs: readonly number[],
    verb: string,
    hoped: string,
    lineOf = async (job: number): Promise<string> => Promise.resolve(`${verb} ${job}`),
    body?: Uint8Array,
  ): Promise<void> {
    const reasons: string[] = [];
    for (const job of jobs) {
      const line = await lineOf(job);
      const { word } = await this.#server.ask(line, body);
      if (word !== hoped) reasons.push(await this.#server.whyNotFound(line));
    }
    await this.#say({ [hoped.toLowerCase()]: jobs.length - reasons.length });
    if (reasons.length > 0) throw new RefusedError(`${verb}: ${reasons.join("; ")}`);
  }

  async #flush({ tube, isSure }: Extract<Request, { verb: "flush" }>): Promise<void> {
    if (isSure) {
      const { args } = await this.#server.expect("FLUSHED", `flush-tube ${tube}`);
      return this.#say({ flushed: Number(args[0]) });
    }
    const facts = await this.#server.facts(`stats-tube ${tube}`);
    const count = ["ready", "reserved", "delayed", "buried"].reduce(
      (sum, state) => sum + Number(facts[`current-jobs-${state}`] ?? 0),
      0,
    );
    const counted = count === 1 ? "1 job" : `${count} jobs`;
    throw new RefusedError(`this would delete ${counted} of ${tube}: say --yes`);
  }
}

/** The lines of standard input, without their ends; an empty last one is none. */
function linesOf(input: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  while (from < input.length) {
    const end = input.indexOf(10, from);
    const to = end < 0 ? input.length : end;
    lines.push(input.subarray(from, to > from && input[to - 1] === 13 ? to - 1 : to));
    from = to + 1;
  }
  return lines;
}
