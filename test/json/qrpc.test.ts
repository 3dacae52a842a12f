/*
 * qrpc's own client at the door, as KQS's callers used it: calls, one way and with answers, bytes,
 * errors, many at a time.
 */
import qrpc from "qrpc";
import type { Client } from "qrpc";
import { expect, onTestFinished, test } from "vitest";
import { DoorBed } from "./door-bed.ts";

async function clientOf({ door }: DoorBed): Promise<Client> {
  const client = await new Promise<Client>((resolve) => {
    const made = qrpc.connect(door.port, "127.0.0.1", () => resolve(made));
  });
  onTestFinished(() => client.close());
  return client;
}

function call(client: Client, name: string, data?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.call(name, data, (error, value) => {
      if (error instanceof Error) reject(error);
      else resolve(value);
    });
  });
}

test("a job is inserted, and so are many", async () => {
  await using bed = await DoorBed.open();
  const client = await clientOf(bed);
  const job = { type: "mail", data: { to: "ann" }, prio: "urgent", delay: 0, ttr: 30 };
  expect(await call(client, "insert", job)).toEqual({ id: "1", state: "new" });
  expect(await call(client, "insert", [job, job])).toEqual([
    { id: "2", state: "new" },
    { id: "3", state: "new" },
  ]);
  const [body = ""] = await bed.bodies("mail");
  expect(JSON.parse(body)).toMatchObject({ type: "mail", data: { to: "ann" } });
});

test("all that KQS has is there", async () => {
  await using bed = await DoorBed.open({ onQuit: () => undefined });
  const client = await clientOf(bed);
  expect(await call(client, "ping")).toBe("pong");
  expect(await call(client, "echo", { a: [1, "é", null] })).toEqual({ a: [1, "é", null] });
  expect(await call(client, "stats")).toMatchObject({ available: 0, connections: 1 });
  expect(await call(client, "health")).toEqual({ status: "ok" });
  expect(await call(client, "quit")).toBe("stopping");
});

test("bytes come back as they were sent", async () => {
  await using bed = await DoorBed.open();
  const client = await clientOf(bed);
  for (const size of [0, 1, 256, 100_000]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, at) => at % 256));
    const back = await call(client, "echo", bytes);
    // qrpc sends no bytes of an empty buffer
    expect(size === 0 ? Buffer.from([]) : back).toEqual(bytes);
  }
});

test("an error is one, with its code", async () => {
  await using bed = await DoorBed.open();
  const client = await clientOf(bed);
  await expect(call(client, "none")).rejects.toMatchObject({ code: "HM_METHOD" });
  await expect(call(client, "insert", { data: 1 })).rejects.toThrow("a job has a type");
  expect(await call(client, "ping")).toBe("pong");
});

test("a thousand calls at a time end with the right answers, after those sent one way", async () => {
  await using bed = await DoorBed.open();
  const client = await clientOf(bed);
  for (let n = 0; n < 500; n++) client.call("insert", { type: "one-way", data: n });
  const echoes = Array.from({ length: 1000 }, (_, n) => call(client, "echo", { n }));
  expect(await Promise.all(echoes)).toEqual(Array.from({ length: 1000 }, (_, n) => ({ n })));
  await call(client, "insert", { type: "one-way", data: 500 });
  expect(await bed.queue.stats("one-way")).toMatchObject({ available: 501 });
});
