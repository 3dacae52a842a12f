/*
 * What of a module's exports is run, which pools are made of it and of a configuration, and what is
 * said of those that are wrong.
 */
import { describe, expect, test } from "vitest";
import { jobsOf } from "../../../src/cli/work/jobs-module.ts";
import { planOf } from "../../../src/cli/work/pools.ts";
import type { Plan } from "../../../src/cli/work/pools.ts";
import { NO_CONFIG, workConfigOf } from "../../../src/cli/work/work-config.ts";
import { defineJob, unchecked } from "../../../src/entries/queue.ts";
import type { Handler } from "../../../src/entries/queue.ts";

const FLAGS = { concurrency: undefined, grace: undefined };

function definition(type: string, tube = type) {
  return defineJob(type, { payload: unchecked<number>(), tube });
}

function handler(type: string, tube = type): Handler<undefined> {
  return definition(type, tube).handler(() => undefined);
}

function plan(exported: Readonly<Record<string, unknown>>, config?: unknown): Plan {
  const read = config === undefined ? NO_CONFIG : workConfigOf("w.json", config);
  return planOf(jobsOf([["jobs.ts", exported]]), read, FLAGS);
}

function shown({ pools }: Plan): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pools.map(({ name, types, slots }) => [name, `${slots}: ${types.join(" ")}`]),
  );
}

const MAIL = handler("mail.send");
const DIGEST = handler("mail.digest");
const THUMB = handler("thumb");

describe("a module", () => {
  test("has its handlers run in one pool, however they are exported", () => {
    const exported = {
      default: [MAIL, DIGEST],
      again: MAIL,
      THUMB,
      definition: definition("x"),
      n: 1,
    };
    expect(shown(plan(exported))).toEqual({ default: "10: mail.send mail.digest thumb" });
  });

  test("has a pool for each worker's options that it exports", () => {
    const quick = { handlers: [MAIL], concurrency: 3 };
    const slow = { handlers: () => [THUMB], concurrency: { min: 1, max: 4 } };
    expect(shown(plan({ quick, default: slow, DIGEST }))).toEqual({
      quick: "3: mail.send",
      default: "1 to 4: thumb",
      others: "10: mail.digest",
    });
  });

  test.each([
    [{}, "jobs.ts exports no handler and no worker's options"],
    [{ a: definition("a"), b: definition("b") }, "of a, b there are definitions only"],
    [{ default: 7, MAIL }, "the default export is no handler, no array of handlers"],
    [{ list: [MAIL, definition("a")] }, "jobs.ts: list[1] is no handler"],
    [{ one: MAIL, two: handler("mail.send") }, "two handlers are for jobs of the type mail.send"],
    [{ p: { handlers: [MAIL], concurrency: -1 } }, "pool p: concurrency: -1 is no whole number"],
    [{ p: { handlers: [] } }, "pool p: handlers: a worker has one or more"],
  ])("that is wrong is said to be: %#", (exported, why) => {
    expect(() => plan(exported)).toThrow(why);
  });

  test("shares no name of a pool with another one", () => {
    const pool = { quick: { handlers: [MAIL] } };
    expect(() =>
      jobsOf([
        ["a.ts", pool],
        ["b.ts", pool],
      ]),
    ).toThrow("b.ts: another module");
  });
});

describe("a configuration", () => {
  const all = { MAIL, DIGEST, THUMB };

  test("divides the handlers among pools, by types and classes", () => {
    const config = {
      classes: { mail: ["mail.*"] },
      pools: {
        mails: { classes: ["mail"], concurrency: 20, prefetch: 64 },
        thumbs: { jobs: ["thumb"], concurrency: { min: 1, max: 2, maxLag: "5ms" } },
      },
      stop: { grace: "25s", abort: "1s" },
    };
    const made = plan(all, config);
    expect(shown(made)).toEqual({ mails: "20: mail.send mail.digest", thumbs: "1 to 2: thumb" });
    expect(made.idle).toEqual([]);
    expect(made.pools[0]?.options).toMatchObject({
      prefetch: 64,
      stop: { grace: "25s", abort: "1s" },
    });
  });

  test("may leave jobs to other processes", () => {
    expect(plan(all, { pools: { one: { jobs: ["thumb"] } } }).idle).toEqual([
      "mail.send",
      "mail.digest",
    ]);
  });

  test("sizes a pool that the module exports", () => {
    const quick = { handlers: [MAIL], concurrency: 3 };
    expect(shown(plan({ quick }, { pools: { quick: { concurrency: 7 } } }))).toEqual({
      quick: "7: mail.send",
    });
    expect(() => plan({ quick }, { pools: { quick: { jobs: ["thumb"] } } })).toThrow(
      "pool quick: the module says which jobs it has",
    );
  });

  test("gives way to the command line where that speaks of all pools", () => {
    const read = workConfigOf("w.json", {
      pools: { a: { jobs: ["thumb"] }, b: { jobs: ["mail.*"], concurrency: 2 } },
      stop: { grace: "1s" },
    });
    const made = planOf(jobsOf([["jobs.ts", all]]), read, { concurrency: 5, grace: 3000 });
    expect(shown(made)).toEqual({ a: "5: thumb", b: "2: mail.send mail.digest" });
    expect(made.pools.map(({ options }) => options.stop?.grace)).toEqual([3000, 3000]);
  });

  test.each([
    [[], "w.json: expected an object"],
    [{ pool: {} }, 'w.json: unknown "pool"; there are modules, queue, directory, classes, pools'],
    [{ modules: "jobs.ts" }, "w.json: modules: expected an array of texts"],
    [{ queue: "a", directory: "b" }, "w.json: there is a queue or a directory, not both"],
    [{ queue: "" }, "w.json: queue: expected a text"],
    [{ pools: { a: { jobs: ["thumb"], slots: 1 } } }, 'w.json: pools.a: unknown "slots"'],
    [{ pools: { a: { jobs: ["thumb"], concurrency: "4" } } }, "w.json: pools.a.concurrency:"],
    [
      { pools: { a: { jobs: ["thumb"], concurrency: { min: 1 } } } },
      "w.json: pools.a.concurrency:",
    ],
    [{ pools: { a: { jobs: ["thumb"], prefetch: true } } }, "w.json: pools.a.prefetch: expected a"],
    [{ pools: { a: { jobs: ["thumb"], prefetch: 0.5 } } }, "pool a: prefetch: 0.5 is no whole"],
    [{ pools: { a: {} } }, "pool a: it has neither jobs nor classes"],
    [{ pools: { a: { jobs: ["thum"] } } }, "pool a: no module has a handler for thum"],
    [{ pools: { a: { classes: ["mail"] } } }, "pool a: there is no class mail"],
    [{ pools: { a: { jobs: ["thumb"] } }, stop: { grace: "soon" } }, 'pool a: stop.grace: "soon"'],
    [{ stop: { grace: {} } }, "w.json: stop.grace: expected a duration"],
  ])("that is wrong is said to be: %#", (config, why) => {
    expect(() => plan(all, config)).toThrow(why);
  });

  test("keeps the jobs of one tube together", () => {
    const one = handler("one", "both");
    const two = handler("two", "both");
    expect(() => plan({ one, two }, { pools: { a: { jobs: ["one"] } } })).toThrow(
      "pool a: it takes from the tube both, where jobs of the type two are, too",
    );
    expect(shown(plan({ one, two }, { pools: { a: { jobs: ["*"] } } }))).toEqual({
      a: "10: one two",
    });
  });
});
