/* Isolation: handlers that are run in a thread or a process of their own, and what starts one. The
 * handlers are the module's that a URL names; the worker knows their definitions alone, so that
 * nothing of that module is run beside it.
 *
 * How a thread or a process is started is the runtime's, and given by src/entries/.
 */
import type { FromChild, ToChild } from "./child-messages.ts";
import type { AnyJob, Handler, On } from "./job-definition.ts";

/** Where handlers are run. */
export type Isolate = "thread" | "process";

/** The handlers of a module, which runs apart from the worker. */
export interface HandlerModule {
  readonly module: URL;
  /** The definitions of the jobs that it handles. */
  readonly jobs: readonly AnyJob[];
}

/** What such a module exports. */
export interface HandlerExports<State> {
  readonly handlers: readonly Handler<undefined>[] | ((on: On<State>) => readonly Handler<State>[]);
  /** Makes the state of its thread or process, once. */
  readonly init?: (stack: AsyncDisposableStack, signal: AbortSignal) => State | Promise<State>;
}

/** Names the module that handles jobs of these kinds. */
export function fromModule(module: URL, jobs: readonly AnyJob[]): HandlerModule {
  return { module, jobs };
}

/** What such a module exports, with the type of the state inferred from `init`. */
export function handlerModule<State = undefined>(
  exported: HandlerExports<State>,
): HandlerExports<State> {
  return exported;
}

/** How handlers are isolated. */
export interface Isolation {
  readonly isolate: Isolate;
  readonly module: URL;
  /** The most that the heap of one may grow to; as the runtime has it if absent. */
  readonly heapMegabytes: number | undefined;
}

/** A thread or a process that was started. */
export interface Child {
  /** What cannot arrive any more is dropped. */
  post(message: ToChild): void;
  /** Ends it at once, whatever it does. Resolves when it is gone. */
  end(): Promise<void>;
}

/** How a thread or a process ended. */
export interface ChildEnd {
  /** For people: `exit code 3`. */
  readonly how: string;
  /** What was thrown there and not caught, where the runtime says so. */
  readonly error?: unknown;
}

/** Who hears of one. */
export interface ChildListener {
  heard(message: FromChild): void;
  /** Called once, however it ended. */
  gone(end: ChildEnd): void;
}

/** Starts one. Throws an UnsupportedError where there is no such thing. */
export type StartChild = (isolation: Isolation, listener: ChildListener) => Child;
