/* The tag `ack`: what replies about a job wait for, when others' wait for the journal. */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalThat, World } from "../support/session-world.ts";

/** A server whose journal says nothing to be safe but what a test says. */
function slowWorld({ level = C.ACK_SYNC, runs = true } = {}): {
  readonly world: World;
  readonly safe: { synced: number; written: number };
  readonly tellEarly: () => void;
} {
  const safe = { synced: 0, written: 0 };
  const safePosition = (at: number): number => (at === 0 ? safe.synced : safe.written);
  const journal = journalThat({ safePosition, held: () => undefined }, { level });
  const world = new World({ journal, runs });
  const tellEarly = (): void => {
    const shard = world.shards[0]?.[0];
    if (shard === undefined) throw new RangeError("no shard");
    new Uint32Array(shard.result.buffer, shard.earlyAddress(), 2)[1] = 1;
  };
  return { world, safe, tellEarly };
}

const put = (tag: string): string => `put 0 0 60 1${tag}\r\nx\r\n`;

describe.each([true, false])("with runs: %s", (runs) => {
  test("ack:memory waits for nothing, whatever others wait for, from put to delete", () => {
    const { world, tellEarly } = slowWorld({ runs });
    tellEarly();
    const [strong, weak] = [world.connect(), world.connect()];
    expect(strong.ask(put(""))).toBe("");
    expect(weak.ask(put(" ack:memory"))).toBe("INSERTED 2\r\n");
    expect(weak.ask("watch t\r\n")).toBe(""); // behind it stands what another turn touched
    const other = world.connect();
    expect(other.ask("reserve-job 2\r\n")).toBe("RESERVED 2 1\r\nx\r\n");
    expect(other.ask("delete 2\r\n")).toBe("DELETED\r\n");
    expect(strong.heard()).toBe("");
  });

  test("until the journal says how far ids may be ahead it waits as others do", () => {
    const { world, safe } = slowWorld({ runs });
    const end = world.connect();
    expect(end.ask(put(" ack:memory"))).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect(end.heard()).toBe("INSERTED 1\r\n");
  });

  test("a weak one behind a strong one waits", () => {
    const { world, safe, tellEarly } = slowWorld({ runs });
    tellEarly();
    const end = world.connect();
    expect(end.ask(put("") + put(" ack:memory"))).toBe("");
    expect(end.ask(put(" ack:memory"))).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect(end.heard()).toBe("INSERTED 1\r\nINSERTED 2\r\nINSERTED 3\r\n");
  });

  test("ack:os waits until its record has been written, and for no sync", () => {
    const { world, safe, tellEarly } = slowWorld({ runs });
    tellEarly();
    const end = world.connect();
    expect(end.ask(put(" ack:os"))).toBe("");
    safe.written = Infinity;
    world.wake(0);
    expect(end.heard()).toBe("INSERTED 1\r\n");
  });
});

test("a level above the server's is BAD_FORMAT, and the body is taken", () => {
  const { world, safe } = slowWorld({ level: C.ACK_OS });
  safe.synced = Infinity;
  const end = world.connect();
  expect(end.ask(put(" ack:interval") + put(" ack:sync"))).toBe("BAD_FORMAT\r\nBAD_FORMAT\r\n");
  expect(end.ask(put(" ack:os"))).toBe("INSERTED 1\r\n");
  expect(end.ask("features\r\n")).toContain('\nack:\n- "memory"\n- "os"\nsettings');
});

test("a server without data takes no level but memory", () => {
  const end = new World().connect();
  expect(end.ask(put(" ack:os"))).toBe("BAD_FORMAT\r\n");
  expect(end.ask(put(" ack:memory"))).toBe("INSERTED 1\r\n");
});
