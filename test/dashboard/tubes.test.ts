/*
 * The overview and the tubes, in the real browser, against the real server with 10,000 tubes and
 * 100,000 jobs.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import { Desk } from "./desk.ts";
import { tubeName } from "./full-house.ts";

const desk = Desk.ofFile();

test("the overview shows the figures of the server and follows them", async () => {
  await desk.open("#/");
  await desk.page.getByRole("heading", { name: "Overview" }).waitFor();
  await desk.sees(/Jobs in 10,0\d\d tubes/);
  const before = Number((await desk.client.stats("stats"))["current-jobs-ready"]);
  await desk.putInto("overview-test", ["a", "b", "c"]);
  await desk.sees((before + 3).toLocaleString("en"));
  expect(await desk.page.locator(".chart canvas").count()).toBeGreaterThanOrEqual(5);
});

test("10,000 tubes are searched, sorted and paged, and the address says how", async () => {
  await desk.putInto(
    "aaa-biggest",
    Array.from({ length: 99 }, () => "x"),
  );
  await desk.open("#/tubes");
  await desk.sees(/10,0\d\d in all/);
  await desk.page.getByRole("link", { name: "Next" }).click();
  await desk.page.waitForURL(/offset=50/);
  await desk.page.getByRole("link", { name: /Ready/ }).click();
  await desk.page.waitForURL(/sort=ready&order=desc/);
  await desk.page.locator("tbody tr").first().getByText("aaa-biggest").waitFor();
  await desk.page.getByRole("searchbox").fill("mail.send.0000");
  await desk.page.waitForURL(/search=mail\.send\.0000/);
  await desk.sees(/^\d found$/);
  await desk.page.reload();
  await desk.sees(/^\d found$/);
  expect(await desk.page.getByRole("searchbox").inputValue()).toBe("mail.send.0000");
});

test("a tube with jobs that nobody watches says so", async () => {
  await desk.open(`#/tubes?search=${tubeName(3)}`);
  await desk.sees("no worker is watching");
});

test("a tube is paused and resumed", async () => {
  await desk.putInto("pause-test", ["x"]);
  await desk.open("#/tubes?search=pause-test");
  await desk.press("Pause pause-test");
  await desk.page.getByLabel("Seconds").fill("500");
  await desk.confirm("Pause");
  await desk.sees("pause-test is paused for 8 min 20 s.");
  expect(await desk.figure("pause-test", "pause")).toBe(500);
  await desk.press("Resume pause-test");
  await desk.sees("pause-test goes on.");
  expect(await desk.figure("pause-test", "pause")).toBe(0);
});

test("a flush says first how many jobs it deletes", async () => {
  await desk.putInto("flush-test", ["a", "b", "c"]);
  await desk.open("#/tubes?search=flush-test");
  await desk.press("Flush flush-test");
  await desk.dialog.getByText("3 jobs").first().waitFor();
  await desk.page.keyboard.press("Escape");
  await desk.dialog.waitFor({ state: "detached" });
  expect(await desk.figure("flush-test", "current-jobs-ready")).toBe(3);
  await desk.press("Flush flush-test");
  await desk.confirm("Delete 3 jobs");
  await desk.sees("3 jobs of flush-test deleted.");
  expect(await desk.figure("flush-test", "current-jobs-ready")).toBe(0);
});

test("buried jobs of a tube are kicked", async () => {
  const ids = await desk.putInto("kick-test", ["a", "b"]);
  for (const id of ids) await desk.client.send(`reserve-job ${id}`, `bury ${id} 0`);
  await desk.open("#/tubes?search=kick-test");
  await desk.page.locator(".buried-link", { hasText: "2" }).waitFor(); // the list may be a second old
  await desk.press("Kick jobs of kick-test");
  await desk.confirm("Kick");
  await desk.sees("2 jobs of kick-test kicked.");
  expect(await desk.figure("kick-test", "current-jobs-ready")).toBe(2);
});

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
