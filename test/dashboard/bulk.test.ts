/*
 * One thing done to many jobs, in the real browser, against a real server: counted first, then
 * asked for, and told exactly.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import type { BulkRequest } from "../../src/http/api-jobs.ts";
import { HttpPort } from "../http/http-port.ts";
import { Desk } from "./desk.ts";
import { put } from "./queue-client.ts";

const desk = Desk.ofFile(() => HttpPort.start({ threads: 2 }));

/** Chooses something that is in the menu of all jobs that are shown. */
async function choose(which: string, choice: string): Promise<void> {
  await desk.press(`More for ${which}`);
  await desk.page.getByRole("menuitem", { name: choice }).click();
}

const ready = (tube: string) => desk.figure(tube, "current-jobs-ready");

test("all that match are counted, then moved to the tube that is named", async () => {
  const [red = 0] = await desk.putInto("move-from", ["red one", "blue", "red two"]);
  await desk.open("#/tubes/move-from?filter=red");
  await desk.sees("red two");
  await choose("all matching", "Move all matching…");
  await desk.dialog.getByText("Move 2 ready jobs of move-from").waitFor();
  const move = desk.dialog.getByRole("button", { name: "Move 2 jobs" });
  for (const wrong of ["no name", "move-from", ""]) {
    await desk.page.getByLabel("Tube").fill(wrong);
    expect(await move.isDisabled()).toBe(true);
  }
  await desk.page.getByLabel("Tube").fill("move-to");
  await desk.page.keyboard.press("Enter");
  await desk.sees("2 jobs of move-from moved to move-to.");
  expect([await ready("move-from"), await ready("move-to")]).toEqual([1, 2]);
  expect((await desk.client.stats(`stats-job ${red}`))["tube"]).toBe('"move-to"');
});

test("where the other tube is full, it is told how many were moved, and why no more", async () => {
  await desk.client.send("set-tube narrow jobs=2");
  await desk.putInto("wide", ["a", "b", "c"]);
  await desk.open("#/tubes/wide");
  await choose("all ready", "Move all ready…");
  await desk.page.getByLabel("Tube").fill("narrow");
  await desk.confirm("Move 3 jobs");
  await desk.sees(/^2 of 3 jobs of wide moved to narrow\. .* TUBE_FULL jobs 2$/);
  expect([await ready("wide"), await ready("narrow")]).toEqual([1, 2]);
});

test("all get another priority, by the keyboard alone", async () => {
  const ids = await desk.putInto("rank", ["a", "b"]);
  await desk.open("#/tubes/rank");
  const more = desk.page.getByRole("button", { name: "More for all ready" });
  await more.focus();
  await desk.page.keyboard.press("Enter");
  await desk.page.keyboard.press("Tab"); // behind "Move", which has the focus
  await desk.page.keyboard.press("Enter");
  await desk.dialog.getByText("Change the priority of 2 ready jobs of rank").waitFor();
  await desk.page.keyboard.type("7");
  await desk.page.keyboard.press("Enter");
  await desk.sees("2 jobs of rank given priority 7.");
  for (const id of ids) {
    expect((await desk.client.stats(`stats-job ${id}`))["pri"]).toBe("7");
  }
});

test("all that are held are cancelled", async () => {
  const [id = 0] = await desk.putInto("cancel-all", ["x"]);
  await desk.client.send("watch cancel-all", `reserve-job ${id}`);
  await desk.open("#/tubes/cancel-all?state=reserved");
  await desk.press("Cancel all reserved…");
  await desk.confirm("Cancel 1 job");
  await desk.sees("1 job of cancel-all cancelled.");
  expect((await desk.client.stats(`stats-job ${id}`))["cancelled"]).toBe("true");
  await desk.client.send(`release ${id} 0 0`, "ignore cancel-all");
});

test("jobs that go while the question is asked are told of, and those that come are left", async () => {
  const [, second, third] = await desk.putInto("changing", ["a", "b", "c", "d", "e"]);
  await desk.open("#/tubes/changing");
  await desk.press("Delete all ready…");
  await desk.dialog.getByText("Delete 5 ready jobs of changing").waitFor();
  await desk.client.send(`delete ${second}`, `delete ${third}`);
  await desk.putInto("changing", ["late"]);
  await desk.confirm("Delete 5 jobs");
  await desk.sees("3 jobs of changing deleted; 2 had gone or changed by then.");
  await expect.poll(() => desk.page.locator("tbody tr").allTextContents()).toHaveLength(1);
  await desk.sees("late");
});

test("what takes its time shows how far it is, and is stopped", async () => {
  await desk.client.send("use long", ...Array.from({ length: 2500 }, () => put("x")));
  await desk.open("#/tubes/long");
  await desk.press("Delete all ready…");
  await desk.dialog.getByText("Delete 2,500 ready jobs of long").waitFor();
  const dialog = desk.page.getByRole("dialog", { name: "Deleting 2,500 jobs of long" });
  const stopped = Promise.withResolvers<void>();
  await desk.page.route("**/api/v1/bulk", async (asked) => {
    const { after } = asked.request().postDataJSON() as BulkRequest;
    if (after === 0) await dialog.waitFor(); // it appears by itself when it takes long
    else await stopped.promise;
    await asked.continue();
  });
  await desk.confirm("Delete 2,500 jobs");
  await dialog.getByText("1,000 of 2,500 jobs").waitFor();
  await dialog.getByRole("button", { name: "Stop" }).click();
  await dialog.waitFor({ state: "detached" });
  stopped.resolve();
  await desk.sees("Stopped: 2,000 of 2,500 jobs of long deleted.");
  await desk.page.unroute("**/api/v1/bulk");
  expect(await ready("long")).toBe(500);
});

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
