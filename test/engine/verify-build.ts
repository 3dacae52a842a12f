/* Verify build: instances of the tests' module on one memory, and what their answers say as plain
 * objects. Each I/O thread has one of its own, as in the server. Used by engine.ts.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as C from "../../assembly/constants.ts";
import type { EngineExports } from "../../src/engine/exports.ts";
import { KeyBoard, makeBoard } from "../../src/engine/key-board.ts";
import { ANSWERS } from "./answers.ts";
import type { Reply } from "./answers.ts";

/** Pages that a memory can have at most. */
export const PAGES_MAX = 65536;
/** Those of them that a budget may have: 16 MiB are for the vital alone. */
export const PAGES_MOST = PAGES_MAX - 1 - 256;

export type VerifyExports = EngineExports & {
  verify(t: number, deep: number): number;
  lockInSteps(stepMillis: number): void;
  shake(t: number, kind: number): number;
  isCooling(id: number): number;
  isToLeave(id: number): number;
};

let verifyModule: WebAssembly.Module | undefined;

/** The module of build/engine.verify.wasm. */
export function loadVerifyModule(): WebAssembly.Module {
  const path = fileURLToPath(new URL("../../build/engine.verify.wasm", import.meta.url));
  verifyModule ??= new WebAssembly.Module(readFileSync(path));
  return verifyModule;
}

/** An invariant does not hold. */
class BrokenInvariantError extends Error {
  override readonly name = "BrokenInvariantError";
  readonly code = "HM_TEST_INVARIANT";
}

function isVerifyBuild(
  exports: WebAssembly.Exports,
): exports is WebAssembly.Exports & VerifyExports {
  return typeof exports["verify"] === "function" && typeof exports["put"] === "function";
}

/** One thread's instance and its area. */
class Thread {
  readonly exports: WebAssembly.Exports & VerifyExports;
  readonly result: Float64Array;
  readonly input: Buffer;
  readonly output: Buffer;
  readonly who: Buffer;
  readonly tags: Buffer;

  constructor(
    t: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    board: WebAssembly.Memory,
  ) {
    const { exports } = new WebAssembly.Instance(module, {
      env: { memory, abort: refuseAbort },
      board: new KeyBoard(board, nothing).forShard(0, memory),
    });
    if (!isVerifyBuild(exports)) throw new TypeError("this is not a verify build of the engine");
    const area = C.THREADS_BASE + t * C.THREAD_BYTES;
    this.exports = exports;
    this.result = new Float64Array(memory.buffer, area, C.RESULT_BYTES / 8);
    this.input = Buffer.from(memory.buffer, area + C.PAGE_BYTES, C.INPUT_BYTES);
    this.output = Buffer.from(memory.buffer, area + 2 * C.PAGE_BYTES, C.OUTPUT_BYTES);
    this.who = Buffer.from(memory.buffer, area + C.WHO_OFFSET, C.WHO_MAX);
    this.tags = Buffer.from(memory.buffer, area + C.TAGS_OFFSET, C.TAGS_BYTES_MAX);
  }

  field(index: number): number {
    return this.result[index] ?? 0;
  }
}

function nothing(): void {}

function refuseAbort(): never {
  throw new Error("the engine aborted");
}

/** The instances of all threads on a shard's memory. */
export class VerifyBuild {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  protected readonly threads: readonly Thread[];
  /** Pages that a budget can be good for. */
  protected readonly grantableMost: number;

  /** Opens the handles of all threads; `memory` is of an open shard already. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, threads: number) {
    this.memory = memory;
    this.module = module;
    const board = makeBoard();
    this.threads = Array.from({ length: threads }, (_, t) => new Thread(t, module, memory, board));
    const first = (C.THREADS_BASE + threads * C.THREAD_BYTES) / C.PAGE_BYTES; // without a journal
    this.grantableMost = PAGES_MOST - first;
  }

  /** The exports themselves. */
  raw(t: number): VerifyExports {
    return this.thread(t).exports;
  }

  /**
   * Walks the shard; returns how many slots the walk did not reach (see assembly/verify/index.ts).
   */
  verify(): number {
    const thread = this.thread(0);
    const broken = thread.exports.verify(0, 1);
    if (broken !== 0) throw new BrokenInvariantError(this.nameOfInvariant(broken));
    return thread.field(C.RESULT_COUNT);
  }

  /** Whether the key of that deleted job is in its cooldown. */
  isCooling(id: number): boolean {
    return this.thread(0).exports.isCooling(id) !== 0;
  }

  /** Whether that job is dead and is to leave. */
  isToLeave(id: number): boolean {
    return this.thread(0).exports.isToLeave(id) !== 0;
  }

  /** Moves all pieces of a kind that may be moved; see assembly/verify/index.ts. */
  shake(t: number, kind: number): void {
    const broken = this.raw(t).shake(t, kind);
    if (broken !== 0) throw new BrokenInvariantError(this.nameOfInvariant(broken));
  }

