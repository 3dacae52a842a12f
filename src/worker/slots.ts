/* Slots: what a worker runs jobs in, each with the state that `init` made for it, or with the room
 * where its jobs are run.
 *
 *   initialising -> free <-> busy -> gone      busy -> stuck -> gone
 *        ^  |
 *        +--+ `init` threw; again after initRetry
 *
 * Invariants: a slot runs one job at a time. A job is asked for only for slots that are free, or
 * will be when the job ends that they run. A slot that ends disposes of its state once: after the
 * handler that used it, but for one that goes on when all are closed. When they are closed, what
 * was made is disposed of, but for what an `init` makes that does not end in time. Made by
 * worker.ts.
 */
import { pause } from "../client/pause.ts";
import type { Dispatch } from "./dispatcher.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import type { JobEvent } from "./failure-mode.ts";
import type { OpenRoom } from "./isolated.ts";
import type { Room } from "./room.ts";
import type { WorkerSettings } from "./worker-options.ts";

/** What jobs are run with. */
export interface Place<State> {
  /** What `init` made; undefined if there is none. */
  readonly state: State;
  /** Where they are run, if not here. */
  readonly room: Room | undefined;
}

/** Makes a place. What it puts on the stack is disposed of when the slot ends. */
type MakePlace<State> = (stack: AsyncDisposableStack, signal: AbortSignal) => Promise<Place<State>>;

/** A slot, and what it is up to. */
export interface Slot<State> extends Place<State> {
  readonly number: number;
  readonly stack: AsyncDisposableStack | undefined;
  standing: "free" | "busy" | "stuck";
}

/** Who hears of the slots. */
export interface SlotsOwner {
  /** A slot became free, or how many there are has changed. */
  changed(): void;
  initFailed(slot: number, error: unknown): void;
  /** What was thrown while a state was disposed of. */
  disposeFailed(error: unknown): void;
}

/** Of a slot without any. */
const NOTHING: Place<undefined> = { state: undefined, room: undefined };

/** The slots of one worker. */
export class Slots<State> {
  readonly #settings: WorkerSettings<State>;
  readonly #owner: SlotsOwner;
  readonly #dispatch: Dispatch;
  /** Undefined if nothing has to be made. */
  readonly #make: MakePlace<State> | undefined;
  readonly #slots = new Map<number, Slot<State>>();
  /** Slots whose state is being made, and what calls that off. */
  readonly #coming = new Map<number, AbortController>();
  /** What makes states: until each is there, or was called off and disposed of. */
  readonly #making = new Set<Promise<void>>();
  readonly #disposing = new Set<Promise<void>>();
  #wanted = 0;
  #numbers = 0;
  /** Slots whose handlers go on for nothing. */
  #stuck = 0;

  /** `openRoom` is for jobs that are not run here. */
  constructor(settings: WorkerSettings<State>, owner: SlotsOwner, openRoom: OpenRoom | undefined) {
    this.#make = placeMaker(settings, openRoom);
    if (this.#make !== undefined && typeof AsyncDisposableStack === "undefined") {
      throw new UnsupportedError("init: this runtime has no AsyncDisposableStack");
    }
    this.#settings = settings;
    this.#owner = owner;
    this.#dispatch = settings.dispatch.open();
  }

  /** Jobs that can be run at a time now. */
  get capacity(): number {
    return this.#slots.size - this.#stuck;
  }

  /** Slots whose state is being made. */
  get initialising(): number {
    return this.#coming.size;
  }

