/* The tag `ack`: what replies about a job wait for, when others' wait for the journal. */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalThat, World } from "../support/session-world.ts";

/** A server whose journal says nothing to be safe but what a test says. */
function slowWorld({ level = C.ACK_SYNC, runs = true } = {}): {
  readonly world: World;
  /** Up to where what the level promises is done, and what less there is. */
  readonly safe: { promised: number; written: number; synced: number };
  readonly tellEarly: () => void;
} {
  const safe = { promised: 0, written: 0, synced: 0 };
  const safePosition = (at: number): number => {
    const { promised, written, synced } = safe;
    return [promised, written, synced][Math.floor(at / C.SHARDS_MAX)] ?? 0;
  };
  const journal = journalThat({ safePosition, held: () => undefined }, { level });
  const world = new World({ journal, runs });
  for (const shards of world.shards) for (const shard of shards) shard.promise(level);
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
    safe.promised = Infinity;
    world.wake(0);
    expect(end.heard()).toBe("INSERTED 1\r\n");
  });

  test("a weak one behind a strong one waits", () => {
    const { world, safe, tellEarly } = slowWorld({ runs });
    tellEarly();
    const end = world.connect();
    expect(end.ask(put("") + put(" ack:memory"))).toBe("");
    expect(end.ask(put(" ack:memory"))).toBe("");
    safe.promised = Infinity;
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

describe.each([true, false])("where a copy is waited for, with runs: %s", (runs) => {
  const replicated = { level: C.ACK_REPLICATED, runs };

  test("ack:sync waits for the disk alone, from put to delete, whatever others wait for", () => {
    const { world, safe, tellEarly } = slowWorld(replicated);
    tellEarly();
    const [strong, weak] = [world.connect(), world.connect()];
    expect(strong.ask(put(""))).toBe("");
    expect(weak.ask(put(" ack:sync"))).toBe("");
    safe.written = Infinity;
    world.wake(0);
    expect(weak.heard()).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect(weak.heard()).toBe("INSERTED 2\r\n");
    safe.synced = 0;
    const other = world.connect();
    expect(other.ask("reserve-job 2\r\n")).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect(other.heard()).toBe("RESERVED 2 1\r\nx\r\n");
    expect(other.ask("delete 2\r\n")).toBe("DELETED\r\n");
    expect(strong.heard()).toBe("");
    safe.promised = Infinity;
    world.wake(0);
    expect(strong.heard()).toBe("INSERTED 1\r\n");
  });

  test("a whole chunk of them waits for the disk alone, and with a stronger one among them for the copy", () => {
    const { world, safe, tellEarly } = slowWorld(replicated);
    tellEarly();
    safe.synced = Infinity;
    const [weak, mixed] = [world.connect(), world.connect()];
    expect(weak.ask(put(" ack:sync") + put(" ack:sync"))).toBe("INSERTED 1\r\nINSERTED 2\r\n");
    expect(weak.ask("reserve\r\ndelete 1\r\n")).toBe("RESERVED 1 1\r\nx\r\nDELETED\r\n");
    expect(mixed.ask(put(" ack:sync") + put(" ack:replicated"))).toBe("");
    expect(mixed.ask(put(" ack:sync"))).toBe("");
    safe.promised = Infinity;
    world.wake(0);
    expect(mixed.heard()).toBe("INSERTED 3\r\nINSERTED 4\r\nINSERTED 5\r\n");
  });

  test("what a tube sets counts as what its puts say", () => {
    const { world, safe, tellEarly } = slowWorld(replicated);
    tellEarly();
    safe.promised = Infinity;
    const end = world.connect();
    expect(end.ask("set-tube default ack=sync\r\n")).toBe("TUBE_SET\r\n");
    safe.promised = 0;
    expect(end.ask(put(" ack:replicated"))).toBe("");
    const other = world.connect();
    expect(other.ask(put(""))).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect([end.heard(), other.heard()]).toEqual(["", "INSERTED 2\r\n"]);
  });

  test("a window is sent jobs that wait for the disk alone", () => {
    const { world, safe, tellEarly } = slowWorld(replicated);
    tellEarly();
    safe.promised = Infinity;
    const worker = world.connect();
    expect(worker.ask("window 2\r\n")).toMatch(/^WINDOW/);
    safe.promised = 0;
    const end = world.connect();
    expect(end.ask(put(" ack:sync"))).toBe("");
    expect(worker.heard()).toBe("");
    safe.synced = Infinity;
    world.wake(0);
    expect(worker.heard()).toMatch(/^JOB 1 /);
  });

  test("until the log knows how far ids may be ahead it waits for the copy", () => {
    const { world, safe } = slowWorld(replicated);
    safe.synced = Infinity;
    const end = world.connect();
    expect(end.ask(put(" ack:sync"))).toBe("");
    safe.promised = Infinity;
    world.wake(0);
    expect(end.heard()).toBe("INSERTED 1\r\n");
  });
});

test("ack:replicated is BAD_FORMAT where no copy is waited for", () => {
  const { world } = slowWorld();
  const end = world.connect();
  expect(end.ask(put(" ack:replicated"))).toBe("BAD_FORMAT\r\n");
  expect(end.ask("set-tube default ack=replicated\r\n")).toBe("BAD_FORMAT\r\n");
});

test("a level above the server's is BAD_FORMAT, and the body is taken", () => {
  const { world, safe } = slowWorld({ level: C.ACK_OS });
  safe.promised = Infinity;
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
