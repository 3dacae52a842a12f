/* Broker: one queue: its shards, its journal if it has one, and the sessions of the thread that has
 * it, if that wants any.
 *
 * It names no process, signal or socket: what time it is, where lines go and what happens when
 * something breaks is given to it. Other threads can run sessions on it too, from its content. Its
 * life: made, recovered, started, closed; at any moment it can break, and then does nothing more.
 * Opened by a program of the user's (open-broker.ts) and by a server (server/server.ts).
 */
import type { ClientConnection, ConnectionOptions } from "../client/connection.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import type { Clock } from "../clock.ts";
import { Common } from "../engine/common.ts";
import type { Relay } from "../engine/common.ts";
import type { TokenBook } from "../session/token-book.ts";
import type { Log } from "../log.ts";
import type { BrokerRuntime } from "../runtime.ts";
import { clockOf } from "../session/host-loop.ts";
import { copyBoardOf, createCommon, journalBoardOf } from "./boards.ts";
import type { BrokerSettings } from "./broker-options.ts";
import { ClosedError } from "./errors.ts";
import type { BrokenError } from "./errors.ts";
import type { InProcess } from "./in-process.ts";
import { JournalKeeper } from "./journal-keeper.ts";
import type { CopyPlace, ProgressDisplay } from "./journal-keeper.ts";
import { Leadership } from "./leadership.ts";
import { makePayload } from "./payload.ts";
import type { Payload } from "./payload.ts";

/** What a broker works with. */
export interface BrokerSurroundings {
  readonly runtime: BrokerRuntime;
  readonly log: Pick<Log, "write">;
  /** What time it is for jobs, on a broker without other threads; if absent, the process's. */
  readonly clock?: Clock | undefined;
  /** Other threads that run sessions on it. */
  readonly threads: number;
  /** Whether the thread that makes it runs some too. */
  readonly hasSessions: boolean;
  /** The tokens that clients of that thread show; if absent, they may do everything. */
  readonly tokens?: TokenBook | undefined;
  /** Shows how far a recovery is; if absent, the log says it. */
  readonly bar?: ProgressDisplay | undefined;
  /** How this thread wakes others where threads cannot wait for a shared word. */
  readonly relay?: Relay | undefined;
  /** Whether a journal that fails ends the process, from the journal's own thread. */
  readonly endsProcess: boolean;
  /** Where a copy of its journal is kept; absent: nowhere. */
  readonly copy?: CopyPlace | undefined;
  /** Called once, at once, when it breaks. */
  readonly onBroken: (error: BrokenError) => void;
}

/** One queue. */
export class Broker {
  readonly common: Common;
  readonly #around: BrokerSurroundings;
  readonly #settings: BrokerSettings;
  readonly #payload: Payload;
  /** The sessions of the thread that made it; absent if it wanted none. */
  readonly sessions: InProcess | undefined;
  /** Who leads; absent where no copy of the journal is kept. */
  readonly leadership: Leadership | undefined;
  #keeper: JournalKeeper | undefined;
  #error: BrokenError | undefined;
  #closed: Promise<void> | undefined;
  /** Connections that wait for an answer, which keeps the process alive. */
  #busy = 0;
  #letDie: () => void = () => undefined;

  /**
   * Makes the shards, empty; nobody runs yet. Rejects with a ModuleMissingError if nothing has been
   * built.
   */
  static async make(settings: BrokerSettings, around: BrokerSurroundings): Promise<Broker> {
    const { threads, hasSessions, runtime, clock, relay } = around;
    const seats = hasSessions ? threads + 1 : threads;
    const common = createCommon(Math.max(1, threads), seats, clock?.now());
    const hasCopy = around.copy !== undefined;
    const payload = await makePayload(settings, threads, runtime, common, hasCopy);
    let broken: (error: BrokenError) => void = around.onBroken;
    // A server that serves no HTTP runs its sessions elsewhere: its main thread does without.
    const sessions = hasSessions
      ? await (
          await import("./in-process.ts")
        ).InProcess.open({
          content: payload.content,
          common: new Common(common.buffer, relay),
          seat: seats - 1,
          isAlone: threads === 0,
          clock: clock ?? clockOf(common, runtime),
          runtime,
          tokens: around.tokens,
          announce: (message) => around.log.write("info", message),
          broken: (error) => broken(error),
        })
      : undefined;
    const broker = new Broker(settings, around, common, payload, sessions);
    broken = (error) => broker.#break(error);
    return broker;
  }

