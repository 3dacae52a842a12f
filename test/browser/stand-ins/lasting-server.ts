/* Stand-in for test/backends/lasting-server.ts in a page: a server that the site runs, killed and
 * started again on the same port, with its jobs.
 */
import { onTestFinished } from "vitest";
import { PageServer } from "./homemaker.ts";

/** One server, process after process. */
export class LastingServer {
  readonly #kept = crypto.randomUUID();
  #port = 0;
  #server: PageServer | undefined;
  #killed: Promise<void> | undefined;

  static async start(): Promise<LastingServer> {
    const server = new LastingServer();
    onTestFinished(() => server.#server?.stop());
    await server.again();
    return server;
  }

  /** Where clients find it. */
  get address(): `ws://${string}` {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Where queues find it. */
  get url(): `ws://${string}` {
    return this.address;
  }

  /** Ends it without a word. */
  kill(): void {
    this.#killed = this.#server?.stop();
  }

  /** It is there again after it was killed. */
  async again(): Promise<void> {
    await this.#killed;
    const flags = ["--threads", "1", "--shards", "1"];
    this.#server = await PageServer.start({ flags, port: this.#port, kept: this.#kept });
    this.#port = this.#server.address.port;
  }
}
