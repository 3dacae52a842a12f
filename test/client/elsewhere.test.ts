/* The entries for where there are no sockets, as in a browser: what they can. */
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client-elsewhere.ts";
import { openQueue } from "../../src/entries/queue-elsewhere.ts";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";

test("a client and a queue reach a server by a WebSocket", async () => {
  const server = await startOnWebSocket("--threads", "1");
  const url = webSocketUrl(server) as `ws://${string}`;
  const client = await connect(["ws://127.0.0.1:1", url]);
  const { id } = await client.put("hello");
  expect((await client.reserve()).id).toBe(id);
  const queue = await openQueue(url);
  expect(await queue.stats("default")).toMatchObject({ active: 1 });
  await Promise.all([client.close(), queue.close()]);
  await server.stop();
});

test("what is no WebSocket is said to be out of reach", async () => {
  const unreachable = {
    code: "HM_UNREACHABLE",
    message: expect.stringContaining("ws://127.0.0.1:1"),
  };
  await expect(connect("127.0.0.1:11300")).rejects.toMatchObject({ code: "HM_NOT_SUPPORTED" });
  await expect(connect("ws://127.0.0.1:1", { connectTimeoutMs: 300 })).rejects.toMatchObject(
    unreachable,
  );
});