  private constructor(
    settings: BrokerSettings,
    around: BrokerSurroundings,
    common: Common,
    payload: Payload,
    sessions: InProcess | undefined,
  ) {
    this.#settings = settings;
    this.#around = around;
    this.common = common;
    this.#payload = payload;
    this.sessions = sessions;
    const clock = common.clock();
    const millis = (): number => clock() / 1000;
    this.leadership =
      around.copy && new Leadership(copyBoardOf(common), around.copy.address, millis);
  }

  /** What another thread makes the host of its sessions of (open-host.ts); it can be posted. */
  get content(): unknown {
    return this.#payload.content;
  }

  /** How many parts the tubes are divided among. */
  get shards(): number {
    return this.#payload.content.memories.memories.length;
  }

  /**
   * Brings the jobs back, if there is a journal; who runs sessions on other threads has these take
   * part. Rejects with a JournalError.
   */
  async recover(): Promise<void> {
    const board = journalBoardOf(this.common);
    const { dataDirectory } = this.#settings;
    const { journal } = this.#payload;
    if (journal === undefined || dataDirectory === undefined) {
      board.setRecovered();
      return;
    }
    const { runtime, log, bar, endsProcess } = this.#around;
    const broken = (error: BrokenError): void => this.#break(error);
    const { leadership } = this;
    const parts = { runtime, log, board, bar, endsProcess, broken, leadership };
    this.#keeper = new JournalKeeper(parts);
    await this.#keeper.recover(dataDirectory, journal, this.#around.copy);
  }

  /** From now on commands run: the jobs are there. */
  start(): void {
    this.sessions?.start();
  }

  /**
   * A connection, as to a server. What is asked of it keeps the process alive until it is answered.
   * Throws a BrokenError or a ClosedError.
   */
  connect(options: ConnectionOptions = {}): ClientConnection {
    return this.#open().connect({
      ...options,
      busy: (isBusy) => {
        this.#count(isBusy);
        options.busy?.(isBusy);
      },
    });
  }

  /** The wire to a session, for a client elsewhere; it keeps nothing alive. Throws as `connect`. */
  wire(listener: WireListener): Wire {
    return this.#open().wire(listener);
  }

  #open(): InProcess {
    if (this.#error !== undefined) throw this.#error;
    if (this.sessions === undefined || this.#closed !== undefined) {
      throw new ClosedError("the broker is closed");
    }
    return this.sessions;
  }

  #count(isBusy: boolean): void {
    this.#busy += isBusy ? 1 : -1;
    if (isBusy && this.#busy === 1) this.#letDie = this.#around.runtime.keepAlive();
    if (!isBusy && this.#busy === 0) this.#letDie();
  }

  /**
   * Ends it: it takes nothing more, replies that wait for the journal leave, connections end, and
   * what is not on the disk goes there, as long as that takes. Resolves when nothing of it is left;
   * rejects with a BrokenError when it breaks meanwhile, and with a ClosedError when `end` is
   * called before all is on the disk.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const letDie = this.#around.runtime.keepAlive();
    try {
      this.common.startStopping();
      if (this.#error === undefined) {
        await this.sessions?.repliesOut();
        if (this.#error !== undefined) throw this.#error;
        this.sessions?.stop(new ClosedError("the broker is closed"));
        await this.#keeper?.stop();
      }
    } finally {
      await this.end();
      letDie();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it at once, as a crash would. */
  async end(): Promise<void> {
    this.sessions?.stop(new ClosedError("the broker was ended"));
    await this.#keeper?.end();
  }

  /**
   * The journal's thread writes nothing more: what it would write might be wrong. Whoever has the
   * broker is told first: a server dies of the cause then, not of what the cause does to others.
   */
  #break(error: BrokenError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#around.onBroken(error);
    this.sessions?.fail(error);
    void this.#keeper?.end();
  }
}
