/* How a broker in a program ends when something is in the way: a disk that stands still or fails,
 * and a program that does not stop asking.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ClientConnection } from "../../src/client/connection.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { until } from "../support/until.ts";
import { StuckDisk } from "./stuck-disk.ts";

const BODY = new TextEncoder().encode("x");
const BROKEN = expect.objectContaining({ code: "HM_BROKEN" });
const CLOSED = expect.objectContaining({ code: "HM_CLOSED" });

let disk: StuckDisk;
beforeEach(() => void (disk = new StuckDisk()));
afterEach(() => disk.remove());

async function put(own: ClientConnection): Promise<string> {
  return (await own.ask("put 0 0 60 1", BODY)).line;
}

/** A broker that is being closed while a reply waits for the disk, and what becomes of both. */
async function closeWithReply() {
  const broker = await disk.open();
  disk.stick();
  const held = put(broker.connect());
  await nextTurn();
  const outcomes = Promise.allSettled([held, broker.close()]);
  await nextTurn();
  return { broker, outcomes };
}

describe("closing, while the disk stands still,", () => {
  test("is rejected when the sync fails that a reply waits for, and lets the process end", async () => {
    const { outcomes } = await closeWithReply();
    disk.fail();
    disk.goOn();
    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { code: "HM_LOST", cause: BROKEN } },
      { status: "rejected", reason: BROKEN },
    ]);
    expect(disk.alive).toBe(0);
  });

  test("is over when the broker is ended, before the replies are out", async () => {
    const { broker, outcomes } = await closeWithReply();
    await broker.end();
    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { code: "HM_LOST", cause: CLOSED } },
      { status: "rejected", reason: CLOSED },
    ]);
    expect(disk.alive).toBe(0);
  });

  test("is over when the broker is ended, before what was told is on the disk", async () => {
    const broker = await disk.open({ durability: "os" });
    expect(await put(broker.connect())).toBe("INSERTED 1");
    disk.stick();
    const closed = Promise.allSettled([broker.close()]);
    await nextTurn();
    await broker.end();
    expect(await closed).toMatchObject([{ status: "rejected", reason: CLOSED }]);
    expect(disk.alive).toBe(0);
  });
});

test("closing is over though a program goes on asking, and what it was told is kept", async () => {
  const { dataDirectory } = disk;
  const broker = await openBroker({ dataDirectory });
  const told: string[] = [];
  const lost: unknown[] = [];
  const loops = Array.from({ length: 4 }, async () => {
    const own = broker.connect();
    try {
      for (;;) {
        told.push(await put(own));
      }
    } catch (error) {
      lost.push(error);
    }
  });
  await until("each loop has put a few", () => told.length >= 20);
  await broker.close();
  await Promise.all(loops);
  const refused = expect.objectContaining({ code: "HM_NOT_SENT", cause: CLOSED });
  expect(lost).toEqual(loops.map(() => refused)); // certainly not done
  await using again = await openBroker({ dataDirectory });
  const { body } = await again.connect().ask("stats");
  expect(new TextDecoder().decode(body)).toContain(`\ncurrent-jobs-ready: ${told.length}\n`);
});

test("what was asked just before closing is answered", async () => {
  const broker = await openBroker({ dataDirectory: disk.dataDirectory });
  const asked = put(broker.connect());
  await broker.close();
  expect(await asked).toBe("INSERTED 1");
});
