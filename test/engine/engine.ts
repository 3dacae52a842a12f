/* Engine: a whole shard for tests, driven call by call through the verify build, with answers as
 * plain objects.
 *
 * Each I/O thread gets an instance of its own on the one memory, as in the server. `verify` throws
 * with the name of the broken invariant. Addresses of tubes and connections are passed on as the
 * engine gave them.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Answer, EngineFailure, ListOrder, ListWay, ListedTube } from "./answers.ts";
import type { Filling, NewJob, Reply } from "./answers.ts";
import { PUT_END, PutTags, chargedOf, shownTags, tagWords } from "../../src/protocol/tags.ts";
import { EngineMany } from "./engine-many.ts";
import { PAGES_MAX, loadVerifyModule } from "./verify-build.ts";

export interface ShardOptions {
  readonly threads?: number;
  /** How many pages, the threads' areas left out, clients may fill. */
  readonly budgetPages?: number;
  /**
   * The length to which the memory can grow: less than the engine asks for, and even vital requests
   * fail.
   */
  readonly maximumPages?: number;
  /** The compiled module; build/engine.verify.wasm when absent. */
  readonly module?: WebAssembly.Module;
}

/** Least pages of a memory: what the import asks for. */
const PAGES_MIN = 64;
/** Pages of a memory beside the threads' areas. */
const PAGES_FIRST = 16;
/** More than any test fills. */
const BUDGET_PAGES = 60_000;
const EMPTY = new Uint8Array(0);
/* How many figures the stats calls write. */
const JOB_FIGURES = C.JOB_RESERVED_MICROS + 1;

/** A shard of its own memory. */
export class EngineShard extends EngineMany {
  /** Makes a memory and an empty shard in it. */
  static open(options: ShardOptions = {}): EngineShard {
    const { threads = 1, budgetPages = BUDGET_PAGES, maximumPages = PAGES_MAX } = options;
    const areas = (C.THREADS_BASE + threads * C.THREAD_BYTES) / C.PAGE_BYTES;
    const initial = Math.max(PAGES_MIN, areas + PAGES_FIRST);
    const memory = new WebAssembly.Memory({ initial, maximum: maximumPages, shared: true });
    const shard = new EngineShard(options.module ?? loadVerifyModule(), memory, threads);
    const answer = shard.raw(0).open(0, threads, 0, initial, budgetPages);
    if (answer !== C.DONE) throw new Error(`open answered ${answer}`);
    return shard;
  }

  /** One step of emptying sparse pages. */
  sweepOne(t: number): Answer {
    return this.reply(t, this.raw(t).sweep(t)).answer;
  }

  /** Empties sparse pages, at most `steps` steps; returns how many became free. */
  sweep(t: number, steps = Infinity): number {
    let freed = 0;
    for (let step = 0; step < steps; step++) {
      const answer = this.sweepOne(t);
      if (answer === "NONE") break;
      if (answer === "DONE") freed++;
    }
    return freed;
  }

  /** Bytes of the pages in use, tables included, the threads' areas not. */
  usedBytes(now: number): number {
    return this.statsShard(0, now).figures?.[C.SHARD_USED_BYTES] ?? 0;
  }

  tick(t: number, now: number): Reply {
    return this.reply(t, this.raw(t).tick(t, now));
  }

  useTube(t: number, name: string, number: number): { reply: Reply; ref: number } {
    const code = this.raw(t).useTube(t, 0, this.write(t, name), number);
    return { reply: this.reply(t, code), ref: this.ref(t) };
  }

  unuseTube(t: number, tube: number): Reply {
    return this.reply(t, this.raw(t).unuseTube(t, tube));
  }

  pinTube(t: number, name: string, number: number): Reply {
    return this.reply(t, this.raw(t).pinTube(t, 0, this.write(t, name), number));
  }

  openConn(t: number, token: number): { reply: Reply; ref: number } {
    const code = this.raw(t).openConn(t, token);
    return { reply: this.reply(t, code), ref: this.ref(t) };
  }

  closeConn(t: number, conn: number, now: number): Reply {
    return this.reply(t, this.raw(t).closeConn(t, conn, now));
  }

  soonest(t: number, conn: number): number {
    return this.raw(t).soonest(t, conn);
  }

  watchTube(t: number, conn: number, name: string, number: number): { reply: Reply; ref: number } {
    const code = this.raw(t).watchTube(t, conn, 0, this.write(t, name), number);
    return { reply: this.reply(t, code), ref: this.ref(t) };
  }

