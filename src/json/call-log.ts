/* CallLog: who called what, how long it took and what came of it: the newest calls, in a ring, and
 * a line for each in the log at level debug. Bounded, whoever calls. Used by methods.ts.
 */
import type { Logger } from "../worker/logger.ts";

/** A call that is over. */
export interface CallRecord {
  readonly at: Date;
  /** The address and port of the caller. */
  readonly peer: string;
  readonly method: string;
  /** Jobs that it brought. */
  readonly jobs: number;
  readonly millis: number;
  /** "ok", or the code of the error. */
  readonly outcome: string;
}

/** How many calls there were. */
export interface CallCounts {
  readonly calls: number;
  readonly failed: number;
}

/** Calls that are remembered. */
const CALLS_KEPT = 1000;
/** Of a method's name. */
const CHARACTERS_MAX = 64;

/** The calls of one door. */
export class CallLog {
  readonly #logger: Logger | undefined;
  readonly #ring: CallRecord[] = [];
  #calls = 0;
  #failed = 0;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  add(record: CallRecord): void {
    const call = { ...record, method: record.method.slice(0, CHARACTERS_MAX) };
    this.#ring[this.#calls % CALLS_KEPT] = call;
    this.#calls += 1;
    if (call.outcome !== "ok") this.#failed += 1;
    const { at: _, ...fields } = call;
    this.#logger?.debug(fields, "a call");
  }

  get counts(): CallCounts {
    return { calls: this.#calls, failed: this.#failed };
  }

  /** The newest ones, oldest first. */
  newest(): readonly CallRecord[] {
    const start = this.#calls > CALLS_KEPT ? this.#calls % CALLS_KEPT : 0;
    return [...this.#ring.slice(start), ...this.#ring.slice(0, start)];
  }
}
