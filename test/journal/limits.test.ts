/*
 * What a restart knows of the limits of jobs: how often they were charged, when they end, and that
 * they have none any more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SmallJournal } from "../cli/small-journal.ts";

let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "limits-"))));
afterEach(() => rmSync(directory, { recursive: true }));

/** The journal of a server that goes on with what the last one left. */
async function restarted(last: SmallJournal): Promise<SmallJournal> {
  last.crash();
  return await SmallJournal.open(directory);
}

it("attempts that were charged are charged after a restart, each once", async () => {
  let journal = await SmallJournal.open(directory);
  const id = journal.put("x", { tags: " max:3" });
  for (const charged of [1, 2]) {
    journal.release("default", 0);
    expect(journal.limitsOf(id)).toEqual({ state: "ready", exp: 0, max: 3, charged });
    journal = await restarted(journal);
    expect(journal.limitsOf(id)).toEqual({ state: "ready", exp: 0, max: 3, charged });
  }
  journal.release("default", 0);
  const dead = { state: "buried", exp: 0, max: 0, charged: 3 };
  expect(journal.limitsOf(id)).toEqual(dead);
  journal = await restarted(journal);
  expect(journal.limitsOf(id)).toEqual(dead);
  journal.kick("default", 1);
  journal.release("default", 0);
  journal = await restarted(journal);
  expect(journal.limitsOf(id)).toMatchObject({ state: "ready", max: 0 });
  journal.close();
});

it("a server that goes while a job is held charges nothing", async () => {
  let journal = await SmallJournal.open(directory);
  const id = journal.put("x", { tags: " max:1" });
  journal.take("default");
  journal = await restarted(journal);
  expect(journal.limitsOf(id)).toEqual({ state: "ready", exp: 0, max: 1, charged: 0 });
  journal.close();
});

it("a job whose time is over meanwhile is dead when the server runs again", async () => {
  let journal = await SmallJournal.open(directory);
  journal.now = -200_000_000;
  const over = journal.put("over", { tags: " exp:100" });
  const young = journal.put("young", { tags: " exp:1000" });
  const late = journal.put("late", { tags: " exp:150", delaySeconds: 1000 });
  journal = await restarted(journal);
  expect(journal.limitsOf(over)).toMatchObject({ state: "buried", exp: 0 });
  expect(journal.limitsOf(late)).toMatchObject({ state: "buried", exp: 0 });
  expect(journal.limitsOf(young)).toMatchObject({ state: "ready", exp: 1000 });
  journal = await restarted(journal);
  expect(journal.limitsOf(over)).toMatchObject({ state: "buried", exp: 0 });
  journal.close();
});
