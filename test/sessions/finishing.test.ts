/*
 * Results that are not kept because of the journal: the job is finished all the same.
 */
import { expect, test } from "vitest";
import { journalThat, World } from "../support/session-world.ts";

const SAFE = { safePosition: () => Number.MAX_SAFE_INTEGER, held: () => undefined };

test("a result is kept if it is no longer than what is recorded, and the disk is not full", () => {
  const journal = { ...journalThat(SAFE, { resultBytesMax: 3 }), isFull: false };
  const one = new World({ journal }).connect();
  const finish = (id: number, result: string): string =>
    one.ask(`finish ${id} 9 ${result.length}\r\n${result}\r\nawait ${id}\r\n`);
  for (let id = 1; id <= 3; id++) one.ask("put 0 0 60 1\r\na\r\nreserve\r\n");
  expect(finish(1, "abc")).toBe("FINISHED\r\nAWAITING\r\nDONE 1 finished 3\r\nabc\r\n");
  expect(finish(2, "abcd")).toBe("FINISHED\r\nNOT_FOUND\r\n");
  journal.isFull = true;
  expect(finish(3, "a")).toBe("FINISHED\r\nNOT_FOUND\r\n");
  expect(one.ask("stats\r\n")).toContain("results-not-kept: 2\n");
});

test("of the results of a batch no more stands beyond the memory cap than of one finish", () => {
  const world = new World({ sparePages: 20, limits: { maxResultBytes: 100_000 } });
  const one = world.connect();
  for (let left = 3; left > 0; left--) one.ask("put 0 0 60 1\r\na\r\nreserve\r\n");
  for (const bytes of [60_000, 1000, 1]) {
    const put = `put 9 0 60 ${bytes}\r\n${"x".repeat(bytes)}\r\n`;
    while (one.ask(put).startsWith("INSERTED"));
  }
  const finishes = (count: number, bytes: number): string => {
    const finish = (id: number): string => `finish ${id} 9 ${bytes}\r\n${"r".repeat(bytes)}\r\n`;
    return one.ask(`batch ${count}\r\n${[1, 2, 3].slice(0, count).map(finish).join("")}`);
  };
  expect(finishes(3, 60_000)).toBe("BATCH_REFUSED 2 JOB_TOO_BIG\r\n");
  expect(finishes(3, 33_000)).toBe("BATCH 3\r\nFINISHED\r\nFINISHED\r\nFINISHED\r\n");
  world.verify();
});
