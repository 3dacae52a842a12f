/*
 * The ledger must find each kind of fault in what clients saw of keys, groups, batches, pushes and
 * awaited ends, and nothing where a slow client explains it.
 */
import { describe, expect, test } from "vitest";
import type { Entry } from "./entries.ts";
import { audit } from "./ledger.ts";
import {
  awaiting,
  cleared,
  done,
  pushed,
  put,
  reserve,
  settle,
  told,
  window,
} from "./made-entries.ts";

describe("the ledger of keys", () => {
  const con = { key: "k", limit: 2 };
  const three = [
    put(1, 0, { tags: { con } }),
    put(2, 0, { tags: { con } }),
    put(3, 0, { tags: { con } }),
  ];

  test("finds more jobs of a concurrency key that are held than may be, in whatever tubes", () => {
    const held = [reserve(10, 1, 4), reserve(11, 2, 4), reserve(12, 3, 8, { tubes: ["u"] })];
    const rest = cleared(20, [10, 1], [11, 2], [12, 3]);
    expect(audit([...three, ...held, ...rest])).toEqual([
      "jobs 1, 2, 3 of key k were held at the same time",
    ]);
  });

  test("forgives one that may have been taken when another had been given back", () => {
    const held = [reserve(10, 1, 4), reserve(11, 2, 4), reserve(12, 3, 8)];
    const rest = [settle("hand-back", 10, 1, 7, { to: 15 }), reserve(10, 1, 30)];
    const all = [
      ...three,
      ...held,
      ...rest,
      ...cleared(20, [11, 2], [12, 3]),
      ...cleared(40, [10, 1]),
    ];
    expect(audit(all)).toEqual([]);
  });

  test("finds two jobs with one idempotency key of a tube", () => {
    const keyed = [put(1, 0, { tags: { idp: "k" } }), put(2, 5, { tags: { idp: "k" } })];
    const ends = [reserve(10, 1, 10), reserve(10, 2, 12), ...cleared(20, [10, 1], [10, 2])];
    expect(audit([...keyed, ...ends])).toEqual(["jobs 1 and 2 had key k of t at the same time"]);
    const other = put(2, 5, { tube: "u", tags: { idp: "k" } });
    expect(audit([...keyed.with(1, other), ...ends])).toEqual([]);
    const moved = [reserve(11, 1, 2), settle("move", 11, 1, 4, { tube: "u" })];
    expect(audit([...keyed, ...moved, ...ends])).toEqual([]);
  });

  test("finds a put that is told of a job that does not have its key, or is gone", () => {
    const job = [put(1, 0, { tags: { idp: "k" } }), reserve(10, 1, 2), settle("delete", 10, 1, 10)];
    function met(id: number, idp: string, from: number): Entry {
      return { what: "met", job: id, tube: "t", idp, from, to: from + 1 };
    }
    expect(audit([...job, met(1, "k", 9)])).toEqual([]);
    expect(audit([...job, met(1, "k", 12)])).toEqual([
      "a put met job 1 by key k after it had been deleted",
    ]);
    expect(audit([...job, met(1, "l", 9)])).toEqual([
      "a put met job 1 by key l of t, which that job does not have",
    ]);
    expect(audit([...job, met(7, "k", 9)])).toEqual([
      "a put met job 7 by key k, but nobody had put it",
    ]);
  });
});

