/* Calls: the engine's exports as methods of one thread's handle on one shard, made from assembly/
 * by `npm run exports`; do not edit.
 *
 * A method adds the thread and passes what came back through `answer`, so that no mark on it is
 * ever overlooked: it returns an answer of assembly/constants.ts unless it says otherwise. Every
 * number is unsigned. Called through engine/shard.ts.
 */
import type { EngineExports } from "./exports.ts";

/** What a thread can ask of a shard. */
export abstract class EngineCalls {
  readonly #engine: EngineExports;
  readonly thread: number;

  constructor(engine: EngineExports, thread: number) {
    this.#engine = engine;
    this.thread = thread;
  }

  /** Takes the marks off what a call returned, and sees to what they say. */
  protected abstract answer(code: number): number;

  /** Lets happen what is due at `now`; MORE when not all of it was done. */
  tick(now: f64): i32 {
    return this.answer(this.#engine.tick(this.thread, now));
  }

  /**
   * What is the best job that `conn` could take here? RESERVED stands for "this one": RESULT_PRI
   * and RESULT_ID; or NONE.
   */
  best(conn: u32, now: f64): i32 {
    return this.answer(this.#engine.best(this.thread, conn, now));
  }

  /**
   * The head of a watched tube (ready.ts), read without the lock, in two words of 32 bits behind
   * RESULT_STATS: HEAD_HIGH and HEAD_LOW, 0 when the tube has nothing to give. The tube must be
   * watched or used by the caller, so that it is there.
   */
  readHead(tube: u32): void {
    this.#engine.readHead(this.thread, tube);
  }

  /**
   * Takes the best job unless (`maxPri`, `maxId`) stands before it: RESERVED, NONE, or WORSE with
   * RESULT_PRI and RESULT_ID. NOTED or OUT_OF_MEMORY, and nothing was taken, as notes.ts says.
   */
  take(conn: u32, maxPri: f64, maxId: f64, now: f64): i32 {
    return this.answer(this.#engine.take(this.thread, conn, maxPri, maxId, now));
  }

  /**
   * Takes the best job of `tube`, which `conn` watches: RESERVED, or NONE when it has nothing to
   * give. NOTED or OUT_OF_MEMORY as with `take`.
   */
  takeOf(conn: u32, tube: u32, now: f64): i32 {
    return this.answer(this.#engine.takeOf(this.thread, conn, tube, now));
  }

  /**
   * Takes the best job, or makes `conn` wait: RESERVED or WAITING. SOON, and it does not wait, when
   * the first time to run of what it holds here is over at `soon` or before. RESULT_DUE is when.
   * Neither with NOTED or OUT_OF_MEMORY.
   */
  wait(conn: u32, generation: u32, soon: f64, now: f64): i32 {
    return this.answer(this.#engine.wait(this.thread, conn, generation, soon, now));
  }

  /**
   * Ends the waiting of `conn` here, whatever its end: NONE, RESERVED when a grant had been made
   * (it is collected now), or LOST when one had been made and ran out; NOTED when something is to
   * be told before that: then ask again. One critical section: no grant can slip between.
   */
  cancel(conn: u32, now: f64): i32 {
    return this.answer(this.#engine.cancel(this.thread, conn, now));
  }

  /**
   * Collects the next grant of thread `t`: RESERVED or LOST, with RESULT_TOKEN, _GENERATION and
   * _CONN; NONE when there is none. NOTED, once, when that connection is to be told something, and
   * ENDED when it is to be told how jobs ended.
   */
  collect(now: f64): i32 {
    return this.answer(this.#engine.collect(this.thread, now));
  }

  /**
   * Undoes the reservation of a job that `conn` holds; with a delay it is delayed afterwards, with
   * 0 in its old place. DONE, NOT_FOUND, or BURIED when there is no memory for its priority.
   * RESULT_LSN is 0 when the journal has nothing to tell.
   */
  handBack(conn: u32, id: f64, delay: f64, now: f64): i32 {
    return this.answer(this.#engine.handBack(this.thread, conn, id, delay, now));
  }

  /**
   * Reserves the very job, whatever its tube and whether that is paused, unless its key is at its
   * limit, or the group that it waits for is not complete: then NOT_FOUND, too. MORE when that
   * needs a record of the connection here. NOTED or OUT_OF_MEMORY as with `take`.
   */
  reserveJob(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.reserveJob(this.thread, conn, id, now));
  }

  /**
   * A key is free again, perhaps, of which jobs stood aside here: by its slot on the board, and its
   * hash. They are offered to those who wait.
   */
  openKey(slot: u32, hash: u32, now: f64): i32 {
    return this.answer(this.#engine.openKey(this.thread, slot, hash, now));
  }

  /** Deletes a job that `conn` holds or nobody does: DONE or NOT_FOUND. */
  deleteJob(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.deleteJob(this.thread, conn, id, now));
  }

  /** Whether `conn` holds the job and may act on it: DONE or NOT_FOUND. */
  holds(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.holds(this.thread, conn, id, now));
  }

  /**
   * DONE, NOT_FOUND, or BURIED when there is no memory for the new priority. `failure` is a
   * complete one of `openFailure`, 0 for none; unless the answer is NOT_FOUND it belongs to the job
   * afterwards. RESULT_LSN is 0 when the journal has nothing to tell but that an attempt ended
   * without a word.
   */
  release(conn: u32, id: f64, pri: u32, delay: f64, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.release(this.thread, conn, id, pri, delay, failure, now));
  }

  /** DONE or NOT_FOUND; `failure` as with `release`. */
  bury(conn: u32, id: f64, pri: u32, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.bury(this.thread, conn, id, pri, failure, now));
  }

  /** Gives a job that `conn` holds its whole time to run again: DONE or NOT_FOUND. */
  touch(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.touch(this.thread, conn, id, now));
  }

  /**
   * Begins a failure of `conn` with a message of `bytes` that comes in pieces. RESULT_REF is the
   * failure.
   */
  openFailure(conn: u32, bytes: u32): i32 {
    return this.answer(this.#engine.openFailure(this.thread, conn, bytes));
  }

  /** Adds the next bytes of its message; as `appendUpload`. */
  appendFailure(failure: u32, position: u32, offset: u32, count: u32): i32 {
    return this.answer(this.#engine.appendFailure(this.thread, failure, position, offset, count));
  }

  /** Forgets a failure that no attempt ended with. */
  dropFailure(failure: u32): i32 {
    return this.answer(this.#engine.dropFailure(this.thread, failure));
  }

  /**
   * Cancels the job: DONE, it is gone; MORE, somebody holds it, and it is gone when that attempt
   * ends; NOT_FOUND; or BUSY.
   */
  cancelJob(id: f64, now: f64): i32 {
    return this.answer(this.#engine.cancelJob(this.thread, id, now));
  }

  /**
   * Gives the job another priority and, unless that is NO_DELAY, another delay in seconds: DONE,
   * NOT_FOUND, or BURIED when there is no memory for the new priority.
   */
  updateJob(id: f64, pri: u32, delay: f64, now: f64): i32 {
    return this.answer(this.#engine.updateJob(this.thread, id, pri, delay, now));
  }

  /**
   * Kicks at most `bound` jobs of the tube, and at most STEP_JOBS: KIND_ANY means buried ones, or
   * delayed ones if none is buried. RESULT_COUNT were kicked, RESULT_REF is the kind; MORE when
   * bound and tube allow for more of that kind.
   */
  kick(tube: u32, bound: u32, kind: i32, now: f64): i32 {
    return this.answer(this.#engine.kick(this.thread, tube, bound, kind, now));
  }

  /** Makes a buried or delayed job ready: DONE or NOT_FOUND. */
  kickJob(id: f64, now: f64): i32 {
    return this.answer(this.#engine.kickJob(this.thread, id, now));
  }

  /** Pauses the named tube for `delaySeconds`; 0 ends a pause. */
  pauseTube(offset: u32, bytes: u32, delaySeconds: u32, now: f64): i32 {
    return this.answer(this.#engine.pauseTube(this.thread, offset, bytes, delaySeconds, now));
  }

  /** Where two u32 lie: some job's replies are to be heard early, and they may be. */
  earlyAddress(): u32 {
    return this.#engine.earlyAddress() >>> 0;
  }

  /** Numbers the tubes that no job numbered, from `number` on: RESULT_COUNT of them. */
  numberTubes(number: f64): i32 {
    return this.answer(this.#engine.numberTubes(this.thread, number));
  }

  /**
   * Takes the PUT records that lie in the input slot and on into the output slot, `bytes` of them
   * one behind the other, with the salt of their segment: the bodies of jobs that are away come
   * back. DONE, or DAMAGED when what stands at RESULT_COUNT is no sound record with the body of its
   * job. The committer's.
   */
  bring(bytes: u32, salt: u32): i32 {
    return this.answer(this.#engine.bring(this.thread, bytes, salt));
  }

  /**
   * The jobs whose bodies are to be read back: RESULT_COUNT entries (WANTED_*) in the output slot,
   * first those that somebody waits for, then those that come next in their tubes. MORE when there
   * are others. While more than `most` bytes of bodies are there that came, the first of them
   * leave, before others come. The committer's.
   */
  gatherWanted(most: f64): i32 {
    return this.answer(this.#engine.gatherWanted(this.thread, most));
  }

  /** Where the bytes of the bodies in memory are counted, an f64. */
  residentAddress(): u32 {
    return this.#engine.residentAddress() >>> 0;
  }

  /** Whether the body of that job is on its way: AWAY, or DONE when it is there, or no job is. */
  seekBody(id: f64): i32 {
    return this.answer(this.#engine.seekBody(this.thread, id));
  }

  /**
   * The ring's records from stream position `from` to `to` lie at `place` in the newest segment,
   * one behind the other, and in the ring until `freeRing`. With `pressure` 1 bodies of them leave
   * memory, with 2 more of them. MORE, and RESULT_LSN and RESULT_COUNT are the `from` and `place`
   * to go on with, or DONE. By whoever commits.
   */
  settleRing(from: f64, to: f64, place: f64, pressure: u32): i32 {
    return this.answer(this.#engine.settleRing(this.thread, from, to, place, pressure));
  }

  /**
   * Shows a job whose body was away: DONE, AWAY when it still is, NOT_FOUND when the job has gone,
   * or `conn` does not hold it any more, unless that is 0. When it is shown its time to run begins.
   */
  showBody(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.showBody(this.thread, conn, id, now));
  }

  /** Where the u32 lies that says how many ids were wanted, behind it how many were seen to. */
  wantedAddress(): u32 {
    return this.#engine.wantedAddress() >>> 0;
  }

  /**
   * Ends the job of that id if it is here and has moved less often: another shard has it. Called
   * when the stream has begun: its tombstone is recorded.
   */
  endOlder(id: f64, moves: f64): i32 {
    return this.answer(this.#engine.endOlder(this.thread, id, moves));
  }

  /**
   * The jobs that have moved, from bucket number `bucket` of their table on: id and how often, f64
   * each, RESULT_COUNT of them in the output slot. MORE, and RESULT_REF is the bucket to go on
   * with; NONE when there is none left. Called when the stream has begun: what they were in this
   * shard gets its tombstone if that is missing.
   */
  movedJobs(bucket: u32): i32 {
    return this.answer(this.#engine.movedJobs(this.thread, bucket));
  }

  /**
   * Counts ready jobs that stand before job `id`, which is ready `since`, going on from the place
   * that the last piece left (COUNT_*): RESULT_COUNT more of them, and it stops when there are
   * `most` or a few more. MORE when it goes on; DONE; NOT_FOUND when the job, or what the place was
   * known by, is not as it was: then the count begins again.
   */
  countBefore(
    id: f64,
    since: f64,
    part: u32,
    lane: f64,
    pri: f64,
    last: f64,
    most: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.countBefore(this.thread, id, since, part, lane, pri, last, most, now),
    );
  }

  /**
   * What there is to say of the job and its tube: FACT_* of layouts.ts. To the output slot go the
   * name of the tube, RESULT_NAME_BYTES of it, RESULT_COUNT bytes of its tags, and
   * RESULT_BODY_BYTES of what its holder is called. DONE or NOT_FOUND.
   */
  explainJob(id: f64, now: f64): i32 {
    return this.answer(this.#engine.explainJob(this.thread, id, now));
  }

  /**
   * Looks through a part of what is held here for jobs with the concurrency key of that slot, going
   * on from the place that the last part left (PLACE_*): zeros to begin with. To the output slot go
   * their ids, f64, RESULT_COUNT of them, `most` at most. MORE when it goes on, else DONE. It may
   * meet a job twice.
   */
  keyHolders(slot: u32, most: u32, conn: f64, major: f64, minor: f64, now: f64): i32 {
    return this.answer(this.#engine.keyHolders(this.thread, slot, most, conn, major, minor, now));
  }

  /**
   * What explainJob says of the tube whose name lies at `offset` of the input slot. DONE or
   * NOT_FOUND.
   */
  explainTube(offset: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.explainTube(this.thread, offset, bytes, now));
  }

  /**
   * The groups for which jobs of the tube wait, each with how many do: RESULT_COUNT entries, one
   * for jobs that follow each other, so a group may come again. It goes through those with ids
   * above `after`; MORE when it goes on behind PLACE_MINOR; DONE; NOT_FOUND when there is no such
   * tube.
   */
  groupsAwaited(offset: u32, bytes: u32, after: f64, now: f64): i32 {
    return this.answer(this.#engine.groupsAwaited(this.thread, offset, bytes, after, now));
  }

  /**
   * The keys of the tube that are at their limit, each with the ready jobs that have it:
   * RESULT_COUNT entries. It goes through the lanes from `from` on, 0 to begin with; MORE when it
   * goes on from PLACE_MAJOR; DONE; NOT_FOUND when there is no such tube.
   */
  keysTaken(offset: u32, bytes: u32, from: f64, now: f64): i32 {
    return this.answer(this.#engine.keysTaken(this.thread, offset, bytes, from, now));
  }

  /**
   * Describes those of `count` jobs, whose ids stand as f64 at `idsOffset` of the input slot, that
   * still stand in that state in that tube: entries of JOB_ENTRY_BYTES in the output slot,
   * RESULT_COUNT of them; at most as many as fit. RESULT_LSN is the position that all of them
   * depend on.
   */
  describeJobs(offset: u32, bytes: u32, state: u32, idsOffset: u32, count: u32, now: f64): i32 {
    return this.answer(
      this.#engine.describeJobs(this.thread, offset, bytes, state, idsOffset, count, now),
    );
  }

  /**
   * Looks for jobs that are in the group whose name lies at `offset` of the input slot, or, if
   * `isWaiting`, wait for it: otherwise as listScan. With 0 `classes` it begins, and LIST_CLASSES
   * says how many there are.
   */
  listGroup(
    offset: u32,
    bytes: u32,
    isWaiting: u32,
    after: f64,
    before: f64,
    most: u32,
    number: u32,
    classes: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.listGroup(
        this.thread,
        offset,
        bytes,
        isWaiting,
        after,
        before,
        most,
        number,
        classes,
        now,
      ),
    );
  }

  /**
   * Looks for the ids from `after` to `last`, the latter included, until `most` were found: then,
   * or at the end, DONE; RESULT_ID is the last one tried.
   */
  listProbe(offset: u32, bytes: u32, state: u32, after: f64, last: f64, most: u32, now: f64): i32 {
    return this.answer(
      this.#engine.listProbe(this.thread, offset, bytes, state, after, last, most, now),
    );
  }

  /**
   * Looks for the `most` lowest ids between `after` and `before`, in the classes from `number` on,
   * of `classes`. RESULT_REF is the class to go on with; DONE when there is none.
   */
  listScan(
    offset: u32,
    bytes: u32,
    state: u32,
    after: f64,
    before: f64,
    most: u32,
    number: u32,
    classes: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.listScan(
        this.thread,
        offset,
        bytes,
        state,
        after,
        before,
        most,
        number,
        classes,
        now,
      ),
    );
  }

  /**
   * The jobs of the named tube in `state` with ids above `after`: the `most` lowest ids,
   * RESULT_COUNT of them, if they are few enough for one piece; MORE if not. LIST_STANDING, _TABLE
   * and _CLASSES say how many stand there and what looking in the table takes.
   */
  listWalk(offset: u32, bytes: u32, state: u32, after: f64, most: u32, now: f64): i32 {
    return this.answer(this.#engine.listWalk(this.thread, offset, bytes, state, after, most, now));
  }

  /**
   * Looks through a part of what is held for the reserved job of `tube` with the lowest id, going
   * on from what was found: zeros to begin with. RESULT_ID is the lowest so far, 0 for none. MORE
   * when it goes on from PLACE_CONN, PLACE_MAJOR and PLACE_MINOR; DONE, and the job is shown;
   * NOT_FOUND when there was none, or it is not reserved any more.
   */
  peekReserved(tube: u32, lowest: f64, conn: f64, major: f64, minor: f64, now: f64): i32 {
    return this.answer(
      this.#engine.peekReserved(this.thread, tube, lowest, conn, major, minor, now),
    );
  }

  /**
   * Deletes a part of the named tube's jobs with ids up to `last`, beginning with KIND_RESERVED and
   * zeros: RESULT_COUNT of them. MORE when there is more to do: then RESULT_REF, PLACE_CONN,
   * PLACE_MAJOR and PLACE_MINOR are what to go on with. DONE at the end of the tube: jobs that were
   * reserved between two pieces may be left, so whoever needed several goes through it again.
   */
  flushTube(
    offset: u32,
    bytes: u32,
    kind: i32,
    conn: f64,
    major: f64,
    minor: f64,
    last: f64,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.flushTube(this.thread, offset, bytes, kind, conn, major, minor, last, now),
    );
  }

  /**
   * Writes to the output slot the jobs that `conn` holds here, in the order in which their times to
   * run end, at most `most` and HELD_SHOWN_MAX of them: RESULT_COUNT entries (HELD_ENTRY_* of
   * layouts.ts). RESULT_REF is how many it holds.
   */
  heldJobs(conn: u32, most: u32, now: f64): i32 {
    return this.answer(this.#engine.heldJobs(this.thread, conn, most, now));
  }

  /**
   * Who holds the job: RESULT_TOKEN of the thread in the first figure behind RESULT_STATS;
   * NOT_FOUND when nobody does.
   */
  holder(id: f64, now: f64): i32 {
    return this.answer(this.#engine.holder(this.thread, id, now));
  }

  /**
   * Counts the members of groups among the jobs, from bucket number `bucket` of their table on.
   * MORE, and RESULT_REF is the bucket to go on with; DONE when all are counted.
   */
  countMembers(bucket: u32): i32 {
    return this.answer(this.#engine.countMembers(this.thread, bucket));
  }

  /**
   * Opens the groups that are complete, from bucket number `bucket` of the table of names on, when
   * the members in all shards are counted and the stream has begun. MORE, and RESULT_REF is the
   * bucket to go on with; DONE when all were looked at.
   */
  openGroups(bucket: u32, now: f64): i32 {
    return this.answer(this.#engine.openGroups(this.thread, bucket, now));
  }

  /** The hash of the group whose name has `bytes` bytes at `offset` of thread `t`'s input slot. */
  groupHash(offset: u32, bytes: u32): u32 {
    return this.#engine.groupHash(this.thread, offset, bytes) >>> 0;
  }

  /**
   * Adds the next `count` bytes, at `offset` of the input slot, to an upload that has `position`
   * bytes. RESULT_COUNT of them were taken: fewer with OUT_OF_MEMORY, or with MORE when the
   * journal's ring has no room for a part that they make whole; the rest may be tried again.
   */
  appendUpload(upload: u32, position: u32, offset: u32, count: u32): i32 {
    return this.answer(this.#engine.appendUpload(this.thread, upload, position, offset, count));
  }

  /**
   * As `commitUpload`, with tags as in `putTagged`; with OUT_OF_MEMORY, as with FULL, the upload is
   * still there.
   */
  commitTagged(
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    tagBytes: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.commitTagged(
        this.thread,
        upload,
        tube,
        id,
        pri,
        delay,
        ttrSeconds,
        tagBytes,
        now,
      ),
    );
  }

  /**
   * Makes a complete upload a job, the one that `recordUpload` was told of; as `put`. After FULL or
   * OUT_OF_MEMORY it is as it was.
   */
  commitUpload(
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.commitUpload(this.thread, upload, tube, id, pri, delay, ttrSeconds, now),
    );
  }

  /** Forgets an upload. With a journal it is a command that needs room in the ring. */
  dropUpload(upload: u32): i32 {
    return this.answer(this.#engine.dropUpload(this.thread, upload));
  }

  /**
   * Begins an upload: room for a body of `bytes` that comes in pieces, memory taken as they come.
   * RESULT_REF is the upload.
   */
  openUpload(bytes: u32): i32 {
    return this.answer(this.#engine.openUpload(this.thread, bytes));
  }

  /** Puts a job whose whole body lies at `offset` of the input slot; FULL if its tube is. */
  put(
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    offset: u32,
    bytes: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.put(this.thread, tube, id, pri, delay, ttrSeconds, offset, bytes, now),
    );
  }

  /**
   * As `put`, with `tagBytes` bytes of tags at TAGS_OFFSET of the thread's area; KNOWN when another
   * job has the key that they name.
   */
  putTagged(
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    offset: u32,
    bytes: u32,
    tagBytes: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.putTagged(
        this.thread,
        tube,
        id,
        pri,
        delay,
        ttrSeconds,
        offset,
        bytes,
        tagBytes,
        now,
      ),
    );
  }

  /**
   * With a journal: says which job an upload without a byte is to be, with how many bytes of tags,
   * so that a long body can go to the journal as it comes. RESULT_COUNT is in how many parts, 0
   * when it fits a record.
   */
  recordUpload(upload: u32, tube: u32, id: f64, tagBytes: u32): i32 {
    return this.answer(this.#engine.recordUpload(this.thread, upload, tube, id, tagBytes));
  }

  /**
   * Sets what the named tube, made if need be, is to have: at `values` of the input slot stands a
   * value for each setting, NOT_SET for what is to be taken away, AS_IT_IS for all others. It is
   * done as a whole, or not at all: DONE or OUT_OF_MEMORY. With `number` 0 no tube is made.
   */
  setTube(offset: u32, bytes: u32, values: u32, number: f64, now: f64): i32 {
    return this.answer(this.#engine.setTube(this.thread, offset, bytes, values, number, now));
  }

  /** The longest body that the tube takes, in bytes; NOT_SET when any may come. */
  longestBody(tube: u32): f64 {
    return this.#engine.longestBody(this.thread, tube);
  }

  /**
   * Shows the note: DONE, it stands in the output slot, RESULT_ID and RESULT_BODY_BYTES are of it;
   * or NOT_FOUND, as there is no such job or none was left.
   */
  peekProgress(id: f64, now: f64): i32 {
    return this.answer(this.#engine.peekProgress(this.thread, id, now));
  }

  /**
   * Keeps a note about a job that `conn` holds, which has its whole time to run again: DONE;
   * NOT_FOUND; or OUT_OF_MEMORY, and an older note stays.
   */
  progress(conn: u32, id: f64, offset: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.progress(this.thread, conn, id, offset, bytes, now));
  }

  /**
   * Ends the replay: parts without a PUT record go, and so does a job some of whose parts are
   * missing. MORE for each such job: RESULT_ID is its id, RESULT_COUNT the number of the segment
   * that its PUT record lies in; DONE when there is none left, and the tubes stand in their order.
   */
  endReplay(): i32 {
    return this.answer(this.#engine.endReplay(this.thread));
  }

  /** Whether a job was met that had moved: 1 or 0. */
  hasMetMoved(): u32 {
    return this.#engine.hasMetMoved() >>> 0;
  }

  /**
   * Replays the `bytes` bytes staged at `offset` of the ring, part of the segment that was added
   * last, salted with `salt`, for a server of `shards` shards whose engine clock shows `now`.
   * RESULT_COUNT is how far it came: DONE at the end, DAMAGED in front of what is no sound record
   * (the host looks further on), OUT_OF_MEMORY. `isYoung` 1: the records are younger than the
   * hints. RESULT_ID is the highest id seen, 0 if none.
   *
   * A job's PUT record may have been written again behind those of its failures: `strays` is how
   * many failures were passed over because their job is not here (yet). When all segments have been
   * replayed they get a second chance: `again` 1 takes failures and nothing else, from the segment
   * of number `number`.
   *
   * As many entries as `places` says (PLACES_* of layouts.ts) tell where the records lie; with
   * `leaves` 1 bodies stay there.
   */
  replay(
    offset: u32,
    bytes: u32,
    salt: u32,
    shards: u32,
    now: f64,
    isYoung: u32,
    again: u32,
    number: u32,
    places: u32,
    leaves: u32,
  ): i32 {
    return this.answer(
      this.#engine.replay(
        this.thread,
        offset,
        bytes,
        salt,
        shards,
        now,
        isYoung,
        again,
        number,
        places,
        leaves,
      ),
    );
  }

  /** How many failures were met so far whose jobs were not here. */
  strays(): u32 {
    return this.#engine.strays() >>> 0;
  }

  /** It goes back to its place after all, without its key if somebody has that by now. */
  abortMove(id: f64, now: f64): i32 {
    return this.answer(this.#engine.abortMove(this.thread, id, now));
  }

  /**
   * Takes the job out of its place, to be copied: DONE, with everything about it but its body and
   * its failures (MOVE_* behind RESULT_STATS, its tags in the output slot); NOT_FOUND or BUSY.
   * `failure` is as with `moveJob`. What was recorded here up to RESULT_LSN has to be safe before
   * anything but its body is recorded there: a crash must not leave what followed and lose what
   * came first.
   */
  beginMove(conn: u32, id: f64, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.beginMove(this.thread, conn, id, failure, now));
  }

  /** It has moved: what the journal has of it here is not needed any more. */
  departMove(id: f64): i32 {
    return this.answer(this.#engine.departMove(this.thread, id));
  }

  /** Ends the record of a job that has departed. */
  forgetMove(id: f64, now: f64): i32 {
    return this.answer(this.#engine.forgetMove(this.thread, id, now));
  }

  /**
   * Moves the job to `tube`, of this shard: DONE, BURIED when it is, NOT_FOUND, FULL, BUSY while it
   * is MOVING, or MORE when it has to be copied, since the parts of its body say in the journal
   * which tube they are for. `failure` as with `release`; a job that somebody held is ready
   * afterwards, any other one as it was.
   */
  moveJob(conn: u32, id: f64, tube: u32, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.moveJob(this.thread, conn, id, tube, failure, now));
  }

  /** Brings more of the body; as `appendUpload`, beyond the budget if need be. */
  appendArrival(arrival: u32, position: u32, offset: u32, count: u32): i32 {
    return this.answer(this.#engine.appendArrival(this.thread, arrival, position, offset, count));
  }

  /** All of it is here: it is recorded, found, and MOVING. RESULT_LSN is its record. */
  commitArrival(arrival: u32): i32 {
    return this.answer(this.#engine.commitArrival(this.thread, arrival));
  }

  /** It does not come. With a journal that is a command that needs room in the ring. */
  dropArrival(arrival: u32): i32 {
    return this.answer(this.#engine.dropArrival(this.thread, arrival));
  }

  /** Whether a job with a body of `bytes` may come to `tube`: DONE or FULL. */
  mayArrive(tube: u32, bytes: u32): i32 {
    return this.answer(this.#engine.mayArrive(this.thread, tube, bytes));
  }

  /**
   * A record for a job that comes to `tube`, which the caller uses: RESULT_REF. Its tags lie at
   * TAGS_OFFSET of the thread's area; its body and its failures follow.
   */
  openArrival(
    tube: u32,
    id: f64,
    state: u32,
    pri: u32,
    delaySeconds: u32,
    ttrSeconds: u32,
    bytes: u32,
    created: f64,
    major: f64,
    moves: u32,
    hasParts: u32,
    bytesOfTags: u32,
  ): i32 {
    return this.answer(
      this.#engine.openArrival(
        this.thread,
        tube,
        id,
        state,
        pri,
        delaySeconds,
        ttrSeconds,
        bytes,
        created,
        major,
        moves,
        hasParts,
        bytesOfTags,
      ),
    );
  }

  /** What is counted of a job that comes. */
  countArrival(
    arrival: u32,
    reserves: u32,
    timeouts: u32,
    releases: u32,
    buries: u32,
    kicks: u32,
    failed: u32,
  ): i32 {
    return this.answer(
      this.#engine.countArrival(
        this.thread,
        arrival,
        reserves,
        timeouts,
        releases,
        buries,
        kicks,
        failed,
      ),
    );
  }

  /** What its holder last said of how far it is; without memory that is lost. */
  noteArrival(arrival: u32, offset: u32, bytes: u32): i32 {
    return this.answer(this.#engine.noteArrival(this.thread, arrival, offset, bytes));
  }

  /** It takes its place: DONE, or BURIED (`takePlace`). */
  settleArrival(id: f64, now: f64): i32 {
    return this.answer(this.#engine.settleArrival(this.thread, id, now));
  }

  /** The message is whole; MORE while the journal's ring has no room for the failure. */
  addArrivedFailure(arrival: u32, failure: u32): i32 {
    return this.answer(this.#engine.addArrivedFailure(this.thread, arrival, failure));
  }

  /** Brings more of its message; OUT_OF_MEMORY when there is no place for all of it. */
  appendArrivedFailure(failure: u32, position: u32, offset: u32, count: u32): i32 {
    return this.answer(
      this.#engine.appendArrivedFailure(this.thread, failure, position, offset, count),
    );
  }

  /**
   * A failure of a job that comes, its message to follow: RESULT_REF. The name of who made the
   * attempt lies at WHO_OFFSET of the thread's area.
   */
  openArrivedFailure(
    number: u32,
    attempt: u32,
    at: f64,
    end: u32,
    whoBytes: u32,
    bytes: u32,
    hasMessage: u32,
  ): i32 {
    return this.answer(
      this.#engine.openArrivedFailure(
        this.thread,
        number,
        attempt,
        at,
        end,
        whoBytes,
        bytes,
        hasMessage,
      ),
    );
  }

  /**
   * The copy is the job now, as the host has brought it here: MOVE_* behind RESULT_STATS, its tags
   * at TAGS_OFFSET. `failure` is what was said of the attempt that has ended, 0 when nothing was;
   * `conn` the record here of whoever made it, or 0. DONE, or BURIED when it is.
   */
  arriveInGroup(arrival: u32, conn: u32, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.arriveInGroup(this.thread, arrival, conn, failure, now));
  }

  /**
   * Claims a job that `conn` may move, again if it `isMine`: DONE, MORE if it needs a copy within
   * the shard too, and then it is as `beginMove` shows it; NOT_FOUND; BUSY while somebody else
   * moves it; OUT_OF_MEMORY. BURIED when it was cancelled: it needs none. What was recorded here up
   * to RESULT_LSN has to be safe before failures are recorded with a copy.
   */
  claimMove(conn: u32, id: f64, isMine: u32, now: f64): i32 {
    return this.answer(this.#engine.claimMove(this.thread, conn, id, isMine, now));
  }

  /** Gives up the claim to a job, which may be gone. */
  dropClaim(id: f64): i32 {
    return this.answer(this.#engine.dropClaim(this.thread, id));
  }

  /** The job that has left its place ends here. */
  endInGroup(id: f64): void {
    this.#engine.endInGroup(id);
  }

  /**
   * Whether the key in the `bytes` bytes of tags at TAGS_OFFSET is free in that tube: DONE;
   * NOT_FOUND when there is none in them; KNOWN when RESULT_ID has it, or had it, with RESULT_COUNT
   * seconds of a cooldown. The key stands in the output slot, RESULT_NAME_BYTES of it.
   */
  keyInGroup(tube: u32, bytes: u32): i32 {
    return this.answer(this.#engine.keyInGroup(this.thread, tube, bytes));
  }

  /**
   * A job that was copied leaves its place: DONE, and it is as `beginMove` shows it. Whether the
   * attempt at it has failed, as it has if `hasFailure`, says MOVE_HAS_FAILED: that is kept with
   * the copy. MORE when it had been cancelled, and is gone.
   */
  leaveInGroup(id: f64, hasFailure: u32, now: f64): i32 {
    return this.answer(this.#engine.leaveInGroup(this.thread, id, hasFailure, now));
  }

  /**
   * Whether a job with a body of `bytes` may come to `tube` when that has so many more jobs and
   * bytes than it has now: DONE or FULL.
   */
  mayComeInGroup(tube: u32, bytes: u32, moreJobs: f64, moreBytes: f64): i32 {
    return this.answer(this.#engine.mayComeInGroup(this.thread, tube, bytes, moreJobs, moreBytes));
  }

  /**
   * Moves a job of this shard, which was found for that and needs no copy, to `tube` of this shard;
   * the answer and `failure` as with `moveJob`.
   */
  moveInGroup(id: f64, tube: u32, failure: u32, now: f64): i32 {
    return this.answer(this.#engine.moveInGroup(this.thread, id, tube, failure, now));
  }

  /** The tags of a job that is here, in the output slot: RESULT_COUNT bytes, 0 when it has none. */
  tagsInGroup(id: f64): void {
    this.#engine.tagsInGroup(this.thread, id);
  }

  /** As `beginMove`, for a job that is to leave; where it comes to it is ready. */
  beginDeadMove(id: f64, now: f64): i32 {
    return this.answer(this.#engine.beginDeadMove(this.thread, id, now));
  }

  /**
   * Moves a job that is to leave to `tube`, of this shard, full or not, where it is ready: DONE;
   * BURIED when there is no memory for its priority; NOT_FOUND when it is not to leave now; MORE
   * when it has to be copied; OUT_OF_MEMORY when its record would be too long.
   */
  moveDead(id: f64, tube: u32, now: f64): i32 {
    return this.answer(this.#engine.moveDead(this.thread, id, tube, now));
  }

  /**
   * A job that is to leave: RESULT_ID, and the name of the tube that it goes to in the output slot,
   * RESULT_NAME_BYTES. Each in its turn, again and again. NONE when there is none, MORE when one is
   * to stay, since nothing is set for its tube any more: a command that needs room in the ring.
   */
  nextDead(now: f64): i32 {
    return this.answer(this.#engine.nextDead(this.thread, now));
  }

  /** Where leavingHead, 0 when no job is to leave, and leavingChanges lie, two u32. */
  leavingAddress(): u32 {
    return this.#engine.leavingAddress() >>> 0;
  }

  /**
   * How many of the `bytes` bytes staged at the beginning of the ring are sound records, one behind
   * the other: RESULT_COUNT.
   */
  check(bytes: u32, salt: u32): i32 {
    return this.answer(this.#engine.check(this.thread, bytes, salt));
  }

  /**
   * Lays the hints about jobs in the `bytes` bytes at `address` over the jobs of this shard that
   * they are about: RESULT_COUNT of them.
   */
  applyJobHints(address: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.applyJobHints(this.thread, address, bytes, now));
  }

  /** Lays the hints about tubes at `address` over those tubes of this shard that exist. */
  applyTubeHints(address: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.applyTubeHints(this.thread, address, bytes, now));
  }

  /**
   * Writes hints about jobs to the output slot, beginning with bucket `bucket` of the table of
   * jobs: RESULT_REPLY_BYTES of them; MORE, and RESULT_REF is the bucket to go on with, or DONE. A
   * table that grows or shrinks meanwhile may show a job twice or not at all.
   */
  jobHints(bucket: u32): i32 {
    return this.answer(this.#engine.jobHints(this.thread, bucket));
  }

  /**
   * Writes hints about the tubes made after `number` to the output slot; MORE, and RESULT_REF is
   * the number to go on with, or DONE.
   */
  tubeHints(number: f64): i32 {
    return this.answer(this.#engine.tubeHints(this.thread, number));
  }

  /**
   * Ends a result whose job a replay brought back: DONE, and there may be more; NONE when there is
   * none. Called when the stream has begun: that it ended is recorded. MORE without room for that.
   */
  endUnfinished(): i32 {
    return this.answer(this.#engine.endUnfinished(this.thread));
  }

  /**
   * Runs commands of the `bytes` bytes at `offset` of the input slot, at most `most`, for a
   * connection (0 = without a record here) that uses `tube` (0 = another shard's). `flags`: RUN_*;
   * `boundHigh` and `boundLow` are the best head of other shards (ready.ts): what stands behind it
   * is left to the host. If it makes the connection wait, that is of `generation`. Outside shard 0
   * it may give out the ids from `firstId` to `lastId`. RESULT_COUNT is how many bytes it took,
   * RESULT_STOP why it stopped there, RESULT_REPLY_BYTES what it answered; RESULT_DID, _IDS_USED
   * and _LSN as they say. RESULT_COMMANDS is how many it ran; the answer is DONE.
   */
  run(
    conn: u32,
    tube: u32,
    flags: i32,
    bodyMax: u32,
    offset: u32,
    bytes: u32,
    most: u32,
    firstId: f64,
    lastId: f64,
    boundHigh: u32,
    boundLow: u32,
    generation: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.run(
        this.thread,
        conn,
        tube,
        flags,
        bodyMax,
        offset,
        bytes,
        most,
        firstId,
        lastId,
        boundHigh,
        boundLow,
        generation,
        now,
      ),
    );
  }

  /**
   * Deletes the jobs of which `count` ids (f64) lie in the input slot: DONE. It stops at one that
   * `deleteJob` would not delete.
   */
  deleteMany(conn: u32, count: u32, now: f64): i32 {
    return this.answer(this.#engine.deleteMany(this.thread, conn, count, now));
  }

  /**
   * Puts jobs of which `count` entries (MANY_* of layouts.ts) lie in the input slot, with the ids
   * that those have. DONE, or what `put` answered to the one that it stopped at; that one was put
   * as well if it is BURIED, and is counted.
   */
  putMany(tube: u32, count: u32, pri: u32, delay: f64, ttrSeconds: u32, now: f64): i32 {
    return this.answer(this.#engine.putMany(this.thread, tube, count, pri, delay, ttrSeconds, now));
  }

  /**
   * Takes the best jobs, at most `most`, and writes an entry of each (MANY_* of layouts.ts) to the
   * output slot, RESULT_REPLY_BYTES in all: DONE. It stops where there is nothing more, at what
   * keeps `conn` from being given a job (notes.ts), and at a body that finds no room any more or is
   * not in memory.
   */
  takeMany(conn: u32, most: u32, now: f64): i32 {
    return this.answer(this.#engine.takeMany(this.thread, conn, most, now));
  }

  /** `conn` is that of the session with this token: DONE or OUT_OF_MEMORY. */
  markConn(conn: u32): i32 {
    return this.answer(this.#engine.markConn(this.thread, conn));
  }

  /**
   * Has each lease here of the session with that token last at least `seconds` from now; none
   * becomes shorter. NOT_FOUND when it has no connection here; MORE until all is done: then
   * RESULT_COUNT is how many leases it has.
   */
  vouch(seconds: u32, now: f64): i32 {
    return this.answer(this.#engine.vouch(this.thread, seconds, now));
  }

  /**
   * Gives the best jobs to `conn`, which is told, until it holds `most` here (DONE). Stops before
   * at what is not better than the head (`boundHigh`, `boundLow`) in other shards (WORSE), for want
   * of memory (OUT_OF_MEMORY) or of room (MORE), behind a job whose body has not all found room
   * (LONG), in front of one whose body, that of RESULT_ID, is not in memory (AWAY), and when there
   * is nothing left: then `conn` waits here (WAITING), unless `generation` is 0 (NONE). It is given
   * nothing while it waits here or has a grant to collect (WAITING). RESULT_REPLY_BYTES stand in
   * the output slot: what was to be told, and a line and the body of each of RESULT_COUNT jobs.
   * With LONG the last body, of RESULT_ID, is pinned: RESULT_REF of its RESULT_BODY_BYTES stand
   * there, and the others are to follow with a CRLF.
   */
  fill(conn: u32, most: u32, boundHigh: u32, boundLow: u32, generation: u32, now: f64): i32 {
    return this.answer(
      this.#engine.fill(this.thread, conn, most, boundHigh, boundLow, generation, now),
    );
  }

  /**
   * How many jobs `conn` holds here, as far as it was told: one that it lost counts until it hears
   * of that, so that it is never sent more than its window has room for; a grant that it has not
   * collected is none.
   */
  heldCount(conn: u32): f64 {
    return this.#engine.heldCount(this.thread, conn);
  }

  /**
   * From now on `conn` is told of leases that end without its doing: DONE, or OUT_OF_MEMORY, and it
   * may be told of what it has.
   */
  openNotes(conn: u32): i32 {
    return this.answer(this.#engine.openNotes(this.thread, conn));
  }

  /**
   * Writes lines with what `conn` is to be told: RESULT_REPLY_BYTES of them. MORE when that is not
   * all.
   */
  takeNotes(conn: u32): i32 {
    return this.answer(this.#engine.takeNotes(this.thread, conn));
  }

  /** As `fill`, for the one job that `conn` has just collected: DONE, LONG, AWAY or NOT_FOUND. */
  tellJob(conn: u32, id: f64, now: f64): i32 {
    return this.answer(this.#engine.tellJob(this.thread, conn, id, now));
  }

  /**
   * `conn` waits here no more; a grant that was made goes back to its place as if nothing had
   * happened.
   */
  unwait(conn: u32, now: f64): i32 {
    return this.answer(this.#engine.unwait(this.thread, conn, now));
  }

  /**
   * Makes an empty shard of a memory of zeros. Called once, before any other thread has an
   * instance. `ringBytes` of room are left for a journal (`openJournal`). `pages` is the length of
   * the memory, `budgetPages` how many pages may be in use before a client is refused.
   */
  open(index: u32, threads: u32, ringBytes: u32, pages: u32, budgetPages: u32): i32 {
    return this.#engine.open(index, threads, ringBytes, pages, budgetPages);
  }

  /**
   * Opens the journal of an empty shard that was opened with a ring. `reserveBytes` of the ring
   * must be free before a command may run: for each thread at least 4 * `partBytes`, which are the
   * bytes of a long body in one PART record. `wallBase` is the wall clock, in microseconds, at the
   * engine's time 0. Called before any other thread has an instance.
   */
  openJournal(
    reserveBytes: u32,
    partBytes: u32,
    shards: u32,
    wallBase: f64,
    keepsReleases: u32,
  ): void {
    this.#engine.openJournal(reserveBytes, partBytes, shards, wallBase, keepsReleases);
  }

  /** What replies wait for, ACK_*; ACK_SYNC if nobody says. Called before any replay. */
  promise(level: u32): void {
    this.#engine.promise(level);
  }

  /**
   * Each job keeps its youngest `most` failures, 0 = none. Called before any other thread has an
   * instance.
   */
  keepFailures(most: u32): void {
    this.#engine.keepFailures(most);
  }

  /** The stream goes on at position `lsn`: behind all that was replayed. */
  startStream(lsn: f64): void {
    this.#engine.startStream(lsn);
  }

  /** The committer has written everything up to position `lsn`: its place in the ring is free. */
  freeRing(lsn: f64): i32 {
    return this.answer(this.#engine.freeRing(this.thread, lsn));
  }

  /**
   * Adds a segment that begins at position `first` of this shard's stream. The committer's, and
   * recovery's.
   */
  addSegment(number: u32, first: f64): void {
    this.#engine.addSegment(number, first);
  }

  /** Forgets a segment whose file is gone. The committer's. */
  dropSegment(number: u32): i32 {
    return this.answer(this.#engine.dropSegment(this.thread, number));
  }

  /**
   * Gives the records from one position of the stream to another their CRCs and counts them; see
   * segments.ts. The committer's.
   */
  seal(from: f64, to: f64, salt: u32): f64 {
    return this.#engine.seal(from, to, salt);
  }

  /** The highest id given out so far. Call it on shard 0. */
  lastId(): f64 {
    return this.#engine.lastId();
  }

  /** No id up to `id` is given out any more. Call it on shard 0, before anything else does. */
  skipIds(id: f64): void {
    this.#engine.skipIds(id);
  }

  /** CRC-32C of bytes in this memory, for the host's own frames. */
  checksum(seed: u32, address: u32, bytes: u32): u32 {
    return this.#engine.checksum(seed, address, bytes) >>> 0;
  }

  /** Where journalHead lies, an f64, journalTail behind it. */
  journalHeadAddress(): u32 {
    return this.#engine.journalHeadAddress() >>> 0;
  }

  /**
   * Most bytes that may lie between the two for commands to run; NEVER_MICROS, which is more than
   * there can be, without a journal.
   */
  ringLimit(): f64 {
    return this.#engine.ringLimit();
  }

  /** Where the ring lies. */
  ringAddress(): u32 {
    return this.#engine.ringAddress() >>> 0;
  }

  /** Where the table of segments lies. */
  segmentsAddress(): u32 {
    return this.#engine.segmentsAddress() >>> 0;
  }

  /** How many segments that table has. */
  segmentCount(): u32 {
    return this.#engine.segmentCount() >>> 0;
  }

  /** The memory may always grow by `pages`. Called before any other thread has an instance. */
  reserveGrowth(pages: u32): void {
    this.#engine.reserveGrowth(pages);
  }

  /** Allows `pages` more pages to be in use, and the memory to grow by `growth` for that. */
  grantPages(pages: u32, growth: u32): i32 {
    return this.answer(this.#engine.grantPages(this.thread, pages, growth));
  }

  /**
   * RESULT_PAGES: how many pages more than it has the shard's budget could be good for;
   * RESULT_GROWTH: how many of them need no growth.
   */
  grantablePages(): i32 {
    return this.answer(this.#engine.grantablePages(this.thread));
  }

  /**
   * Makes the budget what is in use, no more and no less, and the growth what was ever in use or is
   * reserved. RESULT_PAGES and RESULT_GROWTH: the pages of each that are given back; below 0, those
   * that were taken beyond it.
   */
  settleBudget(): i32 {
    return this.answer(this.#engine.settleBudget(this.thread));
  }

  /** A step of emptying sparse pages; see sweep.ts. */
  sweep(): i32 {
    return this.answer(this.#engine.sweep(this.thread));
  }

  /** Something is wrong: whoever waits for the lock traps at once, instead of after its steps. */
  breakLock(): void {
    this.#engine.breakLock();
  }

  /** Where in the memory the f64 lies that says when `tick` has something to do. */
  nextDueAddress(): u32 {
    return this.#engine.nextDueAddress() >>> 0;
  }

  /** Where the u32 lies that says how many tubes there are. */
  tubesAddress(): u32 {
    return this.#engine.tubesAddress() >>> 0;
  }

  /** The next job id, from the counter of all shards, 0 if none is left; call it on shard 0. */
  nextId(): f64 {
    return this.#engine.nextId();
  }

  /**
   * Takes `count` ids at once from the counter of all shards; returns the first, 0 if there are not
   * so many left. Call it on shard 0.
   */
  takeIds(count: u32): f64 {
    return this.#engine.takeIds(count);
  }

  /**
   * Gives back the ids from `first` to `last` when nobody took one since; else they stay unused.
   * Call it on shard 0.
   */
  giveBackIds(first: f64, last: f64): void {
    this.#engine.giveBackIds(first, last);
  }

  /** The next number for the order in which tubes are made; as `nextId`. */
  nextNumber(): f64 {
    return this.#engine.nextNumber();
  }

  /**
   * Uses the tube whose name lies at `offset` of the input slot; RESULT_REF is the tube. With
   * `number` 0 none is made.
   */
  useTube(offset: u32, bytes: u32, number: f64): i32 {
    return this.answer(this.#engine.useTube(this.thread, offset, bytes, number));
  }

  /** Ends one use. The tube may be gone afterwards. */
  unuseTube(tube: u32): i32 {
    return this.answer(this.#engine.unuseTube(this.thread, tube));
  }

  /** Makes the tube one that is never forgotten. */
  pinTube(offset: u32, bytes: u32, number: f64): i32 {
    return this.answer(this.#engine.pinTube(this.thread, offset, bytes, number));
  }

  /** A record for session `token` of thread `t`; RESULT_REF is the connection. */
  openConn(token: u32): i32 {
    return this.answer(this.#engine.openConn(this.thread, token));
  }

  /**
   * Ends a connection, a bounded part of it at a time: MORE until nothing of it is left. It waits
   * for nothing any more, a grant is handed back, its jobs become ready without being counted as
   * timed out or released (an attempt at each has failed, unless its body is awaited yet), its
   * watches end.
   */
  closeConn(conn: u32, now: f64): i32 {
    return this.answer(this.#engine.closeConn(this.thread, conn, now));
  }

  /**
   * Calls the connection what the `bytes` bytes at WHO_OFFSET of the thread's area say, WHO_MAX at
   * most: failures of what it holds tell.
   */
  nameConn(conn: u32, bytes: u32): i32 {
    return this.answer(this.#engine.nameConn(this.thread, conn, bytes));
  }

  /** When the first TTR of the jobs that `conn` holds runs out; NEVER_MICROS when it holds none. */
  soonest(conn: u32): f64 {
    return this.#engine.soonest(this.thread, conn);
  }

  /**
   * Adds the named tube to what `conn` watches here; RESULT_REF is the tube. With `number` 0 none
   * is made.
   */
  watchTube(conn: u32, offset: u32, bytes: u32, number: f64): i32 {
    return this.answer(this.#engine.watchTube(this.thread, conn, offset, bytes, number));
  }

  /** Takes `tube` out of what `conn` watches; it does. */
  ignoreTube(conn: u32, tube: u32): i32 {
    return this.answer(this.#engine.ignoreTube(this.thread, conn, tube));
  }

  /**
   * The figures of a job; the name of its tube goes to the output slot, and behind it RESULT_COUNT
   * bytes of its tags.
   */
  statsJob(id: f64, now: f64): i32 {
    return this.answer(this.#engine.statsJob(this.thread, id, now));
  }

  /**
   * The figures of the tube whose name lies at `offset` of the input slot. To the output slot goes
   * what its last times were like: SAMPLE_* of layouts.ts, and behind them RESULT_COUNT times of 4
   * bytes, in microseconds, in no order; and at TUBE_SETTINGS what is set for it, a value for each
   * setting.
   */
  statsTube(offset: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.statsTube(this.thread, offset, bytes, now));
  }

  /**
   * How long the jobs of a tube that the caller watches lately took: PACE_MICROS and PACE_COUNT
   * behind RESULT_STATS.
   */
  readPace(tube: u32): i32 {
    return this.answer(this.#engine.readPace(this.thread, tube));
  }

  /** The figures of the shard. */
  statsShard(now: f64): i32 {
    return this.answer(this.#engine.statsShard(this.thread, now));
  }

  /**
   * The oldest failure of the job with a number above `after`: DONE as `show` says, NONE, or
   * NOT_FOUND when there is no such job.
   */
  nextFailure(id: f64, after: u32, now: f64): i32 {
    return this.answer(this.#engine.nextFailure(this.thread, id, after, now));
  }

  /** The youngest failure of the job that has a message; as nextFailure. */
  lastMessage(id: f64, now: f64): i32 {
    return this.answer(this.#engine.lastMessage(this.thread, id, now));
  }

  /**
   * Copies more of the message of the job's failure of that number, from `position` on:
   * RESULT_COUNT bytes; NOT_FOUND when it is gone.
   */
  readFailure(id: f64, number: u32, position: u32): i32 {
    return this.answer(this.#engine.readFailure(this.thread, id, number, position));
  }

  /**
   * Writes to the output slot the tubes made after `number`, in the order in which they were made,
   * as many as fit: RESULT_COUNT entries (TUBE_ENTRY_* of layouts.ts), then MORE; NONE when none
   * was left.
   */
  listTubes(number: f64): i32 {
    return this.answer(this.#engine.listTubes(this.thread, number));
  }

  /**
   * Goes through the tubes, a bounded part of them at a time: writes to the output slot the figures
   * of those made after the one of `number` whose name lies at `offset` of the input slot (0 and no
   * name to begin with), in the order in which they were made. RESULT_COUNT entries, each as in
   * listTubes but with TUBE_FIGURES figures before the name; MORE, or NONE when no tube was left. A
   * call shows at most SURVEY_TUBES tubes and looks at no more than SURVEY_LOOKS priorities of
   * those behind the first, so the lock is held for some tens of microseconds.
   */
  surveyTubes(number: f64, offset: u32, bytes: u32, now: f64): i32 {
    return this.answer(this.#engine.surveyTubes(this.thread, number, offset, bytes, now));
  }

  /**
   * Writes to the output slot, as numbers of 8 bytes, the two histograms of the tube whose name
   * lies at `offset` of the input slot; without a name, the shard's.
   */
  histograms(offset: u32, bytes: u32): i32 {
    return this.answer(this.#engine.histograms(this.thread, offset, bytes));
  }

  /** The next number for a batch; call it on shard 0. */
  nextGroup(): f64 {
    return this.#engine.nextGroup();
  }

  /** Where the u32 lies that is odd while records of several shards are shown; of shard 0. */
  showingAddress(): u32 {
    return this.#engine.showingAddress() >>> 0;
  }

  /** The records of a batch in several shards are about to be shown; call it on shard 0. */
  startShowing(): void {
    this.#engine.startShowing();
  }

  /** They have been shown. */
  endShowing(): void {
    this.#engine.endShowing();
  }

  /** Takes the lock for a batch. Nothing but the calls below may follow before `leaveGroup`. */
  enterGroup(now: f64): i32 {
    return this.answer(this.#engine.enterGroup(this.thread, now));
  }

  /**
   * Gives the lock back. RESULT_COUNT is what the host is to see to once no lock is held: WISH_*, a
   * bit each.
   */
  leaveGroup(): i32 {
    return this.answer(this.#engine.leaveGroup(this.thread));
  }

  /** Whether the job is in this shard: DONE or NOT_FOUND. Takes the lock by itself. */
  hasJob(id: f64): i32 {
    return this.answer(this.#engine.hasJob(this.thread, id));
  }

  /** The same as `hasJob`, under the lock. */
  isHere(id: f64): u32 {
    return this.#engine.isHere(id) >>> 0;
  }

  /**
   * Whether `conn` may delete the job (`what` is FIND_DELETE), holds it (FIND_FINISH, FIND_OTHER),
   * or may move it (FIND_MOVE, FIND_CLAIMED): DONE, NOT_FOUND, or BUSY while somebody else moves
   * it; to move it MORE if it needs a copy. RESULT_REF is its tube, RESULT_BODY_BYTES the length of
   * its body, JOB_STATE its state, JOB_PRI its priority, FOUND_* more about a job that is to move,
   * and RESULT_COUNT most bytes of records that the command may write, beside a message or a
   * result.
   */
  findForGroup(conn: u32, id: f64, what: u32): i32 {
    return this.answer(this.#engine.findForGroup(this.thread, conn, id, what));
  }

  /** Most bytes of what a deletion is recorded with. */
  deletionBytes(job: usize): u32 {
    return this.#engine.deletionBytes(job) >>> 0;
  }

  /**
   * Whether an upload would be the put of a job when `tube` has so many more jobs and bytes than it
   * has now: DONE, FULL, or KNOWN, unless `passesKey`, as `putTagged` says, and then RESULT_COUNT
   * is the cooldown of the key that it meets, in seconds. With DONE RESULT_BODY_BYTES is the length
   * of its body, and RESULT_COUNT most bytes of its records.
   */
  meetInGroup(
    upload: u32,
    tube: u32,
    pri: u32,
    moreJobs: f64,
    moreBytes: f64,
    passesKey: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.meetInGroup(this.thread, upload, tube, pri, moreJobs, moreBytes, passesKey, now),
    );
  }

  /** From here on everything is of batch number `group`. It is certain that it is done. */
  beginGroup(group: f64): void {
    this.#engine.beginGroup(group);
  }

  /**
   * All is done here: 1 if there are records of it, 0 if it changed nothing that survives, and then
   * not even its own.
   */
  closeGroup(): u32 {
    return this.#engine.closeGroup() >>> 0;
  }

  /**
   * The committer may see what there is, which is in so many `shards`, 0 when nothing is here.
   * RESULT_LSN is what the answer depends on.
   */
  endGroup(shards: u32): void {
    this.#engine.endGroup(this.thread, shards);
  }

  /** Makes an upload that was met with DONE the job `id`: DONE, or BURIED as with `put`. */
  putInGroup(
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.putInGroup(this.thread, upload, tube, id, pri, delay, ttrSeconds, now),
    );
  }

  /** Deletes a job that was found for that. */
  deleteInGroup(id: f64, now: f64): void {
    this.#engine.deleteInGroup(id, now);
  }

  /**
   * Finishes a job that was found, with a result, or 0; returns 1 if it is kept, for `keepSeconds`,
   * else 0.
   */
  finishInGroup(id: f64, result: u32, keepSeconds: u32, now: f64): u32 {
    return this.#engine.finishInGroup(id, result, keepSeconds, now) >>> 0;
  }

  /** Releases a job that was found; the answer and `failure` as with `release`. */
  releaseInGroup(id: f64, pri: u32, delay: f64, failure: u32, now: f64): i32 {
    return this.#engine.releaseInGroup(id, pri, delay, failure, now);
  }

  /** Buries a job that was found; `failure` as with `release`. */
  buryInGroup(id: f64, pri: u32, failure: u32, now: f64): void {
    this.#engine.buryInGroup(id, pri, failure, now);
  }

  /** Hands back a job that `conn` was found to hold; the answer as with `handBack`. */
  handBackInGroup(conn: u32, id: f64, delay: f64, now: f64): i32 {
    return this.#engine.handBackInGroup(conn, id, delay, now);
  }

  /** As `openUpload`, for a body that lies whole at `offset` of the input slot. */
  makeUpload(offset: u32, bytes: u32): i32 {
    return this.answer(this.#engine.makeUpload(this.thread, offset, bytes));
  }

  /**
   * Gives an upload the `bytes` bytes of tags at TAGS_OFFSET of the thread's area, and those that
   * the tube gives into which it is to be put; RESULT_COUNT is how many bytes these are together.
   */
  tagUpload(upload: u32, tube: u32, bytes: u32): i32 {
    return this.answer(this.#engine.tagUpload(this.thread, upload, tube, bytes));
  }

  /**
   * Sees to it that the names in the tags of an upload are there, in the turn in which its batch is
   * carried out or refused: DONE or OUT_OF_MEMORY.
   */
  nameUpload(upload: u32): i32 {
    return this.answer(this.#engine.nameUpload(this.thread, upload));
  }

  /**
   * Writes a complete upload's next record ahead of its batch, in which it is to be the put of job
   * `id`; with a journal that has room. DONE when it was the last one, MORE, or OUT_OF_MEMORY.
   */
  recordAhead(
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32 {
    return this.answer(
      this.#engine.recordAhead(this.thread, upload, tube, id, pri, delay, ttrSeconds, now),
    );
  }

  /** Forgets an upload of a batch. With a journal it is a command that needs room in the ring. */
  dropOrder(upload: u32): i32 {
    return this.answer(this.#engine.dropOrder(this.thread, upload));
  }

  /**
   * Keeps what is still needed of the `bytes` bytes of segment `number` staged at `address`, by
   * writing it again at the end of the stream: jobs whose PUT record lies there, latest states,
   * failures, tombstones whose job's segment still exists. RESULT_COUNT is how far it came: MORE
   * when the ring is full, DONE at the end, DAMAGED in front of what is no sound record.
   */
  keep(address: u32, bytes: u32, salt: u32, number: u32): i32 {
    return this.answer(this.#engine.keep(this.thread, address, bytes, salt, number));
  }

  /**
   * As `keep`, for what the file of segment `number` does not tell any more: goes through the jobs,
   * from bucket number `from` of their table on. RESULT_COUNT is where to go on: MORE when the ring
   * is full or enough was done at a time, DONE at the end.
   */
  keepRest(from: u32, number: u32): i32 {
    return this.answer(this.#engine.keepRest(this.thread, from, number));
  }

  /** Shows any job in any state. */
  peek(id: f64, now: f64): i32 {
    return this.answer(this.#engine.peek(this.thread, id, now));
  }

  /** Shows the first job of the tube that is ready, delayed or buried (`kind`). */
  peekTube(tube: u32, kind: i32, now: f64): i32 {
    return this.answer(this.#engine.peekTube(this.thread, tube, kind, now));
  }

  /**
   * Keeps the body of a job, which is longer than INLINE_BODY_MAX, until `unpinBody`, whatever
   * becomes of the job; NOT_FOUND when it is gone already.
   */
  pinBody(id: f64): i32 {
    return this.answer(this.#engine.pinBody(this.thread, id));
  }

  /** Ends what `pinBody` began. */
  unpinBody(id: f64): i32 {
    return this.answer(this.#engine.unpinBody(this.thread, id));
  }

  /**
   * Copies more of a long body, from `position` on, to the output slot: RESULT_COUNT bytes;
   * NOT_FOUND when the job is gone, unless somebody has pinned its body.
   */
  readBody(id: f64, position: u32): i32 {
    return this.answer(this.#engine.readBody(this.thread, id, position));
  }

  /** Begins a result of `bytes` that comes in pieces; `vital` 1: beyond the budget. RESULT_REF. */
  openResult(bytes: u32, vital: u32): i32 {
    return this.answer(this.#engine.openResult(this.thread, bytes, vital));
  }

  /** Adds its next bytes; as `appendFailure`. */
  appendResult(result: u32, position: u32, offset: u32, count: u32, vital: u32): i32 {
    return this.answer(
      this.#engine.appendResult(this.thread, result, position, offset, count, vital),
    );
  }

  /**
   * Ends a job that `conn` holds with a result, which is whole, or 0 when there was no memory for
   * it: DONE, and the result is the engine's; or NOT_FOUND. It is kept for `keepSeconds` if
   * `mayKeep` and there is memory: then RESULT_COUNT is 1. Who awaits the job hears of it in any
   * case.
   */
  finish(conn: u32, id: f64, result: u32, keepSeconds: u32, mayKeep: u32, now: f64): i32 {
    return this.answer(
      this.#engine.finish(this.thread, conn, id, result, keepSeconds, mayKeep, now),
    );
  }

  /**
   * `conn` awaits the end of the job, and is called for when it comes, at once if it is over: DONE,
   * NOT_FOUND, OUT_OF_MEMORY, or MORE when that needs a record of the connection here. `how` is of
   * AWAIT_*: VITAL when it did so in another shard, and no budget keeps it from that.
   */
  awaitJob(conn: u32, id: f64, how: u32, now: f64): i32 {
    return this.answer(this.#engine.awaitJob(this.thread, conn, id, how, now));
  }

  /**
   * Shows in which tube the job is or was of which `conn`, which asked with AWAIT_TUBE, is to be
   * told first: DONE, or NONE. The name of RESULT_NAME_BYTES stands in the output slot, none of a
   * result that is kept. RESULT_REF is IN_TUBE while the job goes on, which `waitOn` is for, and
   * RESULT_COUNT what that wants to be told; else `nextEnd` shows more.
   */
  endTube(conn: u32): i32 {
    return this.answer(this.#engine.endTube(this.thread, conn));
  }

  /**
   * `conn` goes on awaiting the job that `endTube` showed in a tube; if more has happened since, it
   * is due again.
   */
  waitOn(conn: u32, tubes: u32): i32 {
    return this.answer(this.#engine.waitOn(this.thread, conn, tubes));
  }

  /**
   * Shows what `conn` is to be told first: DONE, or NONE. RESULT_ID ended as RESULT_REF (OUTCOME_*)
   * says, with a text of RESULT_BODY_BYTES, of which RESULT_COUNT from `position` on stand in the
   * output slot. What is told depends on RESULT_LSN.
   */
  nextEnd(conn: u32, position: u32): i32 {
    return this.answer(this.#engine.nextEnd(this.thread, conn, position));
  }

  /** `conn` was told what `nextEnd` shows. */
  dropEnd(conn: u32): i32 {
    return this.answer(this.#engine.dropEnd(this.thread, conn));
  }

  /** Shows the kept result of a job that is no more: DONE, as `nextEnd`; or NOT_FOUND. */
  peekResult(id: f64, position: u32, now: f64): i32 {
    return this.answer(this.#engine.peekResult(this.thread, id, position, now));
  }

  /** Bytes of all results that are kept here. */
  resultBytes(): f64 {
    return this.#engine.resultBytes(this.thread);
  }
}
