/* Keys as they are said when a job is enqueued, and as back ends have them. */
import { expect, test } from "vitest";
import { RESULT_KEPT_MILLIS } from "../../src/worker/backend.ts";
import { defineJob } from "../../src/worker/define-job.ts";
import { rawExclusive, rawUnique } from "../../src/worker/enqueue-options.ts";
import { on } from "../../src/worker/handler.ts";
import type { JobContext } from "../../src/worker/job-definition.ts";
import { unchecked } from "../../src/worker/standard-schema.ts";

test("a unique key is its type's own", () => {
  expect(rawUnique("mail", "user:7")).toEqual({ key: "mail/user$3a7", cooldownMillis: 0 });
  expect(rawUnique("mail", { key: "7", cooldown: "1m" })).toEqual({
    key: "mail/7",
    cooldownMillis: 60_000,
  });
  expect(() => rawUnique("mail", "")).toThrow("unique: a key is a text of a character or more");
});

test("an exclusive key lets one job run, or as many as it says, whatever their type", () => {
  expect(rawExclusive("a b")).toEqual({ key: "a$20b", limit: 1 });
  expect(rawExclusive({ key: "k", limit: 3 })).toEqual({ key: "k", limit: 3 });
  expect(() => rawExclusive({ key: "k", limit: 0 })).toThrow(
    "exclusive.limit: 0 is no whole number above 0",
  );
});

test("a result is kept for a minute unless somebody says otherwise", () => {
  expect(RESULT_KEPT_MILLIS).toBe(60_000);
});

test("a handler may be joined for slots with a state", () => {
  const job = defineJob("store", { payload: unchecked<number>(), result: unchecked<number>() });
  const { run } = on<{ sum: number }, typeof job>(job, (id, { state }) => state.sum + id);
  expect(run(7, { state: { sum: 1 } } as JobContext<{ sum: number }>)).toBe(8);
});
