/*
 * A server that goes away and comes back: the dashboard says so, keeps what it knows, and goes on
 * by itself.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import { HttpPort } from "../http/http-port.ts";
import { Browser } from "./browser.ts";
import { put, QueueClient } from "./queue-client.ts";

const TEST_MS = 90_000;

test(
  "the connection is lost, found again, and the page follows",
  async () => {
    const first = await HttpPort.start();
    const base = `http://127.0.0.1:${first.port}`;
    await using browser = await Browser.open([base]);
    using before = await QueueClient.connect(first.server);
    await before.send("use before", put("x"));
    const page = await browser.page(`${base}/#/tubes`);
    await page.getByRole("link", { name: "before" }).waitFor();
    await first[Symbol.asyncDispose]();
    await page.getByText("The connection to the server is lost.").waitFor();
    await page.getByRole("link", { name: "before" }).waitFor();
    await using second = await HttpPort.start({ flags: ["--http-port", String(first.port)] });
    expect(second.port).toBe(first.port);
    using after = await QueueClient.connect(second.server);
    await after.send("use after", put("x"));
    await page.getByRole("link", { name: "after" }).waitFor();
    await page.getByText("The connection to the server is lost.").waitFor({ state: "detached" });
  },
  TEST_MS,
);
