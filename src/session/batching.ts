/* Batching: reading a batch: its lines and bodies, none of which is a command of its own.
 *
 * Everything is read before anything is done. What cannot be right whatever the jobs are like, a
 * line or the length of a body, refuses the batch at once; the rest of it is read and thrown away.
 * Where it cannot be told where the batch ends, because a body may follow a line that does not say
 * how long it is, the conversation is over. Used by the session.
 */
import * as C from "../../assembly/constants.ts";
import type { Deed, JobOrder, MoveOrder, PutOrder } from "../engine/orders.ts";
import type { Shard } from "../engine/shard.ts";
import { asciiBytes, beginsWith, textOf } from "../protocol/ascii.ts";
import { BRINGS_BODY, COMMANDS, OP } from "../protocol/commands.ts";
import type { CommandRow } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { shownTags } from "../protocol/tags.ts";
import type { PutTags } from "../protocol/tags.ts";
import { Batch } from "./batch.ts";
import { BatchCommit } from "./batch-commit.ts";
import type { BatchParts } from "./batch-commit.ts";
import { PutBody, SkippedBody, TextBody } from "./batch-bodies.ts";
import type { Clearance } from "./clearance.ts";
import { COUNTER_OPS } from "./counters.ts";
import { holderOf, moverOf } from "./failing.ts";
import { TRAILER_BYTES } from "./intake.ts";
import type { Intake, Receiver } from "./intake.ts";
import type { LongCommand } from "./long-command.ts";
import { MessageText } from "./message-text.ts";
import { ResultText } from "./result-text.ts";

const CR = 13;
const LF = 10;
/** The commands that name one job, by what they do to it. */
const DEEDS: ReadonlyMap<number, Deed> = new Map([
  [OP.DELETE, "delete"],
  [OP.FINISH, "finish"],
  [OP.RELEASE, "release"],
  [OP.BURY, "bury"],
  [OP.HAND_BACK, "hand-back"],
] as const);
const TAKES_DELAY: ReadonlySet<Deed> = new Set(["release", "hand-back"]);
const VERBS = COMMANDS.map((row) => ({ row, bytes: asciiBytes(row.verb) }));

/** The batches of one connection, of which one is being read at most. */
export class Batching {
  readonly #parts: BatchParts;
  readonly #intake: Intake;
  #batch: Batch | undefined;
  /** Lines of it that have been read. */
  #read = 0;
  /** Where it ends cannot be told. */
  #isEndless = false;

  constructor(parts: BatchParts, intake: Intake) {
    this.#parts = parts;
    this.#intake = intake;
  }

  /** The next line is one of a batch. */
  get isOpen(): boolean {
    return this.#batch !== undefined;
  }

  /** A batch of so many commands follows. */
  begin(count: number): void {
    const { desk, tubes } = this.#parts;
    this.#batch = new Batch(desk, count, tubes.used, tubes.usedName);
    this.#read = 0;
    this.#isEndless = false;
  }

