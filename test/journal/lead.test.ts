/* Lead: a commit by a thread in the journal's place: what it promises, what it leaves to the
 * journal, and what a crash at any of its calls costs.
 */
import { expect, test } from "vitest";
import { leadThroughSegments, leadWithoutSpace, LedServer } from "./leads.ts";
import { Crash } from "./simulated-disk.ts";
import { ownCode } from "./code.ts";

test("what one thread, another and the journal commit in turn is all there after a power cut", () => {
  const server = new LedServer(ownCode(), "sync");
  for (const commit of [0, 1, 2, 1, 0, 2]) {
    const lsn = server.put();
    if (commit === 2) server.journal.commit();
    else expect(server.leads[commit]?.commit()).toBe("published");
    expect(server.published).toBe(lsn);
  }
  expect(server.jobsAfter(true)).toBe(6);
});

test.each([
  { what: "before its write", kind: "write" },
  { what: "between its write and its sync", kind: "sync" },
])("a leader that is stopped $what has published nothing, and the journal is sound", ({ kind }) => {
  for (const isPowerCut of [false, true]) {
    const server = new LedServer(ownCode(), "sync");
    server.put();
    server.leads[0].commit();
    const { published } = server;
    server.put();
    server.crashAt(kind);
    expect(() => server.leads[0].commit()).toThrow(Crash);
    expect(server.published).toBe(published);
    const jobs = server.jobsAfter(isPowerCut);
    expect([1, 2]).toContain(jobs);
    if (kind === "sync") expect(jobs).toBe(isPowerCut ? 1 : 2);
  }
});

test.each(["os", "interval"] as const)("at level %s a leader writes and does not sync", (level) => {
  const server = new LedServer(ownCode(), level);
  const lsn = server.put();
  server.crashAt("sync");
  const outcome = server.leads[0].commit();
  expect([outcome, server.published]).toEqual([level === "os" ? "published" : "upkeep", lsn]);
});

test("a leader leaves to the journal what does not fit into the segment, and goes on in the next", () => {
  const left = leadThroughSegments(ownCode());
  expect(left).toBeGreaterThan(1);
  expect(left).toBeLessThan(10);
});

test("a frame for which a leader found no space is written by the journal, as it was sealed", () => {
  expect(() => leadWithoutSpace(ownCode())).not.toThrow();
});
