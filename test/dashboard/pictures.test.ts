/*
 * Every page fits the screen, in light, in dark and on a phone, two of them at a time; a picture of
 * each is left in build/screenshots/ for those who look.
 *
 * @module-tag chromium
 */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { JobsAnswer } from "../../src/http/api-jobs.ts";
import { someOf } from "../support/amount.ts";
import { seedHere } from "../support/replay.ts";
import { Desk } from "./desk.ts";
import { HOSTILE, tubeName, WRECKS } from "./full-house.ts";
import { bury, put, release } from "./queue-client.ts";
import type { CommandWithBody } from "./queue-client.ts";

const PICTURES = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));

const SIZES = {
  light: { width: 1440, height: 900, colorScheme: "light" },
  dark: { width: 1440, height: 900, colorScheme: "dark" },
  phone: { width: 390, height: 844, colorScheme: "light" },
  "phone-dark": { width: 390, height: 844, colorScheme: "dark" },
} as const;

const desk = Desk.ofFile();
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  const body = JSON.stringify({
    to: "ann@example.net",
    items: [{ sku: 17, count: 2 }],
    gift: null,
  });
  const [failed = 0] = await desk.putInto("mail.send", [body]);
  const message =
    "TypeError: Cannot read properties of undefined\n    at send (/srv/app/mail.js:41:17)";
  const first = "connect ECONNREFUSED 10.0.0.7:25";
  await desk.client.send(`reserve-job ${failed}`, release(failed, first));
  await desk.client.send(`reserve-job ${failed}`, `release ${failed} 0 0`);
  await desk.client.send(`reserve-job ${failed}`, bury(failed, message));
  const { jobs: wrecks } = (await desk.ask(`tubes/${WRECKS}/jobs?state=buried`)) as JobsAnswer;
  const [held = 0, hostile = 0] = await desk.putInto("held", [
    "x",
    "\u202Egnp.exe \x1b[31m<script>",
  ]);
  await desk.client.send("watch held", `reserve-job ${held}`);
  // Every name as long as may be.
  const [tube, group, key] = ["t".repeat(200), "g".repeat(190), "k".repeat(190)];
  const [, holding = "", behind = ""] = await desk.client.send(
    `use ${tube}`,
    tagged(`con:${key} grp:${group} fair:${key}`),
    tagged(`con:${key} idp:${key}`),
    tagged(`aft:${group}`),
    `set-tube ${tube} dead=${"d".repeat(200)}`,
  );
  await desk.client.send(`watch ${tube}`, `reserve-job ${holding.split(" ")[1]}`);
  pages = {
    overview: "#/",
    tubes: "#/tubes?sort=ready&order=desc",
    "tubes-hostile": "#/tubes?search=%24",
    "tubes-none": "#/tubes?search=nothing-has-this-name",
    tube: `#/tubes/${tubeName(42)}`,
    "tube-hostile": `#/tubes/${HOSTILE}`,
    "tube-buried": `#/tubes/${WRECKS}?state=buried`,
    job: `#/jobs/${failed}`,
    "job-hostile": `#/jobs/${hostile}`,
    "tube-long": `#/tubes/${tube}`,
    "job-long": `#/jobs/${behind.split(" ")[1]}`,
    "job-wreck": `#/jobs/${wrecks[1]?.id}`,
    failures: "#/failures",
    "failures-none": "#/failures?tube=nothing-has-this-name",
    connections: "#/connections",
    "no-such-page": "#/nowhere",
  };
});

for (const [size, { width, height, colorScheme }] of someOf(Object.entries(SIZES), 2, seedHere())) {
  test(`every page fits: ${size}`, async () => {
    await desk.page.setViewportSize({ width, height });
    await desk.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [name, hash] of Object.entries(pages)) {
      await desk.look(hash);
      await expectFits(`${name}-${size}`);
    }
    await desk.look(pages["tubes"] ?? "");
    await desk.page.keyboard.press("?");
    await desk.dialog.waitFor();
    await expectFits(`help-${size}`);
    await desk.page.keyboard.press("Escape");
    await desk.dialog.waitFor({ state: "detached" });
  });
}

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});

/** A put with tags. */
function tagged(tags: string): CommandWithBody {
  const { line, body } = put("x");
  return { line: `${line} ${tags}`, body };
}

/** Takes a picture of a page that is no wider than the screen. */
async function expectFits(name: string): Promise<void> {
  const { page } = desk;
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect({ name, over: Math.max(0, over) }).toEqual({ name, over: 0 });
  await page.screenshot({ path: `${PICTURES}${name}.png` });
}
