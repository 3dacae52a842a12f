/* InProcess: the place that a thread has for itself among those that run sessions: instances on all
 * shards, a session host, and a loop.
 *
 * In a program of the user's it is where all sessions run; in a server the main thread has one for
 * HTTP, whose sessions are observers, so that nobody finds them among the connections, the users of
 * a tube or its watchers. Either way what is asked for goes through sessions like those of sockets,
 * so that commands, limits and the gate of the journal are the same. Invariants: no command runs
 * before the journal has been recovered. What goes wrong in a session or in the engine is told to
 * the broker at once, and from then on neither is called any more. Made by broker.ts, used by
 * src/http/.
 */
import { ClientConnection } from "../client/connection.ts";
import type { ConnectionOptions } from "../client/connection.ts";
import type { Wire, WireListener } from "../client/wire.ts";
import type { Clock } from "../clock.ts";
import type { TokenList } from "../config/token-file.ts";
import type { LoopRuntime } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { COUNTER_ACCEPTED } from "../engine/common.ts";
import type { Common } from "../engine/common.ts";
import { HostLoop } from "../session/host-loop.ts";
import { BrokenError, ClosedError, failureOf } from "./errors.ts";
import { InProcessWire } from "./in-process-wire.ts";
import { openSessionHost } from "./open-host.ts";
import type { Desk } from "../session/desk.ts";
import type { SessionHost } from "../session/host.ts";
import type { TokenBook } from "../session/token-book.ts";
import type { ConnectionPage, WhichConnections } from "../session/who-is-there.ts";

/** What it is made of. */
export interface InProcessParts {
  /** What `makePayload` made for threads. */
  readonly content: unknown;
  /** With this thread's way of waking others. */
  readonly common: Common;
  readonly seat: number;
  /** Nobody else sees to what is due in the shards: delays, times to run, pauses. */
  readonly isAlone: boolean;
  readonly clock: Clock;
  readonly runtime: LoopRuntime;
  /** The tokens that clients show; if absent, they may do everything. */
  readonly tokens?: TokenBook | undefined;
  /** Says something about the whole broker to the log. */
  readonly announce: (message: string) => void;
  /** Told once. Whether it comes back is for whoever has the broker to say. */
  readonly broken: (error: BrokenError) => void;
}

/** How often it is looked whether replies have left. */
const LOOK_MILLIS = 5;

/** One thread's own sessions. */
export class InProcess {
  readonly #host: SessionHost;
  readonly #common: Common;
  readonly #runtime: LoopRuntime;
  readonly #loop: HostLoop;
  readonly #watch: Watch;
  /** Those of clients. */
  readonly #wires = new Set<InProcessWire>();
  #isReady = false;

  static async open(parts: InProcessParts): Promise<InProcess> {
    const { content, common, seat, runtime, clock, isAlone, announce, broken, tokens } = parts;
    const watch = new Watch(broken);
    const { openStorage: _, ...rest } = runtime; // this thread leads no commit
    const host = await openSessionHost(content, {
      threadIndex: seat,
      common,
      clock: () => clock.now(),
      isAlone,
      runtime: { ...rest, soon: (run) => runtime.soon(() => watch.attempt(run)) },
      announce,
      tokens,
      broken: (error) => {
        throw error; // it comes by the watch, in whose turns all is done
      },
    });
    return new InProcess(host, parts, watch);
  }

