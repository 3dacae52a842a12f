/* A server process that a test runs: started, waited for until it says where it listens, and ended
 * with the test run at the latest.
 *
 * Whoever starts one must `stop` it; what is still running when the process of the tests exits is
 * killed then.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** Where a server listens: a TCP port or the path of a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** How to start a server. */
export interface Launch {
  readonly command: string;
  readonly arguments: readonly string[];
  /**
   * Reads the address out of the output so far (standard output and error); `undefined` as long as
   * it is not there.
   */
  address(output: string): Address | undefined;
  /** How long the start may take in milliseconds. */
  readonly patienceMs: number;
}

/** The server did not start, or ended by itself. */
class ServerProcessError extends Error {
  readonly code = "HM_TEST_SERVER";
}

const OUTPUT_KEPT = 16_384;
/** A server may refuse connections for so long after it has said where it listens. */
const SETTLING_MS = 2000;
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** A running server. */
export class ServerProcess {
  readonly address: Address;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #output: () => string;
  readonly #startMs = performance.now();
  #isRunning: boolean;

  /** Called by `start` only. */
  constructor(child: ChildProcess, address: Address, output: () => string) {
    this.#child = child;
    this.address = address;
    this.#output = output;
    this.#isRunning = child.exitCode === null && child.signalCode === null;
    this.exited = new Promise((resolve) =>
      child.once("exit", () => {
        this.#isRunning = false;
        resolve();
      }),
    );
  }

  /**
   * Starts a server and waits for its address. Throws a ServerProcessError with what the server
   * printed.
   */
  static async start(launch: Launch): Promise<ServerProcess> {
    const child = spawn(launch.command, launch.arguments, { stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    child.once("exit", () => children.delete(child));
    let output = "";
    const started = Promise.withResolvers<Address>();
    const listen = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_KEPT);
      const address = launch.address(output);
      if (address !== undefined) started.resolve(address);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const shown = `${launch.command} ${launch.arguments.join(" ")}`;
    const fail = (problem: string): void =>
      started.reject(new ServerProcessError(`${shown}: ${problem}\n${output}`));
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal} before it listened`));
    const timer = setTimeout(
      () => fail(`did not listen within ${launch.patienceMs} ms`),
      launch.patienceMs,
    );
    try {
      return new ServerProcess(child, await started.promise, () => output);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The end of what the server printed. */
  get output(): string {
    return this.#output();
  }

  /** Whether the process is still there. */
  get running(): boolean {
    return this.#isRunning;
  }

  /** A new connection to it, connected, without Nagle's delay, that may be half-closed. */
  async connect(): Promise<Socket> {
    for (;;) {
      try {
        return await connectOnce(this.address);
      } catch (error) {
        // beanstalkd says where it listens a moment before it does.
        if (!refused(error) || performance.now() - this.#startMs > SETTLING_MS) throw error;
      }
    }
  }

  /** By its number: a child of Deno that has had one signal is sent no other. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) process.kill(this.pid, signal);
  }

  /** Kills it and waits for its end. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.signal("SIGKILL");
    await this.exited;
  }
}

async function connectOnce(address: Address): Promise<Socket> {
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

function refused(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}
