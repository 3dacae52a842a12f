/* Thread: what each I/O thread runs: it listens, hands connections to its host, and calls the host when it is wanted or when it is time.
 *
 * Invariants: one timer, armed for the earliest moment that the host has named; a moment that moves away is not chased, the timer
 * goes off and is armed anew. Whoever wakes the thread finds it looking after that (common.ts). The thread never catches what
 * its host throws: it may hold a shard's lock, so the whole process ends. Started by the runtime's thread entry (src/runtimes/).
 */
import { NEVER_MICROS } from "../../assembly/constants.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { LogFields, LogLevel } from "../observability/log.ts";
import type { Door, Listener, ListenOrder, Order, ThreadRuntime, ThreadSeed } from "../runtime.ts";
import type { TraceSettings } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { Common, COUNTER_ACCEPTED, COUNTER_TURNED_AWAY } from "./common.ts";
import { openTraced } from "./trace.ts";

/** The sessions of one thread; implemented by SessionHost. All of it is synchronous. */
export interface ThreadHost {
  /** A session for a new connection. */
  open(outlet: Outlet): Inlet;
  /** Another thread did something that concerns a session of this one. */
  wake(): void;
  /** Does what is due. */
  tick(): void;
  /** Whether replies wait for the journal. */
  readonly holdsReplies: boolean;
  /** When `tick` has something to do, in microseconds of the clock; NEVER_MICROS when it has not. */
  nextDueMicros(): number;
}

/** What a host is made from, beside the payload of the seed. */
export interface HostSurroundings {
  readonly threadIndex: number;
  readonly common: Common;
  /** Microseconds since the server began. */
  readonly clock: () => number;
  readonly runtime: ThreadRuntime;
}

/** Makes the host of a thread. */
export type OpenHost = (payload: unknown, surroundings: HostSurroundings) => Promise<ThreadHost>;

/** Longest time that a timer can be set for, in milliseconds. */
const TIMER_MAX_MS = 2_147_483_647;
/** A thread says at most this often that it turns connections away. */
const TURNED_AWAY_MS = 1000;

/** Runs the thread: reports "ready", then follows orders until it is ended. */
export async function runThread(
  seed: ThreadSeed,
  runtime: ThreadRuntime,
  openHost: OpenHost,
): Promise<void> {
  const relay = (low: number, high: number): void => runtime.report({ kind: "wake", low, high });
  const common = new Common(seed.common, runtime.waitForChange === undefined ? relay : undefined);
  const clock = common.clock();
  const { threadIndex } = seed;
  const host = await openHost(seed.payload, { threadIndex, common, clock, runtime });
  const thread = new IoThread(seed, runtime, common, clock, host);
  runtime.onOrder((order) => thread.obey(order));
  runtime.report({ kind: "ready" });
  if (runtime.waitForChange !== undefined) void thread.keepAwake(runtime.waitForChange);
}

class IoThread implements Door {
  readonly #index: number;
  readonly #mostConnections: number;
  readonly #trace: TraceSettings;
  readonly #runtime: ThreadRuntime;
  readonly #common: Common;
  readonly #counters: Float64Array;
  readonly #clock: () => number;
  readonly #host: ThreadHost;
  readonly #listeners: Listener[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedMicros = NEVER_MICROS;
  #saidTurnedAwayMicros = -Infinity;
  /** Connections that were traced so far. */
  #traced = 0;

  constructor(
    seed: ThreadSeed,
    runtime: ThreadRuntime,
    common: Common,
    clock: () => number,
    host: ThreadHost,
  ) {
    this.#index = seed.threadIndex;
    this.#mostConnections = seed.maxConnections;
    this.#trace = seed.trace;
    this.#runtime = runtime;
    this.#common = common;
    this.#counters = common.counters(seed.threadIndex);
    this.#clock = clock;
    this.#host = host;
  }

  obey(order: Order): void {
    switch (order.kind) {
      case "listen":
        void this.#listen(order.sockets);
        break;
      case "stop":
        void this.#stop(order.withinMillis);
        break;
      case "wake":
        this.#wake();
        break;
    }
  }

  async #listen(sockets: readonly ListenOrder[]): Promise<void> {
    try {
      for (const { address, manner } of sockets) {
        this.#listeners.push(await this.#runtime.listen(address, manner, this));
        const message = `bound to ${formatListenAddress(address)}`;
        if (this.#trace.verbosity > 0) this.#log("debug", message);
      }
      this.#runtime.report({ kind: "listening" });
      this.#common.journal.waitForRecovery(); // whoever connects until then waits in the sockets' backlog
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#runtime.report({ kind: "failed", message });
    }
  }

  async #stop(withinMillis: number): Promise<void> {
    for (const listener of this.#listeners) listener.stopAccepting();
    await this.#repliesOut(this.#clock() + withinMillis * 1000);
    await Promise.all(this.#listeners.map((listener) => listener.finish(withinMillis)));
    clearTimeout(this.#timer);
    this.#runtime.report({ kind: "stopped" });
  }

  /** Resolves when no reply waits for the journal any more, or at that time. */
  async #repliesOut(latestMicros: number): Promise<void> {
    while (this.#host.holdsReplies && this.#clock() < latestMicros) {
      await new Promise<void>((resolve) => this.#runtime.soon(resolve));
    }
  }

  /** Looks whenever another thread wants it to. */
  async keepAwake(wait: NonNullable<ThreadRuntime["waitForChange"]>): Promise<never> {
    for (;;) {
      this.#wake();
      await this.#common.woken(this.#index, wait);
    }
  }

  /** The word is cleared before looking: whoever comes while we look makes us look again. */
  #wake(): void {
    this.#common.clearWake(this.#index);
    this.#host.wake();
    this.turnEnded();
  }

  admit(): boolean {
    if (this.#common.admitConnection(this.#mostConnections)) {
      this.#count(COUNTER_ACCEPTED);
      return true;
    }
    this.#count(COUNTER_TURNED_AWAY);
    this.#sayTurnedAway();
    return false;
  }

  open(outlet: Outlet): Inlet {
    if (this.#trace.verbosity === 0) return this.#host.open(outlet);
    const open = (own: Outlet): Inlet => this.#host.open(own);
    const tell = this.#log.bind(this);
    return openTraced(outlet, open, ++this.#traced, this.#trace, tell);
  }

  left(): void {
    this.#common.releaseConnection();
  }

  /** Sees to it that the host is called when it next has something to do. */
  turnEnded(): void {
    const dueMicros = this.#host.nextDueMicros();
    if (dueMicros < this.#armedMicros) this.#arm(dueMicros);
  }

  troubled(message: string): void {
    this.#log("warn", message);
  }

  #log(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.#runtime.report({ kind: "log", level, message, fields });
  }

  #arm(dueMicros: number): void {
    clearTimeout(this.#timer);
    this.#armedMicros = dueMicros;
    const millis = Math.ceil((dueMicros - this.#clock()) / 1000);
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(millis, 0), TIMER_MAX_MS));
  }

  #tick(): void {
    this.#armedMicros = NEVER_MICROS;
    this.#host.tick();
    this.turnEnded();
  }

  #count(counter: number): void {
    this.#counters[counter] = (this.#counters[counter] ?? 0) + 1;
  }

  #sayTurnedAway(): void {
    const now = this.#clock();
    if (now - this.#saidTurnedAwayMicros < TURNED_AWAY_MS * 1000) return;
    this.#saidTurnedAwayMicros = now;
    this.troubled(`turning connections away: there are ${this.#mostConnections} already`);
  }
}
