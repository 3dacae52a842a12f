/* Health: what probes get to hear over a server's life. */
import { expect, test } from "vitest";
import { HttpPort } from "./http-port.ts";

test("a server that serves is alive and ready, without a token", async () => {
  await using http = await HttpPort.start({ flags: ["--http-token", "a-token-of-some-length"] });
  expect(await http.ask("/healthz")).toMatchObject({ status: 200, text: "alive\n" });
  expect(await http.ask("/readyz")).toMatchObject({ status: 200, text: "ready\n" });
});

test("a server that drains is alive and not ready", async () => {
  await using http = await HttpPort.start();
  http.server.signal("SIGUSR1");
  await expect.poll(async () => (await http.ask("/readyz")).text).toBe("draining\n");
  expect((await http.ask("/readyz")).status).toBe(503);
  expect((await http.ask("/healthz")).status).toBe(200);
});
