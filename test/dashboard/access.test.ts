/*
 * Who may do what: the login page, the read-only role, and pages of others that try to make the
 * browser act.
 *
 * @module-tag chromium
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HttpPort } from "../http/http-port.ts";
import { lineFor } from "../support/token-book.ts";
import { Browser } from "./browser.ts";
import { put, QueueClient } from "./queue-client.ts";

const START_MS = 60_000;
const TEST_MS = 90_000;
const TOKEN = "the-token-of-the-admin";
const READ_TOKEN = "the-token-of-a-reader";
const MANAGER = "hm_manager-0123456789";

let house: HttpPort;
let client: QueueClient;
let base: string;

beforeAll(async () => {
  house = await HttpPort.start({
    flags: ["--http-token", TOKEN, "--http-read-token", READ_TOKEN],
  });
  base = `http://127.0.0.1:${house.port}`;
  client = await QueueClient.connect(house.server);
  await client.send("use mail", put("one"), put("two"));
}, START_MS);

afterAll(async () => {
  client[Symbol.dispose]();
  await house[Symbol.asyncDispose]();
});

test(
  "without the token there is the login page; a wrong one is refused, the right one lets in, and out again",
  async () => {
    await using browser = await Browser.open([base]);
    const page = await browser.page(`${base}/#/tubes`);
    await page.getByLabel("Token").fill("a guess");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("This is not a token of this server.").waitFor();
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "More for mail" }).waitFor();
    const kept = await page.evaluate(() =>
      JSON.stringify([localStorage, sessionStorage, document.cookie]),
    );
    expect(kept).not.toContain(TOKEN);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
    // A refused request is a line in the console of any browser.
    expect(browser.complaints.filter((line) => !line.includes("401"))).toEqual([]);
  },
  TEST_MS,
);

test(
  "a reader sees everything and is offered nothing to change",
  async () => {
    await using browser = await Browser.open([base]);
    const page = await browser.page(`${base}/`);
    await page.getByLabel("Token").fill(READ_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByText("read only").waitFor();
    expect(await page.getByRole("switch").count()).toBe(0);
    await page.goto(`${base}/#/tubes`);
    await page.locator("tbody tr").first().waitFor();
    expect(await page.getByRole("button", { name: /More|Flush|Pause|Kick|Delete/ }).count()).toBe(
      0,
    );
    const status = await page.evaluate(async () => {
      const answer = await fetch("/api/v1/tubes/mail/flush", {
        method: "POST",
        headers: { "content-type": "application/json", "x-homemaker": "1" },
        body: "{}",
      });
      return answer.status;
    });
    expect(status).toBe(403);
    expect((await client.stats("stats-tube mail"))["current-jobs-ready"]).toBe("2");
  },
  TEST_MS,
);

test(
  "a token of the queue is offered actions on the tubes that it may manage, and on no others",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "dashboard-tokens-"));
    const file = join(directory, "tokens");
    writeFileSync(
      file,
      [lineFor(MANAGER, "manage:mail.*", "look:*"), "anonymous all:*"].join("\n"),
    );
    await using port = await HttpPort.start({ flags: ["--tokens", file] });
    using producer = await QueueClient.connect(port.server);
    await producer.send("use mail.a", put("one"), "use other", put("two"));
    const place = `http://127.0.0.1:${port.port}`;
    await using browser = await Browser.open([place]);
    const page = await browser.page(`${place}/`);
    await page.getByLabel("Token").fill(MANAGER);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    expect(await page.getByRole("switch").count()).toBe(0); // draining is the whole server's
    await page.goto(`${place}/#/tubes`);
    await page.getByRole("button", { name: "Pause mail.a" }).waitFor();
    expect(await page.getByRole("link", { name: "other" }).count()).toBe(1);
    expect(await page.getByRole("button", { name: /other/ }).count()).toBe(0);
    await page.goto(`${place}/#/jobs/2`);
    await page.getByRole("heading", { name: "Job 2" }).waitFor();
    await page.getByText("two", { exact: true }).waitFor();
    expect(await page.getByRole("button", { name: /Delete|Move/ }).count()).toBe(0);
    await page.goto(`${place}/#/jobs/1`);
    await page.getByRole("button", { name: /Delete/ }).waitFor();
    rmSync(directory, { recursive: true });
  },
  TEST_MS,
);

test(
  "a page of somebody else can neither act for the reader nor frame the dashboard",
  async () => {
    const stranger = await openStranger();
    const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    try {
      await using browser = await Browser.open([base, elsewhere]);
      const page = await browser.page(`${base}/`);
      await page.getByLabel("Token").fill(TOKEN);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await page.goto(elsewhere);
      const flush = `${base}/api/v1/tubes/mail/flush`;
      await page.evaluate(async (address) => {
        const tries: RequestInit[] = [
          { mode: "no-cors", body: "{}" },
          { mode: "no-cors", body: "{}", headers: { "content-type": "text/plain" } },
          {
            mode: "cors",
            body: "{}",
            headers: { "content-type": "application/json", "x-homemaker": "1" },
          },
        ];
        for (const one of tries) {
          await fetch(address, { method: "POST", credentials: "include", ...one }).catch(
            () => undefined,
          );
        }
      }, flush);
      await page.evaluate((address) => {
        const form = document.createElement("form");
        form.method = "post";
        form.enctype = "text/plain";
        form.action = address;
        document.body.append(form);
        form.submit();
      }, flush);
      await page.waitForURL(flush);
      expect(await page.textContent("body")).toContain("HM_");
      await page.goto(elsewhere);
      await page.evaluate((address) => {
        const frame = document.createElement("iframe");
        frame.src = address;
        document.body.append(frame);
        return new Promise((resolve) => frame.addEventListener("load", resolve));
      }, `${base}/`);
      expect(await page.frameLocator("iframe").getByText("Homemaker").count()).toBe(0);
      expect((await client.stats("stats-tube mail"))["current-jobs-ready"]).toBe("2");
    } finally {
      stranger.close();
    }
  },
  TEST_MS,
);

async function openStranger(): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>stranger</title><body></body>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
