/*
 * Jobs on a server: what an address is, and a server that is killed and comes back, while a
 * consumer holds a job of it.
 */
import { expect, onTestFinished, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import type { ClientOptions } from "../../src/client/connect.ts";
import { connect } from "../../src/entries/client.ts";
import { defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import type { ServerUrl } from "../../src/entries/queue.ts";
import { openServer } from "../../src/worker/server-backend.ts";
import { addressOf } from "../client/places.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { until } from "../support/until.ts";
import { Hands, jobOf } from "./beds.ts";
import { LastingServer } from "./lasting-server.ts";

const greet = defineJob("greet", { payload: unchecked<string>(), result: unchecked<number>() });

test("comes back, and with it the jobs: the one that was held is lost, and comes again", async () => {
  const server = await LastingServer.start();
  const troubles: Error[] = [];
  const hands = new Hands();
  await using queue = await openQueue(server.url);
  expect(queue.can.durable).toBe(true);
  queue.backend.consume(["greet"], {
    window: 1,
    take: hands.take,
    troubled: (error) => void troubles.push(error),
  });
  const job = await queue.enqueue(greet, "ann");
  const waiting = job.result({ timeout: Infinity });
  const held = await hands.next();
  const { signal } = held;
  server.kill();
  await until("the job is lost", () => signal.aborted);
  expect(signal.reason).toMatchObject({ code: "HM_NOT_HELD" });
  await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
  await server.again();
  const again = await hands.next();
  expect(again.id).toBe(held.id);
  await again.complete({ result: await greet.encodeResult(7) });
  expect(await waiting).toBe(7);
  expect(troubles.length).toBeGreaterThan(0);
});

test("is told how many jobs are wanted for as long as it takes, and again if that failed", async () => {
  const server = await startHomemaker({ threads: 1, shards: 1 });
  onTestFinished(() => server.stop());
  const limits: (number | undefined)[] = [];
  const failing: typeof connect = async (addresses, options) => {
    const client = await connect(addresses, options);
    const window = client.window.bind(client);
    client.window = (size, about) => {
      limits.push(about?.timeoutMs);
      return limits.length === 1 ? Promise.reject(new Error("not now")) : window(size, about);
    };
    return client;
  };
  await using backend = await openServer(`homemaker://${addressOf(server)}`, failing);
  const hands = new Hands();
  const troubles: string[] = [];
  const troubled = ({ message }: Error): void => void troubles.push(message);
  await using consumer = backend.consume(["work"], { window: 1, take: hands.take, troubled });
  await backend.put([1, 2, 3].map((count) => jobOf(`${count}`, { tube: "work" })));
  await until("one came", () => hands.ready.length === 1);
  consumer.window(3);
  await until("that failed", () => troubles.includes("not now"));
  consumer.window(3);
  await until("all came", () => hands.ready.length === 3);
  expect(limits).toEqual([Infinity, Infinity]);
});

test.each([
  ["homemaker://10.0.0.7", ["10.0.0.7"]],
  ["homemaker://10.0.0.7:11301,[::1]/", ["10.0.0.7:11301", "[::1]"]],
  ["homemaker://hm/x@y@10.0.0.7:11301", ["10.0.0.7:11301"]],
  ["homemaker+tls://hm/x@10.0.0.7,10.0.0.8", ["tls://10.0.0.7", "tls://10.0.0.8"]],
  ["homemaker+unix:/run/hm@1/hm.sock", ["unix:/run/hm@1/hm.sock"]],
  ["ws://10.0.0.7:11302", ["ws://10.0.0.7:11302"]],
  ["ws://hm_x@10.0.0.7:1/q,wss://b/,c", ["ws://10.0.0.7:1/q", "wss://b/,c"]],
  ["wss://queue.example.org/a,b", ["wss://queue.example.org/a,b"]],
] as const)("%s is %j", async (url, addresses) => {
  const asked: (readonly string[])[] = [];
  const refuse = (given: readonly string[]): Promise<Client> => {
    asked.push(given);
    return Promise.reject(new Error("enough"));
  };
  await expect(openServer(url, refuse)).rejects.toThrow("enough");
  expect(asked).toEqual([addresses]);
});

test.each([
  ["homemaker://hm/x@y@10.0.0.7", "hm/x@y"],
  ["homemaker://hm%2Fx%40y%25@10.0.0.7", "hm/x@y%"],
  ["homemaker+tls://hm%2Fx@10.0.0.7:1,10.0.0.8:1", "hm/x"],
  ["ws://hm%2Fx%40y@10.0.0.7:11302/queue", "hm/x@y"],
  ["wss://hm%2Fx@queue.example.org/", "hm/x"],
  ["ws://10.0.0.7:11302/", "said"],
  ["homemaker://@10.0.0.7", "said"],
] as const)("%s shows %s", async (url, token) => {
  const shown: unknown[] = [];
  const refuse = (_: readonly string[], options: ClientOptions): Promise<Client> => {
    shown.push(options.token);
    return Promise.reject(new Error("enough"));
  };
  await expect(openServer(url, refuse, { token: "said" })).rejects.toThrow("enough");
  expect(shown).toEqual([token]);
});

test.each([
  ["homemaker:/hm_x@10.0.0.7", '"homemaker:/10.0.0.7" is no queue'],
  ["homemaker:hm_x@10.0.0.7", '"homemaker:10.0.0.7" is no queue'],
  ["homemaker://hm_x@", '"homemaker://" is no queue'],
  ["http://hm_x/y@a", '"http://a" is no queue'],
  ["homemaker://hm_%x@a", "homemaker://a: the token before it"],
  ["ws://hm_/x@a:1/queue", "ws://a:1/queue: behind the host of a WebSocket no @ may stand"],
  ["wss://a:1/hm_@b", "write %2F for a slash in a token, %40 for an @"],
])("of %s an error does not show the token", async (url, told) => {
  const error = await openServer(url as ServerUrl, connect).catch(String);
  expect(error).toContain(told);
  expect(error).not.toContain("hm_");
});

test.each(["homemaker://127.0.0.1:99999", "homemaker://a b", "ws://", "ws://127.0.0.1:70000"])(
  "%s names no server, which is told at once",
  async (url) => {
    await expect(openServer(url as ServerUrl, connect)).rejects.toMatchObject({
      code: "HM_OPTION",
      message: expect.stringContaining("is no address"),
    });
  },
);

test("a client takes no token in a URL, and its error shows none", async () => {
  const error = await connect("wss://hm_x@127.0.0.1:1/queue").catch(String);
  expect(error).toContain("no token stands in the URL of a WebSocket: it is the option `token`");
});

test.each(["homemaker://", "homemaker://a,,b", "homemaker+unix:", "http://a", "a:11300"])(
  "%s is no address of a queue",
  async (url) => {
    await expect(openServer(url as ServerUrl, connect)).rejects.toMatchObject({
      code: "HM_OPTION",
      message: expect.stringContaining("write homemaker://host:port, homemaker+unix:/path"),
    });
  },
);
