/* Redirect: the sockets of a server that stands by and was asked to redirect: it listens where it
 * will serve once it leads, and tells whoever comes where the server is that leads
 * (standby-door.ts).
 *
 * It runs in the main thread, because the I/O threads wait for the journal meanwhile. Its sockets
 * are closed before those threads listen: a client that comes in between is refused, as by any
 * server that starts. Where it cannot listen the server stands by all the same, and where it still
 * waits for the turn to listen when it is stopped it waits no longer. Made by server.ts.
 */
import type { Leadership } from "../broker/leadership.ts";
import type { Clock } from "../clock.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Log } from "../log.ts";
import type { Listener, Listening } from "../runtime.ts";
import type { Addresses } from "./addresses.ts";
import { StandbyDoor } from "./standby-door.ts";

/** What it works with. */
export interface RedirectParts {
  readonly addresses: Pick<Addresses, "takeTurns" | "ordersFor">;
  /** Those of them that it listens on. */
  readonly some: readonly BoundAddress[];
  readonly leadership: Pick<Leadership, "standsBy" | "elsewhere">;
  readonly runtime: Listening;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each address once it is listened on. */
  readonly say: (what: string) => void;
}

/** Listens from the moment that another server is known to lead, until it is stopped. */
export class Redirect {
  readonly #parts: RedirectParts;
  readonly #door: StandbyDoor;
  readonly #listeners: Listener[] = [];
  #beginning: Promise<void> | undefined;
  readonly #over = new AbortController();
  #stopped: Promise<void> | undefined;
  #finished: Promise<unknown> = Promise.resolve();

  constructor(parts: RedirectParts) {
    const { leadership, clock, log } = parts;
    this.#parts = parts;
    this.#door = new StandbyDoor({
      clock,
      leader: () => leadership.elsewhere,
      troubled: (message) => log.write("warn", message),
    });
    void leadership.standsBy.then(() => (this.#beginning ??= this.#begin()));
  }

  async #begin(): Promise<void> {
    const { addresses, some, log } = this.#parts;
    const { signal } = this.#over;
    try {
      const giveBack = await addresses.takeTurns(some, signal);
      try {
        await this.#listen();
      } finally {
        giveBack();
      }
    } catch (error) {
      if (signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      log.write("error", "clients are not told who leads: this server cannot listen", { why });
    }
  }

  async #listen(): Promise<void> {
    const { addresses, some, runtime, say } = this.#parts;
    for (const { address, manner } of addresses.ordersFor(0, 1, some)) {
      if (this.#over.signal.aborted) return;
      this.#listeners.push(await runtime.listen(address, manner, this.#door));
      say(`redirecting clients on ${formatListenAddress(address)}`);
    }
  }

  /**
   * Resolves when its addresses are free, however often it is called. Whoever is still there is let
   * go beside that.
   */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#over.abort();
    this.#beginning ??= Promise.resolve(); // it is too late to begin
    await this.#beginning;
    for (const listener of this.#listeners) listener.stopAccepting();
    this.#finished = Promise.all(this.#listeners.map((listener) => listener.finish(0)));
  }

  /** The same; resolves when everybody is gone. */
  async end(): Promise<void> {
    await this.stop();
    await this.#finished;
  }
}
