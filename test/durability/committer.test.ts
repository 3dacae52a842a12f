/* The committer and a thread that talks to it, step by step in one thread: whoever waits for a
 * commit is told of it.
 *
 * The committer runs on the simulated disk. Whenever it calls the disk, or is about to sleep, the
 * other thread may have a turn: it puts and deletes jobs, lets replies out, looks whether it was
 * woken. Nobody may fall asleep while a reply is held and nothing is left that would free it.
 */
import { afterEach, expect, test, vi } from "vitest";
import * as C from "../../assembly/constants.ts";
import { makeShards, openJournals, openShards, ringBytesFor } from "../../src/engine/shards.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { DurabilityLevel } from "../../src/journal/journal-parts.ts";
import type { Common } from "../../src/engine/common.ts";
import { createCommon, journalBoardOf } from "../../src/server/boards.ts";
import { runCommitter } from "../../src/server/committer.ts";
import { openHostJournal } from "../../src/server/host-journal.ts";
import { JournalBoard } from "../../src/server/journal-board.ts";
import { ReplyBuffer } from "../../src/session/reply-buffer.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";

const SEGMENT_BYTES = 1_048_576;
const BODY_BYTES = 60_000;
/**
 * Enough for several segments, and then for several more, most of whose jobs are gone: between two
 * commits they are reclaimed.
 */
const LIVE_JOBS = 50;
const COMMANDS = 500;
/** Far more turns than that takes. */
const TURNS_MAX = 20_000;
const REPLY = new ReplyBuffer(8);

afterEach(() => void vi.restoreAllMocks());

/** The thread that runs sessions: one session, whose client pipelines. */
class Thread {
  answered = 0;
  said = 0;
  heldBytes = 0;
  readonly isGone = false;
  readonly backlogBytes = 0;
  readonly #random: (below: number) => number;
  readonly #common: Common;
  readonly #shard: Shard;
  readonly #tube: number;
  readonly #conn: number;
  readonly #jobs: number[] = [];
  readonly #later: (() => void)[] = [];
  readonly #journal;
  #millis = 0;