  /** The batch, once all of it has been read: to be carried out. */
  takeCommit(): LongCommand | undefined {
    const batch = this.#batch;
    if (batch === undefined || this.#intake.isBusy) return undefined;
    if (this.#read < batch.count && !this.#isEndless) return undefined;
    this.#batch = undefined;
    return new BatchCommit(this.#parts, batch, this.#isEndless);
  }

  /** The connection ends. */
  drop(): void {
    this.#batch?.drop();
    this.#batch = undefined;
  }

  /** A line of it that is longer than it may be. */
  tooLong(): void {
    this.#read++;
    this.#batch?.refuse(this.#read, R.REPLY.BAD_FORMAT);
    this.#isEndless = true;
  }

  /**
   * The command `op` of the batch, line[start, end), as it was parsed into the desk's command; its
   * body, if it has one, stands at bytes[next, inputEnd). Returns the position behind what it took.
   */
  take(
    op: number,
    line: Uint8Array,
    start: number,
    end: number,
    bytes: Uint8Array,
    next: number,
    inputEnd: number,
  ): number {
    const batch = this.#batch;
    if (batch === undefined) return next;
    const { desk } = this.#parts;
    this.#read++;
    desk.count(COUNTER_OPS + op, 1);
    if (this.#parts.clearance !== undefined) this.#ask(this.#parts.clearance, batch, op, line);
    const isMalformed = op >= OP.BAD_FORMAT || (op === OP.MOVE && desk.command.garbage);
    if (isMalformed) this.#refuseLine(batch, op, line, start, end);
    else if (op === OP.PUT) return this.#put(batch, bytes, next, inputEnd);
    else if (op === OP.USE) this.#use(batch, line);
    else if (op === OP.DELETE_BATCH) this.#deleteMany(batch);
    else if (op === OP.MOVE) this.#move(batch, line);
    else this.#act(batch, op);
    return next;
  }

  /** What it may not is refused at once, and where puts and moves go is asked once more later. */
  #ask(clearance: Clearance, batch: Batch, op: number, line: Uint8Array): void {
    const refusal = clearance.refusalInBatch(op, line, batch.usedName);
    if (refusal !== undefined) batch.refuse(this.#read, refusal);
    if (batch.refused !== undefined || (op !== OP.PUT && op !== OP.MOVE)) return;
    const { desk } = this.#parts;
    const name = op === OP.PUT ? batch.usedName : textOf(desk.copyName(line));
    if (!batch.targets.has(name)) batch.targets.set(name, this.#read);
  }

  /** A line that is no command: whether a body follows it only its first word can say. */
  #refuseLine(batch: Batch, op: number, line: Uint8Array, start: number, end: number): void {
    const isUnknown = op === OP.UNKNOWN_COMMAND;
    batch.refuse(this.#read, isUnknown ? R.REPLY.UNKNOWN_COMMAND : R.REPLY.BAD_FORMAT);
    const found = VERBS.find(({ bytes }) => beginsWith(line, start, end, bytes));
    if (found === undefined || mayHaveBody(found.row)) this.#isEndless = true;
  }

  #use(batch: Batch, line: Uint8Array): void {
    const { desk } = this.#parts;
    if (batch.refused !== undefined) return;
    const bytes = desk.copyName(line);
    const name = textOf(bytes);
    if (name !== batch.usedName) {
      const to = desk.useTube(bytes);
      if (to === undefined) {
        batch.refuse(this.#read, R.REPLY.OUT_OF_MEMORY);
        return;
      }
      batch.use(to, name);
    }
    batch.useNames.push(name);
  }

  #deleteMany(batch: Batch): void {
    const { desk } = this.#parts;
    const { ids } = desk.command;
    desk.count(COUNTER_OPS + OP.DELETE, ids.length);
    if (!ids.every((id) => batch.names(id))) batch.refuse(this.#read, R.REPLY.BAD_FORMAT);
    if (batch.refused !== undefined) return;
    for (const id of ids) batch.orders.push(this.#orderOf("delete", id, { isOneOfMany: true }));
  }

  #act(batch: Batch, op: number): void {
    const { desk } = this.#parts;
    const { id, bytes, hasFailure } = desk.command;
    const deed = DEEDS.get(op);
    if (deed === undefined || !batch.names(id)) batch.refuse(this.#read, R.REPLY.BAD_FORMAT);
    if (hasFailure || op === OP.FINISH) this.#text(batch, deed, id, bytes);
    else if (BRINGS_BODY.has(op)) this.#skip(batch, bytes);
    else if (deed !== undefined && batch.refused === undefined) {
      batch.orders.push(this.#orderOf(deed, id));
    }
  }

  /** A release or a bury with a message, or a finish with its result. */
  #text(batch: Batch, deed: Deed | undefined, id: number, bytes: number): void {
    const { desk, reserver } = this.#parts;
    this.#measure(batch, deed, bytes);
    const shard = batch.refused === undefined ? holderOf(desk, reserver, id) : undefined;
    if (shard === undefined) batch.refuse(this.#read, R.REPLY.NOT_FOUND);
    if (batch.refused !== undefined || deed === undefined || shard === undefined) {
      this.#skip(batch, bytes);
      return;
    }
    const order = this.#orderOf(deed, id, { messageBytes: bytes, shard, textShard: shard });
    batch.orders.push(order);
    this.#intake.begin(bytes, this.#receiver(batch, order, shard));
  }

  /** Counts what is said with a command, a result or a message, which may be too long. */
  #measure(batch: Batch, deed: Deed | undefined, bytes: number): void {
    const { maxFailureBytes, maxResultBytes, maxBatchBytes } = this.#parts.desk.limits;
    batch.bytes += bytes;
    const most = deed === "finish" ? maxResultBytes : maxFailureBytes;
    if (bytes > most || batch.bytes > maxBatchBytes) batch.refuse(this.#read, R.REPLY.JOB_TOO_BIG);
  }

  /** A move, whose message goes to where the job goes, if there is one. */
  #move(batch: Batch, line: Uint8Array): void {
    const { desk, reserver } = this.#parts;
    const { id, bytes, hasFailure } = desk.command;
    if (!batch.names(id)) batch.refuse(this.#read, R.REPLY.BAD_FORMAT);
    if (hasFailure) this.#measure(batch, "move", bytes);
    const mayMove = !hasFailure || moverOf(desk, reserver, id) !== undefined;
    if (!mayMove) batch.refuse(this.#read, R.REPLY.NOT_FOUND);
    const move =
      batch.refused === undefined ? this.#openTarget(batch, desk.copyName(line)) : undefined;
    if (move === undefined) {
      if (hasFailure) this.#skip(batch, bytes);
      return;
    }
    const messageBytes = hasFailure ? bytes : 0;
    const order = this.#orderOf("move", id, { move, messageBytes, textShard: move.to });
    batch.orders.push(order);
    if (!hasFailure) return;
    const text = new MessageText(desk, move.to, reserver.openRecord(move.to), bytes);
    this.#intake.begin(bytes, new TextBody(batch, order, text));
  }

  /** The tube that a job goes to, made if need be, and used; undefined, and refused, without. */
  #openTarget(batch: Batch, name: Uint8Array): MoveOrder | undefined {
    const target = this.#parts.desk.useTube(name);
    if (target === undefined) {
      batch.refuse(this.#read, R.REPLY.OUT_OF_MEMORY);
      return undefined;
    }
    batch.sendTo(target);
    const { shard: to, tube } = target;
    return { to, tube, claimedIn: undefined, arrival: 0, hasArrived: false };
  }

  #receiver(batch: Batch, order: JobOrder, shard: Shard): Receiver {
    const { desk, reserver } = this.#parts;
    const bytes = order.messageBytes;
    const text =
      order.deed === "finish"
        ? new ResultText(desk, shard, bytes, this.#mayGoBeyond(batch, bytes))
        : new MessageText(desk, shard, reserver.record(shard), bytes);
    return new TextBody(batch, order, text);
  }

  /** As much of a batch may stand beyond the memory cap as of one finish outside. */
  #mayGoBeyond({ beyondBytes }: Batch, bytes: number): boolean {
    return beyondBytes + bytes <= this.#parts.desk.limits.maxResultBytes;
  }

  /** A body that nobody wants any more. */
  #skip(batch: Batch, bytes: number): void {
    this.#intake.begin(bytes, new SkippedBody(batch, this.#read));
  }

  /** The checks are those of a put outside, in the same order. */
  #put(batch: Batch, bytes: Uint8Array, at: number, end: number): number {
    const { desk } = this.#parts;
    const { command, limits } = desk;
    batch.bytes += command.bytes;
    const isTooBig = command.bytes > limits.maxJobBytes || batch.bytes > limits.maxBatchBytes;
    if (isTooBig || this.#isTooLongFor(batch)) batch.refuse(this.#read, R.REPLY.JOB_TOO_BIG);
    if (command.garbage) {
      batch.refuse(this.#read, R.REPLY.BAD_FORMAT);
      this.#isEndless = true;
      return at;
    }
    const asksTooMuch = command.tags.ackLevel > desk.ackLevel;
    if (command.hasWrongTags || asksTooMuch || batch.used.tube === 0)
      batch.refuse(this.#read, R.REPLY.BAD_FORMAT);
    if (batch.refused !== undefined) {
      this.#skip(batch, command.bytes);
      return at;
    }
    const bodyEnd = at + command.bytes;
    if (bodyEnd + TRAILER_BYTES > end) {
      this.#open(batch);
      return at;
    }
    if (bytes[bodyEnd] !== CR || bytes[bodyEnd + 1] !== LF)
      batch.refuse(this.#read, R.REPLY.EXPECTED_CRLF);
    else this.#putWhole(batch, bytes, at, end);
    return bodyEnd + TRAILER_BYTES;
  }

  #isTooLongFor({ used: { shard, tube } }: Batch): boolean {
    const longest = tube === 0 ? C.NOT_SET : shard.longestBody(tube);
    return longest !== C.NOT_SET && this.#parts.desk.command.bytes > longest;
  }

  #putWhole(batch: Batch, bytes: Uint8Array, at: number, end: number): void {
    const { desk } = this.#parts;
    const { shard } = batch.used;
    const length = desk.command.bytes;
    const offset = desk.stage(shard, bytes, at, at + length, end);
    if (made(shard, offset, length) === C.DONE) this.#addPut(batch, shard.address());
    else batch.refuse(this.#read, R.REPLY.OUT_OF_MEMORY);
  }

  /** The body comes in pieces. */
  #open(batch: Batch): void {
    const { desk } = this.#parts;
    const { shard } = batch.used;
    const { bytes } = desk.command;
    const isOpen = shard.withMemory(() => shard.openUpload(bytes)) === C.DONE;
    const order = isOpen ? this.#addPut(batch, shard.address()) : undefined;
    if (!isOpen) batch.refuse(this.#read, R.REPLY.OUT_OF_MEMORY);
    if (order === undefined) this.#skip(batch, bytes);
    else this.#intake.begin(bytes, new PutBody(desk, batch, order));
  }

  /** The put whose upload is there; undefined, and refused, without memory for its tags. */
  #addPut(batch: Batch, upload: number): PutOrder | undefined {
    const order = this.#putOf(batch, upload);
    batch.orders.push(order);
    const { tags } = this.#parts.desk.command;
    const { shard, tube } = order;
    if (tags.length > 0) shard.tags.set(tags.bytes.subarray(0, tags.length));
    const answer = tagged(shard, upload, tube, tags.length);
    order.tagBytes = shard.field(C.RESULT_COUNT);
    if (answer === C.DONE) return order;
    batch.refuse(this.#read, R.REPLY.OUT_OF_MEMORY);
    return undefined;
  }

  #putOf({ used: { shard, tube } }: Batch, upload: number): PutOrder {
    const { pri, delay, ttr, bytes, tags } = this.#parts.desk.command;
    return {
      deed: "put",
      index: this.#read,
      shard,
      tube,
      upload,
      bodyBytes: bytes,
      tagBytes: tags.length,
      goesAhead: false,
      key: tags.length === 0 ? undefined : keyIn(tags),
      pri,
      delaySeconds: delay,
      ttrSeconds: ttr,
      id: 0,
      answer: C.NONE,
    };
  }

  #orderOf(deed: Deed, id: number, also: Partial<JobOrder> = NOTHING_ELSE): JobOrder {
    const { pri, delay, keep } = this.#parts.desk.command;
    const { isOneOfMany = false, messageBytes = 0, textShard, shard, move } = also;
    return {
      deed,
      index: this.#read,
      isOneOfMany,
      id,
      isHidden: false,
      pri,
      delaySeconds: TAKES_DELAY.has(deed) ? delay : 0,
      messageBytes,
      text: 0,
      textShard,
      keep: deed === "finish" ? keep : 0,
      keepSeconds: 0,
      shard,
      move,
      answer: C.NONE,
    };
  }
}

/* Both mostly find memory at once, and then make nothing that outlives the call. */

function made(shard: Shard, offset: number, bytes: number): number {
  const answer = shard.makeUpload(offset, bytes);
  return answer === C.DONE ? answer : shard.withMemory(() => shard.makeUpload(offset, bytes));
}

function tagged(shard: Shard, upload: number, tube: number, bytes: number): number {
  const answer = shard.tagUpload(upload, tube, bytes);
  return answer === C.DONE ? answer : shard.withMemory(() => shard.tagUpload(upload, tube, bytes));
}

const BATCH = asciiBytes("batch ");

/**
 * Whether a line that is no command was to begin a batch: what follows it was not meant to be
 * commands of their own.
 */
export function wasToBeBatch(op: number, line: Uint8Array, start: number, end: number): boolean {
  return op === OP.BAD_FORMAT && beginsWith(line, start, end, BATCH);
}

const NOTHING_ELSE: Partial<JobOrder> = {};

/** The idempotency key in a put's tags, if there is one. */
function keyIn({ bytes, length }: PutTags): string | undefined {
  return shownTags(bytes.subarray(0, length)).get(C.TAG_IDP)?.name;
}

/** Whether a line that begins as this command does may be followed by a body. */
function mayHaveBody({ args, takesFailure }: CommandRow): boolean {
  return args.includes("bytes") || takesFailure === true;
}