  private constructor(host: SessionHost, parts: InProcessParts, watch: Watch) {
    const { common, runtime, clock, isAlone } = parts;
    this.#host = host;
    this.#common = common;
    this.#runtime = runtime;
    this.#watch = watch;
    const driven = {
      wake: () => watch.attempt(() => host.wake()),
      tick: () => watch.attempt(() => host.tick()),
      onTurn: (ended: () => void) => host.onTurn(ended),
      nextDueMicros: () => (isAlone ? host.nextDueMicros() : host.nextWaitMicros),
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

  /** From now on these tokens count. */
  renewTokens(list: TokenList): void {
    this.#watch.attempt(() => this.#host.renewTokens(list));
  }

  /** A client's session. Throws a BrokenError, and a ClosedError when commands do not run. */
  connect(options: ConnectionOptions = {}): ClientConnection {
    this.#checkReady();
    return new ClientConnection((listener) => this.wire(listener), options);
  }

  /** A session of the server's own, which shows no token. Throws as `connect` does. */
  connectOwn(options: ConnectionOptions = {}): ClientConnection {
    const open = (outlet: Outlet): Inlet => this.#host.openOwn(outlet);
    return new ClientConnection((listener) => this.#wire(listener, open), options);
  }

  /** The wire to a client's session. Throws as `connect` does. */
  wire(listener: WireListener): Wire {
    return this.#wire(listener, (outlet) => this.#host.open(outlet));
  }

  #wire(listener: WireListener, make: (outlet: Outlet) => Inlet): Wire {
    this.#checkReady();
    const { counters } = this.desk;
    this.#common.admitConnection(Infinity);
    counters[COUNTER_ACCEPTED] = (counters[COUNTER_ACCEPTED] ?? 0) + 1;
    const open = (outlet: Outlet): Inlet => this.guard(() => make(outlet));
    const wire: InProcessWire = new InProcessWire(listener, open, this.#turn, () => {
      this.#wires.delete(wire);
      this.#common.releaseConnection();
    });
    this.#wires.add(wire);
    return wire;
  }

  /** An observer's session. Throws as `connect` does. */
  observe(): ClientConnection {
    this.#checkReady();
    const open = (outlet: Outlet): Inlet => this.guard(() => this.#host.observe(outlet));
    return new ClientConnection((listener) => new InProcessWire(listener, open, this.#turn));
  }

  /**
   * The session of a client who comes by a transport of this thread, which counts him, and who has
   * shown `token` already if there is one. Throws a BrokenError; once something broke nothing that
   * it is told reaches the session.
   */
  serve(outlet: Outlet, token?: Uint8Array): Inlet {
    const inlet = this.guard(() => this.#host.open(outlet, token));
    return {
      receive: (bytes) => this.#turn(() => inlet.receive(bytes)),
      ended: () => this.#turn(() => inlet.ended()),
      closed: () => this.#turn(() => inlet.closed()),
      drained: () => this.#turn(() => inlet.drained()),
    };
  }

  /** A page of its clients' sessions. */
  describe(offset: number, limit: number, which: WhichConnections): ConnectionPage {
    return this.guard(() => this.#host.describe(offset, limit, which));
  }

  #checkReady(): void {
    this.#watch.check();
    if (!this.isReady) throw new ClosedError("there are no sessions yet, or no more");
  }

  readonly #turn = (run: () => void): void => this.#watch.attempt(run);

  /**
   * Looks at the shards directly, where the protocol has no command: `run` may call whatever of the
   * engine is bounded and changes nothing. Throws as `connect` does.
   */
  look<Result>(run: (desk: Desk) => Result): Result {
    this.#checkReady();
    const outcome = this.guard(() => this.#host.look((desk) => attempt(() => run(desk))));
    return outcome();
  }

  /**
   * Resolves when what was looked at, and what that depends on (answers.ts), is as safe as the
   * level of durability says: nobody hears of a job that a crash could undo, or of an id that might
   * be given out again. What is safe already can be told while the disk stands still.
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

  /** Runs something on an observer's session of its own. Rejects with what `connect` throws. */
  async withConnection<Result>(run: (own: ClientConnection) => Promise<Result>): Promise<Result> {
    const own = this.observe();
    try {
      return await run(own);
    } finally {
      own.close();
    }
  }

  /**
   * Runs something that calls the engine. Throws a BrokenError: a lock may be held, memory may be
   * broken.
   */
  guard<Result>(run: () => Result): Result {
    return this.#watch.guard(run);
  }

  /**
   * Takes no more input of clients but what they asked before, and resolves when they have all
   * replies that only waited for the journal: those who go on asking would keep it waiting forever.
   */
  async repliesOut(): Promise<void> {
    await new Promise<void>(queueMicrotask); // what was asked in this turn leaves in a microtask
    for (const wire of this.#wires) wire.stopInput();
    while (this.#host.holdsReplies && !this.#watch.isBroken && this.#isReady) {
      await new Promise<void>((resolve) => void this.#runtime.after(LOOK_MILLIS, resolve));
    }
  }

  /** Ends all clients' connections, and is done. What they still waited for is rejected. */
  stop(cause: ClosedError): void {
    for (const wire of this.#wires) wire.close(cause);
    this.#letGo();
  }

  /** The broker is broken: what clients waited for is rejected, and no session is called again. */
  fail(error: BrokenError): void {
    for (const wire of this.#wires) wire.abandon(error);
    this.#wires.clear();
    this.#watch.close(error);
    this.#letGo();
    for (const shard of this.desk.shards) shard.breakLock(); // the committer may wait for one
  }

  #letGo(): void {
    this.#isReady = false;
    this.#loop.stop();
  }
}

/** Sees to it that after something broke nothing of it is called again. */
class Watch {
  readonly #broken: (error: BrokenError) => void;
  #error: BrokenError | undefined;

  constructor(broken: (error: BrokenError) => void) {
    this.#broken = broken;
  }

  get isBroken(): boolean {
    return this.#error !== undefined;
  }

  /** Throws a BrokenError if something broke. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** From now on everything is refused. */
  close(error: BrokenError): void {
    this.#error ??= error;
  }

  /** Runs it. Throws a BrokenError. */
  guard<Result>(run: () => Result): Result {
    this.check();
    try {
      return run();
    } catch (cause) {
      const error = cause instanceof BrokenError ? cause : failureOf("the sessions", cause);
      this.close(error);
      this.#broken(error);
      throw error;
    }
  }

  /** The same where nobody waits for what it returns: whoever must know is told. */
  attempt(run: () => void): void {
    if (this.#error !== undefined) return;
    try {
      this.guard(run);
    } catch (error) {
      if (!(error instanceof BrokenError)) throw error;
    }
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
