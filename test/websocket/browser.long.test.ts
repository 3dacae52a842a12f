/* The client in the real Chromium: a page that was named talks to a server, another one may not. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import { Browser } from "../dashboard/browser.ts";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";

const ENTRY = fileURLToPath(new URL("../../src/entries/client-elsewhere.ts", import.meta.url));

/** The client as one script, under the name `client.js`; any other path is an empty page. */
async function pages(): Promise<AsyncDisposable & { readonly origin: string }> {
  const bundle = await rolldown({ input: ENTRY, platform: "browser" });
  const { output } = await bundle.generate({ format: "es" });
  const http = createServer(({ url }, response) => {
    const isScript = url === "/client.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript ? output[0].code : "<!doctype html><title>a page</title><link rel=icon href=data:>",
    );
  });
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Run in a page: puts jobs, takes them, and leaves a reserve that waits. */
const ROUND = `async (url, options) => {
  const { connect } = await import("/client.js");
  const client = await connect(url, options);
  const body = Uint8Array.from({ length: 60000 }, (_, at) => at % 256);
  await Promise.all(Array.from({ length: 100 }, () => client.put(body)));
  let right = 0;
  for (let count = 0; count < 100; count++) {
    const job = await client.reserve();
    if (job.body.length === 60000 && job.body.every((byte, at) => byte === at % 256)) right++;
    await job.delete();
  }
  const aborting = new AbortController();
  const waits = client.reserve({ signal: aborting.signal }).catch(({ name }) => name);
  const behind = client.put("behind it", { delaySeconds: 60 });
  setTimeout(() => aborting.abort(), 50);
  const found = [right, await waits, (await behind).isNew];
  await client.close();
  return found;
}`;

test(
  "a page that was named talks to the server, and another one does not",
  {
    tags: ["chromium"],
    meta: { cell: { place: "chromium", transport: "WebSocket", trial: "ledger" } },
    timeout: 180_000,
  },
  async () => {
    await using named = await pages();
    await using stranger = await pages();
    const server = await startOnWebSocket("--threads", "2", "--ws-origin", named.origin);
    try {
      const url = webSocketUrl(server);
      await using browser = await Browser.open([named.origin, stranger.origin, url]);
      const page = await browser.page(named.origin);
      expect(await page.evaluate(`(${ROUND})(${JSON.stringify(url)})`)).toEqual([
        100,
        "AbortError",
        true,
      ]);
      expect(browser.complaints).toEqual([]);
      const other = await browser.page(stranger.origin);
      const refused = `(${ROUND})(${JSON.stringify(url)}, { connectTimeoutMs: 1000 }).catch(({ code }) => code)`;
      expect(await other.evaluate(refused)).toBe("HM_UNREACHABLE");
      expect(browser.complaints.join("\n")).toContain("Unexpected response code: 403");
    } finally {
      await server.stop();
    }
  },
);
