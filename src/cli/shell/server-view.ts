/*
 * Server view: a server as the shell's commands see it: questions in words, answers as values.
 * Works against beanstalkd as well.
 */
import {
  completeListenAddress,
  formatListenAddress,
  parseListenAddress,
} from "../../config/listen-address.ts";
import type { BoundAddress } from "../../config/listen-address.ts";
import { OPTIONS } from "../../config/options.ts";
import type { ClientConnection } from "../../client/connection.ts";
import { BadCommandError, LostError, NotSentError } from "../../client/errors.ts";
import { asError, UnreachableError } from "../../client/errors.ts";
import { refusalOf, RefusedError as RefusalError } from "../../client/refused-error.ts";
import { isRedirect, Round } from "../../client/round.ts";
import { showToken } from "../../client/token.ts";
import type { Reply } from "../../protocol/reply-reader.ts";
import { connectTo } from "../../transports/socket-wire.ts";
import { TOKEN_VARIABLE } from "../variables.ts";
import { Pushes } from "./pushes.ts";
import { parseDocument, parseNames } from "./text.ts";
import type { Document, Facts } from "./text.ts";

/** The server answered something else than was hoped for. Its message says what. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code = "HM_REFUSED";
}

/** Whether an error says that there is no connection, or none any more. */
export function isLoss(error: unknown): boolean {
  return [LostError, NotSentError, UnreachableError].some((kind) => error instanceof kind);
}

/** Commands that are on their way at a time when many are asked. */
const WINDOW = 500;

/** Of several addresses each has so long to take a connection and to answer a first question. */
const FIRST_ANSWER_MS = 2000;

/** Where a server may be. */
interface Place {
  /** The address, as people write it. */
  readonly name: string;
  readonly address: BoundAddress;
}

/** A connection to a server. */
export class ServerView {
  /** Its address, as people write it. */
  readonly where: string;
  readonly #client: ClientConnection;
  readonly #pushes: Pushes;

  /**
   * Connects to the first of the addresses that answers, or to the server that it names as the one
   * that leads, and shows the token if there is one; rejects with an UnreachableError that names
   * all that were tried, and with a RefusedError where the token is wrong. Of several addresses one
   * that does not answer in time is passed over. `ending`, with an UnreachableError, ends it early.
   */
  static async open(
    addresses: readonly BoundAddress[],
    token?: string,
    ending: AbortSignal = new AbortController().signal,
  ): Promise<ServerView> {
    const listed = addresses.map(placeAt);
    const round = new Round({ listed, placeOf, hasToken: token !== undefined });
    for (let place = round.next(); place !== undefined; place = round.next()) {
      const attempt = new AbortController();
      const signal = AbortSignal.any([attempt.signal, ending]);
      const opening = ServerView.#at(place, signal, token);
      const isOnly = listed.length === 1 && place === round.origin;
      try {
        return await (isOnly ? opening : inTime(opening, attempt));
      } catch (error) {
        if (!(error instanceof UnreachableError) && !isRedirect(error)) throw error;
        round.failed(asError(error));
      }
    }
    throw round.cause ?? new UnreachableError("there is no address to connect to");
  }

