/* Thread: what each I/O thread runs: it listens, hands connections to its host, and calls the host
 * when it is wanted or when it is time.
 *
 * The thread never catches what its host throws: it may hold a shard's lock, so the whole process
 * ends. Started by the runtime's thread entry (src/runtimes/).
 */
import type { Clock } from "../clock.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { TokenList } from "../config/token-file.ts";
import { DROPPED } from "../log.ts";
import type { LogFields, LogLevel } from "../log.ts";
import type { Door, Listener, ListenOrder, Order } from "../runtime.ts";
import type { ThreadRuntime, ThreadSeed, TraceSettings } from "../runtime.ts";
import { Patience } from "../patience.ts";
import { PROGRAM } from "../version.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { Common, COUNTER_LAG_MILLIS } from "../engine/common.ts";
import {
  COUNTER_LINES_DROPPED,
  COUNTER_LINES_TAKEN,
  COUNTER_LINES_TOLD,
} from "../engine/common.ts";
import { clockOf, HostLoop } from "../session/host-loop.ts";
import type { HostSurroundings } from "../broker/open-host.ts";
import { journalBoardOf } from "../broker/boards.ts";
import { Admission } from "./admission.ts";
import { LoopLag } from "./loop-lag.ts";
import type { DrivenHost } from "../session/host-loop.ts";
import { TokenBook } from "../session/token-book.ts";
import { openTraced } from "../session/trace.ts";
import type { ConnectionPage, WhichConnections } from "../session/who-is-there.ts";

/** The sessions of one thread; implemented by SessionHost. All of it is synchronous. */
export interface ThreadHost extends DrivenHost {
  /** A session for a new connection, which has shown `token` already if there is one. */
  open(outlet: Outlet, token?: Uint8Array): Inlet;
  /** As in Door; if absent, nobody needs a token. */
  knows?(token: Uint8Array): boolean | undefined;
  /** From now on these tokens count; absent: there are none. */
  renewTokens?(list: TokenList): void;
  /** Whether replies wait for the journal, or for the rest of what they began. */
  readonly holdsReplies: boolean;
  /**
   * Takes part in the recovery of the journal, and returns when there is nothing left to do;
   * absent: it has none.
   */
  helpToRecover?(): void;
  /** What there is to say about its sessions; if absent, nothing. */
  describe?(offset: number, limit: number, which: WhichConnections): ConnectionPage;
}

/** Makes the host of a thread. */
export type OpenHost = (payload: unknown, surroundings: HostSurroundings) => Promise<ThreadHost>;

/**
 * Lines for the log that may be on their way to the main thread, so that their number is bounded
 * when it cannot keep up.
 */
const LINES_ON_THEIR_WAY_MAX = 10_000;

/** Runs the thread: reports "ready", then follows orders until it is ended. */
export async function runThread(
  seed: ThreadSeed,
  runtime: ThreadRuntime,
  openHost: OpenHost,
): Promise<void> {
  const relay = (low: number, high: number): void => runtime.report({ kind: "wake", low, high });
  const common = new Common(seed.common, runtime.waitForChange === undefined ? relay : undefined);
  const clock = clockOf(common, runtime);
  const { threadIndex } = seed;
  const counters = common.counters(threadIndex);
  const announce = (message: string): void => {
    counters[COUNTER_LINES_TOLD] = (counters[COUNTER_LINES_TOLD] ?? 0) + 1;
    runtime.report({ kind: "log", level: "info", message, fields: {} });
  };
  const host = await openHost(seed.payload, {
    threadIndex,
    common,
    clock: common.clock(),
    runtime,
    announce,
    tokens: seed.tokens && new TokenBook(seed.tokens, (bytes) => runtime.sha256(bytes)),
    broken: (error) => runtime.die(`${PROGRAM}: ${error.message}`),
  });
  const thread = new IoThread(seed, runtime, common, clock, host);
  runtime.onOrder((order) => thread.obey(order));
  runtime.report({ kind: "ready" });
  if (runtime.waitForChange !== undefined) void thread.loop.keepAwake(runtime.waitForChange);
}

class IoThread implements Door {
  readonly loop: HostLoop;
  readonly #admission: Admission;
  readonly #trace: TraceSettings;
  readonly #runtime: ThreadRuntime;
  readonly #common: Common;
  readonly #counters: Float64Array;
  readonly #host: ThreadHost;
  readonly #listeners: Listener[] = [];
  /** Absent if nobody reads it. */
  readonly #lag: LoopLag | undefined;
  /** Lines that were dropped since a line said so. */
  #unsaidLines = 0;
  /** Connections that were traced so far. */
  #traced = 0;

