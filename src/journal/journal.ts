/* Journal: the primary tier: it brings what the shards' rings hold to the disk and says up to where
 * everything is safe.
 *
 * One commit takes all that stands in all rings when it begins, writes it as one frame, syncs once
 * if the level says so, and publishes for each shard up to where its stream is safe; replies wait
 * for that (session/gate.ts). Between commits it keeps spare files ready and reclaims segments;
 * before it publishes it goes on until the files are below their bound, so replies wait for that
 * too. It runs in a thread of its own (broker/committer.ts), or step by step in a test; everything
 * is synchronous.
 *
 * Before a segment goes, a frame says so and is synced; the first frame of each lists those that
 * exist (statement.ts). So whatever is missing beyond that is damage.
 *
 * A sync that fails is never tried again as if nothing had happened, nor is a write: what they
 * throw ends the process, and recovery decides by what is on the disk. Only a full disk is part of
 * ordinary life. It shows when a spare is made, long before it would hurt: puts go on until what is
 * left is the reserve, which is for what drains the queue (reserve.ts). And where files are copied
 * on write it shows when a frame is written: what did not get there was never synced and is not
 * lost, so the frame counts as not begun, and is written again at the same place, once a spare has
 * been given up for it.
 */

import { Commit } from "./commit.ts";
import type { CommitState } from "./commit-state.ts";
import { FRAME_BYTES, frameHeaderBytes, REUSE_BYTES, segmentName } from "./format.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { JournalMark } from "./hints.ts";
import type { JournalFigures } from "./journal-figures.ts";
import { syncsFirst } from "./journal-parts.ts";
import type { ExistingSegment, JournalParts } from "./journal-parts.ts";
import { Reclaim } from "./reclaim.ts";
import { Reserve } from "./reserve.ts";
import { NoSpaceError, Room } from "./room.ts";
import type { SegmentFile } from "./segment-file.ts";
import { Segments } from "./segments.ts";
import { PIECE_BYTES, shortBytesMin, Spares } from "./spares.ts";
import { goneStatement, membersStatement } from "./statement.ts";
import { foundSpaceFor } from "../storage.ts";
import type { StorageFile } from "../storage.ts";

/**
 * How many times what lives the files may take: three, as long as the jobs' own records alone are
 * counted, without those of their states.
 */
const LIVE_FACTOR = 2.5;

/** Segments that go at a time: what says so has a bounded place. */
const GONE_MAX = 64;

/** The journal of a server. */
export class Journal {
  readonly #parts: JournalParts;
  readonly #spares: Spares;
  readonly #reserve: Reserve;
  readonly #reclaim: Reclaim;
  readonly #segments: Segments;
  readonly #room: Room;
  readonly #state: CommitState;
  readonly #frames: FrameWriter;
  readonly #commit: Commit;
  #current: SegmentFile;
  /**
   * The file of the next segment, which has its name and perhaps its header, but could not be begun
   * for want of space. It is next: a frame that the present segment got after that would not count.
   */
  #begun: StorageFile | undefined;
  /** Where the present segment was ended, in case the next one cannot be begun. */
  #endedAt = 0;
  /** Segments of which the present one says that they go. */
  readonly #gone = new Set<number>();
  #nextSegment: number;
  /** There was no space for what stands in the rings. */
  #isStuck = false;
  /** There was no space even to give the next segment its file. */
  #isDenied = false;

