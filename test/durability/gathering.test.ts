/*
 * Gathering: a commit begins when the connections that are about to send have been read, and waits
 * for no other.
 */
import { expect, test } from "vitest";
import { Gathering } from "../../src/broker/gathering.ts";
import { journalThat, World } from "../support/session-world.ts";

class Thread {
  millis = 0;
  commitMillis = 0.8;
  wakes = 0;
  readonly #later: (() => void)[] = [];
  readonly gathering = new Gathering({
    later: (run) => void this.#later.push(run),
    millis: () => this.millis,
    commitMillis: () => this.commitMillis,
    commit: () => void this.wakes++,
  });

  /**
   * All connections that have something to say are heard; `passes` milliseconds later they are
   * done.
   */
  hear(passes: number): void {
    this.millis += passes;
    for (const run of this.#later.splice(0)) run();
  }

  get isGathering(): boolean {
    return this.#later.length > 0;
  }
}

/** A thread of whose connections `count` were answered by the last commit. */
function afterCommitOf(count: number): Thread {
  const thread = new Thread();
  thread.gathering.held(count);
  thread.hear(0);
  thread.gathering.held(0);
  thread.wakes = 0;
  return thread;
}

test("a client that is alone waits for nobody", () => {
  const thread = new Thread();
  for (let round = 1; round <= 3; round++) {
    thread.gathering.held(1);
    thread.hear(0);
    expect([thread.wakes, thread.isGathering]).toEqual([round, false]);
    thread.gathering.held(0);
  }
});

test("the commit begins as soon as all have come who were answered last, and no sooner", () => {
  const thread = afterCommitOf(3);
  thread.gathering.held(1);
  thread.hear(0.01);
  thread.gathering.held(2);
  thread.hear(0.01);
  expect(thread.wakes).toBe(0);
  thread.gathering.held(3);
  thread.hear(0.01);
  expect([thread.wakes, thread.isGathering]).toEqual([1, false]);
});

/** How many looks a commit is worth that took as long as `afterCommitOf` says. */
const LOOKS = 20;

test("the more replies are held, the fewer looks are made in vain before the commit begins", () => {
  for (const held of [1, 2, 5, 10, 19, 20, 100]) {
    const thread = afterCommitOf(1000);
    thread.gathering.held(held);
    thread.hear(0); // this one brought them
    let inVain = 0;
    while (thread.wakes === 0) {
      thread.hear(0.001);
      inVain++;
    }
    expect([held, inVain]).toEqual([held, Math.ceil(LOOKS / held)]);
  }
});

test("a look that brings a reply makes up for those that were in vain", () => {
  const thread = afterCommitOf(20);
  for (let held = 1; held < 10; held++) {
    thread.gathering.held(held);
    thread.hear(0);
    for (let inVain = 1; inVain < LOOKS / held; inVain++) thread.hear(0.001);
    expect(thread.wakes).toBe(0);
  }
  for (let inVain = 0; inVain < LOOKS; inVain++) thread.hear(0.001);
  expect([thread.wakes, thread.isGathering]).toEqual([1, false]);
});

test("after a commit that cost little fewer looks are made in vain", () => {
  const thread = afterCommitOf(3);
  thread.commitMillis = 0.024;
  thread.gathering.held(1);
  thread.hear(0);
  thread.hear(0.001);
  thread.hear(0.001);
  expect(thread.wakes).toBe(0);
  thread.hear(0.001);
  expect([thread.wakes, thread.isGathering]).toEqual([1, false]);
});

test("however many come, the commit begins after twice as long as the last one took, and after a millisecond at most", () => {
  for (const [commitMillis, looks] of [
    [0.3, 12],
    [30, 20],
  ] as const) {
    const thread = afterCommitOf(1000);
    thread.commitMillis = commitMillis;
    let held = 0;
    let heard = 0;
    while (thread.wakes === 0) {
      thread.gathering.held(++held);
      thread.hear(0.05);
      heard++;
    }
    expect(Math.abs(heard - looks)).toBeLessThanOrEqual(1); // sums of 0.05 are not exact
  }
});

test("a client that went away is waited for once", () => {
  const thread = afterCommitOf(2);
  thread.gathering.held(1);
  thread.hear(0);
  for (let inVain = 0; inVain < LOOKS; inVain++) thread.hear(0.001);
  expect(thread.wakes).toBe(1);
  thread.gathering.held(0);
  thread.gathering.held(1);
  thread.hear(0);
  expect(thread.wakes).toBe(2);
});

test("who is still held after a commit has another one begin, with those who were answered", () => {
  const thread = new Thread();
  thread.gathering.held(3);
  thread.hear(0);
  thread.gathering.held(1); // two of them are answered
  expect([thread.wakes, thread.isGathering]).toEqual([1, true]);
  thread.hear(0.01);
  expect(thread.wakes).toBe(1);
  thread.gathering.held(3);
  thread.hear(0.01);
  expect(thread.wakes).toBe(2);
});

test("when all has left meanwhile the committer is left alone", () => {
  const thread = new Thread();
  thread.gathering.held(1);
  thread.gathering.held(0);
  thread.hear(0.2);
  expect([thread.wakes, thread.isGathering]).toEqual([0, false]);
});

test("a thread that is woken by a commit that came too early for it gathers anew", () => {
  const said: number[] = [];
  const safe = { safePosition: () => 0, held: (count: number) => void said.push(count) };
  const world = new World({ journal: journalThat(safe) });
  world.host().wake();
  expect(said).toEqual([]);
  world.connect().say("put 0 0 60 1\r\nx\r\n");
  expect(said).toEqual([1]);
  world.host().wake();
  expect(said).toEqual([1, 1]);
});
