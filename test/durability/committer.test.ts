/* The committer and two threads that lead commits, step by step in one thread: whoever waits for a
 * commit is told of it, whoever makes it.
 *
 * They run on the simulated disk. Whenever one of them calls the disk, or the committer is about to
 * sleep, the others may have a turn: they put and delete jobs, lead a commit or leave it, let
 * replies out, look whether they were woken. Nobody may fall asleep while a reply is held and
 * nothing is left that would free it.
 */
import { afterEach, expect, test, vi } from "vitest";
import * as C from "../../assembly/constants.ts";
import { makeShards, openJournals, openShards, ringBytesFor } from "../../src/engine/shards.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import type { DurabilityLevel, JournalOptions } from "../../src/journal/journal-parts.ts";
import { Lead } from "../../src/journal/lead.ts";
import { CommitLock } from "../../src/broker/commit-lock.ts";
import { commitPartsOf } from "../../src/broker/commit-parts.ts";
import type { Common } from "../../src/engine/common.ts";
import { createCommon, journalBoardOf } from "../../src/broker/boards.ts";
import { runCommitter } from "../../src/broker/committer.ts";
import { openHostJournal } from "../../src/broker/host-journal.ts";
import { JournalBoard } from "../../src/broker/journal-board.ts";
import { Leader, LONG_MILLIS } from "../../src/broker/leader.ts";
import { ReplyBuffer } from "../../src/session/reply-buffer.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";

const SEGMENT_BYTES = 1_048_576;
/** Bodies: with large ones the rings are soon so full that the committer is put in charge. */
const LARGE_BYTES = 60_000;
const SMALL_BYTES = 100;
/** Threads that lead. */
const THREADS = 2;
/** One commit in so many takes its leader longer than a thread may wait. */
const LONG_ODDS = 25;
/**
 * Enough for several segments, and then for several more, most of whose jobs are gone: between two
 * commits they are reclaimed.
 */
const LIVE_JOBS = 50;
const COMMANDS = 400;
/** Far more turns than that takes. */
const TURNS_MAX = 20_000;
const RING_BYTES = ringBytesFor(THREADS + 1);
const REPLY = new ReplyBuffer(8);

afterEach(() => void vi.restoreAllMocks());

/** What the threads are made in. */
interface Scene {
  readonly random: (below: number) => number;
  readonly common: Common;
  readonly memories: ShardMemories;
  readonly disk: SimulatedDisk;
  readonly level: DurabilityLevel;
}

/** A thread that runs sessions: one session, whose client pipelines. */
class Thread {
  answered = 0;
  said = 0;
  heldBytes = 0;
  heldClass = 0;
  readonly isGone = false;
  readonly backlogBytes = 0;
  /** Commits that it led to their end. */
  led = 0;
  /** It waits for the disk. */
  isLeading = false;
  readonly #index: number;
  readonly #random: (below: number) => number;
  readonly #common: Common;
  readonly #shard: Shard;
  readonly #tube: number;
  readonly #conn: number;
  readonly #jobs: number[] = [];
  readonly #later: (() => void)[] = [];
  readonly #journal;
  #millis = 0;

  constructor(scene: Scene, index: number) {
    const { random, common, memories } = scene;
    const handles = openShards(memories, index);
    const [shard] = handles;
    if (shard === undefined) throw new RangeError("no shard");
    this.#index = index;
    this.#random = random;
    this.#common = common;
    this.#shard = shard;
    this.#journal = openHostJournal({
      common,
      thread: index,
      shards: 1,
      level: "sync",
      resultBytesMax: C.RESULT_BYTES_MAX,
      later: (run) => void this.#later.push(run),
      millis: () => this.#tell(),
      openLeader: () => this.#openLeader(scene, handles),
    });
    this.#journal.onCommitted(() => {
      this.led++;
      this.#look();
    });
    shard.openConn(index);
    this.#conn = shard.field(C.RESULT_REF);
    shard.input.set(new TextEncoder().encode("default"));
    shard.useTube(0, 7, shard.nextNumber());
    this.#tube = shard.field(C.RESULT_REF);
  }

  #openLeader(scene: Scene, handles: readonly Shard[]): Leader {
    const { common, memories, disk, level } = scene;
    const options = optionsOf(level);
    const lead = new Lead(commitPartsOf({ common, memories, handles, options, storage: disk }));
    const commit = lead.commit.bind(lead);
    vi.spyOn(lead, "commit").mockImplementation(() => {
      this.isLeading = true;
      const outcome = commit();
      this.isLeading = false;
      return outcome;
    });
    return new Leader({
      thread: this.#index,
      common,
      board: journalBoardOf(common),
      lead,
      millis: () => this.#tell() + (this.#random(LONG_ODDS) === 0 ? LONG_MILLIS : 0),
      failed: (error) => {
        throw error;
      },
    });
  }

  #tell(): number {
    this.#millis += 0.02;
    return this.#millis;
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
    void this.#common.woken(this.#index, (words, index, value) => {
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
    const id = this.#shard.nextId();
    const bytes = this.#random(3) === 0 ? LARGE_BYTES : SMALL_BYTES;
    let answer = C.OUT_OF_MEMORY;
    do {
      answer = this.#shard.put(this.#tube, id, 0, 0, 60, 0, bytes, 0);
    } while (answer === C.OUT_OF_MEMORY && this.#shard.growBudget());
    if (answer !== C.DONE) throw new Error(`a put was answered ${answer}`);
    this.#jobs.push(id);
  }

  #delete(): void {
    const [id = 0] = this.#jobs.splice(this.#random(this.#jobs.length), 1);
    const answer = this.#shard.deleteJob(this.#conn, id, 0);
    if (answer !== C.DONE) throw new Error(`a delete was answered ${answer}`);
  }

  /** What was to come later comes; and if it was woken, it looks. */
  turn(): void {
    for (const run of this.#later.splice(0)) run();
    if (!this.#isWoken) return;
    this.#common.clearWake(this.#index);
    this.#look();
  }

  #look(): void {
    this.#journal.gate.release();
    this.#journal.woken();
    this.#journal.gate.woken();
  }
}

