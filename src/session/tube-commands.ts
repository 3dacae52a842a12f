/* TubeCommands: the tube that a connection uses, the tubes that it watches, and the commands about
 * tubes.
 *
 * Invariant: the used tube and the watched ones exist as long as they stand here; the engine counts
 * a use and a watch for each. Used by the session.
 */

import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import type { Shard } from "../engine/shard.ts";
import { textOf } from "../protocol/ascii.ts";
import { OP } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { depend, writeDocument, writeJob } from "./answers.ts";
import { features } from "./features.ts";
import { Flush } from "./flushing.ts";
import { Kick } from "./kicking.ts";
import { Listing, ReservedPeek } from "./listing.ts";
import type { LongCommand } from "./long-command.ts";
import type { Clearance } from "./clearance.ts";
import { COUNTER_OPS } from "./counters.ts";
import type { Desk, PutTube } from "./desk.ts";
import { groupStats, serverStats, tubeNames, tubeStats } from "./statistics.ts";
import { WatchList } from "./watch-list.ts";

const DEFAULT_NAME = "default";
const ENCODER = new TextEncoder();
/** The commands that are about the used tube. */
const NEEDS_USED: ReadonlySet<number> = new Set([
  OP.KICK,
  OP.PEEK_READY,
  OP.PEEK_DELAYED,
  OP.PEEK_BURIED,
]);

/** Where a name of the command that runs was brought to. */
interface StagedName {
  readonly shard: Shard;
  /** Its place in the shard's input slot. */
  readonly offset: number;
  readonly bytes: number;
  readonly name: string;
}

/** One connection's tubes. */
export class TubeCommands {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #watched = new WatchList();
  #used: PutTube;
  #usedName = DEFAULT_NAME;

  /** Uses and watches "default"; an observer uses nothing until it says so. */
  constructor(desk: Desk, reserver: Reserver, isObserver: boolean) {
    this.#desk = desk;
    this.#reserver = reserver;
    const shard = desk.stageDefault();
    if (isObserver) {
      this.#used = { shard, tube: 0 };
      this.#usedName = "";
      return;
    }
    const bytes = DEFAULT_NAME.length;
    const isUsed = shard.useTube(0, bytes, 0) === C.DONE;
    this.#used = { shard, tube: isUsed ? shard.address() : 0 };
    const watched = reserver.watch(shard, 0, bytes, 0);
    if (watched !== 0) this.#watched.add(DEFAULT_NAME, shard, watched);
  }

  /** False when there was no memory to begin with. */
  get isReady(): boolean {
    return this.#used.tube !== 0 && this.#watched.size > 0;
  }

  /** The name of the tube that it uses; "" for an observer that uses none. */
  get usedName(): string {
    return this.#usedName;
  }

  /** The tubes that it watches. */
  get watched(): Pick<WatchList, "names" | "size"> {
    return this.#watched;
  }

  /** The tube that puts go to. */
  get used(): PutTube {
    return this.#used;
  }

  /** Uses that tube, for which the engine counts a use already, instead. */
  adopt(used: PutTube, name: string): void {
    this.close();
    this.#used = used;
    this.#usedName = name;
  }

  /** Uses no tube any more. The connection ends its watches itself. */
  close(): void {
    const { shard, tube } = this.#used;
    if (tube !== 0) shard.unuseTube(tube);
  }

  /**
   * Runs a command about tubes, whose name, if it has one, stands in `line`; false for any other
   * operation. Of all tubes those are listed that `clearance` shows.
   */
  run(op: number, line: Uint8Array, clearance?: Clearance): boolean {
    if (this.#used.tube === 0 && NEEDS_USED.has(op)) {
      this.#desk.output.reply(R.REPLY.NOT_FOUND);
      return true;
    }
    switch (op) {
      case OP.USE:
        this.#use(line);
        return true;
      case OP.WATCH:
        this.#watch(line);
        return true;
      case OP.IGNORE:
        this.#ignore(line);
        return true;
      case OP.RESERVE_MODE:
        this.#choose();
        return true;
      case OP.PAUSE_TUBE:
        this.#pause(line);
        return true;
      case OP.SET_TUBE:
        this.#set(line);
        return true;
      case OP.PEEK_READY:
        this.#peek(C.KIND_READY);
        return true;
      case OP.PEEK_DELAYED:
        this.#peek(C.KIND_DELAYED);
        return true;
      case OP.PEEK_BURIED:
        this.#peek(C.KIND_BURIED);
        return true;
      default:
        return this.#show(op, line, clearance);
    }
  }

