/*
 * LastingServer: a server with a directory, on a socket there, which can be killed and comes back
 * with its jobs. It ends with the test that started it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** One server, process after process. */
export class LastingServer {
  /** Its socket. */
  readonly path: string;
  readonly #directory: string;
  #process: ServerProcess | undefined;

  /** Starts one in a directory of its own. */
  static async start(): Promise<LastingServer> {
    const server = new LastingServer(mkdtempSync(join(tmpdir(), "homemaker-lasting-")));
    onTestFinished(() => server.#end());
    await server.again();
    return server;
  }

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "socket");
  }

  /** Where clients find it. */
  get address(): `unix:${string}` {
    return `unix:${this.path}`;
  }

  /** Where queues find it. */
  get url(): `homemaker+unix:${string}` {
    return `homemaker+unix:${this.path}`;
  }

  /** Ends it without a word. */
  kill(): void {
    this.#process?.signal("SIGKILL");
  }

  /** It is there again after it was killed. */
  async again(): Promise<void> {
    this.#process = await startHomemaker({
      threads: 1,
      shards: 1,
      flags: ["-l", `unix:${this.path}`, "--data", this.#directory, "-s", "1MiB"],
    });
  }

  async #end(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.#directory, { recursive: true });
  }
}