  /** Pages of the shard's budget. */
  budgetPages(): number {
    this.raw(0).grantablePages(0);
    return this.grantableMost - this.thread(0).field(C.RESULT_PAGES);
  }

  /** Makes the budget what is in use; returns what is given back. */
  settleBudget(t: number): number {
    this.raw(t).settleBudget(t);
    return this.thread(t).field(C.RESULT_PAGES);
  }

  /** When the first timer rings, in microseconds. */
  nextDueMicros(): number {
    const address = this.raw(0).nextDueAddress() >>> 0;
    return new Float64Array(this.memory.buffer, address, 1)[0] ?? C.NEVER_MICROS;
  }

  protected thread(t: number): Thread {
    const thread = this.threads[t];
    if (thread === undefined) throw new RangeError(`there is no thread ${t}`);
    return thread;
  }

  protected ref(t: number): number {
    return this.thread(t).field(C.RESULT_REF);
  }

  protected write(t: number, name: string): number {
    return this.thread(t).input.write(name, "latin1");
  }

  protected outputText(t: number, bytes: number): string {
    return this.thread(t).output.toString("latin1", 0, bytes);
  }

  protected reply(t: number, code: number): Reply {
    const answer = ANSWERS[code & C.CODE_MASK];
    if (answer === undefined) throw new RangeError(`unknown answer ${code}`);
    const { result } = this.thread(t);
    const bits =
      (code & C.WAKE) === 0 ? [0, 0] : [result[C.RESULT_WAKE_LOW], result[C.RESULT_WAKE_HIGH]];
    const wakes = bits.flatMap((word = 0, high) =>
      Array.from({ length: 32 }, (_, bit) => bit + 32 * high).filter(
        (thread) => ((word >>> (thread & 31)) & 1) === 1,
      ),
    );
    return { answer, wakes };
  }

  protected withFigures(t: number, code: number, count: number): Reply {
    const reply = this.reply(t, code);
    if (reply.answer !== "DONE") return reply;
    const { result } = this.thread(t);
    return {
      ...reply,
      figures: Array.from(result.subarray(C.RESULT_STATS, C.RESULT_STATS + count)),
    };
  }

  protected nameOfInvariant(broken: number): string {
    const found = Object.entries(this.raw(0)).find(
      ([, value]) => value instanceof WebAssembly.Global && value.value === broken,
    );
    return `${found?.[0] ?? "invariant"} (${broken}) does not hold`;
  }

  /** A reply about where the best job stands. */
  protected placed(t: number, code: number): Reply {
    const reply = this.reply(t, code);
    if (reply.answer === "NONE") return reply;
    const thread = this.thread(t);
    return { ...reply, id: thread.field(C.RESULT_ID), pri: thread.field(C.RESULT_PRI) };
  }

  /** A reply that shows a job, when it does. */
  protected shown(t: number, code: number): Reply {
    const reply = this.reply(t, code);
    if (reply.answer !== "RESERVED" && reply.answer !== "DONE") return reply;
    const thread = this.thread(t);
    const id = thread.field(C.RESULT_ID);
    const pri = thread.field(C.RESULT_PRI);
    const bytes = thread.field(C.RESULT_BODY_BYTES);
    let body = this.outputText(t, Math.min(bytes, C.OUTPUT_BYTES));
    while (body.length < bytes) {
      const more = this.readBody(t, id, body.length).body ?? "";
      if (more.length === 0) throw new Error(`job ${id} ends after ${body.length} of ${bytes}`);
      body += more;
    }
    return { ...reply, id, pri, body };
  }

  /** A reply to a put: what keeps the job out, if something does. */
  protected admitted(t: number, code: number): Reply {
    const reply = this.reply(t, code);
    if (reply.answer !== "FULL") return reply;
    return { ...reply, kind: this.ref(t), count: this.thread(t).field(C.RESULT_COUNT) };
  }

  /** A reply to whoever collects a grant. */
  protected collected(t: number, code: number): Reply {
    const thread = this.thread(t);
    const conn = thread.field(C.RESULT_CONN);
    const token = thread.field(C.RESULT_TOKEN);
    const generation = thread.field(C.RESULT_GENERATION);
    const reply = this.shown(t, code);
    return reply.answer === "NONE" ? reply : { ...reply, conn, token, generation };
  }

  /** The bytes from `position` on that one call reads; NOT_FOUND when the job is gone. */
  readBody(t: number, id: number, position: number): Reply {
    const reply = this.reply(t, this.raw(t).readBody(t, id, position));
    if (reply.answer !== "DONE") return reply;
    return { ...reply, body: this.outputText(t, this.thread(t).field(C.RESULT_COUNT)) };
  }
}