function optionsOf(level: DurabilityLevel): JournalOptions {
  return { level, intervalMillis: 1e9, segmentBytes: SEGMENT_BYTES, comingBytes: 0 };
}

/** What a run showed. */
interface Shown {
  /** The highest number of a segment. */
  readonly segments: number;
  /** Commits that each thread led. */
  readonly led: readonly number[];
  /** How often the committer was put in charge. */
  readonly handedOver: number;
}

/** Runs all to the end. Gives an error when somebody is forgotten. */
async function runAll(seed: number, level: DurabilityLevel): Promise<Shown> {
  const random = randomFrom(seed);
  const common = createCommon(THREADS);
  const memories = makeShards(loadEngineModule(), 1, THREADS + 1, 64_000_000, RING_BYTES);
  openJournals(memories, { wallBaseMicros: 1.7e15, keepsReleases: false });
  const disk = new SimulatedDisk(random);
  const scene = { random, common, memories, disk, level };
  const threads = Array.from({ length: THREADS }, (_, index) => new Thread(scene, index));
  const free = (): readonly Thread[] => threads.filter(({ isLeading }) => !isLeading);
  const setLed = CommitLock.prototype.setLed;
  let handedOver = 0;
  vi.spyOn(CommitLock.prototype, "setLed").mockImplementation(function (this: CommitLock, isLed) {
    if (!isLed && this.isLed) handedOver++;
    setLed.call(this, isLed);
  });
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
    while (!committerWord.isAwake && threads.some(({ isBusy }) => isBusy)) {
      for (const thread of threads) if (random(2) === 0) thread.turn();
    }
    if (committerWord.isAwake) return;
    if (threads.some(({ isHeld }) => isHeld)) {
      throw new Error(`seed ${seed}: all sleep and a reply is held`);
    }
    const speakers = threads.filter(({ said }) => said < COMMANDS);
    for (const thread of speakers) thread.speak();
    if (speakers.length === 0) board.stopCommitter();
  });
  let hasBegun = false;
  disk.onCall = () => {
    if (!hasBegun) return;
    for (const thread of free()) {
      if (random(3) === 0) thread.speak();
      if (random(3) === 0) thread.turn();
    }
  };
  const options = optionsOf(level);
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
  for (const thread of threads) {
    thread.turn();
    expect([thread.said, thread.answered]).toEqual([COMMANDS, COMMANDS]);
  }
  const numbers = disk.names.map((name) => Number(/^journal\.(\d+)$/.exec(name)?.[1] ?? 0));
  return { segments: Math.max(...numbers), led: threads.map(({ led }) => led), handedOver };
}

test.each(["sync", "interval", "os"] as const)(
  "at level %s nobody sleeps while a reply waits for a commit that was made, by a leader, by the committer or by reclaiming",
  async (level) => {
    const led = [0, 0];
    let handedOver = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const shown = await runAll(seed, level);
      expect(shown.segments).toBeGreaterThan(4); // so much was written that it had to be reclaimed
      for (const [at, count] of shown.led.entries()) led[at] = (led[at] ?? 0) + count;
      handedOver += shown.handedOver;
      vi.restoreAllMocks();
    }
    expect(Math.min(...led)).toBeGreaterThan(100);
    expect(handedOver).toBeGreaterThan(50);
  },
);
