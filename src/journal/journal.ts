/* Journal: the primary tier: it brings what the shards' rings hold to the disk and says up to where
 * everything is safe.
 *
 * One commit takes all that stands in all rings when it begins, writes it as one frame, syncs once
 * if the level says so, and publishes for each shard up to where its stream is safe; replies wait
 * for that (session/gate.ts). Between commits it keeps spare files ready and reclaims segments;
 * before it publishes it goes on until the files are below their bound, so replies wait for that
 * too. It runs in a thread of its own (server/committer.ts), or step by step in a test; everything
 * is synchronous.
 *
 * Before a segment goes, a frame says so and is synced; the first frame of each lists those that
 * exist (statement.ts). So whatever is missing beyond that is damage.
 *
 * A sync that fails is never tried again as if nothing had happened, nor is a write: what they
 * throw ends the process, and recovery decides by what is on the disk. Only a full disk is part of
 * ordinary life. It shows when a spare is made, long before it would hurt; and where files are
 * copied on write, when a frame is written: what did not get there was never synced and is not
 * lost, so the frame counts as not begun, and is written again at the same place.
 */

import type { JournalShard } from "./journal-shard.ts";
import { FRAME_BYTES, frameHeaderBytes, segmentName, STATEMENTS_BYTES } from "./format.ts";
import type { Section } from "./format.ts";
import { FRAME_HEADER_BYTES_MAX, FrameWriter } from "./frame-writer.ts";
import type { JournalFigures } from "./journal-figures.ts";
import type { ExistingSegment, JournalParts } from "./journal-parts.ts";
import { Reclaim } from "./reclaim.ts";
import type { SegmentFile } from "./segment-file.ts";
import { Segments } from "./segments.ts";
import { PIECE_BYTES, Spares } from "./spares.ts";
import { goneStatement, membersStatement } from "./statement.ts";
import { lacksSpace } from "../storage.ts";
import type { StorageFile } from "../storage.ts";

/**
 * How many times what lives the files may take: three, as long as the jobs' own records alone are
 * counted, without those of their states.
 */
const LIVE_FACTOR = 2.5;

/** Segments that go at a time: what says so has a bounded place. */
const GONE_MAX = 64;

/** What a shard has in a frame: its records from what has been written up to `to`. */
interface Part {
  readonly shard: JournalShard;
  readonly to: number;
}

/** The journal of a server. */
export class Journal {
  readonly #parts: JournalParts;
  readonly #spares: Spares;
  readonly #reclaim: Reclaim;
  readonly #segments: Segments;
  /** Bytes of all rings together. */
  readonly #ringBytes: number;
  readonly #frames: FrameWriter;
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
  /** When the oldest write that is not synced was made; undefined when all is synced. */
  #unsyncedSince: number | undefined;
  /** What is not synced is an empty frame, whose loss nobody would notice. */
  #isOnlyMark = false;
  /** Up to where each shard's stream has been synced. */
  readonly #synced: number[];
  #syncs = 0;
  /** What was written while reclaiming has not been published. */
  #hasUnpublished = false;
  /** There was no space for what stands in the rings. */
  #isStuck = false;
  /** What was to be the next frame, and is sealed for the present segment. */
  #refused: readonly Part[] | undefined;
  /** There was no space even to give the next segment its file. */
  #isDenied = false;
  /** Bytes written since spares were last worked on. */
  #unpreparedBytes = 0;
  #lastSyncMillis = 0;