  ignoreTube(t: number, conn: number, tube: number): Reply {
    return this.reply(t, this.raw(t).ignoreTube(t, conn, tube));
  }

  put(t: number, tube: number, job: NewJob, now: number): Reply {
    const { id, pri = 0, delaySeconds = 0, ttrSeconds = 60, body = EMPTY, tags = "" } = job;
    const { put, putTagged } = this.raw(t);
    this.thread(t).input.set(body);
    const bytes = body.length;
    if (tags === "")
      return this.admitted(t, put(t, tube, id, pri, delaySeconds, ttrSeconds, 0, bytes, now));
    const length = this.#stageTags(t, tags);
    const code = putTagged(t, tube, id, pri, delaySeconds, ttrSeconds, 0, bytes, length, now);
    return this.#met(t, code);
  }

  /** Brings tags to where the engine looks for them; returns their length. */
  #stageTags(t: number, words: string): number {
    const tags = new PutTags();
    const line = Buffer.from(words, "latin1");
    if (tags.read(line, 0, line.length) !== PUT_END.TAGGED) throw new RangeError(`tags ${words}`);
    this.thread(t).tags.set(tags.bytes.subarray(0, tags.length));
    return tags.length;
  }

  /** What a put with tags answers. */
  #met(t: number, code: number): Reply {
    const reply = this.admitted(t, code);
    if (reply.answer !== "KNOWN") return reply;
    const thread = this.thread(t);
    const state = thread.field(C.RESULT_STATS + C.JOB_STATE);
    const pri = thread.field(C.RESULT_STATS + C.JOB_PRI);
    return { ...reply, id: thread.field(C.RESULT_ID), state, pri };
  }

  openUpload(t: number, bytes: number): { reply: Reply; ref: number } {
    const code = this.raw(t).openUpload(t, bytes);
    return { reply: this.reply(t, code), ref: this.ref(t) };
  }

  appendUpload(t: number, upload: number, position: number, piece: Uint8Array): Reply {
    this.thread(t).input.set(piece);
    const code = this.raw(t).appendUpload(t, upload, position, 0, piece.length);
    return { ...this.reply(t, code), count: this.thread(t).field(C.RESULT_COUNT) };
  }

  commitUpload(t: number, upload: number, tube: number, job: NewJob, now: number): Reply {
    const { id, pri = 0, delaySeconds = 0, ttrSeconds = 60, tags = "" } = job;
    const { commitUpload, commitTagged } = this.raw(t);
    if (tags === "")
      return this.admitted(
        t,
        commitUpload(t, upload, tube, id, pri, delaySeconds, ttrSeconds, now),
      );
    const length = this.#stageTags(t, tags);
    const code = commitTagged(t, upload, tube, id, pri, delaySeconds, ttrSeconds, length, now);
    return this.#met(t, code);
  }

  dropUpload(t: number, upload: number): Reply {
    return this.reply(t, this.raw(t).dropUpload(t, upload));
  }

  best(t: number, conn: number, now: number): Reply {
    return this.placed(t, this.raw(t).best(t, conn, now));
  }

  /** Without `max`, any job will do. */
  take(t: number, conn: number, now: number, max?: { pri: number; id: number }): Reply {
    const { pri, id } = max ?? { pri: Infinity, id: Infinity };
    const code = this.raw(t).take(t, conn, pri, id, now);
    return (code & C.CODE_MASK) === C.WORSE ? this.placed(t, code) : this.shown(t, code);
  }

  /** Takes from that tube, which `conn` watches. */
  takeOf(t: number, conn: number, tube: number, now: number): Reply {
    return this.shown(t, this.raw(t).takeOf(t, conn, tube, now));
  }

  /** SOON when the first time to run of what `conn` holds is over at `soon` or before. */
  wait(t: number, conn: number, generation: number, now: number, soon = 0): Reply {
    const code = this.raw(t).wait(t, conn, generation, soon, now);
    const reply = this.shown(t, code);
    const isLeft = reply.answer === "WAITING" || reply.answer === "SOON";
    return isLeft ? { ...reply, due: this.thread(t).field(C.RESULT_DUE) } : reply;
  }

  cancel(t: number, conn: number, now: number): Reply {
    return this.collected(t, this.raw(t).cancel(t, conn, now));
  }

  collect(t: number, now: number): Reply {
    return this.collected(t, this.raw(t).collect(t, now));
  }

  /** From now on `conn` is told of leases that end. */
  openNotes(t: number, conn: number): Reply {
    return this.reply(t, this.raw(t).openNotes(t, conn));
  }

  takeNotes(t: number, conn: number): Reply {
    return this.#written(t, this.raw(t).takeNotes(t, conn));
  }

  markConn(t: number, conn: number, token: string): Reply {
    this.thread(t).who.write(token, "hex");
    return this.reply(t, this.raw(t).markConn(t, conn));
  }

  vouch(t: number, token: string, seconds: number, now: number): Reply {
    this.thread(t).who.write(token, "hex");
    const reply = this.reply(t, this.raw(t).vouch(t, seconds, now));
    if (reply.answer === "NOT_FOUND") return reply;
    return { ...reply, count: this.thread(t).field(C.RESULT_COUNT) };
  }

  heldCount(t: number, conn: number): number {
    return this.raw(t).heldCount(t, conn);
  }

  fill(t: number, conn: number, { most, bound, generation }: Filling, now: number): Reply {
    const high = bound === undefined ? 0 : ~bound.pri >>> 0;
    const low = bound === undefined ? 0 : ~bound.id >>> 0;
    return this.#written(t, this.raw(t).fill(t, conn, most, high, low, generation, now));
  }

  tellJob(t: number, conn: number, id: number, now: number): Reply {
    return this.#written(t, this.raw(t).tellJob(t, conn, id, now));
  }

  unwait(t: number, conn: number, now: number): Reply {
    return this.reply(t, this.raw(t).unwait(t, conn, now));
  }

  /** A reply with what was written; a long body is not read to its end. */
  #written(t: number, code: number): Reply {
    const thread = this.thread(t);
    const reply = this.reply(t, code);
    const text = this.outputText(t, thread.field(C.RESULT_REPLY_BYTES));
    const count = thread.field(C.RESULT_COUNT);
    if (reply.answer !== "LONG") return { ...reply, text, count };
    const id = thread.field(C.RESULT_ID);
    const left = thread.field(C.RESULT_BODY_BYTES) - this.ref(t);
    this.raw(t).unpinBody(t, id);
    return { ...reply, text, count, id, left };
  }

  handBack(t: number, conn: number, id: number, delaySeconds: number, now: number): Reply {
    return this.reply(t, this.raw(t).handBack(t, conn, id, delaySeconds, now));
  }

  /** Without a delay the state stays. */
  updateJob(
    t: number,
    id: number,
    pri: number,
    delaySeconds: number | undefined,
    now: number,
  ): Reply {
    return this.reply(t, this.raw(t).updateJob(t, id, pri, delaySeconds ?? C.NO_DELAY, now));
  }

  reserveJob(t: number, conn: number, id: number, now: number): Reply {
    return this.shown(t, this.raw(t).reserveJob(t, conn, id, now));
  }

  deleteJob(t: number, conn: number, id: number, now: number): Reply {
    return this.reply(t, this.raw(t).deleteJob(t, conn, id, now));
  }

  release(
    t: number,
    conn: number,
    id: number,
    pri: number,
    delaySeconds: number,
    now: number,
    failure = 0,
  ): Reply {
    return this.reply(t, this.raw(t).release(t, conn, id, pri, delaySeconds, failure, now));
  }

  bury(t: number, conn: number, id: number, pri: number, now: number, failure = 0): Reply {
    return this.reply(t, this.raw(t).bury(t, conn, id, pri, failure, now));
  }

  nameConn(t: number, conn: number, who: string): void {
    const bytes = this.thread(t).who.write(who, "latin1");
    this.raw(t).nameConn(t, conn, bytes);
  }

  openFailure(t: number, conn: number, bytes: number): { reply: Reply; ref: number } {
    const code = this.raw(t).openFailure(t, conn, bytes);
    return { reply: this.reply(t, code), ref: this.ref(t) };
  }

  appendFailure(t: number, failure: number, position: number, piece: Uint8Array): Reply {
    this.thread(t).input.set(piece);
    const code = this.raw(t).appendFailure(t, failure, position, 0, piece.length);
    return { ...this.reply(t, code), count: this.thread(t).field(C.RESULT_COUNT) };
  }

  dropFailure(t: number, failure: number): Reply {
    return this.reply(t, this.raw(t).dropFailure(t, failure));
  }

  holds(t: number, conn: number, id: number, now: number): Reply {
    return this.reply(t, this.raw(t).holds(t, conn, id, now));
  }

  /**
   * Every failure that the job keeps, oldest first; `now` must not let anything happen that was not
   * due before.
   */
  failuresOf(t: number, id: number, now: number): EngineFailure[] {
    const found: EngineFailure[] = [];
    for (;;) {
      const code = this.raw(t).nextFailure(t, id, found.at(-1)?.number ?? 0, now);
      if (this.reply(t, code).answer !== "DONE") return found;
      found.push(this.#shownFailure(t, id));
    }
  }

  /** The job's youngest failure with a message. */
  lastMessage(t: number, id: number, now: number): Reply & { failure?: EngineFailure } {
    const reply = this.reply(t, this.raw(t).lastMessage(t, id, now));
    return reply.answer === "DONE" ? { ...reply, failure: this.#shownFailure(t, id) } : reply;
  }

  #shownFailure(t: number, id: number): EngineFailure {
    const thread = this.thread(t);
    const shown = (which: number): number => thread.field(C.RESULT_STATS + which);
    const whoBytes = thread.field(C.RESULT_NAME_BYTES);
    const failure = {
      number: shown(C.FAILURE_NUMBER),
      attempt: shown(C.FAILURE_ATTEMPT),
      atMicros: shown(C.FAILURE_AT_MICROS),
      end: shown(C.FAILURE_END),
      who: thread.output.toString("latin1", 0, whoBytes),
    };
    const bytes = shown(C.FAILURE_MESSAGE_BYTES);
    if (bytes === C.NO_MESSAGE) return failure;
    const first = thread.field(C.RESULT_COUNT);
    let message = thread.output.toString("latin1", whoBytes, whoBytes + first);
    while (message.length < bytes) {
      const { answer, body = "" } = this.readFailure(t, id, failure.number, message.length);
      if (answer !== "DONE") throw new Error(`a failure of job ${id} ends`);
      message += body;
    }
    return { ...failure, message };
  }

  /** The bytes of a failure's message from `position` on that one call reads. */
  readFailure(t: number, id: number, number: number, position: number): Reply {
    const reply = this.reply(t, this.raw(t).readFailure(t, id, number, position));
    if (reply.answer !== "DONE") return reply;
    return { ...reply, body: this.outputText(t, this.thread(t).field(C.RESULT_COUNT)) };
  }

  touch(t: number, conn: number, id: number, now: number): Reply {
    return this.reply(t, this.raw(t).touch(t, conn, id, now));
  }

  kick(t: number, tube: number, bound: number, kind: number, now: number): Reply {
    const reply = this.reply(t, this.raw(t).kick(t, tube, bound, kind, now));
    const thread = this.thread(t);
    return { ...reply, count: thread.field(C.RESULT_COUNT), kind: thread.field(C.RESULT_REF) };
  }

  moveJob(t: number, conn: number, id: number, tube: number, now: number, failure = 0): Reply {
    return this.admitted(t, this.raw(t).moveJob(t, conn, id, tube, failure, now));
  }

  nextDead(t: number, now: number): Reply {
    const reply = this.reply(t, this.raw(t).nextDead(t, now));
    if (reply.answer === "NONE") return reply;
    const id = this.thread(t).field(C.RESULT_ID);
    if (reply.answer === "MORE") return { ...reply, id };
    return { ...reply, id, name: this.outputText(t, this.thread(t).field(C.RESULT_NAME_BYTES)) };
  }

  moveDead(t: number, id: number, tube: number, now: number): Reply {
    return this.admitted(t, this.raw(t).moveDead(t, id, tube, now));
  }

  cancelJob(t: number, id: number, now: number): Reply {
    return this.reply(t, this.raw(t).cancelJob(t, id, now));
  }

  kickJob(t: number, id: number, now: number): Reply {
    return this.reply(t, this.raw(t).kickJob(t, id, now));
  }

  pauseTube(t: number, name: string, delaySeconds: number, now: number): Reply {
    const bytes = this.write(t, name);
    return this.reply(t, this.raw(t).pauseTube(t, 0, bytes, delaySeconds, now));
  }

  /** `values`: one for each setting; without `number`, no tube is made. */
  setTube(t: number, name: string, values: readonly number[], number: number, now: number): Reply {
    const bytes = this.write(t, name);
    for (const [which, value] of values.entries()) {
      this.thread(t).input.writeDoubleLE(value, 256 + 8 * which);
    }
    return this.reply(t, this.raw(t).setTube(t, 0, bytes, 256, number, now));
  }

  peek(t: number, id: number, now: number): Reply {
    return this.shown(t, this.raw(t).peek(t, id, now));
  }

  peekTube(t: number, tube: number, kind: number, now: number): Reply {
    return this.shown(t, this.raw(t).peekTube(t, tube, kind, now));
  }

  statsJob(t: number, id: number, now: number): Reply {
    const reply = this.withFigures(t, this.raw(t).statsJob(t, id, now), JOB_FIGURES);
    if (reply.answer !== "DONE") return reply;
    const thread = this.thread(t);
    const nameBytes = thread.field(C.RESULT_NAME_BYTES);
    const tagsEnd = nameBytes + thread.field(C.RESULT_COUNT);
    const tags = shownTags(thread.output.subarray(nameBytes, tagsEnd));
    return {
      ...reply,
      name: this.outputText(t, nameBytes),
      tags: tagWords(tags).toSorted().join(" "),
      charged: tags.get(C.TAG_MAX)?.number ? chargedOf(tags) : 0,
    };
  }

  statsTube(t: number, name: string, now: number): Reply {
    const code = this.raw(t).statsTube(t, 0, this.write(t, name), now);
    const { figures = [], ...reply } = this.withFigures(t, code, C.TUBE_FIGURES);
    if (reply.answer !== "DONE") return reply;
    const { output } = this.thread(t);
    const samples = Array.from({ length: L.SAMPLES_BYTES / 8 }, (_, at) =>
      output.readDoubleLE(8 * at),
    );
    const times = Array.from({ length: this.thread(t).field(C.RESULT_COUNT) }, (_, at) =>
      output.readUInt32LE(L.SAMPLES_BYTES + 4 * at),
    );
    const settings = Array.from({ length: C.SETTINGS }, (_, at) =>
      output.readDoubleLE(L.TUBE_SETTINGS + 8 * at),
    );
    const lastTimes = times.toSorted((a, b) => a - b);
    return { ...reply, figures: [...figures, ...settings], samples, lastTimes };
  }

  statsShard(t: number, now: number): Reply {
    return this.withFigures(t, this.raw(t).statsShard(t, now), C.SHARD_FIGURES);
  }

  /** Both histograms of a tube, or of the shard; undefined when there is no such tube. */
  histograms(t: number, name = ""): readonly number[] | undefined {
    const code = this.raw(t).histograms(t, 0, this.write(t, name));
    if (this.reply(t, code).answer !== "DONE") return undefined;
    const { output } = this.thread(t);
    return Array.from({ length: 2 * (C.TIME_BUCKETS + 1) }, (_, at) => output.readDoubleLE(8 * at));
  }

  /** All tubes, in the order in which they were made. */
  listTubes(t: number): ListedTube[] {
    const { output } = this.thread(t);
    const tubes: ListedTube[] = [];
    while (this.raw(t).listTubes(t, tubes.at(-1)?.number ?? 0) === C.MORE) {
      let at = 0;
      for (let left = this.thread(t).field(C.RESULT_COUNT); left > 0; left--) {
        const bytes = output.readUInt32LE(at + 8);
        const name = output.toString("latin1", at + 16, at + 16 + bytes);
        tubes.push({ number: output.readDoubleLE(at), name });
        at += (16 + bytes + 7) & ~7;
      }
    }
    return tubes;
  }

  /**
   * The lowest ids of the jobs asked for; undefined when there is no such tube. Looks in one way to
   * the end; `between` is called between two pieces, and `now` is asked for each.
   */
  listJobs(
    t: number,
    way: ListWay,
    order: ListOrder,
    now: () => number,
    between: () => void = () => undefined,
  ): number[] | undefined {
    const { listWalk, listProbe, listScan, lastId } = this.raw(t);
    const { tube, state, after, most } = order;
    const bytes = this.write(t, tube);
    const first = listWalk(t, 0, bytes, state, after, most, now()) & C.CODE_MASK;
    if (first === C.NOT_FOUND) return undefined;
    if (way === "walk") {
      if (first === C.MORE) throw new RangeError("too many jobs for a walk");
      return this.#listed(t);
    }
    const classes = this.thread(t).field(C.RESULT_STATS + C.LIST_CLASSES);
    const last = lastId();
    let ids: number[] = [];
    let [tried, next, answer] = [after, 0, C.MORE];
    for (;;) {
      this.write(t, tube);
      const room = most - ids.length;
      const code =
        way === "probe"
          ? listProbe(t, 0, bytes, state, tried, last, room, now())
          : listScan(t, 0, bytes, state, after, C.NEVER_MICROS, most, next, classes, now());
      answer = code & C.CODE_MASK;
      if (answer === C.NOT_FOUND) return ids;
      ids = [...ids, ...this.#listed(t)].toSorted((a, b) => a - b).slice(0, most);
      if (answer === C.DONE) return ids;
      if (way === "probe") tried = this.thread(t).field(C.RESULT_ID);
      else next = this.ref(t);
      between();
    }
  }

  #listed(t: number): number[] {
    const { output } = this.thread(t);
    const count = this.thread(t).field(C.RESULT_COUNT);
    return Array.from({ length: count }, (_, index) => output.readDoubleLE(8 * index));
  }

  /** What describeJobs says of these jobs: id, age, time left, and ten whole numbers of each. */
  describeJobs(t: number, order: ListOrder, ids: readonly number[], now: number): number[][] {
    const { input, output } = this.thread(t);
    const bytes = this.write(t, order.tube);
    for (const [index, id] of ids.entries()) input.writeDoubleLE(id, 256 + 8 * index);
    const { describeJobs } = this.raw(t);
    describeJobs(t, 0, bytes, order.state, 256, ids.length, now);
    return Array.from({ length: this.thread(t).field(C.RESULT_COUNT) }, (_, entry) => {
      const at = entry * L.JOB_ENTRY_BYTES;
      const micros = [L.JOB_ENTRY_ID, L.JOB_ENTRY_AGE, L.JOB_ENTRY_LEFT];
      const numbers = Array.from({ length: 10 }, (__, i) => L.JOB_ENTRY_PRI + 4 * i);
      return [
        ...micros.map((offset) => output.readDoubleLE(at + offset)),
        ...numbers.map((offset) => output.readUInt32LE(at + offset)),
      ];
    });
  }

  /**
   * The reserved job of a tube with the lowest id; `between` is called between two pieces, and
   * `now` is asked for each.
   */
  peekReserved(
    t: number,
    tube: number,
    now: () => number,
    between: () => void = () => undefined,
  ): Reply {
    const { peekReserved } = this.raw(t);
    let [lowest, conn, major, minor] = [0, 0, 0, 0];
    for (;;) {
      const code = peekReserved(t, tube, lowest, conn, major, minor, now());
      if ((code & C.CODE_MASK) !== C.MORE) return this.shown(t, code);
      lowest = this.thread(t).field(C.RESULT_ID);
      [conn, major, minor] = this.#place(t);
      between();
    }
  }

  /** Where a flush or a peek goes on: connection, major, minor. */
  #place(t: number): [number, number, number] {
    const thread = this.thread(t);
    const field = (which: number): number => thread.field(C.RESULT_STATS + which);
    return [field(C.PLACE_CONN), field(C.PLACE_MAJOR), field(C.PLACE_MINOR)];
  }

  /**
   * Flushes a tube to the end, as a session does; `between` is called between two pieces, and `now`
   * is asked for each.
   */
  flushTube(
    t: number,
    tube: string,
    last: number,
    now: () => number,
    between: () => void = () => undefined,
  ): Reply {
    const { flushTube } = this.raw(t);
    let [kind, conn, major, minor] = [C.KIND_RESERVED, 0, 0, 0];
    let [count, countBefore] = [0, 0];
    for (let pieces = 0; ; pieces++) {
      const bytes = this.write(t, tube);
      const code = flushTube(t, 0, bytes, kind, conn, major, minor, last, now());
      const reply = this.reply(t, code);
      count += this.thread(t).field(C.RESULT_COUNT);
      if (reply.answer === "NOT_FOUND" && pieces > 0) return { ...reply, answer: "DONE", count };
      if (reply.answer === "MORE") {
        kind = this.ref(t);
        [conn, major, minor] = this.#place(t);
      } else if (reply.answer !== "DONE" || pieces === 0 || count === countBefore) {
        return { ...reply, count };
      } else {
        [kind, conn, major, minor] = [C.KIND_RESERVED, 0, 0, 0];
        countBefore = count;
      }
      between();
    }
  }
}
