/* ScriptedServer: a server that says what a test has it say, on a clock that stands still.
 *
 * It answers by itself what a client asks when it greets, and whatever `answer` has an answer to;
 * the rest waits until the test says something. Each connection is a MemoryWire.
 */
import type { Client } from "../../src/client/client.ts";
import { connectTo } from "../../src/client/connect.ts";
import type { ClientOptions } from "../../src/client/connect.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import type { Endpoint } from "../../src/client/endpoint.ts";
import type { Surroundings } from "../../src/client/link.ts";
import { COMMANDS, usageOf } from "../../src/protocol/commands.ts";
import { TAGS } from "../../src/protocol/tags.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { MemoryWire } from "./memory-wire.ts";

/** What this version of the server says of itself. */
const FEATURES = [
  "---",
  'version: "1.2.3"',
  "commands:",
  ...COMMANDS.map((row) => `- ${JSON.stringify(usageOf(row))}`),
  "tags:",
  ...TAGS.map(({ usage }) => `- ${JSON.stringify(usage)}`),
  "",
].join("\n");

/** Rounds of microtasks in which everything has happened that can. */
const ROUNDS = 50;
/** So much time passes before what it brings about has happened. */
const STEP_SECONDS = 0.05;

/** One server. */
export class ScriptedServer {
  readonly clock = new VirtualClock();
  /** The connections that were made, the newest last. */
  readonly wires: MemoryWire[] = [];
  /** It is a plain beanstalkd. */
  isPlain = false;
  /** Why there is no connection to it. */
  isAway: Error | undefined;
  /** Attempts to connect. */
  attempts = 0;
  /** How often the client had the process stay, less how often it let it go. */
  stays = 0;
  /** What it answers a line; undefined: nothing yet. */
  answer: (line: string) => string | undefined = () => undefined;
  readonly troubles: Error[] = [];

  /** Where it can be reached. */
  endpoint(name = "scripted"): Endpoint {
    return {
      name,
      open: (options) => {
        this.attempts++;
        if (this.isAway !== undefined) throw this.isAway;
        return new ClientConnection((listener) => {
          const wire = new MemoryWire(listener);
          wire.onSent = (text) => queueMicrotask(() => this.#hear(wire, text));
          this.wires.push(wire);
          return wire;
        }, options);
      },
    };
  }

  /** What a client of it is surrounded by. */
  get around(): Surroundings {
    return {
      clock: this.clock,
      random: () => 0,
      stay: (isBusy) => void (this.stays += isBusy ? 1 : -1),
    };
  }

  /** A client of it, or of several addresses that are this one. */
  connect(options: ClientOptions = {}, addresses: readonly string[] = ["one"]): Promise<Client> {
    const onError = (error: Error): void => void this.troubles.push(error);
    return connectTo(
      addresses,
      { onError, ...options },
      (name) => this.endpoint(name),
      this.around,
    );
  }

  /** The newest connection. */
  get wire(): MemoryWire {
    const wire = this.wires.at(-1);
    if (wire === undefined) throw new Error("there is no connection");
    return wire;
  }

  /** What was sent on the newest connection, line by line, without what the greeting asks. */
  get lines(): readonly string[] {
    const lines = this.wire.sent.join("").split("\r\n").slice(0, -1);
    return lines.filter((line) => line !== "features" && line !== "window 0");
  }

  /** Says something on the newest connection. */
  async say(...lines: readonly string[]): Promise<void> {
    this.wire.say(lines.map((line) => `${line}\r\n`).join(""));
    await settle();
  }

  /** Lets time pass. */
  async advance(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= STEP_SECONDS) {
      this.clock.advance(Math.min(left, STEP_SECONDS));
      await settle();
    }
  }

  /** Ends the newest connection. */
  async cut(cause?: Error): Promise<void> {
    this.wire.end(cause);
    await settle();
  }

  #hear(wire: MemoryWire, text: string): void {
    if (wire.closings > 0) return;
    const answers = text
      .split("\r\n")
      .slice(0, -1)
      .map((line) => this.answer(line) ?? this.#greet(line));
    const said = answers.filter((one) => one !== undefined && one !== "");
    if (said.length > 0) wire.say(said.map((line) => `${line}\r\n`).join(""));
  }

  #greet(line: string): string | undefined {
    const [word = "", argument = ""] = line.split(" ");
    if (word === "features" && this.isPlain) return "UNKNOWN_COMMAND";
    if (word === "features") return `OK ${FEATURES.length}\r\n${FEATURES}`;
    if (word === "client-name") return "NAMED";
    if (word === "window") return `WINDOW ${argument}`;
    if (word === "use" || word === "reserve-mode") return `USING ${argument}`;
    return word === "watch" || word === "ignore" ? "WATCHING 1" : undefined;
  }
}

/** Resolves when all has happened that needs no time. */
export async function settle(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) await Promise.resolve();
}

/** What a promise came to: its value, or an error's code or name. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "string") {
      return error.code;
    }
    return error instanceof Error ? error.name : error;
  }
}
