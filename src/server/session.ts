/* Session: one connection's conversation: bytes in, bytes out.
 *
 * It frames the input (lines, bodies, what must be swallowed), runs one command after the other in order, and writes each reply into
 * the thread's output, which leaves in one write at the end of a turn. It stops taking input while it is blocked in a reserve, while the
 * peer does not read, and when it has had its share of a turn; what arrives meanwhile is kept, up to a bound, then not read.
 *
 *   receive -> frame -> parse -> #execute -> engine -> output
 *                                   |  blocked: `granted` or `expire` goes on
 *
 * Driven by a transport (Inlet) and by its SessionHost. Everything is synchronous.
 */

import * as C from "../../assembly/constants.ts";
import { Connection } from "../engine/connection.ts";
import type { Shard } from "../engine/shard.ts";
import { OP } from "../protocol/commands.ts";
import { findLineEnd, parseFast } from "../protocol/fast.ts";
import { looksLikeAnotherProtocol } from "../protocol/foreign.ts";
import { parseLine } from "../protocol/line.ts";
import * as R from "../protocol/replies.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { COUNTER_OPS, COUNTER_PRODUCERS, COUNTER_WAITING, COUNTER_WORKERS } from "./counters.ts";
import type { Due } from "./due-heap.ts";
import type { Holder } from "./gate.ts";
import type { SessionHost } from "./session-host.ts";
import { jobStats, serverStats, tubeNames, tubeStats } from "./statistics.ts";
import { WatchList } from "./watch-list.ts";

/** Longest command line with its CRLF (beanstalkd dat.h LINE_BUF_SIZE). */
export const LINE_BYTES_MAX = 224;
/** Input kept for a session that cannot run; beyond it the connection is not read from. */
const PENDING_BYTES_MAX = 65_536;
const CR = 13;
const LF = 10;
const MICROS = 1_000_000;
const ENCODER = new TextEncoder();

/* What the next input byte belongs to. */
const LINE = 0;
const BODY = 1;
const SWALLOW = 2;
const DISCARD = 3;

/** One connection's conversation. */
export class Session implements Inlet, Due, Holder {
  heldBytes = 0;
  /* Place among the blocked sessions. */
  dueMicros = 0;
  heapIndex = -1;

  readonly #host: SessionHost;
  readonly #outlet: Outlet;
  readonly #token: number;
  readonly #connection: Connection;
  readonly #watched = new WatchList();
  #usedShard: Shard;
  #usedTube = 0;
  #usedName = "default";
  /** The shard in which runs are tried: that of the tube that this connection last put to or reserved from. */
  #runShard: Shard;

  /* Framing. */
  #mode = LINE;
  /** The beginning of a line whose end has not come yet; made when first needed. */
  #carry: Uint8Array | undefined;
  #carried = 0;
  /** BODY: bytes of the body still to come; SWALLOW: bytes to swallow; DISCARD: 1 when the last byte seen was a CR. */
  #left = 0;
  /** BODY: the upload, or 0, and the job as its put named it; SWALLOW: the reply. */
  #upload = 0;
  #uploadBytes = 0;
  #uploadId = 0;
  #uploadPri = 0;
  #uploadDelay = 0;
  #uploadTtr = 0;
  /** BODY: bytes of the CRLF behind the body that came, and whether they were wrong. */
  #trailer = 0;
  #trailerWrong = false;
  #swallowReply: Uint8Array = R.REPLY.JOB_TOO_BIG;

  /* Running. */
  readonly #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #share = 0;
  #blocked = false;
  #generation = 0;
  #stalled = false;
  #yielded = false;
  #paused = false;
  #ended = false;
  #closing = false;
  #gone = false;
  #isProducer = false;
  #isWorker = false;
  /** What the last question to the shards answered. */
  #answer = 0;

  constructor(host: SessionHost, outlet: Outlet, token: number) {
    this.#host = host;
    this.#outlet = outlet;
    this.#token = token;
    this.#connection = new Connection(host.shards, token);
    this.#usedShard = host.stageDefault();
    this.#runShard = this.#usedShard;
    this.#beginWithDefault();
  }

  /** Uses and watches "default". Without memory for that there can be no conversation. */
  #beginWithDefault(): void {
    const { engine, thread } = this.#usedShard;
    const bytes = ENCODER.encode(this.#usedName).length;
    if (this.#usedShard.answer(engine.useTube(thread, 0, bytes, 0)) === C.DONE) {
      this.#usedTube = this.#usedShard.field(C.RESULT_REF);
    }
    const watched = this.#connection.watch(this.#usedShard, 0, bytes, 0);
    if (watched !== 0) this.#watched.add(this.#usedName, this.#usedShard, watched);
    if (watched === 0 || this.#usedTube === 0) {
      this.#closing = true;
      this.#host.later(() => this.#outlet.close());
    }
  }

