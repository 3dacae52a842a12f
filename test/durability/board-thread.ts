/*
 * Board thread: one of the two threads that hammer the board in board.test.ts: it holds replies, or
 * it is the committer.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Common } from "../../src/engine/common.ts";
import { journalBoardOf } from "../../src/broker/boards.ts";

/** What such a thread is given. */
export interface BoardThreadSeed {
  readonly common: SharedArrayBuffer;
  /** Two words: the position that is wanted, and 1 when it is over. */
  readonly words: SharedArrayBuffer;
  readonly role: "holder" | "committer";
  readonly rounds: number;
  /** What the holder waits for: that replies are safe, or room in a ring. */
  readonly waitsFor: "safe" | "room";
}

/** Longer than any delay of a busy machine: whoever waits for so long was forgotten. */
const FORGOTTEN_MILLIS = 5000;
const WANTED = 0;
const OVER = 1;

const { common: buffer, words: shared, role, rounds, waitsFor } = workerData as BoardThreadSeed;
const common = new Common(buffer);
const board = journalBoardOf(common);
const words = new Int32Array(shared);

function setWaiting(waits: boolean): void {
  if (waitsFor === "safe") board.setHolding(0, waits);
  else board.setAwaitsRoom(0, waits);
}

/** Wants one position after the other to become safe. Returns how often nobody woke it. */
async function hold(): Promise<number> {
  let forgotten = 0;
  for (let round = 1; round <= rounds; round++) {
    Atomics.store(words, WANTED, round);
    common.clearWake(0);
    setWaiting(true);
    board.wakeCommitter();
    while (board.safePosition(0) < round) await common.woken(0, wait);
    setWaiting(false);
  }
  Atomics.store(words, OVER, 1);
  board.wakeCommitter();
  return forgotten;

  function wait(all: Int32Array, index: number, value: number): Promise<void> {
    const outcome = Atomics.wait(
      all as Int32Array<SharedArrayBuffer>,
      index,
      value,
      FORGOTTEN_MILLIS,
    );
    if (outcome === "timed-out") forgotten++;
    common.clearWake(0);
    return Promise.resolve();
  }
}

/**
 * Makes safe what is wanted. Returns how often it was woken by nobody although there was something
 * to do.
 */
function commit(): number {
  let forgotten = 0;
  while (Atomics.load(words, OVER) === 0) {
    board.clearWake();
    const wanted = Atomics.load(words, WANTED);
    if (wanted > board.safePosition(0)) {
      board.publish(0, wanted);
      const { low, high } = board.waiting(common.threads);
      if ((low | high) !== 0) common.wakeThreads(low, high);
      continue;
    }
    const began = performance.now();
    board.waitForWork(FORGOTTEN_MILLIS);
    if (performance.now() - began >= FORGOTTEN_MILLIS) forgotten++;
  }
  return forgotten;
}

parentPort?.postMessage(role === "holder" ? await hold() : commit());
