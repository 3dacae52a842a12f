/*
 * The committer of a server that leads: when it lets another one lead, and what it waits for first.
 */
import { afterEach, expect, test, vi } from "vitest";
import { openJournals, makeShards, ringBytesFor } from "../../src/engine/shards.ts";
import { copyBoardOf, createCommon, journalBoardOf } from "../../src/broker/boards.ts";
import { runCommitter } from "../../src/broker/committer.ts";
import type { CommitterReport } from "../../src/broker/committer.ts";
import { CopyBoard } from "../../src/broker/copy-board.ts";
import { Copying } from "../../src/broker/copying.ts";
import type { CopyOrder } from "../../src/broker/copying.ts";
import { JournalBoard } from "../../src/broker/journal-board.ts";
import { StorageError } from "../../src/storage.ts";
import { loadEngineModule } from "../journal/machine.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";

afterEach(() => void vi.restoreAllMocks());

/** Runs a committer until it is told to stop; `idle` is called whenever it has nothing to do. */
async function run(
  disk: SimulatedDisk,
  idle: (common: ReturnType<typeof createCommon>, turn: number) => void,
): Promise<{ readonly told: readonly CommitterReport[]; readonly orders: readonly CopyOrder[] }> {
  const common = createCommon(1);
  const memories = makeShards(loadEngineModule(), 1, 2, 64_000_000, ringBytesFor(2));
  openJournals(memories, { wallBaseMicros: 1.7e15, keepsReleases: false });
  const told: CommitterReport[] = [];
  const orders: CopyOrder[] = [];
  let turn = 0;
  vi.spyOn(JournalBoard.prototype, "waitForWork").mockImplementation(() => idle(common, ++turn));
  await runCommitter(
    {
      common: common.buffer,
      memories,
      options: { level: "sync", intervalMillis: 0, segmentBytes: 1_048_576, comingBytes: 0 },
      strict: true,
      hintIntervalMillis: Infinity,
    },
    {
      directory: "disk",
      storage: disk,
      bootId: "",
      report: (report) => void told.push(report),
      copy: {
        led: () => Promise.resolve({ epoch: 1, isFetched: false }),
        post(order) {
          orders.push(order);
          if (order.kind === "end") copyBoardOf(common).setEnded();
        },
      },
    },
  );
  return { told, orders };
}

test("a leader whose journal cannot be written steps down when it is asked to, and gives the lease back", async () => {
  const disk = new SimulatedDisk(() => 0);
  disk.onCall = (kind) => {
    if (kind === "create") throw new StorageError("HM_STORAGE_READ_ONLY", "read-only");
  };
  const { told, orders } = await run(disk, (common, turn) => {
    if (turn === 2) copyBoardOf(common).askToStepDown();
    if (turn === 4) journalBoardOf(common).stopCommitter();
  });
  expect(told.map(({ kind }) => kind)).toEqual(["recovered", "readOnly", "stepDown", "stopped"]);
  expect(orders.map(({ kind }) => kind)).toEqual(["end"]);
});

/** Ends a copying while the replicator gets so many bytes there in each tenth of a second. */
function ended(bytes: number, goesOn: (millis: number) => boolean): [lacks: unknown, at: number] {
  const board = copyBoardOf(createCommon(1));
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  vi.spyOn(CopyBoard.prototype, "waitForEnd").mockImplementation((millis) => {
    now += millis;
    if (goesOn(now)) board.countWaiting(-Math.min(bytes, board.waitingBytes));
    return board.waitingBytes === 0;
  });
  const orders: CopyOrder[] = [];
  const link = {
    led: () => new Promise<never>(() => {}),
    post: (one: CopyOrder) => orders.push(one),
  };
  const copying = new Copying(new SimulatedDisk(() => 0), link, board, () => true);
  board.countWaiting(20_000);
  const lacks = copying.end();
  expect(orders).toEqual([{ kind: "end" }]);
  return [lacks, now];
}

test("who stops waits for the copy as long as that gets on, and says what it lacks otherwise", () => {
  expect(ended(100, () => true)).toEqual([undefined, 20_000]);
  expect(ended(100, (now) => now <= 10_000)).toEqual([10_000, 14_000]);
  expect(ended(10, () => true)).toEqual([17_000, 30_000]);
});

test("a stop that is cut short is told, with what the copy lacks", async () => {
  vi.spyOn(Copying.prototype, "end").mockReturnValue(17);
  const { told } = await run(new SimulatedDisk(() => 0), (common) => {
    journalBoardOf(common).stopCommitter();
  });
  expect(told.slice(-2)).toEqual([{ kind: "copyCutShort", lackingBytes: 17 }, { kind: "stopped" }]);
});
