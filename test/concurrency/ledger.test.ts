/*
 * The ledger must find each kind of fault in what clients saw, and nothing where a slow client or a
 * death explains it.
 */
import { describe, expect, test } from "vitest";
import type { Entry } from "./entries.ts";
import { audit } from "./ledger.ts";
import { put, reserve, settle } from "./made-entries.ts";

const CLEAN: readonly Entry[] = [
  put(1, 0),
  put(2, 2),
  reserve(10, 1, 4),
  reserve(11, 2, 4),
  settle("release", 10, 1, 6, { pri: 7 }),
  reserve(11, 1, 8),
  settle("touch", 11, 1, 10),
  settle("delete", 11, 1, 12),
  settle("delete", 11, 2, 14),
  reserve(12, undefined, 16),
];

describe("the ledger", () => {
  test("finds nothing in what a correct queue shows", () => {
    expect(audit(CLEAN)).toEqual([]);
  });

  test("finds a job that is lost", () => {
    const entries = CLEAN.filter((entry) => entry.what !== "delete" || entry.job !== 2);
    expect(audit(entries)).toEqual(["job 2 was put and never deleted, and is lost"]);
    expect(audit([...entries, { what: "found", job: 2, body: "2" }])).toEqual([]);
  });

  test("forgives a missing job whose delete may have been executed", () => {
    expect(
      audit([put(1, 0), reserve(10, 1, 2), settle("delete", 10, 1, 4, { ok: undefined })]),
    ).toEqual([]);
  });

  test("finds a job that comes back after its delete", () => {
    expect(audit([...CLEAN, { what: "found", job: 1, body: "1" }])).toEqual([
      "job 1 was deleted, and yet found in the end",
    ]);
    const again = reserve(13, 1, 20);
    expect(audit([...CLEAN, again])).toContain(
      "job 1 was handed out to client 13 after it had been deleted",
    );
  });

  test("finds a job that is there twice, or that nobody put", () => {
    const found: Entry = { what: "found", job: 3, body: "3" };
    expect(audit([put(3, 0), found, found])).toEqual(["job 3 was found twice in the end"]);
    expect(audit([found])).toEqual(["job 3 was found in the end, but nobody had put it"]);
    expect(audit([found, { what: "lost put", body: "3", from: 0, to: 1 }])).toEqual([]);
    expect(audit([reserve(10, 9, 0)])).toEqual(["job 9 was handed out, but nobody had put it"]);
  });

  test("finds a job that comes with the body of another", () => {
    const entries = [put(1, 0), reserve(10, 1, 2, { body: "2" }), settle("delete", 10, 1, 4)];
    expect(audit(entries)).toEqual(["job 1 was handed out with another body than it was put with"]);
  });

  test("finds a job with two holders", () => {
    const entries = [put(1, 0), reserve(10, 1, 2), reserve(11, 1, 4), settle("delete", 11, 1, 6)];
    const late = settle("delete", 10, 1, 8, { ok: false });
    expect(audit([...entries, late])).toContain(
      "job 1 was held by clients 10 and 11 at the same time",
    );
  });

  test("forgives a second holder when the first one's time may be over, or when it has hung up", () => {
    const expired = [put(1, 0, { ttrMs: 1000 }), reserve(10, 1, 2), reserve(11, 1, 1003)];
    const rest = [settle("delete", 11, 1, 1006), settle("delete", 10, 1, 1010, { ok: false })];
    expect(audit([...expired, ...rest])).toEqual([]);
    const dead: Entry = { what: "gone", client: 10, from: 4, to: 4 };
    expect(
      audit([put(1, 0), reserve(10, 1, 2), dead, reserve(11, 1, 5), settle("delete", 11, 1, 7)]),
    ).toEqual([]);
  });

  test("counts a holder's time from a touch that succeeded", () => {
    const touched = [put(1, 0, { ttrMs: 1000 }), reserve(10, 1, 2), settle("touch", 10, 1, 900)];
    const rest = [
      reserve(11, 1, 1500),
      settle("delete", 11, 1, 1600),
      settle("delete", 10, 1, 1800, { ok: false }),
    ];
    expect(audit([...touched, ...rest])).toContain(
      "job 1 was held by clients 10 and 11 at the same time",
    );
  });

  test("forgives an answer that lay unread while the job ran out, was released and went on", () => {
    const entries = [
      put(1, 0, { ttrMs: 1000 }),
      reserve(10, 1, 2, { to: 1100 }), // its answer stood unread from 3 on
      reserve(11, 1, 1005),
      settle("release", 11, 1, 1010),
      reserve(12, 1, 1200),
      settle("delete", 12, 1, 1300),
      settle("delete", 10, 1, 1400, { ok: false }),
    ];
    expect(audit(entries)).toEqual([]);
    // With a longer time to run the release came first, and so two hold it.
    expect(audit(entries.with(0, put(1, 0, { ttrMs: 1099 })))).toContain(
      "job 1 was held by clients 10 and 12 at the same time",
    );
  });

  test("finds a holder whose command is refused", () => {
    const entries = [put(1, 0), reserve(10, 1, 2), settle("touch", 10, 1, 4, { ok: false })];
    expect(audit([...entries, settle("delete", 10, 1, 6)])).toEqual([
      "client 10 held job 1, but its touch was refused",
    ]);
  });

  test("finds two jobs in the wrong order", () => {
    const entries = [
      put(1, 0, { pri: 9 }),
      put(2, 2, { pri: 3 }),
      reserve(10, 1, 4),
      reserve(10, 2, 6),
    ];
    const deletes = [settle("delete", 10, 1, 8), settle("delete", 10, 2, 10)];
    expect(audit([...entries, ...deletes])).toEqual([
      "client 10 got job 1 (priority 9) while job 2 (priority 3) stood ready in t",
    ]);
    const overlapping = entries.with(2, reserve(10, 1, 1, { to: 5 }));
    expect(audit([...overlapping, ...deletes])).toEqual([]);
  });

  test("finds younger jobs before older ones of the same priority, across tubes and after a release", () => {
    const across = [put(1, 0, { tube: "u" }), put(2, 2), reserve(10, 2, 4, { tubes: ["t", "u"] })];
    const rest: Entry[] = [settle("delete", 10, 2, 6), { what: "found", job: 1, body: "1" }];
    expect(audit([...across, ...rest])).toHaveLength(1);
    const released = [
      put(1, 0),
      reserve(10, 1, 2),
      put(2, 3),
      settle("release", 10, 1, 4, { pri: 5 }),
      reserve(11, 2, 6),
    ];
    expect(
      audit([...released, settle("delete", 11, 2, 8), { what: "found", job: 1, body: "1" }]),
    ).toHaveLength(1);
  });

  test("finds a client that waits although a job is ready", () => {
    const entries: Entry[] = [
      put(1, 0),
      reserve(10, undefined, 4),
      { what: "found", job: 1, body: "1" },
    ];
    expect(audit(entries)).toEqual([
      "client 10 got nothing while job 1 (priority 5) stood ready in t",
    ]);
  });

  test("knows that a job may be taken before the answer of its put is there", () => {
    const early = [put(1, 0, { to: 10 }), reserve(10, 1, 2), reserve(11, undefined, 20)];
    expect(audit([...early, settle("delete", 10, 1, 30)])).toEqual([]);
  });

  test("gives a job that became ready as long as it may be on its way to a client that cannot take it", () => {
    const entries = [put(1, 0), reserve(10, undefined, 4), reserve(11, undefined, 100)];
    const found: Entry = { what: "found", job: 1, body: "1" };
    expect(audit([...entries, found], 50)).toEqual([
      "client 11 got nothing while job 1 (priority 5) stood ready in t",
    ]);
  });

  test("leaves out tubes from which a dead client may have taken something", () => {
    const entries: Entry[] = [
      put(1, 0),
      reserve(10, undefined, 4),
      { what: "found", job: 1, body: "1" },
    ];
    const dead: Entry = { what: "lost reserve", tubes: ["t"], from: 2, to: 3 };
    expect(audit([...entries, dead])).toEqual([]);
  });
});