  constructor(
    seed: ThreadSeed,
    runtime: ThreadRuntime,
    common: Common,
    clock: Clock,
    host: ThreadHost,
  ) {
    this.#trace = seed.trace;
    this.#runtime = runtime;
    this.#common = common;
    this.#counters = common.counters(seed.threadIndex);
    this.#host = host;
    this.#admission = new Admission({
      common,
      counters: this.#counters,
      maxConnections: seed.maxConnections,
      clock,
      troubled: (message) => this.troubled(message),
    });
    this.loop = new HostLoop(host, common, seed.threadIndex, clock);
    if (seed.measuresLag) {
      this.#lag = new LoopLag((millis) => (this.#counters[COUNTER_LAG_MILLIS] = millis));
    }
  }

  obey(order: Order): void {
    switch (order.kind) {
      case "recover":
        this.#host.helpToRecover?.();
        journalBoardOf(this.#common).waitForRecovery();
        break;
      case "listen":
        void this.#listen(order.sockets);
        break;
      case "stop":
        void this.#stop(order.withinMillis);
        break;
      case "wake":
        this.loop.wake();
        break;
      case "connections":
        this.#describe(order);
        break;
      case "tokens":
        this.#host.renewTokens?.(order.list);
        break;
    }
  }

  #describe({ question, offset, limit, which }: Extract<Order, { kind: "connections" }>): void {
    const page = this.#host.describe?.(offset, limit, which) ?? { total: 0, connections: [] };
    this.#runtime.report({ kind: "connections", question, page });
  }

  async #listen(sockets: readonly ListenOrder[]): Promise<void> {
    try {
      for (const { address, manner } of sockets) {
        this.#listeners.push(await this.#runtime.listen(address, manner, this));
        const message = `bound to ${formatListenAddress(address)}`;
        if (this.#trace.verbosity > 0) this.#log("debug", message);
      }
      this.#runtime.report({ kind: "listening" });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#runtime.report({ kind: "failed", message });
    }
  }

  async #stop(withinMillis: number): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting();
    await this.#repliesOut(withinMillis);
    await Promise.all(this.#listeners.map((listener) => listener.finish(withinMillis)));
    this.loop.stop();
    this.#lag?.stop();
    this.#runtime.report({ kind: "stopped" });
  }

  /** Resolves when no reply waits for anything but its client any more, or after so long. */
  async #repliesOut(withinMillis: number): Promise<void> {
    const patience = new Patience(withinMillis);
    while (this.#host.holdsReplies && !patience.isOver) {
      await new Promise<void>((resolve) => this.#runtime.soon(resolve));
    }
    patience.end();
  }

  admit(): boolean {
    return this.#admission.admit();
  }

  open(outlet: Outlet, token?: Uint8Array): Inlet {
    if (this.#trace.verbosity === 0) return this.#host.open(outlet, token);
    const open = (own: Outlet): Inlet => this.#host.open(own, token);
    const tell = this.#log.bind(this);
    return openTraced(outlet, open, ++this.#traced, this.#trace, tell);
  }

  knows(token: Uint8Array): boolean | undefined {
    return this.#host.knows?.(token);
  }

  left(): void {
    this.#admission.left();
  }

  troubled(message: string): void {
    this.#log("warn", message);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    const counters = this.#counters;
    const onTheirWay = (counters[COUNTER_LINES_TOLD] ?? 0) - (counters[COUNTER_LINES_TAKEN] ?? 0);
    if (onTheirWay >= LINES_ON_THEIR_WAY_MAX) {
      this.#count(COUNTER_LINES_DROPPED);
      this.#unsaidLines++;
      return;
    }
    if (this.#unsaidLines > 0) this.#tell("warn", DROPPED, { dropped: this.#unsaidLines });
    this.#unsaidLines = 0;
    this.#tell(level, message, fields);
  }

  #tell(level: LogLevel, message: string, fields: LogFields): void {
    this.#count(COUNTER_LINES_TOLD);
    this.#runtime.report({ kind: "log", level, message, fields });
  }

  #count(counter: number): void {
    this.#counters[counter] = (this.#counters[counter] ?? 0) + 1;
  }
}