  /**
   * Begins a command about tubes that takes several turns; undefined for any other operation, and
   * for a name that is none.
   */
  undertake(op: number, line: Uint8Array): LongCommand | undefined {
    const desk = this.#desk;
    const { command } = desk;
    if (op === OP.PEEK_RESERVED) return new ReservedPeek(desk, this.#used);
    if (op === OP.KICK) return new Kick(desk, this.#used);
    if (op !== OP.LIST_JOBS && op !== OP.FLUSH_TUBE) return undefined;
    const name = desk.copyName(line);
    const shard = desk.shardOfTube(name, 0, name.length);
    if (op === OP.FLUSH_TUBE) return new Flush(desk, shard, name);
    return new Listing(desk, shard, name, command);
  }

  #show(op: number, line: Uint8Array, clearance: Clearance | undefined): boolean {
    const desk = this.#desk;
    switch (op) {
      case OP.LIST_TUBE_USED:
        this.#answerUsing();
        return true;
      case OP.LIST_TUBES:
        writeDocument(desk, desk.control.yamlList(shownTubes(desk, clearance)));
        return true;
      case OP.LIST_TUBES_WATCHED:
        writeDocument(desk, desk.control.yamlList(this.#watched.names()));
        return true;
      case OP.STATS_TUBE:
        this.#stats(line);
        return true;
      case OP.STATS_GROUP:
        this.#statsGroup(line);
        return true;
      case OP.STATS:
        writeDocument(desk, serverStats(desk));
        return true;
      case OP.FEATURES:
        writeDocument(desk, features(desk));
        return true;
      default:
        return false;
    }
  }

  /** Brings the command's name to the shard of its tube. */
  #stageName(line: Uint8Array): StagedName {
    const desk = this.#desk;
    const { nameStart, nameEnd } = desk.command;
    const shard = desk.shardOfTube(line, nameStart, nameEnd);
    const offset = desk.stage(shard, line, nameStart, nameEnd, nameEnd);
    return { shard, offset, bytes: nameEnd - nameStart, name: textOf(line, nameStart, nameEnd) };
  }

  #use(line: Uint8Array): void {
    const desk = this.#desk;
    const { shard, offset, bytes, name } = this.#stageName(line);
    if (name !== this.#usedName) {
      if (shard.useTube(offset, bytes, desk.nextTubeNumber()) !== C.DONE) {
        desk.output.reply(R.REPLY.OUT_OF_MEMORY);
        return;
      }
      this.adopt({ shard, tube: shard.address() }, name);
    }
    this.#answerUsing();
  }

  #choose(): void {
    const { mode } = this.#desk.command;
    this.#reserver.setMode(mode, () => this.#desk.chance());
    this.#answerUsing(mode);
  }

