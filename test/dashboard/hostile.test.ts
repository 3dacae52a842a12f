/* What hostile clients left in the queue is looked at in the real browser, and does nothing.
 *
 * @module-tag chromium
 */
import { beforeAll, expect, test } from "vitest";
import { Desk } from "./desk.ts";
import { HOSTILE, HOSTILE_BODIES, HOSTILE_TUBES } from "./full-house.ts";
import { put } from "./queue-client.ts";

/** Which of the hostile bodies is one line of 60 KiB. */
const LONG_LINE = HOSTILE_BODIES.findIndex((body) => body.length === 60 * 1024);

const desk = Desk.ofFile();
let ids: number[];

beforeAll(async () => {
  const puts = HOSTILE_BODIES.map((body) => put(body));
  const [, ...inserted] = await desk.client.send("use bodies", ...puts);
  ids = inserted.map((line) => Number(line.split(" ")[1]));
});

/** Whether anything of the users' became part of the page's own making. */
function intrusion(): Promise<unknown> {
  return desk.page.evaluate(() => ({
    owned: "owned" in globalThis,
    scripts: document.scripts.length,
    foreign: document.querySelectorAll(
      "iframe, object, embed, img, main script, main style, main svg [onload]",
    ).length,
  }));
}

const NONE = { owned: false, scripts: 1, foreign: 0 };

test("hostile bodies in a list are text", async () => {
  await desk.look(`#/tubes/${HOSTILE}`);
  await desk.page.getByText("<script>window.owned=1;alert(1)</script>").waitFor();
  await desk.page.getByText("U+202E").first().waitFor();
  await desk.page.getByText("\\xff\\xfe\\x00").first().waitFor();
  expect(await intrusion()).toEqual(NONE);
});

test("each hostile body on its own page is text, in every way of looking at it", async () => {
  for (const id of ids) {
    await desk.look(`#/jobs/${id}`);
    await desk.page.getByRole("heading", { name: `Job ${id}` }).waitFor();
    for (const way of ["Text", "JSON", "Hex"]) {
      const button = desk.page.getByRole("button", { name: way, exact: true }).first();
      if ((await button.count()) > 0) await button.click();
    }
    expect(await intrusion()).toEqual(NONE);
  }
});

test("a line of 60 KiB is cut, and shown when asked for", async () => {
  await desk.look(`#/jobs/${ids[LONG_LINE]}`);
  const shown = desk.page.locator(".body-panel pre");
  await shown.waitFor();
  await expect.poll(async () => (await shown.textContent())?.length).toBe(4096);
  await desk.page.getByRole("button", { name: "Show all 60.0 KiB" }).click();
  await expect.poll(async () => (await shown.textContent())?.length).toBe(60 * 1024);
  const overflow = await desk.page.evaluate(
    () => document.documentElement.scrollWidth - innerWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
});

test("tubes with hostile names are found, opened and told apart", async () => {
  for (const name of HOSTILE_TUBES) {
    await desk.look(`#/tubes?search=${encodeURIComponent(name)}`);
    await desk.page.getByRole("link", { name, exact: true }).first().click();
    await desk.page.getByRole("heading", { name, exact: true }).waitFor();
    await desk.page.locator("tbody tr").first().waitFor();
    expect(await intrusion()).toEqual(NONE);
  }
});

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