  /**
   * Resolves once the server has answered something: one that stands still takes connections, too.
   * The signal ends the connection until then.
   */
  static async #at(
    { address, name }: Place,
    signal: AbortSignal,
    token: string | undefined,
  ): Promise<ServerView> {
    const pushes = new Pushes();
    const view = new ServerView(await connectTo(address, pushes, signal), pushes, name);
    const end = (): void => view.close();
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      if (token !== undefined) await view.#show(token);
      await view.#checkLead();
      return view;
    } catch (error) {
      view.close();
      signal.throwIfAborted();
      if (isLoss(error)) throw new UnreachableError(asError(error).message, { cause: error });
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  async #show(token: string): Promise<void> {
    try {
      await showToken(this.#client, token);
    } catch (cause) {
      if (cause instanceof BadCommandError)
        throw new RefusedError(`${TOKEN_VARIABLE}: ${cause.message}`, { cause });
      if (!(cause instanceof RefusalError) || isRedirect(cause)) throw cause;
      throw new RefusedError(`the server does not take the token in ${TOKEN_VARIABLE}`, { cause });
    }
  }

  /** Rejects with the client's error where another server leads. */
  async #checkLead(): Promise<void> {
    const reply = await this.ask("features");
    if (reply.word === "NOT_LEADER") throw refusalOf("features", reply);
  }

  private constructor(client: ClientConnection, pushes: Pushes, where: string) {
    this.where = where;
    this.#client = client;
    this.#pushes = pushes;
  }

  close(): void {
    this.#client.close();
  }

  /**
   * Asks; resolves with the reply if it begins with `word`. Rejects with a RefusedError otherwise.
   */
  async expect(word: string, line: string, body?: Uint8Array): Promise<Reply> {
    const reply = await this.ask(line, body);
    if (reply.word === word) return reply;
    const isMissing = reply.word === "NOT_FOUND";
    throw new RefusedError(isMissing ? await this.whyNotFound(line) : meaningOf(reply, line));
  }

  /**
   * Why a command was answered NOT_FOUND, which the protocol leaves open: the thing is not there,
   * or it is in another state. Asked of the server afterwards, so it says how things are by now.
   */
  async whyNotFound(line: string): Promise<string> {
    const [verb = "", name = ""] = line.split(" ");
    const nextOf = /^peek-(ready|delayed|buried|reserved)$/.exec(verb)?.[1];
    if (nextOf !== undefined) return `no job of the tube is ${nextOf}`;
    if (verb.endsWith("-tube") || verb === "list-jobs") return `there is no tube ${name}`;
    const { word, body } = await this.ask(`stats-job ${name}`);
    if (word !== "OK") return `there is no job ${name}`;
    const state = String(parseDocument(body).facts["state"]);
    return state === "reserved" ? `job ${name} is held by a worker` : `job ${name} is ${state}`;
  }

  /** Asks; resolves with whatever the reply is. */
  async ask(line: string, body?: Uint8Array): Promise<Reply> {
    return this.#client.ask(line, body);
  }

  /** What the server sends next unasked; rejects with a LostError when nothing will come. */
  nextPush(): Promise<Reply> {
    return this.#pushes.next();
  }

  /** The facts of a reply of figures. */
  async facts(line: string): Promise<Facts> {
    return (await this.document(line)).facts;
  }

  /** The YAML that a command answers. */
  async document(line: string): Promise<Document> {
    const { body } = await this.expect("OK", line);
    return parseDocument(body);
  }

  /** The names of the tubes, at most `most` of them, and how many there are. */
  async tubeNames(most = Infinity): Promise<{ names: readonly string[]; count: number }> {
    const { body } = await this.expect("OK", "list-tubes");
    const names = parseNames(body);
    return { names: names.slice(0, most), count: names.length };
  }

  /** The figures of tubes; those that are gone meanwhile are left out. */
  async tubes(names: readonly string[]): Promise<readonly Facts[]> {
    const found: Facts[] = [];
    for (let at = 0; at < names.length; at += WINDOW) {
      const asked = names.slice(at, at + WINDOW).map((name) => this.ask(`stats-tube ${name}`));
      for (const { word, body } of await Promise.all(asked)) {
        if (word === "OK") found.push(parseDocument(body).facts);
      }
    }
    return found;
  }
}

function placeAt(address: BoundAddress): Place {
  return { name: formatListenAddress(address), address };
}

/** Of what a server names. Throws an UnreachableError. */
function placeOf(words: string): Place {
  const address = parseListenAddress(words);
  if (address === undefined) throw new UnreachableError(`${words} is no address`);
  return placeAt(completeListenAddress(address, OPTIONS.port.default));
}

/** What comes of an attempt, which ends with an UnreachableError when that takes too long. */
async function inTime<Value>(opening: Promise<Value>, attempt: AbortController): Promise<Value> {
  const why = new UnreachableError(`no answer after ${FIRST_ANSWER_MS} ms`);
  const timer = setTimeout(() => attempt.abort(why), FIRST_ANSWER_MS);
  try {
    return await opening;
  } finally {
    clearTimeout(timer);
  }
}

/** What a reply that was not hoped for means, in words. */
function meaningOf(reply: Reply, line: string): string {
  const [verb = ""] = line.split(" ");
  switch (reply.word) {
    case "UNKNOWN_COMMAND":
      return `this server does not know ${verb}`;
    case "TIMED_OUT":
      return "no job is ready";
    case "DRAINING":
      return "the server takes no new jobs: it is draining";
    case "DENIED":
      return `${verb}: the token in ${TOKEN_VARIABLE} does not let you, or there is none`;
    case "OUT_OF_MEMORY":
      return "the server has no room";
    case "NO_COPY":
      return "the server keeps no copy of its journal (--journal), so no other one could lead";
    case "NO_STANDBY":
      return "no server stands by; --force has it step down all the same";
    case "JOB_TOO_BIG":
      return `${verb}: that is longer than the server or the tube takes`;
    case "TUBE_FULL":
      return `the tube is full: ${reply.args.join(" ")} at most`;
    default:
      return `${line}: the server answered ${reply.line}`;
  }
}
