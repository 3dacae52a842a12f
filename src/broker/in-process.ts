/* InProcess: the main thread's own place among those that run sessions: instances on all shards, a
 * session host, and a loop.
 *
 * It is there for HTTP alone, and only then. What is asked for over HTTP goes through sessions like
 * those of clients, so that commands, limits and the gate of the journal are the same; they are
 * observers, so that nobody finds them among the connections, the users of a tube or its watchers.
 * Invariant: no command runs before the journal has been recovered. What goes wrong in a session or
 * in the engine ends the process at once, as it does in an I/O thread. Made by server.ts, used by
 * src/http/.
 */
import { ClientConnection } from "../client/connection.ts";
import { PROGRAM } from "../version.ts";
import type { Log } from "../log.ts";
import type { LoopRuntime } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";
import type { Common } from "../engine/common.ts";
import { HostLoop } from "../session/host-loop.ts";
import { InProcessWire } from "./in-process-wire.ts";
import { openSessionHost } from "./open-host.ts";
import type { Desk } from "../session/desk.ts";
import type { SessionHost } from "../session/host.ts";

/** The main thread's sessions. */
export class InProcess {
  readonly #host: SessionHost;
  readonly #common: Common;
  readonly #runtime: LoopRuntime;
  readonly #loop: HostLoop;
  #isReady = false;

  /**
   * Takes the seat behind those of the I/O threads. `common` has the main thread's way of waking
   * others.
   */
  static async open(
    payload: unknown,
    common: Common,
    runtime: LoopRuntime,
    log: Log,
  ): Promise<InProcess> {
    const clock = common.clock();
    const soon = (run: () => void): void => runtime.soon(() => guarded(runtime, run));
    const host = await openSessionHost(payload, {
      threadIndex: common.threads, // the seat behind those of the I/O threads
      common,
      clock,
      runtime: { ...runtime, soon },
      announce: (message) => log.write("info", message),
    });
    return new InProcess(host, common, runtime, clock);
  }

  private constructor(
    host: SessionHost,
    common: Common,
    runtime: LoopRuntime,
    clock: () => number,
  ) {
    this.#host = host;
    this.#common = common;
    this.#runtime = runtime;
    const driven = {
      wake: () => this.guard(() => host.wake()),
      tick: () => this.guard(() => host.tick()),
      onTurn: (ended: () => void) => host.onTurn(ended),
      nextDueMicros: () => host.nextWaitMicros, // the I/O threads see to what is due in the shards
    };
    this.#loop = new HostLoop(driven, common, host.desk.thread, clock);
  }

  /** What the sessions work with: shards, limits, facts, counters. */
  get desk(): Desk {
    return this.#host.desk;
  }

  /** From now on commands run: the jobs are there. */
  start(): void {
    this.#isReady = true;
    if (this.#runtime.waitForChange !== undefined) {
      void this.#loop.keepAwake(this.#runtime.waitForChange);
    }
  }

  /** Whether commands run. */
  get isReady(): boolean {
    return this.#isReady && !this.#common.stopping;
  }

  /** Somebody wants this thread (only where threads cannot be woken by a shared word). */
  wake(): void {
    if (this.#isReady) this.#loop.wake();
  }

  /** A new session. Throws a RangeError when commands do not run. */
  connect(): ClientConnection {
    if (!this.isReady) throw new RangeError("there are no sessions yet, or no more");
    const open = (outlet: Outlet): Inlet => this.guard(() => this.#host.open(outlet, true));
    const guard = (run: () => void): void => this.guard(run);
    return new ClientConnection((listener) => new InProcessWire(listener, open, guard));
  }

  /**
   * Looks at the shards directly, where the protocol has no command: `run` may call whatever of the
   * engine is bounded and changes nothing. Throws a RangeError when commands do not run.
   */
  look<Result>(run: (desk: Desk) => Result): Result {
    if (!this.isReady) throw new RangeError("there are no sessions yet, or no more");
    const outcome = this.guard(() => this.#host.look((desk) => attempt(() => run(desk))));
    return outcome();
  }

  /**
   * Resolves when what was looked at, and what that depends on (answers.ts), is as safe as the level
   * of durability says: nobody hears of a job that a crash could undo, or of an id that might be
   * given out again. What is safe already can be told while the disk stands still.
   */
  async settled(): Promise<void> {
    if (!this.desk.hasJournal) return;
    await this.withConnection((own) => own.ask("list-tubes-watched"));
  }

  /** The same for all that stands in the shards now. */
  async allSettled(): Promise<void> {
    if (!this.desk.hasJournal) return;
    this.look(({ output, shards }) => {
      for (const shard of shards) output.gate?.depend(shard.index, shard.journalHead());
    });
    await this.settled();
  }

  /** Runs something on a session of its own. Throws a RangeError when commands do not run. */
  async withConnection<Result>(run: (own: ClientConnection) => Promise<Result>): Promise<Result> {
    const own = this.connect();
    try {
      return await run(own);
    } finally {
      own.close();
    }
  }

  /**
   * Runs something that calls the engine; what it throws ends the process: a lock may be held,
   * memory may be broken.
   */
  guard<Result>(run: () => Result): Result {
    return guarded(this.#runtime, run);
  }
}

/** What came of `run`, to be returned or thrown later; a trap of the engine is thrown at once. */
function attempt<Result>(run: () => Result): () => Result {
  try {
    const result = run();
    return () => result;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    return () => {
      throw error;
    };
  }
}

function guarded<Result>(runtime: LoopRuntime, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return runtime.die(`${PROGRAM}: the main thread's sessions failed: ${why}`);
  }
}
