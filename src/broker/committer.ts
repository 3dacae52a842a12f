/* Committer: what the journal's own thread runs: recovery, then, until it is told to stop, all that
 * threads which lead leave to it: rotation, reclaiming, spares, hints, marks, syncs by the timer,
 * and commits where it does them better (leader.ts says where).
 *
 * It works in turns, each with the lock (commit-lock.ts). It blocks in synchronous calls and never
 * returns to its event loop until it ends; orders reach it through the board. What the journal
 * throws ends the thread, and in a server the process: replies that wait for it are never sent.
 * Started by the runtime's committer entry.
 */

import { openShards } from "../engine/shards.ts";
import type { ShardMemories } from "../engine/shards.ts";
import type { Checksum } from "../journal/format.ts";
import { refuseForeignLog } from "../journal/foreign-log.ts";
import { HintWriter } from "../journal/hints.ts";
import type { JournalShard } from "../journal/journal-shard.ts";
import { Journal } from "../journal/journal.ts";
import type { CommitParts, DurabilityLevel, JournalOptions } from "../journal/journal-parts.ts";
import { ReadBack } from "../journal/read-back.ts";
import { DamageError, recover } from "../journal/recovery.ts";
import type { RecoveryReport } from "../journal/recovery-report.ts";
import type { Recovered } from "../journal/recovery-parts.ts";
import { NoSpaceError } from "../journal/room.ts";
import { cannotWrite } from "../journal/settlement.ts";
import { lacksSpace } from "../storage.ts";
import type { Lease, Storage, StorageError } from "../storage.ts";
import { Common } from "../engine/common.ts";
import { copyBoardOf, journalBoardOf, replayBoardOf } from "./boards.ts";
import { commitPartsOf } from "./commit-parts.ts";
import { COPY_LAG_BYTES_MAX, Copying } from "./copying.ts";
import type { CopyLink, Lead } from "./copying.ts";
import { DEEP_BYTES, LONG_MILLIS } from "./leader.ts";
import * as B from "./journal-board.ts";
import type { JournalBoard } from "./journal-board.ts";
import type { ReplicatorReport } from "./replicator.ts";

/** What the broker's thread gives to the committer; it can be posted. */
export interface CommitterSeed {
  readonly common: SharedArrayBuffer;
  readonly memories: ShardMemories;
  readonly options: JournalOptions;
  readonly strict: boolean;
  /** Milliseconds from one file of hints to the next; Infinity: none is written. */
  readonly hintIntervalMillis: number;
}

/** The part of a boot's number that stays when an epoch is told with it. */
const BOOT_DIGITS = 20;
const EPOCH_DIGITS = 12;

/** What the committer tells the broker's thread. */
export type CommitterReport =
  | { readonly kind: "progress"; readonly done: number; readonly all: number }
  | {
      readonly kind: "recovered";
      readonly report: RecoveryReport;
      readonly millis: number;
      /** A beanstalkd's log lies beside the journal. */
      readonly hasForeignLog: boolean;
    }
  /** It cannot be opened; `code` is the code of why, if that has one. */
  | { readonly kind: "failed"; readonly message: string; readonly code: string }
  /** Nothing can be recorded, for the reason that `why` says; or again, without one. */
  | { readonly kind: "readOnly"; readonly why: string | undefined }
  | { readonly kind: "full"; readonly isFull: boolean }
  /** Only servers of this network namespace are kept out, for the reason that `why` says. */
  | { readonly kind: "weakLease"; readonly why: string }
  | { readonly kind: "stopped" }
  /** A client asked that this server lead no more. */
  | { readonly kind: "stepDown" }
  /** It stops, and did not wait any longer for the copy, which lacks so many bytes. */
  | { readonly kind: "copyCutShort"; readonly lackingBytes: number }
  | ReplicatorReport;

/** What the committer needs of its runtime. */
export interface CommitterSurroundings {
  /** Name of the storage, for people. */
  readonly directory: string;
  readonly storage: Storage;
  /** The machine's, as SegmentHeader.bootId. */
  readonly bootId: string;
  readonly report: (report: CommitterReport) => void;
  /** Who keeps a copy elsewhere; absent if nobody does. */
  readonly copy?: CopyLink;
}

