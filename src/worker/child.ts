/* Child: what a thread or a process of handlers does: loads their module, makes its state, and runs
 * one job after the other until it is told to end.
 *
 * Started by the entries in runtimes/; the worker's side is room.ts.
 */
import { Deadlines } from "../client/deadlines.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { HeldJob } from "./backend.ts";
import { sentOutcome } from "./child-messages.ts";
import type { FromChild, LogLevel, ToChild } from "./child-messages.ts";
import { decodeWith, encodeWith, json } from "./codec.ts";
import { Context } from "./context.ts";
import type { Surroundings } from "./context.ts";
import { decodeEnvelope } from "./envelope.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import { on } from "./handler.ts";
import type { HandlerExports } from "./isolation.ts";
import type { Handler } from "./job-definition.ts";
import type { Logger } from "./logger.ts";
import { runHandler } from "./run-handler.ts";
import { rebuiltError, serializeError } from "./serialized-error.ts";
import { JobAbort } from "./thrown.ts";

/** The way to the worker. */
export interface ChildPort {
  post(message: FromChild): void;
  hear(heard: (message: ToChild) => void): void;
  /** Ends this thread or process. */
  exit(): void;
}

type Start = Extract<ToChild, { readonly kind: "start" }>;
type Run = Extract<ToChild, { readonly kind: "run" }>;

/** What is being run. */
interface Running {
  readonly run: number;
  readonly context: Context<unknown>;
  readonly touching: PromiseWithResolvers<void>[];
}

/** Does what the worker says, for as long as it is there. */
export function serveChild(port: ChildPort): void {
  const server = new ChildServer(port);
  port.hear((message) => server.heard(message));
}

class ChildServer {
  readonly #port: ChildPort;
  readonly #handlers = new Map<string, Handler<unknown>>();
  readonly #deadlines = new Deadlines(SYSTEM_CLOCK);
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #stack: AsyncDisposableStack | undefined;
  #state: unknown;
  #can: Start["can"] | undefined;
  #running: Running | undefined;

  constructor(port: ChildPort) {
    this.#port = port;
    const at =
      (level: LogLevel) =>
      (fields: unknown, message?: string): void =>
        port.post({
          kind: "log",
          level,
          fields: plainFields(fields),
          ...(message !== undefined && { message }),
        });
    this.#log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  heard(message: ToChild): void {
    if (message.kind === "start") void this.#start(message);
    else if (message.kind === "run") void this.#run(message);
    else if (message.kind === "close") void this.#close();
    else if (message.run === this.#running?.run) {
      if (message.kind === "abort") this.#running.context.abort(new JobAbort(message.why));
      else answer(this.#running.touching.shift(), message.error);
    }
  }

  async #start({ module, jobs, can }: Start): Promise<void> {
    this.#can = can;
    try {
      await this.#load((await import(module)) as Partial<HandlerExports<unknown>>, jobs, module);
      this.#port.post({ kind: "ready" });
    } catch (error) {
      this.#port.post({ kind: "failed", error: serializeError(error) });
    }
  }

  async #load(
    { handlers, init }: Partial<HandlerExports<unknown>>,
    jobs: readonly string[],
    module: string,
  ): Promise<void> {
    const list = typeof handlers === "function" ? handlers(on) : handlers;
    if (!Array.isArray(list)) throw new BadOptionError(`${module}: it exports no \`handlers\``);
    for (const handler of list as readonly Handler<unknown>[]) {
      this.#handlers.set(handler.job.name, handler);
    }
    const missing = jobs.find((name) => !this.#handlers.has(name));
    if (missing !== undefined) {
      throw new BadOptionError(`${module}: none of its handlers is for ${missing}`);
    }
    if (init === undefined) return;
    if (typeof AsyncDisposableStack === "undefined") {
      throw new UnsupportedError("init: this runtime has no AsyncDisposableStack");
    }
    this.#stack = new AsyncDisposableStack();
    this.#state = await init(this.#stack, this.#closing.signal);
  }

  async #run({ run, job, event, body }: Run): Promise<void> {
    const handler = this.#handlers.get(job);
    const can = this.#can;
    if (handler === undefined || can === undefined) throw new RangeError("it was not ready");
    const touching: PromiseWithResolvers<void>[] = [];
    const held = this.#held(run, touching);
    const envelope = decodeEnvelope(body);
    const context = new Context({ held, envelope, event }, this.#state, this.#around(can, run));
    this.#running = { run, context, touching };
    const outcome = await runHandler(handler, envelope, context);
    context.end();
    this.#running = undefined;
    this.#port.post({ kind: "outcome", run, outcome: sentOutcome(outcome) });
  }

  /** The job as far as it can be reached from here. Notes are sent by the worker. */
  #held(
    run: number,
    touching: PromiseWithResolvers<void>[],
  ): Pick<HeldJob, "isHeld" | "progress" | "renew"> {
    return {
      isHeld: true,
      progress: () => Promise.resolve(),
      renew: () => {
        const answered = Promise.withResolvers<void>();
        touching.push(answered);
        this.#port.post({ kind: "touch", run });
        return answered.promise;
      },
    };
  }

  #around(can: Start["can"], run: number): Surroundings {
    return {
      can,
      deadlines: this.#deadlines,
      telling: undefined,
      logger: this.#log,
      now: Date.now,
      noted: (_, value) => this.#port.post({ kind: "note", run, value: plain(value) }),
      troubled: (error) => this.#log.error({ err: error }, "trouble in a handler's thread"),
    };
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    try {
      await this.#stack?.disposeAsync();
    } catch (error) {
      this.#log.error({ err: error }, "the state could not be disposed of");
    }
    this.#port.exit();
  }
}

function answer(
  answered: PromiseWithResolvers<void> | undefined,
  error: ReturnType<typeof serializeError> | undefined,
): void {
  if (error === undefined) answered?.resolve();
  else answered?.reject(rebuiltError(error));
}

/** A value as JSON has it, which can be cloned. Throws a CodecError. */
function plain(value: unknown): unknown {
  return decodeWith(json, encodeWith(json, value ?? null, "a progress note"), "a progress note");
}

/** What is logged, as far as it can be sent. */
function plainFields(fields: unknown): unknown {
  return plainOr(() => {
    if (typeof fields !== "object" || fields === null) return plain(fields);
    if (fields instanceof Error) return { err: serializeError(fields) };
    const named = fields as Readonly<Record<string, unknown>>;
    return Object.fromEntries(Object.keys(named).map((name) => [name, plainField(named, name)]));
  });
}

function plainField(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  return plainOr(() => {
    const value = fields[name];
    return value instanceof Error ? serializeError(value) : plain(value);
  });
}

/** What it returns, or why it throws: a line is worth more than what cannot be sent of it. */
function plainOr(get: () => unknown): unknown {
  try {
    return get();
  } catch (error) {
    return serializeError(error).message; // a circle, a bigint, a getter that throws
  }
}
