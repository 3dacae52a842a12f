/* BatchCommit: carrying out a batch that has been read, or refusing it.
 *
 * With a journal, bodies beyond what is recorded at once go ahead of the batch first, piece by
 * piece as there is room, and jobs that move are copied if need be (batch-moves.ts): whether it
 * would be refused is seen before that, and once more when it is carried out. While somebody else
 * moves one of its jobs it waits. What a session may do is asked anew in every turn of it: jobs
 * that it does not reach count as missing, so nothing tells them from those. The reply is made in
 * one go, so nothing comes between its lines.
 */
import * as C from "../../assembly/constants.ts";
import type { Group } from "../engine/group.ts";
import type { Order, PutOrder, Refusal } from "../engine/orders.ts";
import type { Reserver } from "../engine/reserving.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { settingOf } from "../protocol/tube-settings.ts";
import { depend, dependOn } from "./answers.ts";
import { isBodyHere } from "./away-body.ts";
import { BatchMoves } from "./batch-moves.ts";
import type { Batch, Refused } from "./batch.ts";
import { COUNTER_BATCHES_REFUSED, COUNTER_RESULTS_LOST } from "./counters.ts";
import type { Clearance } from "./clearance.ts";
import type { Desk } from "./desk.ts";
import type { EngineRun } from "./engine-run.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { STATE_WORDS } from "./putting.ts";
import type { Roles } from "./roles.ts";
import type { TubeCommands } from "./tube-commands.ts";
import type { Window } from "./window.ts";

/** What a session's batches work with. */
export interface BatchParts {
  readonly desk: Desk;
  readonly reserver: Reserver;
  readonly group: Group;
  readonly tubes: TubeCommands;
  readonly roles: Roles;
  readonly window: Window;
  readonly engineRun: EngineRun;
  /** Absent where everybody may do everything. */
  readonly clearance: Clearance | undefined;
}

/** Bytes that a PUT record has at most beside its body and its tags. */
const AROUND_BODY_BYTES = C.RECORD_BYTES_MOST;
/** Records that go ahead in one piece of the command. */
const PIECE_RECORDS = 16;

/** A batch on its way to being done. */
export class BatchCommit implements LongCommand {
  readonly isOver: boolean;
  readonly #parts: BatchParts;
  readonly #batch: Batch;
  /** Puts that are to be recorded ahead and have not been; undefined until that is known. */
  #ahead: PutOrder[] | undefined;
  /** The job that somebody else moves, or whose body is away. */
  #awaited: number | undefined;

  /** `isEndless`: it was not read to its end, and the conversation ends with its reply. */
  constructor(parts: BatchParts, batch: Batch, isEndless: boolean) {
    this.#parts = parts;
    this.#batch = batch;
    this.isOver = isEndless;
  }

  hasRoom(): boolean {
    const { desk } = this.#parts;
    const awaited = this.#awaited ?? this.#batch.moves?.awaited;
    if (!desk.room.isThere || this.#batch.moves?.isSafe === false) return false;
    return awaited === undefined || isBodyHere(desk, awaited);
  }

  step(): number {
    const refused = this.#askAgain() ?? this.#prepare();
    if (refused === WAITS) return UNFINISHED;
    if (refused !== undefined) return this.#refuse(refused);
    const late = this.#name() ?? this.#perform(this.#batch.orders, true);
    if (late === WAITS) {
      this.#batch.moves?.again();
      return UNFINISHED;
    }
    return late === undefined ? this.#answer() : this.#refuse(late);
  }

  /** Hides the jobs that it does not reach now; refused where it may not put any more. */
  #askAgain(): Refused | undefined {
    const { clearance } = this.#parts;
    if (clearance === undefined) return undefined;
    const { acts, targets } = this.#batch;
    for (const order of acts) order.isHidden = !clearance.reaches(OPS[order.deed], order.id);
    for (const [tube, index] of targets)
      if (!clearance.mayPut(tube)) return { index, reply: R.REPLY.DENIED };
    return undefined;
  }

