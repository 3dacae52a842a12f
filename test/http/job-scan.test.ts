/* Whether a job that was listed is still wanted, on a real shard. */
import { expect, test } from "vitest";
import { Common } from "../../src/engine/common.ts";
import type { JobState } from "../../src/http/api-jobs.ts";
import { isWanted } from "../../src/http/job-scan.ts";
import { Desk } from "../../src/session/desk.ts";
import { OneTube, TUBE } from "../engine/one-tube.ts";
import { NO_PROCESS } from "../support/no-process.ts";
import { LIMITS } from "../support/session-world.ts";
import { loadBuiltControl } from "../text/load-control.ts";

const CONTROL = await loadBuiltControl();

test("a job that left the state in which it was listed, or the tube, is not wanted any more", () => {
  const one = new OneTube();
  const desk = new Desk({
    shards: [one.handle()],
    common: Common.create(1),
    threadIndex: 0,
    limits: LIMITS,
    control: CONTROL,
    facts: NO_PROCESS,
    later: () => undefined,
    random: () => undefined,
  });
  desk.beginTurn(one.now);
  const wants = (state: JobState, tube = TUBE): boolean => {
    const [shard] = desk.shards;
    return (
      shard !== undefined && isWanted(desk, shard, 1, { tube, state, filter: "", group: undefined })
    );
  };
  one.putMany(1);
  expect([wants("ready"), wants("buried"), wants("ready", "elsewhere")]).toEqual([
    true,
    false,
    false,
  ]);
  one.take();
  expect([wants("ready"), wants("reserved")]).toEqual([false, true]);
  one.shard.deleteJob(0, one.conn, 1, one.now);
  expect(wants("reserved")).toBe(false);
});