  constructor(random: (below: number) => number, common: Common, shard: Shard) {
    this.#random = random;
    this.#common = common;
    this.#shard = shard;
    this.#journal = openHostJournal({
      common,
      thread: 0,
      shards: 1,
      later: (run) => void this.#later.push(run),
      millis: () => (this.#millis += 0.02),
    });
    const { engine } = shard;
    shard.answer(engine.openConn(0, 0));
    this.#conn = shard.field(C.RESULT_REF);
    shard.input.set(new TextEncoder().encode("default"));
    shard.answer(engine.useTube(0, 0, 7, engine.nextNumber()));
    this.#tube = shard.field(C.RESULT_REF);
  }

  /* The client: a reply is one byte. */
  write(bytes: Uint8Array): boolean {
    this.answered += bytes.length;
    return false;
  }
  close(): void {}
  released(): void {}
  pause(): void {}
  resume(): void {}
  readonly peer = "test";

  get isHeld(): boolean {
    return this.#journal.gate.heldCount > 0;
  }

  /** Whether something is left that this thread would do by itself. */
  get isBusy(): boolean {
    return this.#later.length > 0 || this.#isWoken;
  }

  get #isWoken(): boolean {
    let isWoken = false;
    void this.#common.woken(0, (words, index, value) => {
      isWoken = Atomics.load(words, index) !== value;
      return Promise.resolve();
    });
    return isWoken;
  }

  /** Says something: a few jobs come, and most of them go again. */
  speak(): void {
    for (let left = this.#random(4); left >= 0 && this.said < COMMANDS; left--) {
      if (!this.#shard.hasRoom()) return;
      this.said++;
      if (this.#jobs.length < LIVE_JOBS || this.#random(2) === 0) this.#put();
      else this.#delete();
      const { gate } = this.#journal;
      gate.depend(0, this.#shard.field(C.RESULT_LSN));
      gate.write(this, REPLY, 0, 1, this);
    }
    this.#journal.gate.release();
  }

  #put(): void {
    const { engine } = this.#shard;
    const id = engine.nextId();
    let answer = C.OUT_OF_MEMORY;
    do {
      answer = this.#shard.answer(engine.put(0, this.#tube, id, 0, 0, 60, 0, BODY_BYTES, 0));
    } while (answer === C.OUT_OF_MEMORY && this.#shard.growBudget());
    if (answer !== C.DONE) throw new Error(`a put was answered ${answer}`);
    this.#jobs.push(id);
  }

  #delete(): void {
    const [id = 0] = this.#jobs.splice(this.#random(this.#jobs.length), 1);
    const answer = this.#shard.answer(this.#shard.engine.deleteJob(0, this.#conn, id, 0));
    if (answer !== C.DONE) throw new Error(`a delete was answered ${answer}`);
  }

  /** What was to come later comes; and if it was woken, it looks. */
  turn(): void {
    for (const run of this.#later.splice(0)) run();
    if (!this.#isWoken) return;
    this.#common.clearWake(0);
    this.#journal.gate.release();
    this.#journal.gate.woken();
  }
}

/**
 * Runs both to the end. Returns how many files the journal wrote, and gives an error when somebody
 * is forgotten.
 */
async function runBoth(seed: number, level: DurabilityLevel): Promise<number> {
  const random = randomFrom(seed);
  const common = createCommon(1);
  const memories = makeShards(loadEngineModule(), 1, 2, 64_000_000, ringBytesFor(2));
  openJournals(memories, { wallBaseMicros: 1.7e15, keepsReleases: false });
  const [shard] = openShards(memories, 0);
  if (shard === undefined) throw new RangeError("no shard");
  const thread = new Thread(random, common, shard);
  const disk = new SimulatedDisk(random);
  const board = journalBoardOf(common);
  const committerWord = { isAwake: false };
  vi.spyOn(JournalBoard.prototype, "wakeCommitter").mockImplementation(() => {
    committerWord.isAwake = true;
  });
  let turns = 0;
  vi.spyOn(JournalBoard.prototype, "clearWake").mockImplementation(() => {
    committerWord.isAwake = false;
    if (++turns > TURNS_MAX) throw new Error(`seed ${seed}: the committer never rests`);
  });
  vi.spyOn(JournalBoard.prototype, "waitForWork").mockImplementation(() => {
    while (!committerWord.isAwake && thread.isBusy) thread.turn();
    if (committerWord.isAwake) return;
    if (thread.isHeld) throw new Error(`seed ${seed}: both sleep and a reply is held`);
    if (thread.said < COMMANDS) thread.speak();
    else board.stopCommitter();
  });
  let hasBegun = false;
  disk.onCall = () => {
    if (!hasBegun) return;
    if (random(3) === 0) thread.speak();
    if (random(3) === 0) thread.turn();
  };
  const options = { level, intervalMillis: 1e9, segmentBytes: SEGMENT_BYTES };
  const committer = { common: common.buffer, memories, options, strict: true };
  await runCommitter(
    { ...committer, hintIntervalMillis: Infinity },
    {
      directory: "disk",
      storage: disk,
      bootId: "",
      report: ({ kind }) => (hasBegun ||= kind === "recovered"),
    },
  );
  thread.turn();
  expect([thread.said, thread.answered]).toEqual([COMMANDS, COMMANDS]);
  return Math.max(...disk.names.map((name) => Number(/^journal\.(\d+)$/.exec(name)?.[1] ?? 0)));
}

test.each(["sync", "interval", "os"] as const)(
  "at level %s nobody sleeps while a reply waits for a commit that was made, also when reclaiming made it",
  async (level) => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(await runBoth(seed, level)).toBeGreaterThan(4); // so much was written that it had to be reclaimed
      vi.restoreAllMocks();
    }
  },
);