  /** Begins a new segment in a storage that has been recovered. Throws a StorageError. */
  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#nextSegment = parts.nextSegment;
    this.#state = parts.state;
    this.#state.nextFrame = parts.nextFrame;
    this.#state.durableFrame = parts.nextFrame - 1;
    this.#frames = new FrameWriter(parts);
    this.#commit = new Commit(parts, this.#frames);
    for (const shard of parts.shards) shard.setSynced();
    const { segmentBytes, comingBytes } = parts.options;
    this.#spares = new Spares(parts.storage, segmentBytes, comingBytes, parts.monotonicMillis);
    this.#reserve = new Reserve(parts, this.#spares, this.#commit);
    this.#room = new Room(parts.beside, this.#spares, () => this.sync());
    this.#segments = new Segments(parts, this.#spares);
    parts.storage.syncDirectory(); // what a server before this one saw go must not come back
    this.#begun = this.#leftover();
    if (this.#begun === undefined) {
      if (!this.#prepareOne()) this.#begun = this.#segments.reuse(this.#nextSegment, this.#frames);
    } else if (this.#segments.wasReused) {
      this.#state.nextFrame++; // the frame that says so stands there already
      this.#frames.setSafe();
    }
    const isReused = this.#begun !== undefined;
    const current = this.#open(this.#segments.numbers, isReused);
    if (current === undefined) {
      this.#begun?.close();
      throw new NoSpaceError("no space for another segment of the journal");
    }
    this.#current = current;
    this.#commit.publish();
    this.#reclaim = new Reclaim(parts.storage, parts.shards, parts.checksum);
    // The others are made by `maintain`: filling them with zeros first would keep clients waiting.
    this.#keepReserve();
    this.#tellBound();
  }

  /** A file that has the next segment's name already: whoever was to begin it did not get far. */
  #leftover(): StorageFile | undefined {
    const { storage, options } = this.#parts;
    const name = segmentName(this.#nextSegment);
    if (!storage.list().includes(name)) return undefined;
    const file = storage.open(name, true);
    if (file.size >= shortBytesMin(options.segmentBytes)) return file;
    file.close();
    storage.remove(name);
    return undefined;
  }

