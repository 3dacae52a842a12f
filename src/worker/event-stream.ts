/* Event stream: what a worker tells, one event after the other, for whoever would rather read than
 * be called.
 *
 * Invariants: it hears from the moment it is made. What is not read waits, UNREAD_MAX events at
 * most; then the oldest are dropped, and the next one that is read says how many. It ends when the
 * worker has stopped and all is read, or when its reader leaves. Made by worker.ts.
 */
import type { Listeners, WorkerEvents } from "./worker-events.ts";

/** Something that a worker told. */
export type WorkerEvent<Name extends keyof WorkerEvents = keyof WorkerEvents> = {
  readonly [Each in Name]: {
    readonly name: Each;
    readonly event: WorkerEvents[Each];
    /** How many events before this one were dropped, because nobody read them in time. */
    readonly missed: number;
  };
}[Name];

/** Most events that wait to be read. */
export const UNREAD_MAX = 1000;

/** Events as they come. */
export class EventStream<Name extends keyof WorkerEvents> implements AsyncIterableIterator<
  WorkerEvent<Name>,
  undefined
> {
  readonly #hearing: Disposable[] = [];
  readonly #left: () => void;
  #unread: { readonly name: Name; readonly event: WorkerEvents[Name] }[] = [];
  #missed = 0;
  #isOver = false;
  readonly #readers: (() => void)[] = [];

  /** `left` is called when it hears no more. */
  constructor(listeners: Listeners, names: readonly Name[], left: () => void) {
    this.#left = left;
    for (const name of names) {
      this.#hearing.push(listeners.on(name, (event) => this.#came(name, event)));
    }
  }

  async next(): Promise<IteratorResult<WorkerEvent<Name>, undefined>> {
    while (this.#unread.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
    const first = this.#unread.shift();
    if (first === undefined) return { done: true, value: undefined };
    const missed = this.#missed;
    this.#missed = 0;
    return { done: false, value: { ...first, missed } };
  }

  async return(): Promise<IteratorResult<WorkerEvent<Name>, undefined>> {
    this.#unread = [];
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** No event comes any more; those that wait can be read. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const heard of this.#hearing) heard[Symbol.dispose]();
    this.#wake();
    this.#left();
  }

  #came(name: Name, event: WorkerEvents[Name]): void {
    this.#unread.push({ name, event });
    if (this.#unread.length > UNREAD_MAX) {
      this.#unread.shift();
      this.#missed += 1;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#readers.splice(0)) wake();
  }
}
