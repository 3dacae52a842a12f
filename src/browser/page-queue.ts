/* Page queue: a queue in a browser, as the page that opened it has it: the back end of a worker
 * that has the engine and all sessions (browser-broker.ts), over message ports.
 *
 *   page: client -> PortWire ====> worker: session -> engine ---- records ----> worker: disk
 *
 * Invariants: nothing here waits but by promises, and nothing here touches the engine's memory.
 * When the worker is gone, however it ended, whoever waits hears a typed error. Handed to users by
 * src/entries/browser.ts.
 */
import { BrokenError } from "../broker/errors.ts";
import { brokerOptionsOf, checkEmbeddedTarget } from "../embedded/embedded-target.ts";
import type { DirectoryTarget, MemoryTarget } from "../embedded/embedded-target.ts";
import { joinPort } from "../embedded/joining.ts";
import type { Joined } from "../embedded/joining.ts";
import type { Port } from "../embedded/port.ts";
import { offer } from "../embedded/sharing.ts";
import { portOf } from "../embedded/shared-queue.ts";
import type { SharedQueue } from "../embedded/shared-queue.ts";
import type { Log } from "../log.ts";
import type { ClientBackend } from "../worker/client-backend.ts";
import { BadOptionError } from "../worker/errors.ts";
import { arrivedError } from "./broker-news.ts";
import type { BrokerNews, BrokerSeed, PageNews } from "./broker-news.ts";
import { refuseUnlessIsolated } from "./isolation.ts";
import { PAGE } from "./page-surroundings.ts";
import { startWorker } from "./started-worker.ts";
import type { StartedWorker } from "./started-worker.ts";
import { WEB_PORTS } from "./web-ports.ts";

/** A queue of this page, in memory: gone with it. */
export type PageMemoryTarget = Omit<MemoryTarget, "clock">;

/** A queue of this origin, in a directory of the browser's own file system. */
export type PageDirectoryTarget = Omit<DirectoryTarget, "clock">;

/** A queue in this browser. */
export type PageTarget = PageMemoryTarget | PageDirectoryTarget;

/**
 * Length of the journal's files: three are there at least, and an origin has less room than a
 * server.
 */
const SEGMENT_BYTES = 4_194_304;

/**
 * Opens a queue in this browser. Rejects with an UnsupportedError (HM_NOT_SUPPORTED) where the page
 * is not isolated, with a BadOptionError, and with a JournalError if the directory cannot be used,
 * for instance because another page has it open.
 */
export async function openInPage(target: PageTarget): Promise<ClientBackend> {
  checkEmbeddedTarget(target);
  if ("clock" in target)
    throw new BadOptionError("clock: in a browser there is the real one alone");
  refuseUnlessIsolated();
  const broker = await PageBroker.open(target);
  try {
    return await broker.join();
  } catch (error) {
    await broker.end();
    throw error;
  }
}

/** Joins a queue that a page shares. Rejects as `joinPort` does, and with a BadOptionError. */
export async function joinInBrowser(shared: SharedQueue): Promise<ClientBackend> {
  const port = portOf(shared, WEB_PORTS);
  const { backend } = await joinPort(port, {
    name: "shared",
    isDurable: shared.isDurable,
    ports: WEB_PORTS,
    ...PAGE,
  });
  return backend;
}

/** The worker that has a queue. */
class PageBroker {
  readonly #worker: StartedWorker;
  readonly #port: Port;
  readonly #log: Pick<Log, "write"> | undefined;
  readonly #isDurable: boolean;
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Aborted, with the error, when the queue is of no use any more. */
  readonly #broken = new AbortController();
  #joined: Joined | undefined;

  static async open(target: PageTarget): Promise<PageBroker> {
    const broker = new PageBroker(target);
    try {
      await broker.#opened.promise;
    } catch (error) {
      await broker.end();
      throw error;
    }
    return broker;
  }

  private constructor({ log, ...target }: PageTarget) {
    this.#isDurable = "directory" in target;
    this.#log = log;
    void this.#closed.promise.catch(() => undefined); // only who closes asks
    const { own, other } = WEB_PORTS.channel();
    this.#port = own;
    const options = brokerOptionsOf(
      this.#isDurable ? { segmentBytes: SEGMENT_BYTES, ...target } : target,
    );
    const seed: BrokerSeed = { options, hasLog: log !== undefined, port: other };
    // Bundlers follow it only if it is written like this, in one expression.
    const worker = new Worker(new URL("./browser-broker.js", import.meta.url), {
      type: "module",
      name: "homemaker",
    });
    this.#worker = startWorker(worker, seed, [other], {
      heard: (said) => this.#heard(said as BrokerNews),
      died: (why) => this.#break(new BrokenError(`the queue's worker failed: ${why}`)),
    });
  }

  #heard(news: BrokerNews): void {
    switch (news.kind) {
      case "open":
        this.#opened.resolve();
        break;
      case "failed":
        this.#opened.reject(arrivedError(news.error));
        break;
      case "broken":
        this.#break(arrivedError(news.error));
        break;
      case "closed":
        if (news.error === undefined) this.#closed.resolve();
        else this.#closed.reject(arrivedError(news.error));
        break;
      case "log":
        this.#log?.write(news.level, news.message, news.fields);
        break;
    }
  }

  #break(error: Error): void {
    this.#opened.reject(error);
    this.#closed.reject(error);
    this.#broken.abort(error);
    this.#joined?.end(error);
  }

  /** The back end that reaches it. */
  async join(): Promise<ClientBackend> {
    const joining = {
      name: this.#isDurable ? "directory" : "memory",
      isDurable: this.#isDurable,
      ports: WEB_PORTS,
      ...PAGE,
      owner: { closed: () => this.#close() },
    };
    this.#joined = await joinPort(this.#port, joining, this.#broken.signal);
    const { backend } = this.#joined;
    offer(backend, { share: () => this.#share() });
    return backend;
  }

  #share(): SharedQueue {
    const { port1, port2 } = new MessageChannel();
    this.#say({ kind: "share", port: port1 }, [port1]);
    return { isDurable: this.#isDurable, port: port2 };
  }

  async #close(): Promise<void> {
    try {
      if (this.#broken.signal.aborted) return; // who waited has heard why
      this.#say({ kind: "close" });
      await this.#closed.promise;
    } finally {
      await this.end();
    }
  }

  #say(news: PageNews, transfer: readonly object[] = []): void {
    this.#worker.post(news, transfer);
  }

  /** Ends the worker, as a crash would. */
  end(): Promise<void> {
    return this.#worker.end();
  }
}
