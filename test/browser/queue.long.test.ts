/* `homemaker/browser` in the real Chromium, with the package's files as they are published. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestOptions } from "vitest";
import { Browser } from "../dashboard/browser.ts";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { until } from "../support/until.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";
import type { Loopback } from "./loopback.ts";
import { inPage, servePages } from "./pages.ts";

const CHROMIUM: TestOptions = { tags: ["chromium"], timeout: 180_000 };

let pages: Loopback;
let plain: Loopback;
let browser: Browser;
let server: Awaited<ReturnType<typeof startOnWebSocket>>;
beforeAll(async () => {
  pages = await servePages();
  plain = await servePages(false);
  server = await startOnWebSocket("--threads", "1", "--ws-origin", plain.origin);
  browser = await Browser.open([pages.origin, plain.origin, webSocketUrl(server)]);
});
afterAll(async () => {
  expect(browser.complaints).toEqual([]);
  await browser[Symbol.asyncDispose]();
  await Promise.all([pages, plain].map((one) => one[Symbol.asyncDispose]()));
  await server.stop();
});

/** Ends the worker of a page that has the queue, as the browser does without a word. */
async function endWorker(page: Page): Promise<void> {
  const [worker] = page.workers();
  await worker?.evaluate("close()").catch(() => undefined); // it does not live to answer
}

test(
  "a queue in memory keeps jobs for a page, and closing it gives everything back",
  CHROMIUM,
  async () => {
    const page = await browser.page(pages.origin);
    expect(await inPage(page, "round", { memory: true })).toEqual({
      sums: [11, 12, 13],
      cancelled: "cancelled",
      isLongWhole: true,
      durable: false,
      locks: 0,
    });
    await until("its worker is gone", () => page.workers().length === 0);
    await page.close();
  },
);

test("a worker of the page shares its queue, and hears when that is closed", CHROMIUM, async () => {
  const page = await browser.page(pages.origin);
  expect(await inPage(page, "share")).toEqual([42, "HM_CLOSED"]);
  await page.close();
});

test(
  "when the queue's worker is gone whoever waits hears so, and so does who comes later",
  CHROMIUM,
  async () => {
    const page = await browser.page(pages.origin);
    await inPage(page, "wait", { memory: true });
    await endWorker(page);
    const [broken, closed] = [["HM_BROKEN"], ["HM_CLOSED"]];
    expect(await inPage(page, "heard")).toEqual([broken, closed, closed]);
    await page.close();
  },
);

test(
  "a body that is too big for the queue lies in files of the origin, and nothing is left of it",
  CHROMIUM,
  async () => {
    const page = await browser.page(pages.origin);
    expect(await inPage(page, "big", { memory: true }, 3_000_000)).toEqual({
      during: 2, // with a note of what is being put
      result: [3_000_000, true],
      after: 0,
      none: undefined,
      key: ["HM_OPTION"],
    });
    await page.close();
  },
);

test("what is no queue, or no option, is refused", CHROMIUM, async () => {
  const page = await browser.page(pages.origin);
  const refusal = (target: unknown): Promise<unknown> => inPage(page, "refusal", target);
  const wrong = { code: "HM_OPTION" };
  expect(await refusal({ memory: false })).toMatchObject(wrong);
  expect(await refusal({ memory: true, shards: "many" })).toMatchObject(wrong);
  expect(await refusal({ memory: true, clock: {} })).toMatchObject(wrong);
  expect(await refusal("redis://127.0.0.1")).toMatchObject(wrong);
  await page.close();
});

test("a page that is not isolated is told so, and has a server's queue", CHROMIUM, async () => {
  const page = await browser.page(plain.origin);
  const refused = await inPage(page, "refusal", { memory: true });
  expect(refused).toMatchObject({ code: "HM_NOT_SUPPORTED" });
  for (const header of ["Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy"]) {
    expect(refused).toMatchObject({ message: expect.stringContaining(header) });
  }
  expect(await inPage(page, "round", webSocketUrl(server))).toMatchObject({ sums: [11, 12, 13] });
  await page.close();
});

describe("a queue in a directory", () => {
  const DIRECTORY = { directory: "some/jobs" };
  const FIVE = ["0", "1", "2", "3", "4"];

  test("is done like any other, and survives that it is closed", CHROMIUM, async () => {
    const page = await browser.page(pages.origin);
    expect(await inPage(page, "round", DIRECTORY)).toMatchObject({
      sums: [11, 12, 13],
      isLongWhole: true,
      durable: true,
      locks: 0,
    });
    await inPage(page, "keep", DIRECTORY, 5);
    await inPage(page, "close");
    expect(await inPage(page, "drain", DIRECTORY)).toEqual(FIVE);
    expect(await inPage(page, "drain", DIRECTORY)).toEqual([]);
    await page.close();
  });

  test("survives a page that is loaded again, and a worker that is gone", CHROMIUM, async () => {
    const page = await browser.page(pages.origin);
    await inPage(page, "keep", DIRECTORY, 5);
    await page.reload();
    expect(await inPage(page, "drain", DIRECTORY)).toEqual(FIVE);
    await inPage(page, "keep", DIRECTORY, 5);
    await endWorker(page);
    expect(await inPage(page, "drain", DIRECTORY)).toEqual(FIVE);
    await page.close();
  });

  test(
    "is one page's at a time; who comes second is told so, and not made to wait",
    CHROMIUM,
    async () => {
      const page = await browser.page(pages.origin);
      const other = await browser.page(pages.origin);
      await inPage(page, "keep", DIRECTORY, 5);
      expect(await inPage(other, "refusal", DIRECTORY)).toMatchObject({
        code: "HM_JOURNAL",
        reason: "HM_STORAGE_BUSY",
      });
      await inPage(page, "close");
      expect(await inPage(other, "drain", DIRECTORY)).toEqual(FIVE);
      await Promise.all([page.close(), other.close()]);
    },
  );

  test(
    "refuses puts when the quota is used up, goes on with the rest, and takes puts again",
    CHROMIUM,
    async () => {
      const page = await browser.page(pages.origin);
      const small = { directory: "small", segmentBytes: 1_048_576 };
      const quota = await page.context().newCDPSession(page);
      const limit = { origin: pages.origin };
      await inPage(page, "keep", small, 5);
      const usage = await page.evaluate<number>(
        "navigator.storage.estimate().then((of) => of.usage)",
      );
      await quota.send("Storage.overrideQuotaForOrigin", {
        ...limit,
        quotaSize: usage + 3_000_000,
      });
      expect(await inPage(page, "fill", 1000, 60_000)).toBe("HM_OUT_OF_MEMORY");
      await quota.send("Storage.overrideQuotaForOrigin", limit);
      await until("puts are taken", async () => (await inPage(page, "fill", 1, 10)) === undefined);
      await quota.send("Storage.overrideQuotaForOrigin", {
        ...limit,
        quotaSize: usage + 3_000_000,
      });
      await inPage(page, "fill", 1000, 60_000);
      await inPage(page, "close");
      const done = (await inPage(page, "drain", small)) as readonly string[];
      expect(done.slice(0, 5)).toEqual(FIVE);
      expect(done.length).toBeGreaterThan(10);
      const tiny = { ...limit, quotaSize: 1 };
      await quota.send("Storage.overrideQuotaForOrigin", tiny);
      expect(await inPage(page, "refusal", { directory: "another" })).toMatchObject({
        code: "HM_JOURNAL",
        reason: "HM_STORAGE_FULL",
      });
      await quota.send("Storage.overrideQuotaForOrigin", limit);
      await page.close();
    },
  );
});
