/*
 * The replicator before it leads: what it does with the lease, and what it tells.
 */
import { expect, test } from "vitest";
import { createCommon } from "../../src/broker/boards.ts";
import { runReplicator } from "../../src/broker/replicator.ts";
import type { ReplicatorReport, ReplicatorSurroundings } from "../../src/broker/replicator.ts";
import { segmentName } from "../../src/journal/format.ts";
import { RemoteError } from "../../src/remote-log.ts";
import type { RemoteLog } from "../../src/remote-log.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

function calmRemote(): SimulatedRemote {
  const remote = new SimulatedRemote(() => 0, RemoteError);
  remote.isCalm = true;
  return remote;
}

/** Runs it until it ends, with a lease that never runs out; resolves with why it ended. */
function run(
  storage: SimulatedDisk,
  openLog: () => RemoteLog,
  more: Partial<ReplicatorSurroundings> = {},
): Promise<unknown> {
  const common = createCommon(1).buffer;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const around: ReplicatorSurroundings = {
    openLog,
    storage,
    leader: "bob",
    report: () => undefined,
    led: () => undefined,
    listen: () => undefined,
    pause: turn,
    breathe: turn,
    ...more,
  };
  const seed = { common, leaseMillis: 600_000, publishes: true };
  return runReplicator(seed, around).catch((error: unknown) => error);
}

test("a directory that is no copy is refused before the lease is taken", async () => {
  const remote = calmRemote();
  await remote.answered(remote.connect().lead(1, 1, "ann"));
  const disk = new SimulatedDisk(() => 0);
  disk.create(segmentName(1));
  let isHeld = false;
  const openLog = (): RemoteLog => {
    const log = remote.connect();
    const claim = log.claim.bind(log);
    log.claim = async (leader) => {
      isHeld = true;
      return claim(leader);
    };
    return log;
  };
  const why = await remote.answered(run(disk, openLog));
  expect(why).toMatchObject({ code: "HM_REMOTE_FAILED" });
  expect(isHeld).toBe(false);
});

test("a take-over that fails gives the lease back", async () => {
  const remote = calmRemote();
  const disk = new SimulatedDisk(() => 0);
  disk.onCall = (kind) => {
    if (kind === "create") throw new TypeError("the disk is gone");
  };
  const why = await remote.answered(run(disk, () => remote.connect()));
  expect(why).toBeInstanceOf(TypeError);
  expect(remote.holder).toBe("");
});

test("each reason why the log cannot be used is told, once until it can be again", async () => {
  const remote = calmRemote();
  const disk = new SimulatedDisk(() => 0);
  const told: (string | undefined)[] = [];
  const failures = ["down", "down", "unsafe", "down", undefined, "down"];
  const openLog = (): RemoteLog => {
    const log = remote.connect();
    log.claim = async () => {
      if (failures.length === 0) throw new RemoteError("HM_REMOTE_FAILED", "that is all");
      const why = failures.shift();
      if (why !== undefined) throw new RemoteError("HM_REMOTE_UNREACHABLE", why);
      return { isTaken: false, leader: "ann", epoch: 1, leftMillis: 0 };
    };
    return log;
  };
  const report = (one: ReplicatorReport): void => {
    if (one.kind === "copyLost") told.push(one.why);
  };
  await remote.answered(run(disk, openLog, { report }));
  expect(told).toEqual(["down", "unsafe", undefined, "down"]);
});
