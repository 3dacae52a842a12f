/* Aborts: which calls end when which signal is aborted.
 *
 * A worker gives one signal to all its calls, so each signal is listened to once, and not at all
 * while no call of it is under way: neither keeps the other alive. Used by link.ts.
 */

/** What a signal ends. */
export interface Abortable {
  /** Whoever waits gets this. */
  abort(reason: unknown): void;
}

interface Listening {
  readonly calls: Set<Abortable>;
  readonly heard: () => void;
}

/** Signals, and what they end. */
export class Aborts {
  readonly #signals = new Map<AbortSignal, Listening>();

  /** From now on the signal ends it. */
  add(signal: AbortSignal, call: Abortable): void {
    const listening = this.#signals.get(signal) ?? this.#listen(signal);
    listening.calls.add(call);
  }

  /** It has ended otherwise. */
  remove(signal: AbortSignal, call: Abortable): void {
    const listening = this.#signals.get(signal);
    if (listening === undefined || !listening.calls.delete(call)) return;
    if (listening.calls.size > 0) return;
    this.#signals.delete(signal);
    signal.removeEventListener("abort", listening.heard);
  }

  #listen(signal: AbortSignal): Listening {
    const calls = new Set<Abortable>();
    const heard = (): void => {
      this.#signals.delete(signal);
      for (const call of calls) call.abort(signal.reason);
    };
    const listening = { calls, heard };
    this.#signals.set(signal, listening);
    signal.addEventListener("abort", heard, { once: true });
    return listening;
  }
}