  /** All that comes before it is carried out; undefined when that is done. */
  #prepare(): Refused | typeof WAITS | undefined {
    const refused = this.#ahead === undefined ? this.#begin() : this.#goAhead();
    if (refused !== undefined) return refused;
    if ((this.#ahead?.length ?? 0) > 0) return WAITS;
    if (!this.hasRoom()) return WAITS; // what went ahead may have taken it
    const { moves } = this.#batch;
    const answer = moves?.step() ?? C.DONE;
    if (answer === C.DONE) return undefined;
    if (answer !== C.OUT_OF_MEMORY) return WAITS;
    return { index: moves?.refusedIndex ?? 0, reply: R.REPLY.OUT_OF_MEMORY };
  }

  drop(): void {
    this.#batch.drop();
  }

  /** Sees whether it is refused, as far as that is known now, and what goes ahead. */
  #begin(): Refused | typeof WAITS | undefined {
    const { desk } = this.#parts;
    const batch = this.#batch;
    const { refused, orders } = batch;
    if (refused !== undefined) {
      const before = orders.filter(({ index }) => index < refused.index);
      return this.#perform(before, false) ?? refused;
    }
    const [first] = orders;
    if (first !== undefined && desk.isReadOnly)
      return { index: first.index, reply: R.REPLY.OUT_OF_MEMORY };
    const ahead = desk.hasJournal ? beyondRoom(batch.puts) : [];
    for (const order of ahead) order.goesAhead = true;
    const moves = orders.some((order) => order.deed === "move");
    if (ahead.length > 0 || moves) {
      const known = this.#perform(orders, false);
      if (known !== undefined) return known;
    }
    const unnumbered = this.#parts.group.number(ahead); // what is recorded has its id for good
    this.#ahead = ahead;
    batch.isAhead = ahead.length > 0;
    if (moves) batch.moves = new BatchMoves(desk, this.#parts.reserver, batch.acts);
    return unnumbered && this.#refusedBy(unnumbered);
  }

  /** Records what goes ahead, a piece of it; refused without memory to keep track of it. */
  #goAhead(): Refused | undefined {
    const { desk } = this.#parts;
    const ahead = this.#ahead ?? [];
    for (let left = PIECE_RECORDS; left > 0 && this.hasRoom(); left--) {
      const [order] = ahead;
      if (order === undefined) return undefined;
      const { index, shard, upload, tube, id, pri, delaySeconds, ttrSeconds } = order;
      if (desk.isJournalFull) return { index, reply: R.REPLY.OUT_OF_MEMORY };
      const answer = shard.withMemory(() =>
        shard.recordAhead(upload, tube, id, pri, delaySeconds, ttrSeconds, desk.now),
      );
      if (answer === C.OUT_OF_MEMORY) return { index, reply: R.REPLY.OUT_OF_MEMORY };
      if (answer === C.DONE) ahead.shift();
    }
    return undefined;
  }

  /** Sees to the names in tags; refused where there is no memory for one. */
  #name(): Refused | undefined {
    const unnamed = this.#batch.orders.find((order) => order.deed === "put" && !isNamed(order));
    return unnamed && { index: unnamed.index, reply: R.REPLY.OUT_OF_MEMORY };
  }

  /**
   * Asks what would come of these, and does them if `does`; returns what refuses them, or WAITS
   * when that cannot be told yet.
   */
  #perform(orders: readonly Order[], does: boolean): Refused | typeof WAITS | undefined {
    const { desk, group } = this.#parts;
    this.#batch.keepResults();
    const terms = {
      does,
      refusesPuts: desk.putRefusal !== undefined,
      refusesMoves: desk.isJournalFull,
      isRecorded: desk.hasJournal,
      movedBytesMax: desk.limits.maxBatchBytes - this.#batch.bytes,
      now: desk.now,
    };
    const refusal = group.perform(orders, terms, (shard) => depend(desk, shard));
    const isBusy = refusal?.why === "busy";
    this.#awaited = isBusy ? this.#idAt(refusal.index) : undefined;
    if (isBusy || refusal?.why === "uncopied") return WAITS;
    if (refusal?.why === "known" && refusal.id !== 0) this.#dependOnMet(orders, refusal.index);
    return refusal && this.#refusedBy(refusal);
  }

  #idAt(index: number): number | undefined {
    return this.#batch.acts.find((order) => order.index === index)?.id;
  }

  /** Nobody hears of a job that has the key before that is safe: its id might be given again. */
  #dependOnMet(orders: readonly Order[], index: number): void {
    const put = orders.find((order) => order.index === index);
    if (put?.shard !== undefined) dependOn(this.#parts.desk, put.shard, put.shard.journalHead());
  }

  #refusedBy(refusal: Refusal): Refused {
    const { putRefusal = R.REPLY.OUT_OF_MEMORY } = this.#parts.desk;
    return { index: refusal.index, reply: replyTo(refusal, putRefusal) };
  }

  #refuse({ index, reply }: Refused): number {
    const { desk, window } = this.#parts;
    const { output } = desk;
    this.#batch.drop();
    desk.count(COUNTER_BATCHES_REFUSED, 1);
    window.tellAll(); // what explains that a job is not found
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeBatchRefused(output.bytes, output.at, index);
    output.at = R.writeConstant(output.bytes, output.at, reply);
    return FINISHED;
  }

  #answer(): number {
    const { desk, tubes, roles, engineRun } = this.#parts;
    const batch = this.#batch;
    const { output } = desk;
    batch.settle();
    if (batch.used !== tubes.used) tubes.adopt(batch.used, batch.usedName);
    for (const order of batch.orders) {
      if (order.deed === "put") desk.hint(order.id, order.shard);
      else if (order.move !== undefined) desk.hint(order.id, order.move.to);
    }
    desk.count(COUNTER_RESULTS_LOST, batch.resultsLost);
    if (batch.orders.some(({ deed }) => deed === "put")) {
      roles.becomeProducer();
      engineRun.shard = batch.used.shard;
    }
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeBatch(output.bytes, output.at, batch.count);
    this.#answerEach();
    return FINISHED;
  }

  /** A line for each command: what no order says is a use. */
  #answerEach(): void {
    const { orders, useNames, count } = this.#batch;
    let next = 0;
    let uses = 0;
    for (let index = 1; index <= count; index++) {
      const order = orders[next];
      if (order?.index !== index) {
        this.#answerUse(useNames[uses++] ?? "");
        continue;
      }
      const first = next;
      while (orders[next]?.index === index) next++;
      this.#answerOrder(order, next - first);
    }
  }

  #answerUse(name: string): void {
    const { output } = this.#parts.desk;
    const bytes = asciiBytes(name);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeUsing(output.bytes, output.at, bytes, 0, bytes.length);
  }

  /** `jobs`: how many orders the command has. */
  #answerOrder(order: Order, jobs: number): void {
    const { output } = this.#parts.desk;
    output.room(R.REPLY_LINE_MAX);
    if (order.deed === "put") {
      const write = order.answer === C.DONE ? R.writeInserted : R.writeBuried;
      output.at = write(output.bytes, output.at, order.id);
    } else if (order.isOneOfMany) {
      output.at = R.writeDeletedBatch(output.bytes, output.at, jobs, 0);
    } else {
      const reply = order.answer === C.BURIED ? R.REPLY.BURIED : DONE_REPLIES[order.deed];
      output.at = R.writeConstant(output.bytes, output.at, reply);
    }
  }
}