  /* Inlet. */

  receive(bytes: Uint8Array): void {
    if (this.#closing || this.#gone) return;
    const host = this.#host;
    if (this.#pending.length > 0 || this.#isHeldUp()) {
      this.#keep(bytes);
      return;
    }
    host.begin();
    host.output.begin(this.#outlet, this);
    this.#share = host.limits.commandsPerTurn;
    const at = this.#run(bytes, bytes.length);
    if (at < bytes.length && !this.#closing) this.#keep(bytes.subarray(at));
    this.#endTurn();
    host.end();
  }

  ended(): void {
    if (this.#closing || this.#gone || this.#ended) return;
    this.#ended = true;
    const host = this.#host;
    host.begin();
    host.output.begin(this.#outlet, this);
    if (this.#blocked) this.#stopWaiting(R.REPLY.TIMED_OUT);
    this.#goOn();
    host.end();
  }

  drained(): void {
    if (!this.#stalled || this.#gone) return;
    this.#stalled = false;
    this.#resume();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    const host = this.#host;
    host.begin();
    this.#unblock();
    this.#dropUpload();
    this.#connection.close(host.now);
    if (this.#usedTube !== 0) {
      const { engine, thread } = this.#usedShard;
      this.#usedShard.answer(engine.unuseTube(thread, this.#usedTube));
    }
    if (this.#isProducer) host.count(COUNTER_PRODUCERS, -1);
    if (this.#isWorker) host.count(COUNTER_WORKERS, -1);
    this.#pending.length = 0;
    host.forget(this.#token);
    host.end();
  }

  /** Replies that waited for the journal have left. Called by the gate, between turns. */
  released(): void {
    if (this.heldBytes === 0) this.drained();
  }

  get isGone(): boolean {
    return this.#gone;
  }

  /* Turns. */

  #isHeldUp(): boolean {
    return this.#blocked || this.#stalled || this.#yielded;
  }

  /** Keeps input for later, and stops reading when it is much. */
  #keep(bytes: Uint8Array): void {
    this.#pending.push(Uint8Array.from(bytes)); // a Buffer's slice would not copy
    this.#pendingBytes += bytes.length;
    this.#updateReading();
  }

  #updateReading(): void {
    const pause = this.#stalled || this.#pendingBytes >= PENDING_BYTES_MAX;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#outlet.pause();
    else this.#outlet.resume();
  }

  /** A turn of its own for what was kept. */
  #resume(): void {
    if (this.#gone || this.#closing) return;
    this.#host.begin();
    this.#host.output.begin(this.#outlet, this);
    this.#goOn();
    this.#host.end();
  }

  /** Runs what was kept, within a turn whose output is this session's. */
  #goOn(): void {
    this.#share = this.#host.limits.commandsPerTurn;
    for (let chunk = this.#pending[0]; chunk !== undefined; chunk = this.#pending[0]) {
      if (this.#isHeldUp() || this.#closing) break;
      const at = this.#run(chunk, chunk.length);
      this.#pendingBytes -= at;
      if (at < chunk.length) this.#pending[0] = chunk.subarray(at);
      else this.#pending.shift();
    }
    this.#endTurn();
  }

  #endTurn(): void {
    const { output } = this.#host;
    if (this.#ended && this.#pending.length === 0 && !this.#isHeldUp()) this.#closing = true;
    if (this.#closing) {
      output.close();
      return;
    }
    output.flush();
    this.#look();
    this.#updateReading();
  }

  /** Stops when the peer does not read. */
  #look(): void {
    const waiting = this.#outlet.backlogBytes + this.heldBytes;
    if (waiting > this.#host.limits.maxOutputBytes) this.#stalled = true;
  }

  /** Lets the others have their turn. */
  #yield(): void {
    this.#yielded = true;
    this.#host.later(() => {
      this.#yielded = false;
      this.#resume();
    });
  }

  /** Runs commands from bytes[0, end) until they end or it cannot go on; answers how many bytes it took. */
  #run(bytes: Uint8Array, end: number): number {
    const host = this.#host;
    const { command, output } = host;
    let at = 0;
    while (at < end) {
      host.waitForRoom();
      if (this.#mode === LINE && this.#carried === 0) {
        at = this.#runInEngine(bytes, at, end);
        if (at === end) break;
        const op = parseFast(bytes, at, end, command);
        at =
          op === OP.NONE
            ? this.#exactLine(bytes, at, end)
            : this.#execute(op, bytes, command.next, end);
      } else {
        at = this.#frame(bytes, at, end);
      }
      if (output.isFull) {
        output.flush();
        this.#look();
      }
      if (--this.#share <= 0 && at < end && !this.#isHeldUp()) this.#yield();
      if (this.#isHeldUp() || this.#closing) break;
    }
    return at;
  }

  /**
   * Has the engine run the common commands at the beginning of bytes[at, end) in one call, as far as they are complete and the shard that
   * this connection works in can answer them; answers the position of the first that is left to the session.
   */
  #runInEngine(bytes: Uint8Array, at: number, end: number): number {
    const host = this.#host;
    const shard = this.#runShard;
    const { engine, thread } = shard;
    const offset = host.stage(shard, bytes, at, end, end) - at;
    const record = this.#connection.record(shard);
    const flags = this.#runFlags(shard);
    let position = at;
    let firstId = 0;
    let lastId = -1;
    for (;;) {
      const code = engine.run(
        thread,
        record,
        this.#usedTube,
        flags,
        host.limits.maxJobBytes,
        offset + position,
        end - position,
        this.#share,
        firstId,
        lastId,
        host.now,
      );
      shard.answer(code);
      this.#takeRun(shard);
      const taken = shard.field(C.RESULT_COUNT);
      const stop = shard.field(C.RESULT_STOP);
      position += taken;
      firstId += shard.field(C.RESULT_IDS_USED);
      if (stop === C.STOP_IDS && lastId < firstId) {
        const most = Math.floor((end - position) / shard.field(C.RESULT_BODY_BYTES));
        const count = Math.max(1, Math.min(most, this.#share));
        firstId = host.takeIds(count);
        lastId = firstId + count - 1;
      } else if (stop === C.STOP_JOURNAL) {
        host.waitForRoom();
      } else if (stop !== C.STOP_ROOM || taken === 0) {
        break;
      }
    }
    host.giveBackIds(firstId, lastId);
    return position;
  }

  #runFlags(shard: Shard): number {
    const host = this.#host;
    let flags = host.isOnlyShard ? C.RUN_ONLY_SHARD : 0;
    if (this.#connection.onlyWatched === shard) flags |= C.RUN_RESERVES;
    if (this.#usedShard === shard && host.takesPuts) flags |= C.RUN_PUTS;
    return flags;
  }

  /** Takes over what a run left in the result area. */
  #takeRun(shard: Shard): void {
    const host = this.#host;
    const replyBytes = shard.field(C.RESULT_REPLY_BYTES);
    this.#share -= shard.field(C.RESULT_COMMANDS);
    if (replyBytes === 0) return;
    this.#depend(shard);
    host.writeReplies(shard, replyBytes);
    const did = shard.field(C.RESULT_DID);
    if ((did & C.DID_PUT) !== 0) this.#becomeProducer();
    if ((did & C.DID_RESERVE) !== 0) this.#becomeWorker();
  }

  /* Framing. */

  #frame(bytes: Uint8Array, at: number, end: number): number {
    if (this.#mode === BODY) return this.#body(bytes, at, end);
    if (this.#mode === SWALLOW) return this.#swallow(at, end);
    if (this.#mode === DISCARD) return this.#discard(bytes, at, end);
    return this.#exactLine(bytes, at, end);
  }

  /** Takes a line that the fast path did not, or the part of one that is there. */
  #exactLine(bytes: Uint8Array, at: number, end: number): number {
    const carry = this.#carry;
    if (carry !== undefined && this.#carried > 0) return this.#carriedLine(carry, bytes, at, end);
    const window = Math.min(end, at + LINE_BYTES_MAX);
    const cr = findLineEnd(bytes, at, window);
    if (cr < 0) return this.#partOfLine(bytes, at, window);
    return this.#exactCommand(bytes, at, cr, bytes, cr + 2, end);
  }

  /** Goes on with a line whose beginning was kept. */
  #carriedLine(carry: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
    const before = this.#carried;
    const window = Math.min(end, at + LINE_BYTES_MAX - before);
    carry.set(bytes.subarray(at, window), before);
    const filled = before + window - at;
    const cr = findLineEnd(carry, before - 1, filled);
    if (cr >= 0) {
      this.#carried = 0;
      return this.#exactCommand(carry, 0, cr, bytes, at + cr + 2 - before, end);
    }
    this.#carried = filled;
    if (filled === LINE_BYTES_MAX) this.#discardFrom(carry, filled);
    return window;
  }

  /** Keeps the beginning of a line whose end is not in bytes[at, window). */
  #partOfLine(bytes: Uint8Array, at: number, window: number): number {
    if (looksLikeAnotherProtocol(bytes, at, window)) return this.#refuse(window);
    if (window - at === LINE_BYTES_MAX) {
      this.#discardFrom(bytes, window);
      return window;
    }
    this.#carry ??= new Uint8Array(LINE_BYTES_MAX);
    this.#carry.set(bytes.subarray(at, window));
    this.#carried = window - at;
    return window;
  }

  /** The line is too long: nothing of it counts. */
  #discardFrom(bytes: Uint8Array, end: number): void {
    this.#carried = 0;
    this.#mode = DISCARD;
    this.#left = bytes[end - 1] === CR ? 1 : 0;
  }

  #discard(bytes: Uint8Array, at: number, end: number): number {
    const next = this.#endOfDiscarded(bytes, at, end);
    if (next < 0) {
      this.#left = bytes[end - 1] === CR ? 1 : 0;
      return end;
    }
    this.#mode = LINE;
    this.#host.output.reply(R.REPLY.BAD_FORMAT);
    return next;
  }

  /** The position behind the end of an over-long line, whose CR may have come before; -1 when it is not there yet. */
  #endOfDiscarded(bytes: Uint8Array, at: number, end: number): number {
    if (this.#left === 1 && bytes[at] === LF) return at + 1;
    const cr = findLineEnd(bytes, at, end);
    return cr < 0 ? -1 : cr + 2;
  }

  /** Somebody speaks HTTP or TLS: nothing that they sent is a command. */
  #refuse(at: number): number {
    this.#closing = true;
    return at;
  }

  #exactCommand(
    line: Uint8Array,
    start: number,
    cr: number,
    bytes: Uint8Array,
    next: number,
    end: number,
  ): number {
    const op = parseLine(line, start, cr, this.#host.command);
    if (op >= OP.BAD_FORMAT && looksLikeAnotherProtocol(line, start, cr)) return this.#refuse(next);
    if (op === OP.PUT) return this.#put(bytes, next, end);
    this.#line(op, line);
    return next;
  }

  #execute(op: number, bytes: Uint8Array, next: number, end: number): number {
    if (op === OP.PUT) return this.#put(bytes, next, end);
    this.#line(op, bytes);
    return next;
  }

  /* Putting. */

  /** A put whose body begins at `at`; answers the position behind what it took. */
  #put(bytes: Uint8Array, at: number, end: number): number {
    const host = this.#host;
    const { command, output } = host;
    host.count(COUNTER_OPS + OP.PUT, 1);
    if (command.bytes > host.limits.maxJobBytes) {
      this.#swallowBytes(command.bytes + 2, R.REPLY.JOB_TOO_BIG);
      return at;
    }
    if (command.garbage) {
      output.reply(R.REPLY.BAD_FORMAT);
      return at;
    }
    this.#becomeProducer();
    this.#runShard = this.#usedShard;
    const id = host.nextId();
    const bodyEnd = at + command.bytes;
    if (bodyEnd + 2 > end) {
      this.#openUpload(id);
      return at;
    }
    if (bytes[bodyEnd] !== CR || bytes[bodyEnd + 1] !== LF) output.reply(R.REPLY.EXPECTED_CRLF);
    else if (!host.takesPuts) this.#refusePut();
    else this.#putWhole(id, bytes, at, end);
    return bodyEnd + 2;
  }

  /** Drain mode, or no space for the journal: whatever drains the queue goes on. */
  #refusePut(): void {
    const { output, common } = this.#host;
    output.reply(common.draining ? R.REPLY.DRAINING : R.REPLY.OUT_OF_MEMORY);
  }

