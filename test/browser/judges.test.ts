/* What judges the suites of a browser finds each fault that is planted. */
import { describe, expect, test } from "vitest";
import { Attempts } from "./suites/attempts.ts";
import type { AttemptNews } from "./suites/mortal.ts";
import { Survivors } from "./suites/survivors.ts";

describe("what is in a queue after a crash", () => {
  function survivors(): Survivors {
    const known = new Survivors();
    known.note({ kind: "put asked", number: 7, id: 0 });
    known.note({ kind: "put answered", number: 7, id: 1 });
    known.note({ kind: "put asked", number: 8, id: 0 });
    known.note({ kind: "put answered", number: 9, id: 3 });
    known.note({ kind: "delete asked", number: 9, id: 3 });
    known.note({ kind: "put answered", number: 10, id: 4 });
    known.note({ kind: "delete answered", number: 10, id: 4 });
    return known;
  }

  test("may have or lack what was asked and not answered", () => {
    expect(survivors().judge([[1, 7]])).toEqual([]);
    const known = survivors();
    const all = [
      [1, 7],
      [2, 8],
      [3, 9],
    ] as const;
    expect(known.judge(all)).toEqual([]);
    expect(known.judge(all)).toEqual([]);
    expect(known.judge([[1, 7]])).toEqual(["job 8 is lost", "job 9 is lost"]);
  });

  test.each([
    ["a put that was answered is not there", [], "job 7 is lost"],
    [
      "a job is back",
      [
        [1, 7],
        [4, 10],
      ],
      "job 4 is there, and was deleted",
    ],
    [
      "a body was never put",
      [
        [1, 7],
        [5, 11],
      ],
      "job 5 has a body that was never put: 11",
    ],
    ["a job has another id", [[2, 7]], "job 1 is called 2 now"],
    [
      "a job is there twice",
      [
        [1, 7],
        [1, 7],
      ],
      "a body is there twice, or two are damaged",
    ],
  ] as const)("is wrong where %s", (_, jobs, problem) => {
    expect(survivors().judge(jobs)).toEqual([problem]);
  });
});

describe("attempts of workers that die", () => {
  function audited(...told: readonly [worker: number, ...AttemptNews[]][]): readonly string[] {
    const attempts = new Attempts();
    for (const [worker, ...news] of told) for (const one of news) attempts.heard(worker, one);
    attempts.killed(1, 20);
    return attempts.audit();
  }
  const begun = (at: number): AttemptNews => ({ what: "begun", job: 0, at });
  const done = (at: number): AttemptNews => ({ what: "done", job: 0, at });
  const thrown = (at: number): AttemptNews => ({ what: "thrown", job: 0, at });

  test("are in order where each began after the one before had ended", () => {
    expect(audited([1, begun(0), thrown(5)], [2, begun(9), done(30)])).toEqual([]);
    expect(audited([1, begun(0)], [2, begun(25), done(30)])).toEqual([]);
    expect(audited([1, begun(0), done(19)], [2, begun(25), done(30)])).toEqual([]);
  });

  test("are not where two held a job, one that was done was begun again, or one never ended", () => {
    expect(audited([1, begun(0)], [2, begun(9), done(30)])).toHaveLength(1);
    expect(audited([2, begun(0), done(9)], [3, begun(30), done(31)])).toHaveLength(1);
    expect(audited([2, begun(0)])).toEqual(["job 0: no end is known"]);
  });
});