describe("the ledger of groups", () => {
  const parts = [put(1, 0, { tags: { grp: "g" } }), put(2, 2, { tags: { grp: "g" } })];
  const whole = put(3, 4, { tags: { aft: "g" } });
  const ends = [reserve(10, 1, 6), settle("delete", 10, 1, 8), reserve(10, 2, 10)];

  test("finds a job that comes before all of its group have ended", () => {
    const early = [reserve(11, 3, 11), ...cleared(20, [10, 2], [11, 3])];
    expect(audit([...parts, whole, ...ends, ...early])).toEqual([
      "job 3 was handed out while its group g still had jobs",
    ]);
  });

  test("forgives one whose group may have been empty for a moment", () => {
    const then = [settle("delete", 10, 2, 12), reserve(11, 3, 12), ...cleared(20, [11, 3])];
    expect(audit([...parts, whole, ...ends, ...then])).toEqual([]);
    const again = [put(4, 13, { tags: { grp: "g" } }), reserve(10, 4, 30), ...cleared(40, [10, 4])];
    expect(
      audit([...parts, whole, ...ends, ...then.with(1, reserve(11, 3, 16)), ...again]),
    ).toEqual([]);
  });

  test("finds one that comes before members of its own batch", () => {
    const batch = 1;
    const member = put(1, 0, { tube: "u", tags: { grp: "g" }, batch });
    const waiting = put(2, 0, { tags: { aft: "g" }, batch });
    const early = [reserve(11, 2, 4), reserve(10, 1, 6), ...cleared(20, [10, 1], [11, 2])];
    expect(audit([member, waiting, ...early])).toEqual([
      "job 2 was handed out while its group g still had jobs",
    ]);
  });

  test("finds a wrong number of members", () => {
    function look(pending: number, from: number): Entry {
      return { what: "group look", group: "g", pending, from, to: from + 1 };
    }
    const rest = [settle("delete", 10, 2, 12)];
    const all = [...parts, ...ends, ...rest];
    expect(audit([...all, look(2, 4), look(1, 10), look(2, 1.5), look(1, 1)])).toEqual([]);
    expect(audit([...all, look(1, 4)])).toEqual([
      "group g was said to have 1 jobs, but had 2 to 2",
    ]);
    expect(audit([...all, look(1, 20)])).toEqual([
      "group g was said to have 1 jobs, but had 0 to 0",
    ]);
  });
});

describe("the ledger of batches", () => {
  const held = [put(1, 0), reserve(10, 1, 2)];
  const gone: Entry = { what: "gone", client: 10, from: 5, to: 5 };
  const lost = { batch: 1, from: 4, to: 6 } as const;
  const end = settle("delete", 10, 1, 4, { ok: undefined, ...lost });
  const bodies: Entry[] = [
    { what: "lost put", body: "a", ...lost },
    { what: "lost put", body: "b", ...lost },
  ];
  const found: Entry[] = [
    { what: "found", job: 2, body: "a" },
    { what: "found", job: 3, body: "b" },
  ];

  test("finds one without an answer of which a part was done", () => {
    expect(audit([...held, end, gone, ...bodies, ...found])).toEqual([]);
    expect(audit([...held, end, gone, ...bodies])).toEqual([]);
    const part = ["batch 1 was done in part"];
    expect(audit([...held, end, gone, ...bodies, ...found.slice(1)])).toEqual(part);
    const back = [reserve(11, 1, 10), ...cleared(12, [11, 1])];
    expect(audit([...held, end, gone, ...bodies, ...back])).toEqual([]);
    expect(audit([...held, end, gone, ...bodies, ...found, ...back])).toEqual(part);
  });

  test("finds a part of a refused one: what it put, and what it deleted", () => {
    expect(audit([...held, ...cleared(20, [10, 1]), ...found.slice(0, 1)])).toEqual([
      "job 2 was found in the end, but nobody had put it",
    ]);
    expect(audit(held)).toEqual(["job 1 was put and never deleted, and is lost"]);
  });

  test("finds that another client sees it in part", () => {
    const late = { batch: 1, from: 4, to: 40 };
    const whole = [
      settle("delete", 10, 1, 4, late),
      put(2, 4, { ...late, tags: { grp: "g" } }),
      put(3, 4, { ...late, tags: { grp: "g" } }),
      reserve(11, 2, 10),
      reserve(12, 3, 50),
      ...cleared(60, [11, 2], [12, 3]),
    ];
    expect(audit([...held, ...whole])).toEqual([]);
    const look: Entry = { what: "look", job: 1, isThere: true, from: 12, to: 13 };
    expect(audit([...held, ...whole, look])).toEqual(["job 1 was seen after it had been deleted"]);
    const group: Entry = { what: "group look", group: "g", pending: 1, from: 12, to: 13 };
    expect(audit([...held, ...whole, group])).toEqual([
      "group g was said to have 1 jobs, but had 2 to 2",
    ]);
  });

  test("finds a job that is not seen although it is there", () => {
    const look: Entry = { what: "look", job: 1, isThere: false, from: 6, to: 7 };
    expect(audit([...held, look, ...cleared(20, [10, 1])])).toEqual([
      "job 1 was not seen although it was there",
    ]);
  });
});