  #answerUsing(word = this.#usedName): void {
    const { output } = this.#desk;
    const name = ENCODER.encode(word);
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeUsing(output.bytes, output.at, name, 0, name.length);
  }

  #watch(line: Uint8Array): void {
    const { command, output } = this.#desk;
    const staged = this.#stageName(line);
    const known = this.#watched.find(staged.name);
    if (known !== undefined) this.#reserver.setWeight(known.shard, known.tube, command.weight);
    if (known !== undefined || this.#addWatch(staged)) this.#answerWatching();
    else output.reply(R.REPLY.OUT_OF_MEMORY);
  }

  /** False when there is no memory for it, or it would be one too many. */
  #addWatch({ shard, offset, bytes, name }: StagedName): boolean {
    const desk = this.#desk;
    if (this.#watched.size >= desk.limits.maxWatch) return false;
    const { weight } = desk.command;
    const tube = this.#reserver.watch(shard, offset, bytes, desk.nextTubeNumber(), weight);
    if (tube !== 0) this.#watched.add(name, shard, tube);
    return tube !== 0;
  }

  #ignore(line: Uint8Array): void {
    const { command, output } = this.#desk;
    const name = textOf(line, command.nameStart, command.nameEnd);
    if (this.#watched.has(name)) {
      if (this.#watched.size === 1) {
        output.reply(R.REPLY.NOT_IGNORED);
        return;
      }
      const { shard, tube } = this.#watched.remove(name);
      this.#reserver.ignore(shard, tube);
    }
    this.#answerWatching();
  }

  #answerWatching(): void {
    const { output } = this.#desk;
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeWatching(output.bytes, output.at, this.#watched.size);
  }

  #pause(line: Uint8Array): void {
    const { command, output, now } = this.#desk;
    if (command.garbage) {
      output.reply(R.REPLY.BAD_FORMAT);
      return;
    }
    const { shard, offset, bytes } = this.#stageName(line);
    output.reply(
      shard.pauseTube(offset, bytes, command.pause, now) === C.DONE
        ? R.REPLY.PAUSED
        : R.REPLY.NOT_FOUND,
    );
  }

  #set(line: Uint8Array): void {
    const desk = this.#desk;
    const { command, now } = desk;
    const { settings } = command;
    if ((settings.values[C.SETTING_ACK] ?? 0) > desk.ackLevel) {
      desk.output.reply(R.REPLY.BAD_FORMAT);
      return;
    }
    const name = line.subarray(command.nameStart, command.nameEnd);
    const shard = desk.shardOfTube(name, 0, name.length);
    const values = desk.stageName(shard, name, settings.values);
    const number = settings.setsAny ? desk.nextTubeNumber() : 0;
    const answer = desk.isJournalFull
      ? C.OUT_OF_MEMORY
      : shard.withMemory(() => shard.setTube(0, name.length, values, number, now));
    if (answer === C.DONE) depend(desk, shard);
    desk.output.reply(answer === C.DONE ? R.REPLY.TUBE_SET : R.REPLY.OUT_OF_MEMORY);
  }

  #peek(kind: number): void {
    const desk = this.#desk;
    const { shard, tube } = this.#used;
    const lost = (): void => desk.output.reply(R.REPLY.NOT_FOUND);
    const answer = shard.peekTube(tube, kind, desk.now);
    if (answer !== C.DONE || !writeJob(desk, R.writeFound, shard, lost)) lost();
  }

  #stats(line: Uint8Array): void {
    const desk = this.#desk;
    const { shard, offset, bytes, name } = this.#stageName(line);
    if (shard.statsTube(offset, bytes, desk.now) === C.DONE)
      writeDocument(desk, tubeStats(desk, shard, name));
    else desk.output.reply(R.REPLY.NOT_FOUND);
  }

  /** It counts as a stats, too, as in tuber. */
  #statsGroup(line: Uint8Array): void {
    const desk = this.#desk;
    desk.count(COUNTER_OPS + OP.STATS, 1);
    const { nameStart, nameEnd } = desk.command;
    const group = desk.shards[0]?.groupOf(line.subarray(nameStart, nameEnd));
    if (group === undefined) desk.output.reply(R.REPLY.NOT_FOUND);
    else writeDocument(desk, groupStats(desk, textOf(line, nameStart, nameEnd), group));
  }
}

/** The names of all tubes that `clearance` shows. */
function shownTubes(desk: Desk, clearance: Clearance | undefined): readonly string[] {
  const names = tubeNames(desk);
  return clearance === undefined ? names : names.filter((name) => clearance.sees(name));
}