/** Figures are published at most this often; idle, the committer looks around this often. */
const LOOK_MILLIS = 500;
/**
 * Idle for this long, it marks the end of the journal as safe, so that damage is not taken for a
 * torn end.
 */
const MARK_MILLIS = 1000;
const PROGRESS_MILLIS = 500;
/** While bodies are read back, commits are this far apart, or as far as one read takes. */
const BETWEEN_MILLIS = 2;
/** So many commits in a row that a thread had better led, and it does. */
const QUIET_COMMITS = 4;
/** While nothing can be recorded it is tried again this often. */
const BEGIN_AGAIN_MILLIS = 1000;

/**
 * Runs the committer until it is told to stop. Rejects when the journal cannot be opened, throws
 * what the journal throws later.
 */
export async function runCommitter(
  seed: CommitterSeed,
  around: CommitterSurroundings,
): Promise<void> {
  const { directory, storage, report, copy } = around;
  const hasForeignLog = refuseForeignLog(directory, storage.list()); // before `lock` is written
  const lease = await storage.lease();
  // Given back whatever happens: not every runtime closes the sockets of a thread that ends.
  try {
    const { weakness } = lease;
    if (weakness !== undefined) report({ kind: "weakLease", why: weakness });
    const lead = await copy?.led(); // until then another server may lead
    const committer = new Committer(seed, around, hasForeignLog, lead);
    const journal = await committer.begin(lease);
    if (journal !== undefined) committer.run(journal);
  } finally {
    lease.release();
  }
  report({ kind: "stopped" });
}

class Committer {
  readonly #common: Common;
  readonly #board: B.JournalBoard;
  readonly #seed: CommitterSeed;
  readonly #directory: string;
  readonly #storage: Storage;
  readonly #shards: readonly JournalShard[];
  readonly #checksum: Checksum;
  readonly #hints: HintWriter;
  readonly #hintIntervalMillis: number;
  #hintedAt = performance.now();
  readonly #report: (report: CommitterReport) => void;
  readonly #hasForeignLog: boolean;
  readonly #bootId: string;
  /** As RecoveryParts.missingBytes. */
  readonly #missingBytes: number;
  readonly #parts: CommitParts;
  readonly #copying: Copying | undefined;
  /** The note with which it got elsewhere how far ids may have been told ahead. */
  #aheadNote = Infinity;
  readonly #bodies: ReadBack;
  /** The salt of a segment that exists. */
  #saltOf: (segment: number) => number | undefined = () => undefined;
  /** The next frame, and the segment, when it looked last: others may have written meanwhile. */
  #frameSeen = 0;
  #segmentSeen = 0;
  /** Commits in a row, of its own, that a thread had better led. */
  #quietCommits = 0;
  #lookedAt = 0;
  #workedAt = 0;
  #betweenAt = 0;
  #isMarked = true;
  #isFull = false;

