/* Clients that die while replies wait for them: no job is taken for them any more. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Outlet } from "../../src/transport.ts";
import { Connection } from "../../src/transports/connection.ts";
import { SocketWire } from "../../src/transports/socket-wire.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { FillingClient } from "./filling-client.ts";

const JOBS = 1000;
const BODY_BYTES = 60_000;
/** The jobs that the kernel's own buffers take are far fewer. */
const TAKEN_MAX = JOBS / 2;
const PUT = `put 0 0 60 ${BODY_BYTES} max:1\r\n${"x".repeat(BODY_BYTES)}\r\n`;
const FLAGS = ["--memory", "256MiB", "--max-output", "64KiB"];

let server: ServerProcess | undefined;
afterEach(() => server?.stop());

async function figure(client: FillingClient, question: string, name: string): Promise<number> {
  const [reply = ""] = await client.ask([`${question}\r\n`], 1);
  return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(reply)?.[1]);
}

test.each([
  { asks: "a window", said: `window ${JOBS}\r\n` },
  { asks: "pipelined reserves", said: "reserve-with-timeout 0\r\n".repeat(JOBS) },
])(
  "a client with $asks that never reads and dies takes no job any more",
  async ({ said }) => {
    server = await startHomemaker({ threads: 2, shards: 4, flags: FLAGS });
    const client = new FillingClient(await server.connect());
    await client.ask(["use b\r\n"], 1);
    for (let put = 0; put < JOBS; put += 50) {
      await client.ask(
        Array.from({ length: 50 }, () => PUT),
        50,
      );
    }
    const dying = await server.connect();
    dying.pause();
    dying.write(`watch b\r\n${said}`);
    let reserved = 0;
    let looks = 0; // since it took another job
    await until("it waits for the client to read", async () => {
      const now = await figure(client, "stats-tube b", "current-jobs-reserved");
      looks = now > 0 && now === reserved ? looks + 1 : 0;
      reserved = now;
      return looks === 10;
    });
    dying.resetAndDestroy();
    await until(
      "it is gone",
      async () => (await figure(client, "stats", "current-connections")) === 1,
    );
    const taken = await figure(client, "stats-tube b", "total-reserves");
    expect(taken).toBeLessThan(TAKEN_MAX);
    expect(await figure(client, "stats-tube b", "current-jobs-ready")).toBe(JOBS - taken);
    client.close();
  },
  60_000,
);

/** Both ends of a connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const far = connect(port, "127.0.0.1");
  const [near] = (await once(listener, "connection")) as [Socket];
  listener.close();
  return { near, far };
}

test("a session hears of a failed socket before that is closed, and never that it is drained", async () => {
  const { near, far } = await pair();
  far.pause();
  const heard: string[] = [];
  const whole = Promise.withResolvers<void>();
  const opening = Promise.withResolvers<Outlet>();
  const door = {
    admit: () => true,
    troubled: () => undefined,
    left: () => whole.resolve(),
    knows: () => undefined,
    open: (opened: Outlet) => {
      opening.resolve(opened);
      return {
        receive: () => undefined,
        ended: () => undefined,
        closed: () => heard.push(`closed, backlog ${opened.backlogBytes}`),
        drained: () => heard.push("drained"),
      };
    },
  };
  Connection.acceptStream(near, door, () => heard.push("left"));
  const outlet = await opening.promise;
  while (outlet.backlogBytes === 0) outlet.write(Buffer.alloc(1_000_000));
  far.resetAndDestroy();
  await whole.promise;
  expect(heard).toEqual(["closed, backlog Infinity", "left"]);
});

test("a client's socket that has failed has an endless backlog: what is asked was not sent", async () => {
  const { near, far } = await pair();
  const ended = Promise.withResolvers<void>();
  const listener = {
    received: () => undefined,
    ended: () => ended.resolve(),
    drained: () => undefined,
  };
  const wire = new SocketWire(far, listener);
  expect(wire.backlogBytes).toBe(0);
  far.destroy(new Error("broken"));
  expect(wire.backlogBytes).toBe(Infinity);
  await ended.promise;
  near.destroy();
});