  /** Whether a job is run whose end makes a slot free. */
  get isBusy(): boolean {
    return [...this.#slots.values()].some(({ standing }) => standing === "busy");
  }

  /** From now on there are so many; those that are too many end when their jobs do. */
  resize(count: number): void {
    this.#wanted = count;
    while (this.#slots.size + this.#coming.size < count) this.#open();
    this.#shrink();
    this.#owner.changed();
  }

  /** The free slot that runs the job; undefined if there is none for it. */
  pick(job: JobEvent): Slot<State> | undefined {
    const number = this.#dispatch.pick(job);
    if (number === undefined) return undefined;
    const slot = this.#slots.get(number);
    if (slot?.standing !== "free") {
      throw new BadOptionError(`dispatch: slot ${number}, which it picked, is not free`);
    }
    slot.standing = "busy";
    return slot;
  }

  /** Its handler goes on for nothing. */
  stuck(slot: Slot<State>): void {
    slot.standing = "stuck";
    this.#stuck += 1;
    this.#owner.changed();
  }

  /** Its handler has ended. */
  free(slot: Slot<State>): void {
    if (!this.#slots.has(slot.number)) return;
    if (slot.standing === "stuck") this.#stuck -= 1;
    slot.standing = "free";
    if (this.#tooMany) this.#end(slot);
    else this.#dispatch.ready(slot.number);
    this.#owner.changed();
  }

  /** Its state is of no use any more: it ends, and after so long another one comes in its place. */
  renew(slot: Slot<State>, afterMillis: number): void {
    if (!this.#slots.has(slot.number)) return;
    if (slot.standing === "free") this.#dispatch.gone(slot.number);
    this.#end(slot);
    if (this.#slots.size + this.#coming.size < this.#wanted) this.#open(afterMillis);
    this.#owner.changed();
  }

  /** The room is gone, though its slot runs nothing. */
  lost(room: Room): void {
    for (const slot of this.#slots.values()) {
      if (slot.room !== room || slot.standing !== "free") continue;
      this.renew(slot, this.#settings.initRetryMillis);
      return;
    }
  }

  /** Ends all; those whose handlers go on are disposed of all the same. */
  async close(): Promise<void> {
    this.#wanted = 0;
    this.#shrink();
    for (const slot of this.#slots.values()) this.#end(slot);
    await this.#allMade();
    await Promise.all(this.#disposing);
  }

  /**
   * Resolves when no state is made any more, or after as long as what was told to stop may take.
   */
  async #allMade(): Promise<void> {
    if (this.#making.size === 0) return;
    const { clock, abortMillis } = this.#settings;
    const made = new AbortController();
    void Promise.allSettled(this.#making).then(() => made.abort());
    await pause(clock, abortMillis, made.signal);
  }

  get #tooMany(): boolean {
    return this.#slots.size + this.#coming.size > this.#wanted;
  }

  #shrink(): void {
    for (const [number, coming] of this.#coming) {
      if (!this.#tooMany) return;
      this.#coming.delete(number);
      coming.abort();
    }
    for (const slot of this.#slots.values()) {
      if (!this.#tooMany) return;
      if (slot.standing !== "free") continue;
      this.#dispatch.gone(slot.number);
      this.#end(slot);
    }
  }

  #open(afterMillis = 0): void {
    const number = this.#numbers++;
    const make = this.#make;
    if (make === undefined) return this.#ready(number, NOTHING as Place<State>, undefined);
    const coming = new AbortController();
    this.#coming.set(number, coming);
    const making = this.#initialise(number, make, coming.signal, afterMillis);
    this.#making.add(making);
    void making.finally(() => this.#making.delete(making));
  }

  async #initialise(
    number: number,
    make: MakePlace<State>,
    signal: AbortSignal,
    afterMillis: number,
  ): Promise<void> {
    const { clock, initRetryMillis } = this.#settings;
    if (afterMillis > 0) await pause(clock, afterMillis, signal);
    while (!signal.aborted) {
      const stack = new AsyncDisposableStack();
      try {
        const place = await make(stack, signal);
        if (signal.aborted) {
          await this.#dispose(stack);
          return;
        }
        this.#coming.delete(number);
        this.#ready(number, place, stack);
        this.#owner.changed();
        return;
      } catch (error) {
        await this.#dispose(stack);
        if (!signal.aborted) this.#owner.initFailed(number, error);
      }
      await pause(clock, initRetryMillis, signal);
    }
  }

  #ready(number: number, place: Place<State>, stack: AsyncDisposableStack | undefined): void {
    this.#slots.set(number, { ...place, number, stack, standing: "free" });
    this.#dispatch.ready(number);
  }

  #end(slot: Slot<State>): void {
    this.#slots.delete(slot.number);
    if (slot.standing === "stuck") this.#stuck -= 1;
    if (slot.stack !== undefined) void this.#dispose(slot.stack);
  }

  async #dispose(stack: AsyncDisposableStack): Promise<void> {
    const disposing = stack
      .disposeAsync()
      .catch((error: unknown) => this.#owner.disposeFailed(error));
    this.#disposing.add(disposing);
    await disposing;
    this.#disposing.delete(disposing);
  }
}

function placeMaker<State>(
  { init }: WorkerSettings<State>,
  openRoom: OpenRoom | undefined,
): MakePlace<State> | undefined {
  if (openRoom !== undefined) {
    return async (...made) => ({ state: undefined as State, room: await openRoom(...made) });
  }
  return init && (async (...made) => ({ state: await init(...made), room: undefined }));
}