  constructor(
    seed: CommitterSeed,
    { directory, storage: local, report, bootId, copy }: CommitterSurroundings,
    hasForeignLog: boolean,
    lead: Lead | undefined,
  ) {
    this.#hasForeignLog = hasForeignLog;
    this.#bootId = bootIdOf(bootId, lead?.epoch);
    this.#missingBytes = lead?.isFetched === true ? COPY_LAG_BYTES_MAX : 0;
    this.#common = new Common(seed.common);
    const board = journalBoardOf(this.#common);
    this.#board = board;
    const copying =
      copy && new Copying(local, copy, copyBoardOf(this.#common), () => board.mustStop);
    this.#copying = copying;
    const storage = copying?.storage ?? local;
    this.#report = report;
    this.#hintIntervalMillis = seed.hintIntervalMillis;
    this.#seed = seed;
    this.#directory = directory;
    this.#storage = storage;
    const { memories, options } = seed;
    const handles = openShards(memories, memories.threads - 1);
    const published = copying && publisherOf(copying, board, options.level);
    const around = { common: this.#common, memories, handles, options, storage };
    this.#parts = commitPartsOf({ ...around, ...(published && { published }) });
    this.#shards = this.#parts.shards;
    this.#checksum = this.#parts.checksum;
    this.#hints = new HintWriter(storage, this.#shards, this.#checksum);
    const { broughtBytes = Infinity } = options.bodies ?? {};
    const saltOf = (segment: number): number | undefined => this.#saltOf(segment);
    this.#bodies = new ReadBack({ storage, shards: this.#shards, saltOf, broughtBytes });
  }

  /**
   * Recovers, and opens the journal, for the threads to go on. Where nothing can be written they
   * may only look until something can; undefined if it was told to stop before. Who has a journal
   * that cannot be written leads all the same, and may be asked to let another do so.
   */
  async begin(lease: Lease): Promise<Journal | undefined> {
    const began = performance.now();
    const recovered = this.#recover();
    this.#saltOf = (number) => recovered.segments.find((one) => one.number === number)?.salt;
    replayBoardOf(this.#common).end();
    let journal = this.#open(recovered);
    const millis = performance.now() - began;
    const { report } = recovered;
    this.#report({ kind: "recovered", report, millis, hasForeignLog: this.#hasForeignLog });
    if (!(journal instanceof Journal)) this.#showOnly(recovered, journal.message);
    this.#board.setRecovered();
    while (!(journal instanceof Journal)) {
      this.#board.clearWake();
      if (this.#board.mustStop) {
        if (!this.#board.mustEnd) this.#endCopy();
        return undefined;
      }
      this.#tellStepDown();
      if (this.#readBack()) continue;
      this.#board.waitForWork(BEGIN_AGAIN_MILLIS);
      await lease.renew();
      journal = this.#open(recovered);
    }
    if (this.#board.isReadOnly) this.#setReadOnly(undefined);
    return journal;
  }

  /**
   * Reads bodies back that are wanted, and wakes who waits for them; false when none are. Without
   * the lock, so threads may commit meanwhile, and no segment goes; where they do not, this one
   * commits between two reads.
   */
  #readBack(journal?: Journal): boolean {
    const isRead = this.#bodies.step(() => {
      if (journal !== undefined) this.#commitBetween(journal);
    });
    if (isRead) this.#tell();
    return isRead;
  }

  #commitBetween(journal: Journal): void {
    const now = performance.now();
    if (now - this.#betweenAt < BETWEEN_MILLIS || this.#board.mustStop) return;
    this.#betweenAt = now;
    this.#board.lock.lock();
    this.#commit(journal);
    this.#note();
    this.#board.lock.unlock();
  }

  #recover(): Recovered {
    try {
      return this.#replay();
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      const directory = this.#directory;
      const why = `${directory}: ${error.message}; look with: homemaker verify ${directory}`;
      throw new DamageError(why, { cause: error });
    }
  }

  #replay(): Recovered {
    const { strict } = this.#seed;
    const began = performance.now();
    let toldAt = began;
    const progress = (done: number, all: number): void => {
      if (performance.now() - toldAt < PROGRESS_MILLIS) return;
      toldAt = performance.now();
      this.#report({ kind: "progress", done, all });
    };
    const now = this.#common.clock()();
    return recover({
      storage: this.#storage,
      shards: this.#shards,
      checksum: this.#checksum,
      now,
      strict,
      bootId: this.#bootId,
      missingBytes: this.#missingBytes,
      bodyBytes: this.#seed.options.bodies?.keptBytes ?? Infinity,
      progress,
      ...(this.#shards.length > 1 && {
        workforce: replayBoardOf(this.#common).workforce(this.#shards),
      }),
    });
  }

  /** Begins a segment; returns why not where nothing can be written. */
  #open(recovered: Recovered): Journal | StorageError | NoSpaceError {
    try {
      recovered.unsettled?.settle();
      return new Journal({
        ...this.#parts,
        bootId: this.#bootId,
        random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
        beside: this.#hints,
        ...recovered,
      });
    } catch (error) {
      if (cannotWrite(error) || error instanceof NoSpaceError) return error;
      throw error;
    }
  }

  #setReadOnly(why: string | undefined): void {
    const isReadOnly = why !== undefined;
    this.#board.setReadOnly(isReadOnly);
    this.#board.setFull(isReadOnly);
    this.#report({ kind: "readOnly", why });
  }

  /** All that is there is as safe as it can be: it may be shown. */
  #showOnly({ segments }: Recovered, why: string): void {
    this.#setReadOnly(why);
    for (const { shard, written } of this.#shards) this.#board.publish(shard.index, written);
    const numbers = segments.map(({ number }) => number);
    this.#board.setFigure(B.FIGURE_SEGMENTS, numbers.length);
    this.#board.setFigure(B.FIGURE_OLDEST_SEGMENT, numbers[0] ?? 0);
    this.#board.setFigure(B.FIGURE_CURRENT_SEGMENT, numbers.at(-1) ?? 0);
  }

  /**
   * Commits until it is told to stop, and lets nobody commit after that. Told to end, it leaves all
   * as it is.
   */
  run(journal: Journal): void {
    this.#saltOf = (number) => journal.saltOf(number);
    const { lock } = this.#board;
    lock.lock();
    this.#look(journal);
    this.#note();
    lock.unlock();
    while (!this.#board.mustStop) this.#turn(journal);
    if (this.#board.mustEnd) return;
    lock.lock();
    lock.setLed(false);
    journal.commit();
    journal.close();
    this.#lastHints(journal); // which know then that all of it is safe
    this.#note();
    this.#endCopy();
    this.#tell();
  }

  #endCopy(): void {
    const lackingBytes = this.#copying?.end();
    if (lackingBytes !== undefined) this.#report({ kind: "copyCutShort", lackingBytes });
  }

  /** Tells the replicator where the streams are, and what may be told once a copy has it. */
  #note(): void {
    const copying = this.#copying;
    if (copying === undefined) return;
    copying.note(this.#shards.length);
    this.#tellStepDown();
    if (this.#seed.options.level !== "replicated" || !this.#parts.state.isAheadWritten) return;
    if (this.#aheadNote === Infinity && copying.storage.isClean) this.#aheadNote = copying.newest;
    if (!copying.isThere(this.#aheadNote)) return;
    for (const shard of this.#shards) shard.tellEarly();
  }

  #tellStepDown(): void {
    if (this.#copying?.takeStepDown() === true) this.#report({ kind: "stepDown" });
  }

  #turn(journal: Journal): void {
    this.#board.clearWake();
    this.#readBack(journal);
    this.#board.lock.lock();
    const idleMillis = this.#work(journal);
    this.#note();
    this.#board.lock.unlock();
    if (this.#board.mustStop) return; // its wake-up may have been cleared
    if (idleMillis > 0 && !this.#bodies.isWanted) this.#board.waitForWork(idleMillis);
  }

  /** Does a part of what there is to do; returns for how long there is nothing more, at most. */
  #work(journal: Journal): number {
    this.#commit(journal);
    const hinted = this.#hint(journal);
    const maintained = journal.maintain() || hinted;
    this.#tellFull(journal);
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_MILLIS) this.#look(journal);
    // Reclaiming wrote what commands had recorded meanwhile.
    if (maintained || journal.isBehind) return 0;
    if (!this.#isMarked && now - this.#workedAt >= MARK_MILLIS) {
      this.#isMarked = journal.mark();
      this.#frameSeen = this.#board.commitState.nextFrame;
    }
    return Math.min(LOOK_MILLIS, journal.syncDueMillis);
  }

  /** Commits what threads have not, and sees whether they had better do so themselves. */
  #commit(journal: Journal): void {
    const began = performance.now();
    const { waitingBytes } = journal;
    const committed = journal.commit();
    const now = performance.now();
    const { nextFrame } = this.#board.commitState;
    if (nextFrame !== this.#frameSeen) {
      this.#frameSeen = nextFrame;
      this.#workedAt = now;
      this.#isMarked = false;
    }
    if (!committed) return;
    this.#board.setCommitMillis(now - began);
    this.#judge(journal, waitingBytes, now - began);
    this.#tell();
  }

  /** Threads are to lead once a few commits in a row were short and had little in them. */
  #judge(journal: Journal, bytes: number, millis: number): void {
    if (this.#copying !== undefined) return; // what threads write would not be in the copy
    const isQuiet = bytes < DEEP_BYTES / 2 && millis < LONG_MILLIS && journal.canBeLed;
    this.#quietCommits = isQuiet ? this.#quietCommits + 1 : 0;
    if (this.#quietCommits >= QUIET_COMMITS) this.#board.lock.setLed(true);
  }

  /**
   * Does a part of the writing of hints, when it is time; false when there is nothing to do.
   * Without space there are none.
   */
  #hint(journal: Journal): boolean {
    const hints = this.#hints;
    try {
      if (hints.isBusy) {
        hints.step();
        return true;
      }
      if (this.#hintIntervalMillis === Infinity || journal.isSpent) return false;
      const isDue = performance.now() - this.#hintedAt >= this.#hintIntervalMillis;
      if (!isDue && !hints.wasGivenUp) return false;
      this.#hintedAt = performance.now();
      hints.begin(journal.safeMark);
      return true;
    } catch (error) {
      if (!lacksSpace(error)) throw error;
      hints.abandon();
      return false;
    }
  }

  /** What is known at the end is worth keeping. */
  #lastHints(journal: Journal): void {
    if (this.#hintIntervalMillis === Infinity) return;
    this.#hints.abandon();
    this.#hintedAt = -Infinity;
    while (this.#hint(journal));
  }

  /**
   * More has become safe, and rings have room. A thread that asked for a commit while this one was
   * made is woken. It asks anew, after it has read what the clients send that are answered now.
   */
  #tell(): void {
    this.#board.clearWake();
    const { segment } = this.#board.commitState;
    const isNext = segment !== this.#segmentSeen; // who led has a file open that may go now
    this.#segmentSeen = segment;
    const { low, high } = this.#board.waiting(this.#common.seats, isNext);
    if ((low | high) !== 0) this.#common.wakeThreads(low, high);
  }

  #look(journal: Journal): void {
    this.#lookedAt = performance.now();
    const { figures } = journal;
    const board = this.#board;
    board.setFigure(B.FIGURE_OLDEST_SEGMENT, figures.oldestSegment);
    board.setFigure(B.FIGURE_CURRENT_SEGMENT, figures.currentSegment);
    board.setFigure(B.FIGURE_SEGMENTS, figures.segments);
    board.setFigure(B.FIGURE_BYTES, figures.bytes);
    board.setFigure(B.FIGURE_LIVE_BYTES, figures.liveBytes);
    board.setFigure(B.FIGURE_SYNCS, figures.syncs);
    board.setFigure(B.FIGURE_LAST_SYNC_MILLIS, figures.lastSyncMillis);
    board.setFigure(B.FIGURE_OLDEST_UNSYNCED_MILLIS, figures.oldestUnsyncedMillis);
    this.#tellFull(journal);
  }

  /** At once: what puts write until they are refused is missing for what drains. */
  #tellFull({ isFull }: Journal): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#board.setFull(isFull);
    this.#report({ kind: "full", isFull });
  }
}

/**
 * The boot's number as the journal is to know it: after a take-over what somebody was told may be
 * gone, as after another boot.
 */
function bootIdOf(bootId: string, epoch: number | undefined): string {
  if (bootId === "" || epoch === undefined) return bootId;
  return bootId.slice(0, BOOT_DIGITS) + epoch.toString(16).padStart(EPOCH_DIGITS, "0");
}

/** Who hears what is safe here: replies wait for it, unless they wait for the copy. */
function publisherOf(
  copying: Copying,
  board: JournalBoard,
  level: DurabilityLevel,
): (shard: number, position: number) => void {
  return (shard, position) => {
    if (level !== "replicated") board.publish(shard, position);
    copying.moved(shard, position);
  };
}