  /** Begins a new segment in a storage that has been recovered. Throws a StorageError. */
  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#nextSegment = parts.nextSegment;
    this.#frames = new FrameWriter(parts);
    this.#synced = parts.shards.map(({ written }) => written);
    this.#ringBytes = parts.shards.reduce((sum, { ringBytes }) => sum + ringBytes, 0);
    const { segmentBytes } = parts.options;
    this.#spares = new Spares(parts.storage, segmentBytes, this.#ringBytes, () => this.#millis());
    this.#segments = new Segments(parts, this.#spares);
    parts.storage.syncDirectory(); // what a server before this one saw go must not come back
    this.#begun = this.#leftover();
    if (this.#begun === undefined) {
      while (this.#spares.count === 0 && this.#spares.prepare());
      if (this.#spares.count === 0) this.#begun = this.#segments.reuse(this.#nextSegment);
    }
    const isReused = this.#begun !== undefined;
    const current = this.#open(this.#segments.numbers, isReused);
    if (current === undefined) {
      this.#begun?.close();
      throw new NoSpaceError("no space for another segment of the journal");
    }
    this.#current = current;
    this.#publish();
    this.#reclaim = new Reclaim(parts.storage, parts.shards, parts.checksum);
    // The spares are made by `maintain`: filling them with zeros first would keep clients waiting.
  }

  /** A file that has the next segment's name already: whoever was to begin it did not get far. */
  #leftover(): StorageFile | undefined {
    const { storage, options } = this.#parts;
    const name = segmentName(this.#nextSegment);
    if (!storage.list().includes(name)) return undefined;
    const file = storage.open(name, true);
    if (file.size === options.segmentBytes) return file;
    file.close();
    storage.remove(name);
    return undefined;
  }

  /** Begins the next segment, beside those `others`; undefined when there is no space for it. */
  #open(others: readonly number[], isReused = false): SegmentFile | undefined {
    const { shards, storage, unreadableSegments } = this.#parts;
    const number = this.#nextSegment;
    const file = this.#takeFile(number);
    if (file === undefined) return undefined;
    const members = membersStatement([...others, ...unreadableSegments, number]);
    const segment = this.#frames.begin(number, file, members, isReused);
    if (segment === undefined) return undefined;
    segment.sync();
    storage.syncDirectory();
    this.#begun = undefined;
    this.#nextSegment++;
    this.#frames.setSafe();
    this.#gone.clear();
    for (const one of shards) one.shard.engine.addSegment(number, one.written);
    return segment;
  }

