/* Echo process: an echo server as a child process, and connections to it that remember what came.
 *
 * Whatever a test starts is killed when the process of the tests exits. Waiting is polling with a
 * deadline, which names in its message what was waited for.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { RUNTIMES } from "../../support/runtimes.ts";
import { until } from "../../support/until.ts";
import type { Options } from "../../../src/config/options.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A free port of the loopback address. */
export const ANY_PORT = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

/** One server. */
export class EchoProcess {
  output = "";
  errors = "";
  readonly #child: ChildProcess;

  /**
   * Starts a server without waiting for it. Absent options are the defaults; absent `listen` is any
   * free port.
   */
  constructor(
    options: Partial<Options> = {},
    runtime: readonly string[] = RUNTIMES.node,
    prefix: readonly string[] = [],
  ) {
    const words = [...prefix, ...runtime, MAIN];
    const [command = "", ...before] = words;
    const child = spawn(command, [...before, JSON.stringify({ listen: [ANY_PORT], ...options })], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    children.add(child);
    child.once("exit", () => children.delete(child));
    this.#child = child;
  }

  /** Starts a server and waits until it listens everywhere. */
  static async listening(
    options: Partial<Options> = {},
    runtime: readonly string[] = RUNTIMES.node,
    prefix: readonly string[] = [],
  ): Promise<EchoProcess> {
    const server = new EchoProcess(options, runtime, prefix);
    const addresses = options.listen?.length ?? 1;
    const isReady = (): boolean => server.readyLines.length === addresses || server.isGone;
    await until("the server listens", isReady);
    if (server.isGone) throw new Error(`the server ended: ${server.errors}`);
    return server;
  }

  /** The lines that say where it listens. */
  get readyLines(): readonly string[] {
    return this.output.split("\n").filter((line) => line.includes(" listening on "));
  }

  /** The port of the first TCP address. */
  get port(): number {
    return Number(/:(\d+) \(/.exec(this.output)?.[1]);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether it has ended, and everything that it wrote is here. */
  get isGone(): boolean {
    return (
      (this.#child.exitCode !== null || this.#child.signalCode !== null) &&
      (this.#child.stderr?.readableEnded ?? true)
    );
  }

  /** Its exit code, or the signal that killed it. */
  get ending(): number | string | null {
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await until("the server has ended", () => this.isGone);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  /** A connection to the first TCP address. */
  connect(): Promise<EchoClient> {
    return EchoClient.connect({ host: "127.0.0.1", port: this.port });
  }

  /**
   * Connections of which each of `threads` threads has at least one; the first of each, by thread.
   */
  async connectToEach(threads: number): Promise<readonly EchoClient[]> {
    const found: EchoClient[] = [];
    for (let tries = 0; tries < 200 && found.filter(Boolean).length < threads; tries++) {
      const client = await this.connect();
      const thread = Number(await client.ask("thread"));
      found[thread] ??= client;
    }
    return found;
  }
}

/** One connection. */
export class EchoClient {
  readonly socket: Socket;
  received = "";
  receivedBytes = 0;
  isEnded = false;
  isClosed = false;

  static async connect(where: NetConnectOpts): Promise<EchoClient> {
    const client = new EchoClient(connect({ ...where, allowHalfOpen: true }));
    await until("the connection stands or fails", () => !client.socket.connecting);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      if (this.received.length < 65_536) this.received += chunk.toString();
    });
    socket.on("end", () => (this.isEnded = true));
    socket.on("close", () => (this.isClosed = true));
    socket.on("error", () => (this.isClosed = true)); // refused or reset: tests look at isClosed
  }

  say(line: string): void {
    this.socket.write(`${line}\r\n`);
  }

  /** Says `line` and resolves with the line that comes back. */
  async ask(line: string): Promise<string> {
    this.received = "";
    this.say(line);
    await until(`"${line}" is answered`, () => this.received.endsWith("\r\n") || this.isClosed);
    return this.received.trimEnd();
  }

  async hears(line: string): Promise<void> {
    await until(`"${line}" is heard`, () => this.received.includes(`${line}\r\n`));
  }
}

/**
 * Resolves when a new connection is answered: room is made when the server has noticed that another
 * one left.
 */
export async function untilServed(server: EchoProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const client = await server.connect();
    client.say("hello");
    await until(
      "it is answered or closed",
      () => client.received !== "" || client.isClosed || client.isEnded,
    );
    client.socket.destroy();
    if (client.received !== "") return;
  }
  throw new Error("no connection was served any more");
}
