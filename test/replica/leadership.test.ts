/*
 * Who leads and how far the copy is, as a server shows it: to probes, in figures, in an exposition.
 */
import { expect, test } from "vitest";
import { copyBoardOf, createCommon } from "../../src/broker/boards.ts";
import { Leadership } from "../../src/broker/leadership.ts";
import { leaderOf, runReplicator } from "../../src/broker/replicator.ts";
import type { CopyOrder, Lead } from "../../src/broker/copying.ts";
import type { ReplicatorReport } from "../../src/broker/replicator.ts";
import { troubleOf } from "../../src/http/health.ts";
import { RemoteError } from "../../src/remote-log.ts";
import { exposition } from "../../src/observability/exposition.ts";
import { copyFigures } from "../../src/server/copy-figures.ts";
import type { HttpSurroundings } from "../../src/server/http-service.ts";
import { ownAddress } from "../../src/server/own-address.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { ParsedMetrics } from "../observability/parsed-metrics.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

/** A server whose replicator runs on a log in memory. */
class Shown {
  readonly common = createCommon(1);
  readonly board = copyBoardOf(this.common);
  readonly leadership: Leadership;
  readonly told: ReplicatorReport[] = [];
  readonly ended: Promise<void>;
  lead: Lead | undefined;
  order: (order: CopyOrder) => void = () => undefined;

  constructor(remote: SimulatedRemote, address: string) {
    const clock = this.common.clock();
    this.leadership = new Leadership(this.board, address, () => clock() / 1000);
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const seed = { common: this.common.buffer, leaseMillis: 600_000, publishes: true };
    this.ended = runReplicator(seed, {
      openLog: () => remote.connect(),
      storage: new SimulatedDisk(() => 0),
      leader: leaderOf(address, `1:${address}`),
      report: (report) => {
        this.told.push(report);
        this.leadership.hear(report);
      },
      led: (lead) => (this.lead = lead),
      listen: (heard) => (this.order = heard),
      pause: turn,
      breathe: turn,
    });
  }

  get trouble(): string | undefined {
    const { common, leadership } = this;
    const around = { common, leadership, inProcess: { isReady: false } };
    return troubleOf(around as unknown as HttpSurroundings);
  }
}

async function turnsUntil(remote: SimulatedRemote, isSo: () => boolean): Promise<void> {
  for (let left = 1000; !isSo() && left > 0; left--) await remote.advance();
  expect(isSo()).toBe(true);
}

test("a standby tells who leads and in which epoch, and the leader how far the copy is", async () => {
  const remote = new SimulatedRemote(() => 0, RemoteError);
  remote.isCalm = true;
  const ann = new Shown(remote, "ann:11300");
  expect(ann.trouble).toBe("recovering");
  await turnsUntil(remote, () => ann.leadership.state.role === "leader");
  expect(ann.leadership.state).toEqual({ role: "leader", leader: "ann:11300", epoch: 1 });
  const bob = new Shown(remote, "unix:/run/two words");
  await turnsUntil(remote, () => bob.leadership.state.role === "standby");
  expect(bob.leadership.state).toEqual({ role: "standby", leader: "ann:11300", epoch: 1 });
  expect(bob.trouble).toBe("standing by; ann:11300 leads");
  expect(bob.leadership.figures).toMatchObject({
    epoch: 0,
    position: 0,
    lagBytes: 0,
    leaseMillis: 0,
  });

  const reached = ann.leadership.figures.position;
  const body = new Uint8Array(100);
  const write = { kind: "write", file: "journal.1", position: 0, body } as const;
  ann.board.countWaiting(body.length);
  ann.order({ kind: "operations", operations: [write] });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const waiting = ann.leadership.figures;
  expect(waiting).toMatchObject({ epoch: 1, position: reached, lagBytes: 100 });
  expect(waiting.lagMillis).toBeGreaterThan(1);
  await turnsUntil(remote, () => ann.leadership.figures.position === reached + 1);
  expect(ann.leadership.figures).toMatchObject({ lagBytes: 0, lagMillis: 0 });

  ann.order({ kind: "end" });
  await remote.answered(ann.ended);
  await turnsUntil(remote, () => bob.leadership.state.role === "leader");
  expect(bob.leadership.state).toEqual({ role: "leader", leader: "unix:/run/two words", epoch: 2 });
  expect(ann.lead).toEqual({ epoch: 1, isFetched: false });
  expect(bob.lead).toEqual({ epoch: 2, isFetched: true });
  bob.order({ kind: "end" });
  await remote.answered(bob.ended);
});

test("an exposition has the copy of a leader, who leads of a standby, and nothing without a copy", async () => {
  const noPause = (): Promise<void> => Promise.resolve();
  const board = copyBoardOf(createCommon(1));
  const leadership = new Leadership(board, "ann:11300", () => 2000);
  board.leadsUntil = 5000;
  board.setLeading(3, 2);
  board.setReached(17, 500);
  board.countWaiting(9);
  leadership.hear({ kind: "leading", epoch: 3, fetchedBytes: 0 });
  const shown = new ParsedMetrics(await exposition(copyFigures(leadership), noPause));
  const value = (name: string): unknown => shown.value(`homemaker_copy_${name}`);
  expect(["leading", "epoch", "position", "lag_bytes"].map(value)).toEqual([1, 3, 17, 9]);
  expect(["lag_seconds", "lease_seconds", "standbys"].map(value)).toEqual([1.5, 3, 2]);
  expect(shown.labels("homemaker_copy_epoch", "leader")).toEqual(new Set(["ann:11300"]));
  leadership.hear({ kind: "standby", leader: "bob:11300", epoch: 4 });
  const after = new ParsedMetrics(await exposition(copyFigures(leadership), noPause));
  expect(after.value("homemaker_copy_leading")).toBe(0);
  expect(after.labels("homemaker_copy_epoch", "leader")).toEqual(new Set(["bob:11300"]));
  expect((await exposition(copyFigures(undefined), noPause)).trim()).toBe("");
});

test("others are told of the address that was asked for, with the host's name for a wildcard", () => {
  const at = (host: string) => [{ kind: "tcp", host, port: 11300 } as const];
  expect(ownAddress(at("10.0.0.7"), "box")).toBe("10.0.0.7:11300");
  expect(ownAddress(at("0.0.0.0"), "box")).toBe("box:11300");
  expect(ownAddress(at("::"), "box")).toBe("box:11300");
  expect(ownAddress([{ kind: "tls", host: "::", port: 1 }], "box")).toBe("tls://box:1");
  expect(ownAddress([{ kind: "unix", path: "/run/q" }], "box")).toBe("unix:/run/q");
  expect(ownAddress([], "box")).toBe("box");
});
