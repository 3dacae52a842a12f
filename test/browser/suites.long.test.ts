/* The suites that run inside a browser, in the real Chromium. What it has a persistent profile for
 * is the file system of an origin, which another kind of profile only pretends to have.
 *
 * @module-tag chromium
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser } from "../dashboard/browser.ts";
import { amount } from "../support/amount.ts";
import type { SuiteResult } from "./page/page.ts";
import type { Loopback } from "./loopback.ts";
import { serveSite } from "./site.ts";
import { SUITES } from "./suites.ts";

const SUITE_MS = 600_000;
const SCALE = amount({ usual: 1, thorough: 10 });
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1_000_000));
/** Of a suite that does less something is wrong. */
const CHECKS_MIN = 3;

let site: Loopback;
let browser: Browser;
beforeAll(async () => {
  site = await serveSite();
  browser = await Browser.open([site.origin]);
});
afterAll(async () => {
  expect(browser.complaints).toEqual([]);
  await browser[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

for (const { name, cell } of SUITES) {
  const meta = cell === undefined ? {} : { meta: { cell } };
  test(name, { timeout: SUITE_MS * SCALE, ...meta }, async () => {
    const query = `?suite=${name}&seed=${SEED}&scale=${SCALE}`;
    const result = await resultOn(`${site.origin}/${query}`);
    const replay = `SEED=${SEED} npx vitest run --project long test/browser/suites.long.test.ts`;
    const byHand = `or npm run test:browser, and ${query} in the address`;
    expect(result.failures.join("\n"), `${replay}, ${byHand}`).toBe("");
    expect(result).toMatchObject({ name, failed: 0 });
    expect(result.passed).toBeGreaterThanOrEqual(CHECKS_MIN);
  });
}

/** What the suite of that address comes to. */
async function resultOn(address: string): Promise<SuiteResult> {
  const page = await browser.page(address);
  const [result] = await page.evaluate<readonly SuiteResult[]>("finished");
  await page.close();
  if (result === undefined) throw new Error(`${address} runs nothing`);
  const counts = Object.entries(result.counts).map(([what, count]) => `${count} ${what}`);
  console.log(`${result.name}: ${[`${result.passed} checks`, ...counts].join(", ")}`);
  return result;
}
