/*
 * Groups over one shard and over several: more jobs wait than a shard sets free in one critical
 * section, in its own and in others, behind a delete and behind a batch.
 */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { World } from "../support/session-world.ts";

/** In each tube; together more than twice as many as are set free at once. */
const JOBS = C.STEP_JOBS + 100;
const TUBES = ["a", "b", "c"];

describe.each([1, 4])("over %i shards", (shards) => {
  test.each([
    ["a delete", "delete 1\r\n", "DELETED\r\n"],
    ["a batch", "batch 1\r\ndelete 1\r\n", "BATCH 1\r\nDELETED\r\n"],
  ])("%s of the last member sets all free before it is answered", (_, asked, answer) => {
    const world = new World({ shards });
    const end = world.connect();
    end.ask("put 0 0 60 1 grp:g\r\nx\r\n");
    for (const tube of TUBES) {
      end.ask(`use ${tube}\r\n${"put 0 0 60 1 aft:g\r\nx\r\n".repeat(JOBS)}`);
    }
    const waiting = TUBES.length * JOBS;
    expect(end.ask("stats-group g\r\n")).toContain(`waiting-jobs: ${waiting}\n`);
    expect(end.ask(asked)).toBe(answer);
    expect(end.ask("stats-group g\r\n")).toBe("NOT_FOUND\r\n");
    const stats = end.ask("stats\r\n");
    expect(stats).toContain(`current-jobs-ready: ${waiting}\n`);
    expect(stats).toContain("current-jobs-waiting: 0\n");
  });
});
