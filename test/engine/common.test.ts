import { describe, expect, it } from "vitest";
import { Common, COUNTER_FREE } from "../../src/engine/common.ts";

const NEVER = new Promise<string>((resolve) => setTimeout(resolve, 60_000, "late").unref());

function waitForChange(words: Int32Array, index: number, value: number): Promise<void> {
  const { value: changed } = Atomics.waitAsync(
    words as Int32Array<SharedArrayBuffer>,
    index,
    value,
  );
  return Promise.resolve(changed).then(() => undefined);
}

async function isWoken(common: Common, thread: number): Promise<string> {
  const woken = common.woken(thread, waitForChange).then(() => "woken");
  return Promise.race([woken, NEVER]);
}

describe("the common memory", () => {
  it("wakes the threads whose bits are set, in both words", async () => {
    const common = Common.create(64);
    const waiting = [0, 31, 32, 63].map((thread) => isWoken(common, thread));
    common.wakeThreads(1 | (1 << 31), 1 | (1 << 31));
    expect(await Promise.all(waiting)).toEqual(["woken", "woken", "woken", "woken"]);
  });

  it("does not lose a wake-up that comes between clearing and waiting", async () => {
    const common = Common.create(2);
    common.clearWake(1);
    common.wakeThreads(2, 0);
    expect(await isWoken(common, 1)).toBe("woken");
  });

  it("wakes a thread again after it has cleared the wake-up before", async () => {
    const common = Common.create(1);
    for (let round = 0; round < 100; round++) {
      common.clearWake(0);
      const waiting = isWoken(common, 0);
      common.wakeThreads(1, 0);
      common.wakeThreads(1, 0);
      expect(await waiting).toBe("woken");
    }
  });

  it("hands wake-ups to the relay where there is one", () => {
    const relayed: number[] = [];
    const { buffer } = Common.create(2);
    new Common(buffer, (low, high) => relayed.push(low, high)).wakeThreads(2, 1);
    expect(relayed).toEqual([2, 1]);
  });

  it("sums a counter over all threads", () => {
    const common = Common.create(3);
    for (const thread of [0, 1, 2]) common.counters(thread)[COUNTER_FREE] = 2 ** 40 + thread;
    expect(new Common(common.buffer).total(COUNTER_FREE)).toBe(3 * 2 ** 40 + 3);
  });

  it("admits as many connections as there may be, and one more for each that left", () => {
    const common = Common.create(1);
    const admitted = [1, 2, 3].map(() => common.admitConnection(2));
    common.releaseConnection();
    expect([...admitted, common.admitConnection(2), common.openConnections]).toEqual([
      true,
      true,
      false,
      true,
      2,
    ]);
  });

  it("has one clock for everyone who attaches", () => {
    const common = Common.create(1);
    const clocks = [common.clock(), new Common(common.buffer).clock()];
    const times = clocks.flatMap((clock) => [clock(), clock()]);
    expect(times[0]).toBeGreaterThan(0);
    expect(Math.abs((times[0] ?? 0) - (times[2] ?? 0))).toBeLessThan(1_000_000);
  });

  it("enters and leaves drain mode, and says who was the first", () => {
    const common = Common.create(1);
    const other = new Common(common.buffer);
    expect([common.startDraining(), other.startDraining(), common.draining]).toEqual([
      true,
      false,
      true,
    ]);
    expect([other.stopDraining(), common.stopDraining(), common.draining]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("keeps drain mode and the end for everyone to see", () => {
    const common = Common.create(1);
    const other = new Common(common.buffer);
    common.startDraining();
    common.startStopping();
    expect([other.draining, other.stopping]).toEqual([true, true]);
  });
});
