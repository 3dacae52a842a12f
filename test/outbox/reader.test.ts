/*
 * The outbox's reader on a queue of its own in this process: what becomes of rows that cannot be
 * jobs, that meet others, whose tube is full; and of a database that is away.
 */
import { afterEach, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import type { OutboxRow } from "../../src/outbox.ts";
import { RemoteError } from "../../src/remote-log.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { Outbox } from "../../src/server/outbox.ts";
import { ServerOutboxQueue } from "../../src/server/outbox-queue.ts";
import { MARKS_TUBE, problemOf } from "../../src/server/outbox-row.ts";
import { SimulatedRemote } from "../replica/simulated-remote.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Conversation } from "../support/conversation.ts";
import { rowOf, SimulatedTable } from "./simulated-table.ts";

/** An outbox, its reader, and the queue that its rows go to. */
interface Bed {
  readonly table: SimulatedTable;
  readonly client: Conversation;
  readonly outbox: Outbox;
  readonly database: SimulatedRemote;
  readonly told: string[];
  readonly clock: VirtualClock;
  /** Lets the reader and the database have their turns. */
  settle(): Promise<void>;
}

const beds: { readonly broker: Broker; readonly outbox: Outbox }[] = [];
afterEach(async () => {
  for (const { broker, outbox } of beds.splice(0)) {
    await outbox.stop();
    await broker.close();
  }
});

async function bed(options: BrokerOptions = {}, bodyBytesMax = 1000): Promise<Bed> {
  const broker = await openBroker(options);
  const { sessions } = broker;
  if (sessions === undefined) throw new TypeError("a broker without sessions");
  const clock = new VirtualClock();
  const database = new SimulatedRemote(() => 0, RemoteError);
  database.isCalm = true;
  const table = new SimulatedTable(database);
  const connection = table.connect();
  const told: string[] = [];
  const outbox = new Outbox({
    table: connection,
    queue: await ServerOutboxQueue.open(sessions, clock),
    log: { write: (_, message, fields) => told.push(`${message} ${JSON.stringify(fields ?? {})}`) },
    clock,
    bodyBytesMax,
    allBytesMax: 100_000,
  });
  beds.push({ broker, outbox });
  void outbox.run();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn++) await database.advance();
  };
  const client = new Conversation(broker.connect());
  return { table, client, outbox, database, told, clock, settle };
}

/** The bodies of all ready jobs of a tube, by their order. */
async function bodies({ client }: Bed, tube: string): Promise<readonly string[]> {
  await client.line(`watch ${tube}`);
  const found: string[] = [];
  for (;;) {
    const { line, body } = (await client.ask("reserve-with-timeout 0")) ?? {
      line: "",
      body: undefined,
    };
    if (!line.startsWith("RESERVED")) return found;
    found.push(String(body));
  }
}

async function expectNoMark({ client }: Bed): Promise<void> {
  await client.line(`use ${MARKS_TUBE}`);
  expect(await client.line("peek-delayed")).toBe("NOT_FOUND");
}

/** Time passes, and the reader looks again. */
async function later(one: Bed): Promise<void> {
  one.clock.advance(1000);
  await one.settle();
}

test("rows become jobs in the order of their ids, and leave nothing else in the queue", async () => {
  const one = await bed();
  for (let row = 0; row < 600; row++) one.table.insert();
  for (let look = 0; look < 4; look++) await later(one);
  expect(one.table.rows.size).toBe(0);
  expect(await bodies(one, "rows")).toEqual(
    Array.from({ length: 600 }, (_, at) => `row ${at + 1}`),
  );
  await expectNoMark(one);
  expect(one.outbox.figures).toMatchObject({ taken: 600, refused: 0, isThere: true });
});

test("what can be no job is set aside with the reason, and holds up nobody", async () => {
  const one = await bed();
  one.table.insert({ tube: "-wrong" });
  one.table.insert({ bodyBytes: 1001 });
  one.table.insert({ tags: "ack:sync" });
  one.table.insert({ tags: "colour:red" });
  one.table.insert();
  await later(one);
  expect([...one.table.refused.keys()]).toEqual(["1", "2", "4", "3"]);
  expect(one.table.refused.get("3")).toBe("BAD_FORMAT");
  expect(one.table.rows.size).toBe(0);
  expect(await bodies(one, "rows")).toEqual(["row 5"]);
  expect(one.outbox.figures).toMatchObject({ taken: 1, refused: 4 });
  expect(one.told[0]).toContain('a row of the outbox can be no job {"row":"1","why":"tube:');
});

test("rows with one idempotency key are one job, also when they come together", async () => {
  const one = await bed();
  one.table.insert({ tags: "idp:invoice" });
  one.table.insert({ tags: "idp:invoice" });
  one.table.insert({ tags: "idp:other" });
  await later(one);
  one.table.insert({ tags: "idp:invoice" });
  await later(one);
  expect(one.table.rows.size).toBe(0);
  expect(await bodies(one, "rows")).toEqual(["row 1", "row 3"]);
});