/** The commands whose rights are asked for. */
const OPS = {
  delete: OP.DELETE,
  finish: OP.FINISH,
  release: OP.RELEASE,
  bury: OP.BURY,
  "hand-back": OP.HAND_BACK,
  move: OP.MOVE,
} as const;
const DONE_REPLIES = {
  delete: R.REPLY.DELETED,
  finish: R.REPLY.FINISHED,
  release: R.REPLY.RELEASED,
  bury: R.REPLY.BURIED,
  "hand-back": R.REPLY.HANDED_BACK,
  move: R.REPLY.MOVED,
} as const;
/** Nothing can be told yet, since somebody else moves a job, or one has yet to be copied. */
const WAITS = "waits";

/** Whether the names in a put's tags are there. */
function isNamed({ shard, upload, tagBytes }: PutOrder): boolean {
  return tagBytes === 0 || shard.withMemory(() => shard.nameUpload(upload)) === C.DONE;
}

/** The puts whose bodies are more than is recorded at once. */
function beyondRoom(puts: readonly PutOrder[]): PutOrder[] {
  let bytes = 0;
  return puts.filter(({ bodyBytes, tagBytes }) => {
    const record = AROUND_BODY_BYTES + bodyBytes + tagBytes;
    if (bytes + record > C.GROUP_BODY_BYTES) return true;
    bytes += record;
    return false;
  });
}

/** What the command would have been answered that refuses the batch. */
function replyTo(refusal: Refusal, putRefusal: Uint8Array): Uint8Array {
  switch (refusal.why) {
    case "missing":
      return R.REPLY.NOT_FOUND;
    case "missing some":
      return lineOf((out) => R.writeDeletedBatch(out, 0, refusal.found, refusal.missing));
    case "no puts":
      return putRefusal;
    case "no ids":
    case "no space":
    case "busy":
    case "uncopied":
      return R.REPLY.OUT_OF_MEMORY;
    case "too big":
      return R.REPLY.JOB_TOO_BIG;
    case "full": {
      const { name } = settingOf(refusal.setting);
      return lineOf((out) => R.writeTubeFull(out, 0, name, refusal.most));
    }
    case "known": {
      const state = STATE_WORDS[refusal.state] ?? R.REPLY.NOT_FOUND;
      return lineOf((out) => R.writeKnown(out, 0, refusal.id, state, refusal.pri));
    }
  }
}

function lineOf(write: (out: Uint8Array) => number): Uint8Array {
  const out = new Uint8Array(R.REPLY_LINE_MAX);
  return out.subarray(0, write(out));
}