  #becomeProducer(): void {
    if (this.#isProducer) return;
    this.#isProducer = true;
    this.#host.count(COUNTER_PRODUCERS, 1);
  }

  #putWhole(id: number, bytes: Uint8Array, at: number, end: number): void {
    const shard = this.#usedShard;
    const { command, now } = this.#host;
    const offset = this.#host.stage(shard, bytes, at, at + command.bytes, end);
    do {
      const code = shard.engine.put(
        shard.thread,
        this.#usedTube,
        id,
        command.pri,
        command.delay,
        command.ttr,
        offset,
        command.bytes,
        now,
      );
      this.#answer = shard.answer(code);
    } while (this.#answer === C.OUT_OF_MEMORY && shard.growBudget());
    this.#answerPut(shard, id);
  }

  #answerPut(shard: Shard, id: number): void {
    const host = this.#host;
    const { output } = host;
    if (this.#answer === C.OUT_OF_MEMORY) {
      output.reply(R.REPLY.OUT_OF_MEMORY);
      return;
    }
    host.hint(id, shard);
    this.#depend(shard);
    output.room(R.REPLY_LINE_MAX);
    const write = this.#answer === C.DONE ? R.writeInserted : R.writeBuried;
    output.at = write(output.bytes, output.at, id);
  }

  #openUpload(id: number): void {
    const shard = this.#usedShard;
    const { command } = this.#host;
    this.#uploadId = id;
    this.#uploadPri = command.pri;
    this.#uploadDelay = command.delay;
    this.#uploadTtr = command.ttr;
    this.#uploadBytes = command.bytes;
    this.#left = command.bytes;
    this.#trailer = 0;
    this.#trailerWrong = false;
    this.#mode = BODY;
    do {
      this.#answer = shard.answer(shard.engine.openUpload(shard.thread, command.bytes));
    } while (this.#answer === C.OUT_OF_MEMORY && shard.growBudget());
    if (this.#answer === C.DONE) this.#upload = shard.field(C.RESULT_REF);
    else this.#swallowBytes(command.bytes + 2, R.REPLY.OUT_OF_MEMORY);
  }

  /** Takes the part of a body that is there, and then its CRLF. */
  #body(bytes: Uint8Array, at: number, end: number): number {
    if (this.#left === 0) return this.#bodyEnd(bytes, at);
    const count = Math.min(this.#left, end - at);
    const shard = this.#usedShard;
    const position = this.#uploadBytes - this.#left;
    const offset = this.#host.stage(shard, bytes, at, at + count, end);
    const { engine, thread } = shard;
    let done = 0;
    while (done < count) {
      const code = engine.appendUpload(
        thread,
        this.#upload,
        position + done,
        offset + done,
        count - done,
      );
      const answer = shard.answer(code);
      done += shard.field(C.RESULT_COUNT);
      if (answer === C.OUT_OF_MEMORY && !shard.growBudget()) {
        const left = this.#left - count + 2;
        this.#dropUpload();
        this.#swallowBytes(left, R.REPLY.OUT_OF_MEMORY);
        return at + count;
      }
    }
    this.#left -= count;
    return at + count;
  }

  #bodyEnd(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== (this.#trailer === 0 ? CR : LF)) this.#trailerWrong = true;
    this.#trailer++;
    if (this.#trailer === 2) this.#endUpload();
    return at + 1;
  }

  #endUpload(): void {
    const { output, now, takesPuts } = this.#host;
    const shard = this.#usedShard;
    const upload = this.#upload;
    this.#mode = LINE;
    if (this.#trailerWrong || !takesPuts) {
      this.#dropUpload();
      if (this.#trailerWrong) output.reply(R.REPLY.EXPECTED_CRLF);
      else this.#refusePut();
      return;
    }
    this.#upload = 0;
    const code = shard.engine.commitUpload(
      shard.thread,
      upload,
      this.#usedTube,
      this.#uploadId,
      this.#uploadPri,
      this.#uploadDelay,
      this.#uploadTtr,
      now,
    );
    this.#answer = shard.answer(code);
    this.#answerPut(shard, this.#uploadId);
  }

  #dropUpload(): void {
    if (this.#upload === 0) return;
    const shard = this.#usedShard;
    shard.answer(shard.engine.dropUpload(shard.thread, this.#upload));
    this.#upload = 0;
  }

  #swallowBytes(count: number, reply: Uint8Array): void {
    this.#mode = SWALLOW;
    this.#left = count;
    this.#swallowReply = reply;
  }

  #swallow(at: number, end: number): number {
    const count = Math.min(this.#left, end - at);
    this.#left -= count;
    if (this.#left === 0) {
      this.#mode = LINE;
      this.#host.output.reply(this.#swallowReply);
    }
    return at + count;
  }

  /* Commands that are one line. `line` holds their names. */

  #line(op: number, line: Uint8Array): void {
    this.#host.count(COUNTER_OPS + op, 1);
    switch (op) {
      case OP.RESERVE:
        return this.#reserve(Infinity);
      case OP.RESERVE_WITH_TIMEOUT:
        return this.#reserve(this.#host.command.timeout * MICROS);
      case OP.DELETE:
        return this.#onJob(op, R.REPLY.DELETED);
      case OP.RELEASE:
        return this.#onJob(op, R.REPLY.RELEASED);
      case OP.BURY:
        return this.#onJob(op, R.REPLY.BURIED);
      case OP.TOUCH:
        return this.#onJob(op, R.REPLY.TOUCHED);
      case OP.KICK_JOB:
        return this.#onJob(op, R.REPLY.KICKED);
      case OP.RESERVE_JOB:
        return this.#reserveJob();
      case OP.PEEK:
        return this.#peek();
      case OP.PEEK_READY:
        return this.#peekTube(C.KIND_READY);
      case OP.PEEK_DELAYED:
        return this.#peekTube(C.KIND_DELAYED);
      case OP.PEEK_BURIED:
        return this.#peekTube(C.KIND_BURIED);
      case OP.KICK:
        return this.#kick();
      default:
        return this.#tubeLine(op, line);
    }
  }

  #tubeLine(op: number, line: Uint8Array): void {
    const { output } = this.#host;
    switch (op) {
      case OP.USE:
        return this.#use(line);
      case OP.WATCH:
        return this.#watch(line);
      case OP.IGNORE:
        return this.#ignore(line);
      case OP.PAUSE_TUBE:
        return this.#pauseTube(line);
      case OP.LIST_TUBE_USED:
        return this.#using();
      case OP.LIST_TUBES:
        return this.#yaml(this.#host.control.yamlList(tubeNames(this.#host)));
      case OP.LIST_TUBES_WATCHED:
        return this.#yaml(this.#host.control.yamlList(this.#watched.names()));
      case OP.STATS:
        return this.#yaml(serverStats(this.#host));
      case OP.STATS_TUBE:
        return this.#statsTube(line);
      case OP.STATS_JOB:
        return this.#statsJob();
      case OP.QUIT:
        this.#closing = true;
        return undefined;
      case OP.UNKNOWN_COMMAND:
        return output.reply(R.REPLY.UNKNOWN_COMMAND);
      default:
        return output.reply(R.REPLY.BAD_FORMAT);
    }
  }

  /** The replies of this turn depend on what the shard's result area says. */
  #depend(shard: Shard): void {
    this.#host.output.gate?.depend(shard.index, shard.field(C.RESULT_LSN));
  }

  /* Commands that name a job. */

  /** Asks one shard to do what the command says to its job. */
  #ask(op: number, shard: Shard): number {
    const { command, now } = this.#host;
    const { engine, thread } = shard;
    const record = this.#connection.record(shard);
    switch (op) {
      case OP.DELETE:
        return engine.deleteJob(thread, record, command.id, now);
      case OP.RELEASE:
        return engine.release(thread, record, command.id, command.pri, command.delay, now);
      case OP.BURY:
        return engine.bury(thread, record, command.id, command.pri, now);
      case OP.TOUCH:
        return engine.touch(thread, record, command.id, now);
      case OP.KICK_JOB:
        return engine.kickJob(thread, command.id, now);
      case OP.RESERVE_JOB:
        return engine.reserveJob(thread, record, command.id, now);
      case OP.PEEK:
        return engine.peek(thread, command.id, now);
      default:
        return engine.statsJob(thread, command.id, now);
    }
  }

  /** Asks the shards in turn, the likeliest first; the answer is in #answer and in the result area of the shard that gave it. */
  #find(op: number): Shard {
    const host = this.#host;
    const likely = host.likelyShard(host.command.id);
    this.#answer = likely.answer(this.#ask(op, likely));
    if (this.#answer !== C.NOT_FOUND) return likely;
    for (const shard of host.shards) {
      if (shard === likely) continue;
      const answer = shard.answer(this.#ask(op, shard));
      if (answer === C.NOT_FOUND) continue;
      this.#answer = answer;
      return shard;
    }
    return likely;
  }

  #onJob(op: number, done: Uint8Array): void {
    const shard = this.#find(op);
    const { output } = this.#host;
    if (this.#answer === C.NOT_FOUND) return output.reply(R.REPLY.NOT_FOUND);
    if (op !== OP.TOUCH) this.#depend(shard);
    return output.reply(this.#answer === C.BURIED ? R.REPLY.BURIED : done);
  }

  #reserveJob(): void {
    const { output } = this.#host;
    let shard = this.#find(OP.RESERVE_JOB);
    if (this.#answer === C.MORE) {
      if (this.#connection.openRecord(shard) === 0) return output.reply(R.REPLY.OUT_OF_MEMORY);
      shard = this.#find(OP.RESERVE_JOB);
    }
    if (this.#answer !== C.RESERVED) return output.reply(R.REPLY.NOT_FOUND);
    this.#becomeWorker();
    return this.#deliver(shard);
  }

  #peek(): void {
    const shard = this.#find(OP.PEEK);
    this.#found(shard);
  }

  #peekTube(kind: number): void {
    const shard = this.#usedShard;
    const { now } = this.#host;
    this.#answer = shard.answer(shard.engine.peekTube(shard.thread, this.#usedTube, kind, now));
    this.#found(shard);
  }

  #found(shard: Shard): void {
    const { output } = this.#host;
    if (this.#answer === C.DONE && this.#writeJob(R.writeFound, shard)) return undefined;
    return output.reply(R.REPLY.NOT_FOUND);
  }

  /** Adds a line and the body of the job that the result area shows; false, and nothing added, when the job has gone meanwhile. */
  #writeJob(writeLine: typeof R.writeFound, shard: Shard): boolean {
    const host = this.#host;
    const { output } = host;
    const id = shard.field(C.RESULT_ID);
    const bytes = shard.field(C.RESULT_BODY_BYTES);
    output.room(R.REPLY_LINE_MAX + bytes + 2);
    const start = output.at;
    this.#depend(shard);
    output.at = writeLine(output.bytes, start, id, bytes);
    if (host.writeBody(shard, id, bytes)) {
      host.hint(id, shard);
      return true;
    }
    output.at = start;
    return false;
  }

  #kick(): void {
    const shard = this.#usedShard;
    const { command, output, now } = this.#host;
    let kicked = 0;
    let left = command.bound;
    let kind = C.KIND_ANY;
    let answer = C.MORE;
    while (answer === C.MORE) {
      this.#host.waitForRoom();
      const code = shard.engine.kick(shard.thread, this.#usedTube, left, kind, now);
      answer = shard.answer(code);
      const count = shard.field(C.RESULT_COUNT);
      kind = shard.field(C.RESULT_REF);
      kicked += count;
      left -= count;
    }
    this.#depend(shard);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeKicked(output.bytes, output.at, kicked);
  }

  /* Reserving. */

  #becomeWorker(): void {
    if (this.#isWorker) return;
    this.#isWorker = true;
    this.#host.count(COUNTER_WORKERS, 1);
  }

  #reserve(timeoutMicros: number): void {
    const host = this.#host;
    this.#becomeWorker();
    this.#runShard = this.#connection.onlyWatched ?? this.#runShard;
    const shard = this.#connection.take(host.now);
    if (shard !== undefined) return this.#deliver(shard);
    const soon = this.#soonMicros();
    if (soon <= host.now) return host.output.reply(R.REPLY.DEADLINE_SOON);
    if (timeoutMicros === 0 || this.#ended) return host.output.reply(R.REPLY.TIMED_OUT);
    return this.#block(Math.min(host.now + timeoutMicros, soon));
  }

  /** When DEADLINE_SOON is due for what this connection holds. */
  #soonMicros(): number {
    const soonest = this.#connection.soonestMicros();
    return soonest === C.NEVER_MICROS ? soonest : soonest - C.SAFETY_MARGIN_MICROS;
  }

  /** Answers RESERVED. Its own TTR can only run out meanwhile if the thread stood still for that long; DEADLINE_SOON says so. */
  #deliver(shard: Shard): void {
    if (!this.#writeJob(R.writeReserved, shard)) this.#host.output.reply(R.REPLY.DEADLINE_SOON);
  }

  #block(dueMicros: number): void {
    const host = this.#host;
    this.#generation = (this.#generation + 1) >>> 0;
    const shard = this.#connection.wait(this.#generation, host.now);
    if (shard !== undefined) return this.#deliver(shard);
    this.#blocked = true;
    host.count(COUNTER_WAITING, 1);
    this.dueMicros = dueMicros;
    if (dueMicros < C.NEVER_MICROS) host.blocked.add(this);
    return undefined;
  }

  #unblock(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#host.blocked.remove(this);
    this.#host.count(COUNTER_WAITING, -1);
  }

  /** Ends the waiting with a grant if one was made, else with `reply`. */
  #stopWaiting(reply: Uint8Array): void {
    this.#unblock();
    const delivered = this.#connection.stopWaiting(this.#host.now, (shard) => this.#deliver(shard));
    if (!delivered) this.#host.output.reply(reply);
  }

  /** A grant for this session was collected (RESERVED) or had run out (LOST). Called by the host, between turns. */
  granted(shard: Shard, answer: number): void {
    const host = this.#host;
    const wanted = this.#blocked && shard.field(C.RESULT_GENERATION) === this.#generation;
    if (!wanted) {
      if (answer === C.RESERVED) this.#connection.handBack(shard, host.now);
      return;
    }
    if (answer === C.LOST && !this.#connection.waitIn(shard, this.#generation, host.now)) return;
    host.output.begin(this.#outlet, this);
    this.#deliver(shard);
    this.#connection.stopWaitingBut(shard, host.now);
    this.#unblock();
    this.#goOn();
  }

  /** Its time-out or a deadline of what it holds is due. Called by the host, between turns. */
  expire(): void {
    const { output, now } = this.#host;
    output.begin(this.#outlet, this);
    const soon = this.#soonMicros() <= now;
    this.#stopWaiting(soon ? R.REPLY.DEADLINE_SOON : R.REPLY.TIMED_OUT);
    this.#goOn();
  }

  /* Tubes. */

  #use(line: Uint8Array): void {
    const host = this.#host;
    const { nameStart, nameEnd } = host.command;
    const name = text(line, nameStart, nameEnd);
    if (name !== this.#usedName) {
      const shard = host.shardOfTube(line, nameStart, nameEnd);
      const offset = host.stage(shard, line, nameStart, nameEnd, nameEnd);
      const { engine, thread } = shard;
      const code = engine.useTube(thread, offset, nameEnd - nameStart, host.nextTubeNumber());
      if (shard.answer(code) !== C.DONE) return host.output.reply(R.REPLY.OUT_OF_MEMORY);
      const tube = shard.field(C.RESULT_REF);
      const before = this.#usedShard;
      before.answer(before.engine.unuseTube(thread, this.#usedTube));
      this.#usedShard = shard;
      this.#usedTube = tube;
      this.#usedName = name;
    }
    return this.#using();
  }

  #using(): void {
    const { output } = this.#host;
    const name = ENCODER.encode(this.#usedName);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeUsing(output.bytes, output.at, name, 0, name.length);
  }

  #watch(line: Uint8Array): void {
    const host = this.#host;
    const { nameStart, nameEnd } = host.command;
    const name = text(line, nameStart, nameEnd);
    if (!this.#watched.has(name)) {
      if (this.#watched.size >= host.limits.maxWatch)
        return host.output.reply(R.REPLY.OUT_OF_MEMORY);
      const shard = host.shardOfTube(line, nameStart, nameEnd);
      const offset = host.stage(shard, line, nameStart, nameEnd, nameEnd);
      const number = host.nextTubeNumber();
      const tube = this.#connection.watch(shard, offset, nameEnd - nameStart, number);
      if (tube === 0) return host.output.reply(R.REPLY.OUT_OF_MEMORY);
      this.#watched.add(name, shard, tube);
    }
    return this.#watching();
  }

  #ignore(line: Uint8Array): void {
    const { command, output } = this.#host;
    const name = text(line, command.nameStart, command.nameEnd);
    if (this.#watched.has(name)) {
      if (this.#watched.size === 1) return output.reply(R.REPLY.NOT_IGNORED);
      const { shard, tube } = this.#watched.remove(name);
      this.#connection.ignore(shard, tube);
    }
    return this.#watching();
  }

  #watching(): void {
    const { output } = this.#host;
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeWatching(output.bytes, output.at, this.#watched.size);
  }

  #pauseTube(line: Uint8Array): void {
    const host = this.#host;
    const { command, output } = host;
    if (command.garbage) return output.reply(R.REPLY.BAD_FORMAT);
    const { nameStart, nameEnd } = command;
    const shard = host.shardOfTube(line, nameStart, nameEnd);
    const offset = host.stage(shard, line, nameStart, nameEnd, nameEnd);
    const bytes = nameEnd - nameStart;
    const code = shard.engine.pauseTube(shard.thread, offset, bytes, command.delay, host.now);
    return output.reply(shard.answer(code) === C.DONE ? R.REPLY.PAUSED : R.REPLY.NOT_FOUND);
  }

  #statsTube(line: Uint8Array): void {
    const host = this.#host;
    const { nameStart, nameEnd } = host.command;
    const shard = host.shardOfTube(line, nameStart, nameEnd);
    const offset = host.stage(shard, line, nameStart, nameEnd, nameEnd);
    const code = shard.engine.statsTube(shard.thread, offset, nameEnd - nameStart, host.now);
    if (shard.answer(code) !== C.DONE) return host.output.reply(R.REPLY.NOT_FOUND);
    return this.#yaml(tubeStats(host, shard, text(line, nameStart, nameEnd)));
  }

  #statsJob(): void {
    const host = this.#host;
    const shard = this.#find(OP.STATS_JOB);
    if (this.#answer !== C.DONE) return host.output.reply(R.REPLY.NOT_FOUND);
    return this.#yaml(jobStats(host, shard, host.command.id));
  }

  #yaml(document: string): void {
    const { output } = this.#host;
    const bytes = ENCODER.encode(document);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeOk(output.bytes, output.at, bytes.length);
    output.chunk(bytes);
  }
}

/** A tube name, which is ASCII, as a string. */
function text(bytes: Uint8Array, start: number, end: number): string {
  let name = "";
  for (let at = start; at < end; at++) name += String.fromCharCode(bytes[at] ?? 0);
  return name;
}
