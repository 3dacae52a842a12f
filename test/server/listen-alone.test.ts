/* The ports of HTTP and of JSON: one that the system chooses is not one that a queue is about to
 * listen on.
 */
import { createServer } from "node:net";
import type { AddressInfo, ListenOptions } from "node:net";
import { onTestFinished, expect, test } from "vitest";
import { isNobodysTurn, reserveTurn } from "../../src/transports/port-turn.ts";
import { listenAlone } from "../../src/transports/tcp.ts";

const host = "127.0.0.1";

/** A port that a queue was promised: free, and somebody has its turn. */
async function promisedPort(): Promise<number> {
  for (;;) {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen({ host, port: 0 }, resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    if (await reserveTurn(port)) return port;
  }
}

test("a port that was promised to a queue is given back, and another one taken", async () => {
  const promised = await promisedPort();
  const server = createServer();
  onTestFinished(() => void server.close());
  const listen = server.listen.bind(server);
  const asked: ListenOptions[] = [];
  // As the system may choose.
  Object.assign(server, {
    listen(binding: ListenOptions, listening: () => void) {
      asked.push(binding);
      return listen({ ...binding, port: asked.length === 1 ? promised : 0 }, listening);
    },
  });
  const port = await listenAlone(server, { host, port: 0 });
  expect(asked).toHaveLength(2);
  expect(port).not.toBe(promised);
  expect((server.address() as AddressInfo).port).toBe(port);
  expect([await isNobodysTurn(promised), await isNobodysTurn(port)]).toEqual([false, true]);
});

test("a port that was asked for is taken, or refused in a sentence", async () => {
  const [first, second] = [createServer(), createServer()];
  onTestFinished(() => void first.close());
  const port = await listenAlone(first, { host, port: 0 });
  await expect(listenAlone(second, { host, port })).rejects.toMatchObject({
    code: "HM_BIND",
    message: `cannot listen on ${host}:${port}: the port is in use by another process`,
  });
});
