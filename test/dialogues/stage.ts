/* Stages and targets: what the player needs of a server, whichever server it is.
 *
 * A Target is one way to run a server. For each case it opens a Stage: a server in the state of a
 * fresh one, except that ids may go on from an earlier case (the case says `$1`) and that counters
 * since the start of the server mean nothing unless the case is `@fresh`. The player connects
 * Wires, and finishes the stage in the end.
 */
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import type { Reply } from "../../src/protocol/reply-reader.ts";
import type { Case, Signal } from "./dialogue.ts";

/** The bytes that came in on one connection and were not read yet. */
export class Inbox {
  #bytes = Buffer.alloc(0);
  #ended = false;
  #arrived = Promise.withResolvers<void>();

  /** What is here and not taken. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Whether the server has closed its side: nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds bytes; they are copied. */
  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#announce();
  }

  /** The server closed its side. */
  end(): void {
    this.#ended = true;
    this.#announce();
  }

  /** Takes bytes from the front. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /**
   * Waits for news until `deadlineMs` (on the clock of `performance.now`); false when there was
   * none.
   */
  async news(deadlineMs: number): Promise<boolean> {
    const left = deadlineMs - performance.now();
    if (left <= 0 || this.#ended) return false;
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), left);
    const arrived = this.#arrived.promise.then(() => true);
    return Promise.race([arrived, late.promise]).finally(() => clearTimeout(timer));
  }

  #announce(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }
}

/** A client's end of one connection. */
export interface Wire {
  readonly inbox: Inbox;
  /** Sends bytes; resolves when they are on their way. */
  send(bytes: Uint8Array): Promise<void>;
  /** Says that nothing more will be sent (FIN), and goes on reading. */
  shutdown(): void;
  /** Closes the connection. */
  close(): void;
  /** Breaks the connection off: a reset where there is such a thing. */
  reset(): void;
}

/** One server for the length of one case. */
export interface Stage {
  /** The last id that the server gave out before this case. */
  readonly baseId: number;
  /**
   * How long a reply may take, in milliseconds of real time; 0 where replies are there at once or
   * never.
   */
  readonly patienceMs: number;
  connect(): Promise<Wire>;
  /** Lets time pass, on the server's clock. */
  advance(milliseconds: number): Promise<void>;
  signal(signal: Signal): void;
  /** Resolves when the server has dealt with everything that it got before the call. */
  settle(): Promise<void>;
  /** Asks for `stats`, on a connection of the runner's own. */
  stats(): Promise<ReadonlyMap<string, string>>;
  /** The end of the case: closes what is open. A stage that is not `clean` is not used again. */
  finish(clean: boolean): Promise<void>;
}

/** Which server a target runs: differences are listed for these. */
export type ServerName = "beanstalkd" | "homemaker" | "homemaker with data";

/** One way to run a server. */
export interface Target {
  /** As it stands in the titles of tests. */
  readonly title: string;
  readonly server: ServerName;
  /**
   * Whether time passes by itself: a case may then have to be played again because the machine was
   * too slow.
   */
  readonly realTime: boolean;
  open(dialogue: Case): Promise<Stage>;
  /** Ends every server that is still running. */
  close(): Promise<void>;
}

/**
 * Sends a command on a wire of the runner's own and takes its reply: the line, and the chunk behind
 * it. (The dialogues themselves are compared byte for byte, by the player.)
 */
export async function converse(
  wire: Wire,
  command: string,
  patienceMs: number,
): Promise<{ line: string; chunk: string }> {
  const deadlineMs = performance.now() + patienceMs;
  const replies: Reply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply), Infinity);
  await wire.send(Buffer.from(command));
  for (;;) {
    reader.take(wire.inbox.take(wire.inbox.bytes.length));
    const [reply] = replies;
    if (reply !== undefined) {
      return { line: reply.line, chunk: Buffer.from(reply.body).toString("latin1") };
    }
    if (!(await wire.inbox.news(deadlineMs)) && wire.inbox.bytes.length === 0)
      throw new Error(`the runner's own ${JSON.stringify(command)} was not answered`);
  }
}

/** Asks for `stats` on a wire of the runner's own. */
export async function readStats(
  wire: Wire,
  patienceMs: number,
): Promise<ReadonlyMap<string, string>> {
  const { chunk } = await converse(wire, "stats\r\n", patienceMs);
  return new Map(
    [...chunk.matchAll(/^(.+?): (.*)$/gm)].map(([, key = "", value = ""]) => [key, value]),
  );
}
