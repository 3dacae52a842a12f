/* How much a client takes before anything is sent: it is bounded, and a producer can wait. */
import { expect, test } from "vitest";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

const BODY = new Uint8Array(1000);

test("calls beyond the limit are refused at once, those before it are done", async () => {
  const server = new ScriptedServer();
  const client = await server.connect({ pendingBytesMax: 100_000 });
  const puts = Array.from({ length: 200 }, () => outcome(client.put(BODY)));
  const ends = Promise.all(puts);
  await settle();
  const taken = server.lines.filter((line) => line.startsWith("put")).length;
  expect(taken).toBeGreaterThan(80);
  expect(taken).toBeLessThan(100);
  await server.say(...Array.from({ length: taken }, (_, id) => `INSERTED ${id}`));
  const counts = { done: 0, refused: 0 };
  for (const end of await ends) counts[end === "HM_BACKLOG" ? "refused" : "done"]++;
  expect(counts).toEqual({ done: taken, refused: 200 - taken });
  const after = client.put(BODY);
  await settle();
  await server.say("INSERTED 1");
  expect(await after).toMatchObject({ id: 1 });
});

test("a producer that waits for room is never refused", async () => {
  const server = new ScriptedServer();
  const client = await server.connect({ pendingBytesMax: 100_000 });
  let id = 0;
  server.answer = (line) => (line.startsWith("put ") ? `INSERTED ${++id}` : undefined);
  const puts: Promise<unknown>[] = [];
  for (let count = 0; count < 2000; count++) {
    await client.room();
    puts.push(client.put(BODY));
  }
  await settle();
  expect(await Promise.all(puts)).toHaveLength(2000);
});

test("what a wire does not take stays bounded while nobody answers", async () => {
  const server = new ScriptedServer();
  const client = await server.connect({ pendingBytesMax: 1_000_000 });
  server.wire.backlogBytes = 2_000_000;
  const ends = { HM_BACKLOG: 0, HM_TIMEOUT: 0 };
  const puts = Array.from({ length: 5000 }, async () => {
    const end = await outcome(client.put(BODY));
    ends[end as keyof typeof ends]++;
  });
  await settle();
  expect(ends.HM_BACKLOG).toBeGreaterThan(4000);
  expect(server.lines).toEqual([]);
  await server.advance(11);
  await Promise.all(puts);
  expect(ends.HM_BACKLOG + ends.HM_TIMEOUT).toBe(5000);
  await client.room();
});