describe("the ledger of pushes", () => {
  const jobs = [put(1, 0), put(2, 0), put(3, 0)];
  const ends = cleared(90, [10, 1], [10, 2], [10, 3]);

  test("finds more jobs than the window has room for, and a job behind WINDOW 0", () => {
    const two = [window(10, 2, 2), pushed(10, 1, 4), pushed(10, 2, 5)];
    const third = pushed(10, 3, 7);
    expect(audit([...jobs, ...two, third, ...ends])).toEqual([
      "client 10 was sent job 3, and held 3 jobs in a window of 2",
    ]);
    const room = settle("delete", 10, 1, 6);
    expect(audit([...jobs, ...two, room, third, ...ends.slice(1)])).toEqual([]);
    expect(audit([...jobs, ...two, room, window(10, 0, 6.1), third, ...ends.slice(1)])).toEqual([]);
    const closed = [...two, room, window(10, 0, 5.5), third, ...ends.slice(1)];
    expect(audit([...jobs, ...closed])).toEqual([
      "client 10 was sent job 3, and held 2 jobs in a window of 0",
    ]);
    expect(
      audit([...jobs, ...two.slice(1), ...ends.slice(0, 2), ...cleared(90, [11, 3])]),
    ).toContain("client 10 was sent job 1, and held 1 jobs in a window of 0");
  });

  test("finds a job that is sent to who holds it", () => {
    const twice = [window(10, 5, 2), pushed(10, 1, 4), pushed(10, 1, 6)];
    expect(audit([...jobs.slice(0, 1), ...twice, ...ends.slice(0, 1)])).toContain(
      "client 10 was sent job 1, which it held",
    );
  });

  test("finds LOST before a time is over, of what is not held, and twice", () => {
    const short = put(1, 0, { ttrMs: 50 });
    const given = [short, window(10, 1, 2), pushed(10, 1, 4)];
    const other = [reserve(11, 1, 70), ...cleared(80, [11, 1])];
    expect(audit([...given, told("LOST", 10, 1, 60), ...other])).toEqual([]);
    expect(audit([...given, told("LOST", 10, 1, 40), ...other])).toEqual([
      "client 10 was told LOST of job 1 before its time was over",
    ]);
    expect(audit([...given, told("LOST", 10, 1, 60), told("LOST", 10, 1, 61), ...other])).toEqual([
      "client 10 was told LOST of job 1 twice",
    ]);
    const settled = [...given, settle("release", 10, 1, 10), told("LOST", 10, 1, 60), ...other];
    expect(audit(settled)).toEqual(["client 10 was told LOST of job 1, which it had given up"]);
    expect(audit([short, window(10, 1, 2), told("LOST", 10, 1, 60), ...other])).toEqual([
      "client 10 was told LOST of job 1, which it was not given",
    ]);
    expect(audit([short, told("LOST", 10, 1, 60), ...other])).toEqual([
      "client 10 was told LOST of job 1 without a window",
    ]);
  });

  test("counts the time from a touch", () => {
    const given = [put(1, 0, { ttrMs: 50 }), window(10, 1, 2), pushed(10, 1, 4)];
    const touched = settle("touch", 10, 1, 30);
    const other = [reserve(11, 1, 90), ...cleared(95, [11, 1])];
    expect(audit([...given, touched, told("LOST", 10, 1, 60), ...other])).toEqual([
      "client 10 was told LOST of job 1 before its time was over",
    ]);
    expect(audit([...given, touched, told("LOST", 10, 1, 80), ...other])).toEqual([]);
  });

  test("finds a lost lease that is not told", () => {
    const given = [put(1, 0, { ttrMs: 50 }), window(10, 1, 2), pushed(10, 1, 4)];
    const other = [reserve(11, 1, 70), ...cleared(80, [11, 1])];
    expect(audit([...given, ...other])).toEqual([
      "client 10 was not told in the end that it lost job 1",
    ]);
    const refused = settle("delete", 10, 1, 75, { ok: false });
    expect(audit([...given, ...other, refused])).toEqual([
      "client 10 was not told before its delete was refused that it lost job 1",
    ]);
    expect(audit([...given, told("LOST", 10, 1, 76), ...other, refused])).toEqual([]);
    const late = settle("delete", 10, 1, 59, { ok: true, to: 63 });
    const again = [told("LOST", 10, 1, 60), pushed(10, 1, 61), late];
    expect(audit([...given, ...again, refused])).toEqual([]);
    const moved = settle("move", 10, 1, 59, { ok: true, to: 63, tube: "t" });
    const thrice = [told("LOST", 10, 1, 60), pushed(10, 1, 61), moved, pushed(10, 1, 62)];
    expect(audit([...given, ...thrice, settle("delete", 10, 1, 64)])).toEqual([]);
    const gone: Entry = { what: "gone", client: 10, from: 20, to: 20 };
    expect(audit([...given, gone, ...other])).toEqual([]);
  });

  test("finds CANCEL of what nobody cancelled", () => {
    const given = [put(1, 0), window(10, 1, 2), pushed(10, 1, 4), ...cleared(50, [10, 1])];
    const cancel = settle("cancel", 12, 1, 6, { isLater: true });
    expect(audit([...given, cancel, told("CANCEL", 10, 1, 7)])).toEqual([]);
    expect(audit([...given, told("CANCEL", 10, 1, 7)])).toEqual([
      "client 10 was told CANCEL of job 1, which nobody had cancelled",
    ]);
  });
});

