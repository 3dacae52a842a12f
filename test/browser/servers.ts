/* Servers: the real servers of tests that run in a page, which cannot start any: it asks its site
 * (site.ts) for them, through stand-ins/homemaker.ts.
 *
 *   POST /servers      starts one as the body says (`Wanted`), and answers with where it is
 *   DELETE /servers/N  kills it, and answers when it is gone
 *
 * They take WebSockets from the site's pages. Whatever runs at the end is killed, and what was kept
 * in directories is removed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** How a page wants a server. */
export interface Wanted {
  readonly flags: readonly string[];
  /** Where it listens; on any free port if absent. */
  readonly port?: number;
  /** Servers of one name have a directory together, one after the other; in memory if absent. */
  readonly kept?: string;
}

/** A server, as a page knows it. */
export interface Served {
  readonly name: number;
  readonly host: string;
  readonly port: number;
}

/** The servers of one site. */
export class Servers implements AsyncDisposable {
  readonly #running = new Map<number, ServerProcess>();
  readonly #directories = new Map<string, string>();
  #started = 0;

  async start({ flags, port = 0, kept }: Wanted, origin: string): Promise<Served> {
    const data = kept === undefined ? [] : ["--data", await this.#directoryOf(kept), "-s", "1MiB"];
    const all = ["--ws-origin", origin, ...flags, ...data];
    const process = await startHomemaker({ scheme: "ws", port, flags: all });
    const name = this.#started++;
    this.#running.set(name, process);
    if ("path" in process.address) throw new Error("a page reaches no Unix socket");
    return { name, ...process.address };
  }

  async stop(name: number): Promise<void> {
    await this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  async #directoryOf(kept: string): Promise<string> {
    const there = this.#directories.get(kept) ?? (await mkdtemp(join(tmpdir(), "homemaker-page-")));
    this.#directories.set(kept, there);
    return there;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
    for (const path of this.#directories.values()) await rm(path, { recursive: true });
  }
}
