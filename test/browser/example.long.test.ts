/* examples/browser in the real Chromium: notes wait in the browser, over tabs that are closed and
 * without a network, and are at the server once when that is there.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { decodeEnvelope } from "../../src/entries/queue.ts";
import { Browser } from "../dashboard/browser.ts";
import { COMMAND } from "../support/command.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The example, served as its comment says. */
async function served() {
  const library = dirname(relative(ROOT, COMMAND));
  const script = ["examples/browser/serve.mjs", "0", library];
  const serving = execa("node", script, { cwd: ROOT, preferLocal: true, reject: false });
  const [line] = (await once(serving.stdout, "data")) as readonly unknown[];
  return { url: String(line).trim(), [Symbol.asyncDispose]: () => ended(serving) };
}

async function ended(serving: { kill(): boolean } & PromiseLike<unknown>): Promise<void> {
  serving.kill();
  await serving;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function send(page: Page, text: string): Promise<void> {
  await page.fill("input", text);
  await page.click("button");
}

async function shows(page: Page, text: string): Promise<void> {
  const shown = (): Promise<string | null> => page.textContent("#waiting");
  let last: string | null = null;
  await until(
    `the page shows ${text}`,
    async () => (last = await shown()) === text,
    () => `${last}`,
  );
}

test(
  "notes survive a closed tab and a network that is away, and get to the server once",
  { tags: ["chromium"], timeout: 240_000 },
  async () => {
    await using example = await served();
    const port = await freePort();
    const address = `${example.url}?server=ws://127.0.0.1:${port}`;
    await using browser = await Browser.open([
      new URL(example.url).origin,
      `ws://127.0.0.1:${port}`,
    ]);
    const first = await browser.page(address);
    await shows(first, "All notes are at the server.");
    for (const text of ["one", "two"]) await send(first, text);
    await shows(first, "2 wait here.");
    await first.reload(); // now its service worker has seen all that it needs
    await shows(first, "2 wait here.");
    await first.close();

    const page = await browser.page("about:blank");
    await page.context().setOffline(true);
    await page.goto(address);
    await shows(page, "2 wait here.");
    await send(page, "three");
    await shows(page, "3 wait here.");
    await page.context().setOffline(false);

    const flags = ["-l", `ws://127.0.0.1:${port}`, "--ws-origin", new URL(example.url).origin];
    const server = await startHomemaker({ flags });
    try {
      await until(
        "a note is on its way",
        async () => (await page.textContent("#waiting")) !== "3 wait here.",
      );
      await page.reload();
      await shows(page, "All notes are at the server.");
      const client = await connect(`ws://127.0.0.1:${port}`);
      await client.watch("note");
      const bodies: unknown[] = [];
      for (;;) {
        const job = await client.reserveWithTimeout(0);
        if (job === undefined) break;
        bodies.push(decodeEnvelope(job.body).data);
        await job.delete();
      }
      expect(bodies).toEqual(["one", "two", "three"].map((text) => ({ text })));
      await client.close();
    } finally {
      await server.stop();
    }
  },
);
