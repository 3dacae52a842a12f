/* What takes a server of its own to see, or seconds: silence in real time, and ports. */
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { until } from "../support/until.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";

test("a silent peer is pinged, and one that does not answer is closed", async () => {
  const server = await startOnWebSocket("--threads", "1", "--ws-idle", "3s");
  const polite = new WebSocket(webSocketUrl(server));
  let pings = 0;
  polite.on("ping", () => pings++);
  const deaf = new WebSocket(webSocketUrl(server), { autoPong: false });
  let end = "";
  deaf.on("close", (code, reason) => (end = `${code} ${reason.toString()}`));
  await until("the deaf one is closed", () => end !== "");
  await until("the polite one was pinged thrice", () => pings >= 3);
  expect(end).toBe("1008 nothing was heard for too long");
  expect(polite.readyState).toBe(WebSocket.OPEN);
  await server.stop();
});

test("a port is for TCP or for WebSockets, and a free one for either", async () => {
  const server = await startOnWebSocket("-l", "127.0.0.1:0", "-l", "ws://127.0.0.1:0");
  await until("it says all", () => server.output.split(" listening on ").length === 4);
  const ports = [...server.output.matchAll(/listening on \S*:(\d+) /g)].map(([, port]) => port);
  expect(new Set(ports).size).toBe(3);
  const port = ports[1] ?? "";
  await expect(startOnWebSocket("-l", `ws://127.0.0.1:${port}`)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is in use by another process`,
  );
  await server.stop();
  const both = startOnWebSocket("-l", `127.0.0.1:${port}`, "-l", `ws://127.0.0.1:${port}`);
  await expect(both).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the port is in use`);
});