  /** Begins the next segment, beside those `others`; undefined when there is no space for it. */
  #open(others: readonly number[], isReused = false): SegmentFile | undefined {
    const { shards, storage, unreadableSegments, random, bootId = "" } = this.#parts;
    const number = this.#nextSegment;
    const file = this.#takeFile(number);
    if (file === undefined) return undefined;
    const salt = random() >>> 0;
    const members = membersStatement([...others, ...unreadableSegments, number]);
    let segment: SegmentFile | undefined;
    const begin = (): boolean => {
      segment = this.#frames.begin({ number, salt, bootId }, file, members, isReused);
      return segment !== undefined;
    };
    if (!this.#room.insist(begin) || segment === undefined) {
      return !isReused && this.#shorten(file) ? this.#open(others) : undefined;
    }
    segment.sync();
    storage.syncDirectory();
    this.#begun = undefined;
    this.#nextSegment++;
    this.#frames.setSafe();
    this.#commit.tellEarly();
    this.#gone.clear();
    for (const one of shards) one.shard.addSegment(number, one.written);
    return segment;
  }

  /**
   * Makes a spare the file of segment `number`; undefined when there is none, or no space. Where
   * even a name takes space, the last one makes place for a shorter one.
   */
  #takeFile(number: number): StorageFile | undefined {
    const take = (): boolean => {
      this.#isDenied = !foundSpaceFor(() => (this.#begun ??= this.#spares.use(number)));
      return !this.#isDenied;
    };
    if (!this.#room.insist(take, 1) && this.#spares.shortenLast()) {
      this.#prepareOne();
      take();
    }
    return this.#begun;
  }

  /** Makes a spare if there is none; false when there is no space for one. */
  #prepareOne(): boolean {
    while (this.#spares.count === 0 && this.#spares.prepare());
    return this.#spares.count > 0;
  }

  /**
   * Where files are copied on write, the file of the next segment may have taken the space that
   * writing over it takes: then a shorter one is to be that file. False when there can be none.
   */
  #shorten(file: StorageFile): boolean {
    if (!this.#spares.shorten(this.#nextSegment, file)) return false;
    this.#begun = undefined;
    return this.#prepareOne();
  }

  /**
   * Writes, and syncs as the level says, all that stands in the rings; false when there was nothing
   * to write, or no space. What it takes of the disk is brought below the bound before anyone hears
   * of it: so clients go no faster than the journal can follow.
   */
  commit(): boolean {
    const wrote = this.#drain() || this.#state.hasUnpublished;
    if (!wrote) {
      this.syncIfDue();
      return false;
    }
    if (syncsFirst(this.#parts.options.level)) this.sync();
    else this.syncIfDue();
    this.#keepBound();
    this.#keepReserve();
    this.#commit.publish();
    this.#tellBound();
    return true;
  }

  /**
   * Makes spares until what may be on its way to the disk has a place; reclaims on a full disk
   * before all spares are taken, since a server that starts again needs one.
   */
  #keepReserve(): void {
    while (this.#reserve.isShort && this.#spares.prepare());
    while (this.#reserve.isThin && !this.#isStuck && this.#advanceReclaim());
  }

  /** Writes all that stands in the rings. */
  #drain(): boolean {
    const heads = this.#commit.heads();
    let wrote = false;
    while (this.#write(heads)) wrote = true;
    return wrote;
  }

  /** Writes one frame; false when there is nothing to write, or no space for it. */
  #write(heads: readonly number[]): boolean {
    const commit = this.#commit;
    if (commit.isWritten(heads)) return false;
    let fitting = this.#begun === undefined ? commit.fitting(heads) : [];
    if (fitting.length === 0) {
      this.#isStuck = !this.#rotate();
      if (this.#isStuck) return false;
      fitting = commit.fitting(heads);
      if (fitting.length === 0) throw new RangeError("a record is longer than a segment");
    }
    this.#isStuck = !this.#room.insist(() => commit.write(this.#current, fitting));
    return !this.#isStuck;
  }

  /** Goes on in a new segment; false when there is no space for one. */
  #rotate(): boolean {
    if (this.#begun === undefined && !this.#prepareOne()) return false;
    if (!this.#end()) return false;
    const { number, salt, bytes } = this.#current;
    const next = this.#open([...this.#segments.numbers, number]);
    if (next === undefined) return false;
    this.#current.close();
    this.#segments.add({ number, salt, bytes, shards: this.#parts.shards.length });
    this.#current = next;
    return true;
  }

  /** Shows where the present segment ends; false when there is no space. */
  #end(): boolean {
    const isEnded = this.#begun !== undefined || this.#endedAt === this.#state.position;
    if (!isEnded && this.#commit.left >= FRAME_BYTES) {
      if (!this.#room.insist(() => this.#frames.writeMark(this.#current))) return false;
      this.#endedAt = this.#state.position;
      this.#state.unsyncedSince ??= this.#parts.monotonicMillis();
    }
    this.sync(); // what is in the old one must not be younger on the disk than what comes after it
    return true;
  }

  /** Makes everything that was written safe; false when all was. */
  sync(): boolean {
    const wasSafe = this.#state.unsyncedSince === undefined;
    this.#commit.sync(this.#current);
    return !wasSafe;
  }

  /** Syncs what has waited for as long as the level allows. */
  syncIfDue(): void {
    if (this.syncDueMillis <= 0) this.sync();
  }

  /** Milliseconds until `syncIfDue` has something to do; Infinity when nothing waits. */
  get syncDueMillis(): number {
    const { unsyncedSince } = this.#state;
    const { level, intervalMillis } = this.#parts.options;
    if (level !== "interval" || unsyncedSince === undefined) return Infinity;
    return Math.max(0, intervalMillis - (this.#parts.monotonicMillis() - unsyncedSince));
  }

  /**
   * Writes an empty frame that says that everything before it is safe, so that damage to it is not
   * taken for a torn end; false when there is no space. Nothing is given up for it: it can wait.
   */
  mark(): boolean {
    return this.#room.modestly(() => this.#mark());
  }

  /** The same, at the price of all spares but one. `ahead`: as in FrameWriter.writeMark. */
  #mark(ahead?: number): boolean {
    if (this.#state.unsyncedSince !== undefined) this.sync();
    if (this.#commit.refused.length > 0) return false;
    if ((this.#begun !== undefined || this.#commit.room < 0) && !this.#rotate()) return false;
    if (!this.#room.insist(() => this.#frames.writeMark(this.#current, ahead), 1)) return false;
    this.#state.unsyncedSince = this.#parts.monotonicMillis();
    this.#state.isOnlyMark = true;
    return true;
  }

  /**
   * Does a bounded part of the work that keeps the journal small and ready; false when there is
   * none.
   */
  maintain(): boolean {
    // What is reclaimed makes a spare without more space being taken. One is made first only where
    // there is none, or where nobody knows how much may be reclaimed: little, on a full disk.
    const isFirst = this.#spares.count === 0 || !this.#spares.isTried;
    const did = (isFirst && this.#prepare()) || this.#advanceReclaim() || this.#prepare();
    this.#tellBound();
    return did;
  }

  /**
   * Does a part of making spares: twice as much as has been written since, so that they are there
   * before the disk is full, however fast it fills; false when there is nothing to do, no space, or
   * no place within the bound. The bound does not count on a disk that had no space: there nothing
   * is reclaimed for want of room, and only a spare shows that there is space again.
   */
  #prepare(): boolean {
    const pieces = 1 + Math.ceil((2 * this.#state.unpreparedBytes) / PIECE_BYTES);
    this.#state.unpreparedBytes = 0;
    const { segmentBytes } = this.#parts.options;
    const isOver = this.#bytesBeyond(this.#spares.bytes + segmentBytes) > this.#boundBytes;
    if (isOver && this.#spares.count > 0 && !this.#spares.isRefused) return false;
    let done = 0;
    while (done < pieces && this.#spares.prepare()) done++;
    return done > 0;
  }

  /**
   * Bytes of the files, with so many of spares, beyond four segments, and as many more as may be on
   * their way beyond one: so much there may be whatever lives.
   */
  #bytesBeyond(spareBytes: number): number {
    const files = this.#segments.bytes + this.#current.bytes + spareBytes;
    const free = 4 + Math.max(0, this.#spares.wanted - 2);
    const beside = this.#parts.beside?.bytes ?? 0;
    return files - free * this.#parts.options.segmentBytes + beside;
  }

  /** Bytes of files beyond those that there may be, with those that the next commit may need. */
  get #aheadBytes(): number {
    const ahead = this.#spares.wanted * this.#parts.options.segmentBytes;
    return this.#bytesBeyond(Math.max(this.#spares.bytes, ahead));
  }

  /** How many such bytes there may be for what lives. */
  get #boundBytes(): number {
    return LIVE_FACTOR * this.#commit.liveBytes;
  }

  /**
   * Says how much must live for these files to be within their bound, and whether the disk has so
   * little space that each commit has to be looked at: whoever leads one leaves it to the journal
   * then.
   */
  #tellBound(): void {
    this.#state.leastLiveBytes = this.#aheadBytes / LIVE_FACTOR;
    this.#state.isTight = this.#reserve.isTight;
  }

  /** Whether another thread may lead commits: nothing is left undone, and the bound is kept. */
  get canBeLed(): boolean {
    const { isRefused, isTight } = this.#state;
    const isBlocked = isRefused || isTight || this.#isStuck || this.#commit.refused.length > 0;
    return !isBlocked && this.#commit.isWithinBound;
  }

  /** Bytes that wait in the rings. */
  get waitingBytes(): number {
    return this.#commit.waitingBytes;
  }

  /** Reclaims until there is place for all files that the next commit may need. */
  #keepBound(): void {
    const { beside } = this.#parts;
    while (this.#aheadBytes > this.#boundBytes) {
      if (beside !== undefined && beside.bytes > this.#commit.liveBytes / 2) beside.giveUp();
      if (this.#isStuck || !this.#advanceReclaim()) return;
    }
  }

  /**
   * Does a part of reclaiming; false when there is nothing to reclaim. What it writes is published
   * by the next commit.
   */
  #advanceReclaim(): boolean {
    const reclaim = this.#reclaim;
    if (reclaim.segment === undefined) {
      const { dead } = this.#segments;
      if (dead.length > 0) return this.#drop(dead.slice(0, GONE_MAX));
      const { reclaimRoom } = this.#reserve;
      const chosen = this.#segments.choose(this.#commit.liveBytes, this.isFull, reclaimRoom);
      if (chosen === undefined) return false;
      reclaim.begin(chosen, this.#segments.loadBytes(chosen.number) > 0);
    }
    if (!reclaim.isCopied) {
      if (reclaim.step()) return true;
      this.#drain(); // its ring is full
      return !this.#isStuck;
    }
    this.#drain();
    this.sync(); // whatever the level: what was kept must be safe before its old place goes
    const { segment } = reclaim;
    const synced = this.#parts.shards.map((shard) => shard.synced);
    if (segment === undefined || !reclaim.isSafe(synced)) return !this.#isStuck;
    if (!reclaim.isEmpty) {
      if (!reclaim.walkJobs()) throw new RangeError(`${segmentName(segment.number)} never empties`);
      return true;
    }
    if (!this.#drop([segment])) return false;
    reclaim.end();
    return true;
  }

  /** Has segments go in which nothing is needed; false when there is no space even for that. */
  #drop(segments: readonly ExistingSegment[]): boolean {
    if (!this.#sayGone(segments.map(({ number }) => number))) return false;
    this.sync(); // whatever the level: that they go, and what ended the jobs in them, must be safe
    return this.#segments.drop(segments);
  }

  /** Writes that these segments go, unless it stands there; false when there is no space. */
  #sayGone(numbers: readonly number[]): boolean {
    const isSaid = (number: number): boolean => this.#gone.has(number);
    if (numbers.every(isSaid)) return true;
    if (this.#commit.refused.length > 0) return false;
    const isOver =
      this.#begun !== undefined ||
      this.#commit.left - REUSE_BYTES < frameHeaderBytes(0, goneStatement(numbers));
    if (isOver && !this.#rotate()) return false;
    const statement = goneStatement(numbers.filter((number) => !isSaid(number)));
    if (!this.#room.insist(() => this.#frames.writeStatement(this.#current, statement)))
      return false;
    this.#state.isOnlyMark = false;
    this.#state.unsyncedSince ??= this.#parts.monotonicMillis();
    for (const number of numbers) this.#gone.add(number);
    return true;
  }

  /** The salt of a segment; undefined when there is none of that number. */
  saltOf(number: number): number | undefined {
    return number === this.#current.number ? this.#current.salt : this.#segments.saltOf(number);
  }

  /** Whether something was written that the next commit makes safe and known. */
  get isBehind(): boolean {
    return this.#state.hasUnpublished;
  }

  /** Whether the disk has no space for what must be kept ready: puts are to be refused. */
  get isFull(): boolean {
    return this.#isDenied || this.#state.isRefused || this.#reserve.isReached(this.#segments.bytes);
  }

  /** Whether spares were given up for space: nothing but the journal is to take any. */
  get isSpent(): boolean {
    return this.#spares.isSpent;
  }

  /** What hints are to tell of it: nothing that a crash may undo. */
  get safeMark(): JournalMark {
    const { nextFrame, durableFrame } = this.#state;
    const lastId = this.#parts.shards[0]?.shard.lastId() ?? 0;
    return { frame: nextFrame, segment: this.#current.number, safeFrame: durableFrame, lastId };
  }

  /** What there is to see. */
  get figures(): JournalFigures {
    const numbers = [...this.#segments.numbers, this.#current.number];
    return {
      segments: numbers.length,
      bytes: this.#segments.bytes + this.#current.bytes + this.#spares.bytes,
      liveBytes: this.#commit.liveBytes,
      frames: this.#state.nextFrame - 1,
      oldestSegment: Math.min(...numbers),
      currentSegment: this.#current.number,
      syncs: this.#state.syncs,
      lastSyncMillis: this.#state.lastSyncMillis,
      oldestUnsyncedMillis: this.#lagMillis,
      isFull: this.isFull,
    };
  }

  /** How long the oldest record that is not synced has been waiting for it. */
  get #lagMillis(): number {
    const since = this.#state.isOnlyMark ? undefined : this.#state.unsyncedSince;
    return since === undefined ? 0 : this.#parts.monotonicMillis() - since;
  }

  /** Makes everything safe and lets go of the files. */
  close(): void {
    this.commit();
    this.sync();
    this.#mark(0);
    this.sync();
    this.#begun?.close();
    this.#current.close();
  }
}
