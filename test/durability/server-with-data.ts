/* Server with data: Homemaker as a process of its own on a data directory, on any of its runtimes,
 * perhaps under another command.
 *
 * Started, waited for, killed; what it printed and how it ended can be seen. What still runs when
 * the process of the tests exits is killed. Called by all tests here.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { COMMAND } from "../support/command.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { until } from "../support/until.ts";

/** How to start a server; what is absent is its own default. */
export interface Launch {
  readonly directory: string;
  readonly runtime?: RuntimeName;
  readonly level?: "os" | "interval" | "sync";
  readonly threads?: number;
  readonly shards?: number;
  /** Length of its segments; if absent, as small as they can be. */
  readonly segmentSize?: string;
  /** More flags, as on its command line. */
  readonly flags?: readonly string[];
  /** A command that runs the server: the server's own command line follows these words. */
  readonly under?: readonly string[];
  /** The TCP port; if absent, any free one. */
  readonly port?: number;
}

/** How a process ended: its exit code, or the signal that killed it. */
export type Ending = number | NodeJS.Signals;

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Resolves when the socket has not got rid of anything for a while: the server reads no more. */
export async function isStuck(socket: Socket): Promise<void> {
  let waiting = Infinity;
  let looks = 0;
  await until("the server reads no more", () => {
    looks = socket.writableLength < waiting ? 0 : looks + 1;
    waiting = socket.writableLength;
    return looks > 200;
  });
}

/** One server process. */
export class ServerWithData {
  /** All that it printed to standard output. */
  output = "";
  /** All that it printed to standard error. */
  errors = "";
  /** Resolves when it has ended. */
  readonly ended: Promise<Ending>;
  #ending: Ending | undefined;
  readonly #child: ChildProcess;

  /** Starts a server and does not wait for it. */
  constructor(launch: Launch) {
    const { directory, runtime = "node", level, threads, shards, flags = [], under = [] } = launch;
    const words = [...under, ...RUNTIMES[runtime], COMMAND, "-l", "127.0.0.1"];
    words.push("-p", String(launch.port ?? 0), "--data", directory);
    words.push("--segment-size", launch.segmentSize ?? "1MiB");
    if (level !== undefined) words.push("--durability", level);
    if (threads !== undefined) words.push("--threads", String(threads));
    if (shards !== undefined) words.push("--shards", String(shards));
    const [command = "", ...rest] = [...words, ...flags];
    const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    child.stdout.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.errors += error.message;
        resolve((this.#ending = 127));
      });
      child.once("close", (code, signal) => {
        children.delete(child);
        resolve((this.#ending = code ?? signal ?? 0));
      });
    });
    this.#child = child;
  }

  /** Starts a server and waits until it serves. */
  static async serving(launch: Launch): Promise<ServerWithData> {
    const server = new ServerWithData(launch);
    await server.serves();
    return server;
  }

  /** Resolves when it says that it listens, which it does once the journal is recovered. */
  async serves(): Promise<void> {
    const settled = (): boolean => this.#isAnnounced || this.ending !== undefined;
    await until("the server serves", settled, () => this.told);
    if (this.ending !== undefined) {
      throw new Error(`the server ended with ${this.ending}: ${this.told}`);
    }
  }

  get #isAnnounced(): boolean {
    return /listening on [^\n]*\n/.test(this.output); // a terminal ends lines with CR LF
  }

  /** How it ended; undefined as long as it runs. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it said. */
  get told(): string {
    return `${this.output}${this.errors}`;
  }

  /** Lines of standard error that are not of the log. */
  get complaints(): readonly string[] {
    return this.errors.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  }

  get port(): number {
    return Number(/listening on [\d.]+:(\d+)/.exec(this.output)?.[1]);
  }

  /** A new connection. */
  connect(): Promise<Socket> {
    return connectTo(this.port);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** Has it end in an orderly way. */
  async stop(): Promise<Ending> {
    this.#child.kill("SIGTERM");
    return this.ended;
  }
}

/** A new connection to a port of the loopback address. */
export async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}
