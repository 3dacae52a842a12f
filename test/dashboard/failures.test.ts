/*
 * Failures: each job's, and all of them in groups, in the real browser, against the real server
 * with 10,000 tubes and 100,000 jobs.
 *
 * @module-tag chromium
 */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { Desk } from "./desk.ts";
import { WRECKS } from "./full-house.ts";
import { bury, release } from "./queue-client.ts";

/** Groups of the wrecks: the hostile messages, and one of ordinary ones. */
const GROUPS = 5;

const NONE = { owned: false, scripts: 1, foreign: 0, over: 0 };

const desk = Desk.ofFile();

test("a job's page shows every attempt that failed, with what the worker said", async () => {
  const [id = 0] = await desk.putInto("attempts", ["x"]);
  const { client } = desk;
  await client.send(`reserve-job ${id}`, release(id, "could not reach\nthe other side"));
  await client.send(`reserve-job ${id}`, bury(id, "gave up"));
  await desk.open(`#/jobs/${id}`);
  await desk.sees("attempt 2");
  await desk.sees("buried by its worker");
  await desk.sees("gave up");
  await desk.sees("attempt 1");
  await desk.sees("released by its worker");
  await desk.sees("could not reach");
});

test("hostile messages of failures are text, in groups and on the pages of their jobs", async () => {
  await desk.look(`#/failures?tube=${WRECKS}`);
  await desk.page.locator(".group").first().waitFor();
  for (const more of await desk.page.getByText("Newest message").all()) await more.click();
  await desk.sees("<script>window.owned=1;alert(document.domain)</script>");
  await desk.sees("<b>bold</b>");
  await desk.sees("U+202E");
  await desk.sees("\\x1b");
  await desk.sees("\\xff\\xfe\\xfd\\x00\\x80");
  await desk.sees(/E{500}/);
  expect(await intrusion(desk.page)).toEqual(NONE);
  const links = desk.page.getByRole("link", { name: "Open jobs" });
  await desk.counts(links, GROUPS);
  for (const link of await links.all()) {
    const other = await desk.another((await link.getAttribute("href")) ?? "");
    await other.locator("tbody tr th a").first().click();
    await other.locator(".timeline .payload-text").first().waitFor();
    for (const way of ["Text", "Hex"]) {
      const buttons = other.locator(".timeline").getByRole("button", { name: way, exact: true });
      for (const button of await buttons.all()) await button.click();
    }
    expect(await intrusion(other)).toEqual(NONE);
    await other.close();
  }
});

test("a message of one line of 60 KiB is cut, and shown when asked for", async () => {
  await desk.look(`#/tubes/${WRECKS}?state=buried&filter=${"E".repeat(50)}`);
  await desk.page.locator("tbody tr th a").first().click();
  const shown = desk.page.locator(".timeline .payload-text").first();
  await shown.waitFor();
  await expect.poll(async () => (await shown.textContent())?.length).toBe(4096);
  await desk.press("Show all 60.0 KiB");
  await expect.poll(async () => (await shown.textContent())?.length).toBe(60 * 1024);
  expect((await intrusion(desk.page)).over).toBeLessThanOrEqual(0);
});

test("more failures than are kept are counted", async () => {
  const [id = 0] = await desk.putInto("many", ["x"]);
  for (let attempt = 1; attempt <= 12; attempt++) {
    await desk.client.send(`reserve-job ${id}`, release(id, `attempt number ${attempt}`));
  }
  await desk.open(`#/jobs/${id}`);
  await desk.sees("attempt number 12");
  await desk.sees("2 older failures not kept");
  await desk.counts(desk.page.locator(".timeline .failed"), 10);
});

test("jobs are filtered by what their latest failure says", async () => {
  await desk.look(`#/tubes/${WRECKS}?state=buried&filter=ETIMEDOUT`);
  await desk.sees("30 jobs here");
  await desk.press("Delete all matching…");
  await desk.dialog.getByText("Delete 30 buried jobs of wrecks").waitFor();
  await desk.confirm("Cancel");
});

test("failures are grouped; a group's jobs are opened and kicked", async () => {
  await desk.open(`#/failures?tube=${WRECKS}`);
  const group = desk.page.locator(".group").filter({ hasText: "connect ETIMEDOUT" });
  await group.getByText("30").first().waitFor();
  await desk.counts(desk.page.locator(".group"), GROUPS);
  await group.getByRole("link", { name: "Open jobs" }).click();
  await desk.page.waitForURL(/state=buried&group=/);
  await desk.sees(/30 jobs here/);
  await desk.page.goBack();
  await group.getByRole("button", { name: "Kick all…" }).click();
  await desk.dialog.getByText("Kick 30 buried jobs of wrecks").waitFor();
  await desk.confirm("Kick 30 jobs");
  await desk.sees("30 jobs of wrecks kicked.");
  expect(await desk.figure(WRECKS, "current-jobs-ready")).toBe(30);
});

test("a group is deleted, and the page is reached by its keys", async () => {
  await desk.putInto("doomed", ["x"]);
  const [id = 0] = await desk.putInto("doomed", ["y"]);
  await desk.client.send(`reserve-job ${id}`, bury(id, "beyond repair"));
  await desk.open("#/");
  await desk.page.getByRole("heading", { name: "Overview" }).waitFor();
  await desk.page.keyboard.press("g");
  await desk.page.keyboard.press("f");
  await desk.page.getByRole("heading", { name: "Failures" }).waitFor();
  await desk.page.getByRole("searchbox").fill("doomed");
  await desk.page.waitForURL(/tube=doomed/);
  await desk.page.getByText("1 group of 1 buried job").waitFor();
  await desk.press("Delete all…");
  await desk.confirm("Delete 1 job");
  await desk.sees("1 job of doomed deleted.");
  await desk.sees("Nothing is buried in such a tube.");
  expect(await desk.figure("doomed", "current-jobs-ready")).toBe(1);
});

test("the overview shows how many attempts fail", async () => {
  await desk.open("#/");
  await desk.page.getByRole("heading", { name: "Failed" }).waitFor();
  const fact = desk.page.locator("dl.facts div").filter({ hasText: "failures recorded" });
  const shown = async (): Promise<number> =>
    Number.parseInt((await fact.locator("dd").textContent())?.replaceAll(/\D/g, "") ?? "", 10);
  await expect.poll(shown).toBeGreaterThanOrEqual(0);
  const before = await shown();
  const [id = 0] = await desk.putInto("failing", ["x"]);
  await desk.client.send(`reserve-job ${id}`, release(id, "again"));
  await expect.poll(shown).toBe(before + 1);
});

/**
 * Whether anything of the users' became part of the page's own making, and how much wider than the
 * screen it is.
 */
function intrusion(page: Page): Promise<Record<string, unknown> & { over: number }> {
  return page.evaluate(() => ({
    owned: "owned" in globalThis,
    scripts: document.scripts.length,
    foreign: document.querySelectorAll("iframe, object, embed, img, main script, main b").length,
    over: Math.max(0, document.documentElement.scrollWidth - innerWidth),
  }));
}

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