test("rows of a tube that is full stay until it has room, and those of others do not wait", async () => {
  const one = await bed();
  await one.client.line("use small");
  expect(await one.client.line("set-tube small jobs=1")).toBe("TUBE_SET");
  one.table.insert({ tube: "small" });
  one.table.insert({ tube: "small" });
  one.table.insert();
  for (let look = 0; look < 3; look++) await later(one);
  expect([...one.table.rows.keys()]).toEqual(["2"]);
  expect(await bodies(one, "rows")).toEqual(["row 3"]);
  expect(await one.client.line("delete 1")).toBe("DELETED");
  for (let look = 0; look < 3; look++) await later(one);
  expect(one.table.rows.size).toBe(0);
});

test("more rows of full tubes than are taken at a time hold up none behind them", async () => {
  const one = await bed();
  await one.client.line("use small");
  expect(await one.client.line("set-tube small jobs=1")).toBe("TUBE_SET");
  for (let row = 0; row < 600; row++) one.table.insert({ tube: "small" });
  one.table.insert();
  for (let look = 0; look < 2; look++) await later(one);
  expect(await bodies(one, "rows")).toEqual(["row 601"]);
  one.table.insert();
  for (let look = 0; look < 2; look++) await later(one);
  expect(await bodies(one, "rows")).toEqual(["row 602"]);
  expect(one.table.rows.size).toBe(599);
});

test("while the queue is drained rows stay, and become jobs afterwards", async () => {
  const one = await bed();
  expect(await one.client.line("drain")).toBe("DRAINING");
  one.table.insert();
  await later(one);
  await later(one);
  expect(one.table.rows.size).toBe(1);
  expect(one.told).toEqual(['rows of the outbox stay: the queue takes none {"why":"DRAINING"}']);
  expect(await one.client.line("undrain")).toBe("NOT_DRAINING");
  await later(one);
  expect(await bodies(one, "rows")).toEqual(["row 1"]);
});

test("a database that is away is tried again, and each reason is told once", async () => {
  const one = await bed();
  await later(one);
  one.database.fates.push(1, 1, 1);
  one.table.insert();
  for (let look = 0; look < 5; look++) await later(one);
  expect(await bodies(one, "rows")).toEqual(["row 1"]);
  expect(one.told).toEqual([
    'the outbox cannot be read {"why":"simulated: cut off"}',
    "the outbox is read again {}",
  ]);
});

test("rows whose removal was not heard of are not put again", async () => {
  for (const fate of [1, 2]) {
    const one = await bed();
    await later(one);
    one.table.insert();
    one.database.fates.push(0, 0, fate); // the look, the taking, and the end of it
    for (let look = 0; look < 4; look++) await later(one);
    expect(one.database.fates).toEqual([]);
    expect(one.table.rows.size).toBe(0);
    expect(await bodies(one, "rows")).toEqual(["row 1"]);
    await expectNoMark(one);
  }
});

test("a mark removes no other row that was given the id of its own", async () => {
  const one = await bed();
  await later(one);
  one.table.insert();
  one.database.fates.push(0, 0, 1); // the look, the taking, and no end of it
  await later(one);
  expect(one.table.rows.size).toBe(1);
  const other = rowOf(1, { name: "1@7", body: Buffer.from("other") });
  one.table.rows.set("1", other);
  for (let look = 0; look < 4; look++) await later(one);
  expect(one.table.rows.size).toBe(0);
  expect(await bodies(one, "rows")).toEqual(["row 1", "other"]);
  await expectNoMark(one);
});

test("a row says nothing in the place of a mark", async () => {
  const one = await bed();
  one.table.insert({ tube: MARKS_TUBE, body: Buffer.from("2@0 3@0") });
  await later(one);
  expect([...one.table.refused]).toEqual([["1", `tube: ${MARKS_TUBE} is the server's own`]]);
});

test("what a batch cannot take at once goes in several", async () => {
  const one = await bed({ maxBatchBytes: 400 });
  for (let row = 0; row < 10; row++) one.table.insert({ body: new Uint8Array(90), bodyBytes: 90 });
  await later(one);
  expect(one.table.rows.size).toBe(0);
  expect(await bodies(one, "rows")).toHaveLength(10);
});

test.each<[string, Partial<OutboxRow>, string | undefined]>([
  ["nothing", {}, undefined],
  ["all tags", { tags: " idp:a:9 exp:5 max:2 con:k:3 fair:f:2 grp:g aft:h " }, undefined],
  ["a wrong value of a tag", { tags: "exp:0" }, "tags"],
  ["a line end among tags", { tags: "max:1\r\nquit" }, "tags"],
  ["no tube", { tube: "" }, "tube"],
  ["the tube of the marks", { tube: MARKS_TUBE }, "tube"],
  ["no moment at which it was made", { delayMillis: Number.NaN }, "created_at"],
  ["too long a tube", { tube: "x".repeat(201) }, "tube"],
  ["a priority below 0", { priority: -1 }, "priority"],
  ["no number", { priority: Number.NaN }, "priority"],
  ["no time to run", { ttrSeconds: 0 }, "ttr_seconds"],
  ["a delay of 200 years", { delayMillis: 200 * 366 * 86_400_000 }, "delay_millis"],
])("of a row with %s it is known what is wrong", (_, more, which) => {
  const problem = problemOf(rowOf(1, more), 1000);
  if (which === undefined) expect(problem).toBeUndefined();
  else expect(problem).toMatch(new RegExp(`^${which}:`));
});