  /** Makes a spare the file of segment `number`; undefined when there is none, or no space. */
  #takeFile(number: number): StorageFile | undefined {
    try {
      this.#begun ??= this.#spares.use(number);
      this.#isDenied = false;
    } catch (error) {
      if (!lacksSpace(error)) throw error;
      this.#isDenied = true;
    }
    return this.#begun;
  }

  #millis(): number {
    return this.#parts.monotonicMillis?.() ?? performance.now();
  }

  /**
   * Writes, and syncs as the level says, all that stands in the rings; false when there was nothing
   * to write, or no space. What it takes of the disk is brought below the bound before anyone hears
   * of it: so clients go no faster than the journal can follow.
   */
  commit(): boolean {
    const wrote = this.#drain() || this.#hasUnpublished;
    if (!wrote) {
      this.syncIfDue();
      return false;
    }
    if (this.#parts.options.level === "sync") this.sync();
    else this.syncIfDue();
    this.#keepBound();
    this.#publish();
    return true;
  }

  /** Writes all that stands in the rings. */
  #drain(): boolean {
    const heads = this.#parts.shards.map(({ head }) => head);
    let wrote = false;
    while (this.#write(heads)) wrote = true;
    if (wrote) this.#hasUnpublished = true;
    return wrote;
  }

  /** Says what is as safe as the level asks for. */
  #publish(): void {
    const { shards, publish, options } = this.#parts;
    this.#hasUnpublished = false;
    for (const [at, { shard, written }] of shards.entries()) {
      const safe = options.level === "sync" ? (this.#synced[at] ?? 0) : written;
      publish(shard.index, safe);
      if (safe < written) this.#hasUnpublished = true;
    }
  }

  /** Bytes that are left in the present segment. */
  get #left(): number {
    return this.#parts.options.segmentBytes - this.#current.position;
  }

  /**
   * Bytes that the next frame's records may have in the present segment: behind them a frame that
   * ends it must fit, and some that say which segments go, or it might be that none can go and none
   * be begun.
   */
  get #room(): number {
    return this.#left - FRAME_HEADER_BYTES_MAX - FRAME_BYTES - STATEMENTS_BYTES;
  }

  /**
   * What goes into the next frame: of each shard that has records up to `heads` as many of them as
   * fit.
   */
  #fitting(heads: readonly number[]): readonly Part[] {
    let room = this.#room;
    const parts: Part[] = [];
    for (const [at, shard] of this.#parts.shards.entries()) {
      const to = shard.within(heads[at] ?? 0, room);
      if (to === shard.written) continue;
      room -= to - shard.written;
      parts.push({ shard, to });
    }
    return parts;
  }

  /** Writes one frame; false when there is nothing to write, or no space for it. */
  #write(heads: readonly number[]): boolean {
    const { shards } = this.#parts;
    if (shards.every((shard, at) => (heads[at] ?? 0) <= shard.written)) return false;
    let fitting = this.#begun === undefined ? (this.#refused ?? this.#fitting(heads)) : [];
    if (fitting.length === 0) {
      this.#isStuck = !this.#rotate();
      if (this.#isStuck) return false;
      fitting = this.#fitting(heads);
      if (fitting.length === 0) throw new RangeError("a record is longer than a segment");
    }
    const gathered = fitting.map(({ shard, to }) => shard.gather(to, this.#current.salt));
    const sections = fitting.map(({ shard }, at): Section => {
      return { shard: shard.shard.index, bytes: gathered[at]?.bytes ?? 0, first: shard.written };
    });
    const pieces = gathered.flatMap((one) => one.pieces);
    this.#isStuck = !this.#frames.writeRecords(this.#current, sections, pieces);
    this.#refused = this.#isStuck ? fitting : undefined;
    if (this.#isStuck) return false;
    this.#unpreparedBytes += gathered.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#isOnlyMark) this.#unsyncedSince = undefined;
    this.#isOnlyMark = false;
    this.#unsyncedSince ??= this.#millis();
    for (const { shard, to } of fitting) shard.free(to);
    return true;
  }

  /** Goes on in a new segment; false when there is no space for one. */
  #rotate(): boolean {
    while (this.#begun === undefined && this.#spares.count === 0 && this.#spares.prepare());
    if (this.#begun === undefined && this.#spares.count === 0) return false;
    if (!this.#end()) return false;
    const { number, salt } = this.#current;
    const next = this.#open([...this.#segments.numbers, number]);
    if (next === undefined) return false;
    this.#current.close();
    this.#segments.add({ number, salt, shards: this.#parts.shards.length });
    this.#current = next;
    return true;
  }

  /** Shows where the present segment ends; false when there is no space. */
  #end(): boolean {
    const isEnded = this.#begun !== undefined || this.#endedAt === this.#current.position;
    if (!isEnded && this.#left >= FRAME_BYTES) {
      if (!this.#frames.writeMark(this.#current)) return false;
      this.#endedAt = this.#current.position;
      this.#unsyncedSince ??= this.#millis();
    }
    this.sync(); // what is in the old one must not be younger on the disk than what comes after it
    return true;
  }

  /** Makes everything that was written safe. */
  sync(): void {
    if (this.#unsyncedSince === undefined) return;
    const began = this.#millis();
    this.#current.sync();
    this.#lastSyncMillis = this.#millis() - began;
    this.#syncs++;
    this.#parts.synced?.(this.#lastSyncMillis);
    this.#unsyncedSince = undefined;
    this.#isOnlyMark = false;
    this.#frames.setSafe();
    for (const [at, { written }] of this.#parts.shards.entries()) this.#synced[at] = written;
  }

  /** Syncs what has waited for as long as the level allows. */
  syncIfDue(): void {
    if (this.#parts.options.level !== "interval" || this.#unsyncedSince === undefined) return;
    if (this.#millis() - this.#unsyncedSince >= this.#parts.options.intervalMillis) this.sync();
  }

  /** Milliseconds until `syncIfDue` has something to do; Infinity when nothing waits. */
  get syncDueMillis(): number {
    if (this.#parts.options.level !== "interval" || this.#unsyncedSince === undefined) {
      return Infinity;
    }
    const waited = this.#millis() - this.#unsyncedSince;
    return Math.max(0, this.#parts.options.intervalMillis - waited);
  }

  /**
   * Writes an empty frame that says that everything before it is safe, so that damage to it is not
   * taken for a torn end.
   */
  mark(): void {
    this.#mark();
  }

  #mark(ahead?: number): void {
    if (this.#unsyncedSince !== undefined) this.sync();
    if (this.#refused !== undefined) return;
    if ((this.#begun !== undefined || this.#room < 0) && !this.#rotate()) return;
    if (!this.#frames.writeMark(this.#current, ahead)) return;
    this.#unsyncedSince = this.#millis();
    this.#isOnlyMark = true;
  }

  /**
   * Does a bounded part of the work that keeps the journal small and ready; false when there is
   * none.
   */
  maintain(): boolean {
    // What is reclaimed makes a spare without more space being taken; only without any is one made
    // first.
    if (this.#spares.count === 0 && this.#prepare()) return true;
    return this.#advanceReclaim() || this.#prepare();
  }

  /**
   * Does a part of making spares: twice as much as has been written since, so that they are there
   * before the disk is full, however fast it fills; false when there is nothing to do, no space, or
   * no place within the bound.
   */
  #prepare(): boolean {
    const pieces = 1 + Math.ceil((2 * this.#unpreparedBytes) / PIECE_BYTES);
    this.#unpreparedBytes = 0;
    if (this.#spares.count > 0 && !this.#isWithin(this.#spares.count + 1)) return false;
    let done = 0;
    while (done < pieces && this.#spares.prepare()) done++;
    return done > 0;
  }

  /**
   * Whether the files, with that many spares, take at most so many times what lives and four
   * segments, and as much again as the rings hold beyond one.
   */
  #isWithin(spares: number): boolean {
    const { segmentBytes } = this.#parts.options;
    const segments = this.#segments.count + 1 + spares;
    const extra = Math.max(0, this.#spares.wanted - 2);
    const beside = this.#parts.beside?.bytes ?? 0;
    return (segments - 4 - extra) * segmentBytes + beside <= LIVE_FACTOR * this.#liveBytes();
  }

  /** Reclaims until there is place for all files that the next commit may need. */
  #keepBound(): void {
    const ahead = 1 + Math.floor(this.#ringBytes / this.#parts.options.segmentBytes);
    const { beside } = this.#parts;
    while (!this.#isWithin(Math.max(this.#spares.count, ahead))) {
      if (beside !== undefined && beside.bytes > this.#liveBytes() / 2) beside.giveUp();
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
      const chosen = this.#segments.choose(this.#liveBytes(), this.isFull);
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
    if (segment === undefined || !reclaim.isSafe(this.#synced)) return !this.#isStuck;
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
    if (this.#refused !== undefined) return false;
    const isOver =
      this.#begun !== undefined || this.#left < frameHeaderBytes(0, goneStatement(numbers));
    if (isOver && !this.#rotate()) return false;
    const statement = goneStatement(numbers.filter((number) => !isSaid(number)));
    if (!this.#frames.writeStatement(this.#current, statement)) return false;
    this.#isOnlyMark = false;
    this.#unsyncedSince ??= this.#millis();
    for (const number of numbers) this.#gone.add(number);
    return true;
  }

  /** Bytes of all records that are needed. */
  #liveBytes(): number {
    return this.#segments.liveBytes + this.#segments.liveBytesOf(this.#current.number);
  }

  /** Whether something was written that the next commit makes safe and known. */
  get isBehind(): boolean {
    return this.#hasUnpublished;
  }

  /** Whether the disk has no space for what must be kept ready: puts are to be refused. */
  get isFull(): boolean {
    return this.#spares.isFull || this.#frames.isRefused || this.#isDenied;
  }

  /** What there is to see. */
  get figures(): JournalFigures {
    const { segmentBytes } = this.#parts.options;
    const numbers = [...this.#segments.numbers, this.#current.number];
    return {
      segments: numbers.length,
      bytes: (numbers.length + this.#spares.count) * segmentBytes,
      liveBytes: this.#liveBytes(),
      frames: this.#frames.count,
      oldestSegment: Math.min(...numbers),
      currentSegment: this.#current.number,
      syncs: this.#syncs,
      lastSyncMillis: this.#lastSyncMillis,
      oldestUnsyncedMillis: this.#lagMillis,
      isFull: this.isFull,
    };
  }

  /** How long the oldest record that is not synced has been waiting for it. */
  get #lagMillis(): number {
    const since = this.#isOnlyMark ? undefined : this.#unsyncedSince;
    return since === undefined ? 0 : this.#millis() - since;
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

/** There is no space for the journal to begin. */
export class NoSpaceError extends Error {
  override readonly name = "NoSpaceError";
  readonly code = "HM_JOURNAL_NO_SPACE";
}
