/*
 * Jobs, connections and draining, in the real browser, against the real server with 10,000 tubes
 * and 100,000 jobs.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import { jobOfSchedule } from "../../src/worker/schedule-body.ts";
import { Desk } from "./desk.ts";
import { tubeName } from "./full-house.ts";
import { bury, progress, put } from "./queue-client.ts";

const desk = Desk.ofFile();

test("the jobs of a tube are shown by state and filtered, and the address keeps the filter", async () => {
  await desk.putInto("filter-test", ["apple pie", "banana", "apple juice"]);
  await desk.open("#/tubes/filter-test");
  await desk.sees("banana");
  await desk.page.getByRole("searchbox").fill("apple");
  await desk.page.waitForURL(/filter=apple/);
  await desk.page.getByText("banana").waitFor({ state: "detached" });
  await desk.page.reload();
  await desk.sees("apple juice");
  await desk.counts(desk.page.locator("tbody tr"), 2);
  await desk.page.getByRole("link", { name: /delayed/ }).click();
  await desk.sees("No delayed job matches.");
});

test("a long list of jobs is paged", async () => {
  await desk.putInto(
    "page-test",
    Array.from({ length: 120 }, (_, index) => `body ${index}`),
  );
  await desk.open("#/tubes/page-test");
  await desk.sees("body 49");
  await desk.page.getByRole("link", { name: "Next" }).click();
  await desk.sees("body 99");
  await desk.page.getByRole("link", { name: "Next" }).click();
  await desk.sees("body 119");
  await desk.counts(desk.page.locator("tbody tr"), 20);
});

test("all jobs that match are counted, then deleted", async () => {
  await desk.putInto("bulk-test", ["red one", "blue", "red two"]);
  await desk.open("#/tubes/bulk-test?filter=red");
  await desk.sees("red two");
  await desk.press("Delete all matching…");
  await desk.dialog.getByText("Delete 2 ready jobs of bulk-test").waitFor();
  await desk.confirm("Delete 2 jobs");
  await desk.sees("2 jobs of bulk-test deleted.");
  expect(await desk.figure("bulk-test", "current-jobs-ready")).toBe(1);
});

test("a job's page shows its body in three ways and copies it as a command", async () => {
  const [id = 0] = await desk.putInto("job-test", ['{"to":"ann","n":12345678901234567890}']);
  await desk.open(`#/jobs/${id}`);
  await desk.sees("12345678901234567890");
  await desk.press("Text");
  await desk.sees('{"to":"ann","n":12345678901234567890}');
  await desk.press("Hex");
  await desk.sees(/000000 {2}7b 22 74 6f/);
  await desk.press("Copy put command");
  await desk.press("Copied");
  const copied = await desk.page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain("| homemaker put job-test --pri 1024 --delay 0 --ttr 60");
});

test("a job of the framework says its type, and how far it is, whatever is in them", async () => {
  const type = "<b>thumb</b>\u202e";
  const body = JSON.stringify({ type, data: { url: "a.png" }, hm: {} });
  const [id = 0, plain = 0] = await desk.putInto("typed-test", [body, "no type"]);
  await desk.client.send(`reserve-job ${id}`, progress(id, '{"page":3,"of":"<i>12</i>"}'));
  await desk.client.send(`release ${id} 1024 0`); // what was said stays
  await desk.open(`#/jobs/${id}`);
  const panel = desk.page.locator(".body-panel", { hasText: "what its worker said last" });
  await panel.getByText('"<i>12</i>"').waitFor();
  const fact = desk.page.locator(".facts > div", { hasText: "type" }).first();
  expect(await fact.locator("dd").textContent()).toBe("<b>thumb</b>U+202E");
  await desk.open(`#/jobs/${plain}`);
  await desk.sees("no type");
  await desk.counts(desk.page.locator("dt", { hasText: "type" }), 0);
  await desk.counts(panel, 0);
});

test("the job that a schedule is kept as says when it is due, and what it has enqueued", async () => {
  const times = { cron: "30 2 * * *", zone: "Europe/Berlin" };
  const run = { tube: "reports", priority: 0, leaseMillis: 60_000 };
  const schedule = { name: "<b>nightly</b>", times, overlap: "skip", missed: "once", run } as const;
  const about = { schedule, moment: Date.parse("2046-03-01T01:30:00Z"), body: new Uint8Array(0) };
  const { body } = jobOfSchedule("nightly", about, 0);
  await desk.client.send("use hm.schedules", put(body, 0, 100_000));
  await desk.open("#/tubes/hm.schedules?state=delayed");
  await desk.page.locator("tbody tr a").first().click();
  const panel = desk.page.locator(".schedule-panel");
  await panel.getByText("30 2 * * * in Europe/Berlin").waitFor();
  const heading = await panel.locator("h2").textContent();
  expect(heading).toBe("Schedule <b>nightly</b>");
  expect(await panel.locator("time").getAttribute("datetime")).toBe("2046-03-01T01:30:00.000Z");
  await panel.getByRole("link", { name: "reports" }).waitFor();
});

test("a job is kicked and deleted from its page", async () => {
  const [id = 0] = await desk.putInto("job-actions", ["x"]);
  await desk.client.send(`reserve-job ${id}`, `bury ${id} 0`);
  await desk.open(`#/jobs/${id}`);
  await desk.press("Kick");
  await desk.sees(`Job ${id} is ready.`);
  expect((await desk.client.stats(`stats-job ${id}`))["state"]).toBe("ready");
  await desk.press("Delete");
  await desk.confirm("Delete 1 job");
  await desk.sees(`Job ${id} is deleted.`);
  await desk.page.waitForURL(/#\/tubes\/job-actions/);
  expect(await desk.client.send(`peek ${id}`)).toEqual(["NOT_FOUND"]);
});

test("buried jobs come with their failure and since when, the one that was buried last first", async () => {
  const [early = 0, late = 0, between = 0] = await desk.putInto("buried-order", ["a", "b", "c"]);
  const said = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'";
  await desk.client.send(`reserve-job ${between}`, bury(between, "no room"));
  await desk.client.send(`reserve-job ${early}`, `bury ${early} 0`);
  await desk.client.send(`reserve-job ${late}`, bury(late, said));
  await desk.open("#/tubes/buried-order?state=buried");
  const rows = desk.page.locator("tbody tr");
  await rows.nth(2).waitFor();
  const cells = await rows.evaluateAll((all) =>
    all.map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent)),
  );
  expect(cells.map(([id, , failure]) => [id, failure])).toEqual([
    [String(late), "KeyError: 'x'"],
    [String(early), "no message"],
    [String(between), "no room"],
  ]);
  expect(cells.map(([, since]) => since).join()).toMatch(/^(?:[\d.]+ s ago,?){3}$/);
});

test("a job was not put later than it was first tried", async () => {
  const [id = 0] = await desk.putInto("put-time", ["x"]);
  await desk.client.send(`reserve-job ${id}`, bury(id, "no"));
  await desk.open(`#/jobs/${id}`);
  const times = desk.page.locator(".timeline .when");
  await times.nth(1).waitFor();
  const moments = (): Promise<number[]> =>
    desk.page
      .locator(".timeline .when time:first-child")
      .evaluateAll((all) => all.map((time) => Date.parse(time.getAttribute("datetime") ?? "")));
  const [attempt = 0, putAt = Infinity] = await moments();
  expect(putAt).toBeLessThanOrEqual(attempt);
  await times
    .last()
    .getByText(/[3-9] s ago/)
    .waitFor(); // the page follows the time
  expect(await moments()).toEqual([attempt, putAt]);
});

test("connections show who holds what", async () => {
  const [id = 0] = await desk.putInto("held", ["x"]);
  await desk.client.send("watch held", `reserve-job ${id}`);
  await desk.open("#/connections");
  await desk.sees("works on 1 job");
  await desk.page.getByRole("link", { name: String(id), exact: true }).click();
  await desk.sees("now reserved");
  const holder = desk.page.locator(".facts-panel").getByRole("link");
  await expect.poll(() => holder.textContent()).toMatch(/^127\.0\.0\.1:\d+$/);
  await holder.click();
  await desk.page.getByRole("heading", { name: /^Connection \d+-\d+$/ }).waitFor();
  await desk.sees("works on 1 job");
  await desk.counts(desk.page.locator("tbody tr"), 1);
  await desk.client.send(`delete ${id}`);
});

test("the server is drained and takes jobs again", async () => {
  await desk.open("#/");
  await desk.page.getByRole("switch", { name: "Drain" }).click();
  await desk.confirm("Drain");
  await desk.sees("The server is draining: it takes no new jobs.");
  expect(await desk.client.send(put("x"))).toEqual(["DRAINING"]);
  await desk.page.getByRole("switch", { name: "Drain", checked: true }).click();
  await desk.sees("The server takes new jobs again.");
  expect((await desk.client.send(put("x")))[0]).toMatch(/^INSERTED/);
});

test("everything is reached by keyboard", async () => {
  await desk.open("#/");
  await desk.page.getByRole("heading", { name: "Overview" }).waitFor();
  await desk.page.keyboard.press("Tab");
  await expect
    .poll(() => desk.page.evaluate(() => document.activeElement?.textContent))
    .toBe("Skip to the content");
  await desk.page.keyboard.press("g");
  await desk.page.keyboard.press("t");
  await desk.page.getByRole("heading", { name: "Tubes" }).waitFor();
  await desk.page.locator("tbody tr").first().waitFor();
  await desk.page.keyboard.press("/");
  await desk.page.keyboard.type(tubeName(77));
  await desk.sees("1 found");
  await desk.page.keyboard.press("Shift+Tab");
  await desk.page.keyboard.press("j");
  await desk.page.keyboard.press("Enter");
  await desk.page.getByRole("heading", { name: tubeName(77) }).waitFor();
  await desk.page.keyboard.press("?");
  await desk.dialog.getByText("next row").waitFor();
  await desk.page.keyboard.press("Escape");
  await desk.dialog.waitFor({ state: "detached" });
});

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