describe("the ledger of ends", () => {
  const life = [put(1, 0), reserve(10, 1, 2), settle("finish", 10, 1, 10, { result: "r" })];

  test("finds an end that is not told, or told once too often", () => {
    const asked = [...life, awaiting(12, 1, 4), awaiting(12, 1, 6)];
    const one = done(12, 1, "finished", 12, "r");
    expect(audit([...asked, one, one])).toEqual([]);
    expect(audit([...asked, one])).toEqual([
      "client 12 of job 1 awaited 2 times and was told 1 times",
    ]);
    expect(audit([...asked, one, one, one])).toEqual([
      "client 12 of job 1 was told an end that it did not await",
    ]);
    expect(audit([...life, one])).toEqual([
      "client 12 of job 1 was told an end that it did not await",
    ]);
    const gone: Entry = { what: "gone", client: 12, from: 7, to: 7 };
    expect(audit([...asked, gone])).toEqual([]);
  });

  test("finds an end that did not come, or not yet, and another result", () => {
    const asked = [...life, awaiting(12, 1, 4)];
    for (const wrong of [
      done(12, 1, "deleted", 12),
      done(12, 1, "finished", 8, "r"),
      done(12, 1, "finished", 12, "s"),
      done(12, 1, "expired", 12),
    ]) {
      expect(audit([...asked, wrong])).toHaveLength(1);
    }
  });

  test("finds an await that is refused though the job is there", () => {
    expect(audit([...life, awaiting(12, 1, 4, false)])).toEqual([
      "client 12 was refused the end of job 1, which was there",
    ]);
    expect(audit([...life, awaiting(12, 1, 9.5, false)])).toEqual([]);
  });
});
