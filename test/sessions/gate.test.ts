/*
 * The gate: replies wait for what they depend on, leave in order, and nothing else waits with them
 * for longer than it must.
 */
import { expect, test } from "vitest";
import { Gate } from "../../src/session/gate.ts";
import type { Holder } from "../../src/session/gate.ts";
import { ReplyBuffer } from "../../src/session/reply-buffer.ts";
import type { Outlet } from "../../src/transport.ts";

class Safe {
  readonly positions = [0, 0];
  isHolding = false;
  saidHolding = 0;
  /** Runs once, right when somebody says that it holds. */
  meanwhile: (() => void) | undefined;

  safePosition(shard: number): number {
    return this.positions[shard] ?? 0;
  }

  held(count: number): void {
    this.isHolding = count > 0;
    if (this.isHolding) this.saidHolding++;
    const { meanwhile } = this;
    this.meanwhile = undefined;
    meanwhile?.();
  }
}

class Client implements Outlet, Holder {
  heldBytes = 0;
  heldClass = 0;
  isGone = false;
  backlogBytes = 0;
  heard = "";
  releases = 0;

  write(bytes: Uint8Array): boolean {
    this.heard += Buffer.from(bytes).toString();
    return false;
  }

  close(): void {
    this.heard += "<closed>";
  }

  released(): void {
    this.releases++;
  }

  pause(): void {
    this.heard += "<paused>";
  }

  resume(): void {
    this.heard += "<resumed>";
  }
}

function scene(): { safe: Safe; gate: Gate; say: (client: Client, text: string) => void } {
  const safe = new Safe();
  const gate = new Gate(safe, 2);
  const say = (client: Client, text: string): void => {
    const buffer = new ReplyBuffer(text.length);
    buffer.bytes.set(Buffer.from(text));
    gate.write(client, buffer, 0, text.length, client);
  };
  return { safe, gate, say };
}

test("a reply that depends on nothing leaves at once", () => {
  const { safe, say } = scene();
  const client = new Client();
  say(client, "USING a\r\n");
  expect([client.heard, client.heldBytes, safe.saidHolding]).toEqual(["USING a\r\n", 0, 0]);
});

test("a reply waits until each shard that it depends on is safe", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.depend(0, 100);
  gate.depend(1, 50);
  say(client, "INSERTED 1\r\n");
  expect([client.heard, client.heldBytes, safe.isHolding]).toEqual(["", 12, true]);
  safe.positions[0] = 100;
  gate.release();
  expect(client.heard).toBe("");
  safe.positions[1] = 50;
  gate.release();
  expect([client.heard, client.heldBytes, safe.isHolding]).toEqual(["INSERTED 1\r\n", 0, false]);
  expect(client.releases).toBe(1);
});

test("a position that lies further back takes nothing away from one that lies further on", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.depend(0, 100);
  gate.depend(0, 10);
  safe.positions[0] = 10;
  say(client, "x");
  gate.release();
  expect(client.heard).toBe("");
});

test("replies of one connection stay in order, also those that depend on nothing new", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.depend(0, 10);
  say(client, "first ");
  safe.positions[0] = 10; // not released yet: the second must not overtake
  say(client, "second ");
  gate.depend(0, 20);
  say(client, "third ");
  gate.release();
  expect(client.heard).toBe("first second ");
  safe.positions[0] = 20;
  gate.release();
  expect(client.heard).toBe("first second third ");
});

test("what has become safe leaves although something behind it has not", () => {
  const { safe, gate, say } = scene();
  const [one, other] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(one, "one");
  gate.depend(0, 20);
  say(other, "other");
  safe.positions[0] = 19;
  gate.release();
  expect([one.heard, other.heard, safe.isHolding]).toEqual(["one", "", true]);
});

test("the reply of a connection that touched nothing new leaves once those before it may", () => {
  const { safe, gate, say } = scene();
  const [putting, asking] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(putting, "INSERTED 1\r\n");
  say(asking, "OK 0\r\n");
  safe.positions[0] = 10;
  gate.release();
  expect([putting.heard, asking.heard]).toEqual(["INSERTED 1\r\n", "OK 0\r\n"]);
});

test("bytes that depend on one position alone wait for nothing else", () => {
  const { safe, gate, say } = scene();
  const [putting, reserving, deleting] = [new Client(), new Client(), new Client()];
  safe.positions[1] = 5;
  gate.depend(0, 10);
  say(putting, "INSERTED 1\r\n");
  gate.dependAlone(1, 5, 0, 8);
  say(reserving, "RESERVED");
  gate.dependAlone(1, 6, 0, 7);
  say(deleting, "DELETED");
  expect([putting.heard, reserving.heard, deleting.heard]).toEqual(["", "RESERVED", ""]);
  expect(reserving.releases).toBe(0);
  safe.positions[0] = 10;
  safe.positions[1] = 6;
  gate.release();
  expect([putting.heard, deleting.heard]).toEqual(["INSERTED 1\r\n", "DELETED"]);
});

test("they do not overtake what of their connection is held", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.depend(0, 10);
  say(client, "first ");
  gate.dependAlone(1, 0, 0, 7);
  say(client, "second ");
  gate.dependAlone(1, 0, 0, 5);
  expect(client.heard).toBe("");
  safe.positions[0] = 10;
  gate.release();
  expect(client.heard).toBe("first second ");
});

test("parts that depend on one shard each in turn are one, of the last of their positions", () => {
  const { safe, gate, say } = scene();
  const [putting, client] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(putting, "x");
  for (const [positions, heard] of [
    [[3, 4], "four"],
    [[4, 3], "four"],
    [[5, 4], ""],
    [[4, 5], ""],
  ] as const) {
    safe.positions[1] = 4;
    gate.dependAlone(1, positions[0], 0, 2);
    gate.dependAlone(1, positions[1], 2, 4);
    client.heard = "";
    say(client, "four");
    expect([positions, client.heard]).toEqual([positions, heard]);
  }
});

test.each([
  ["something else before it", [[2, 4]]],
  ["something else behind it", [[0, 2]]],
  ["something else in it", [[0, 1], [2, 4]]], // prettier-ignore
  ["nothing of its own", []],
] as const)("what has %s depends on all that the thread touched", (_, parts) => {
  const { safe, gate, say } = scene();
  const [putting, client] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(putting, "x");
  for (const [from, to] of parts) gate.dependAlone(1, 0, from, to);
  say(client, "four");
  expect(client.heard).toBe("");
  safe.positions[0] = 10;
  gate.release();
  expect(client.heard).toBe("four");
});

test("parts of two shards depend on all that the thread touched", () => {
  const { gate, say } = scene();
  const [putting, client] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(putting, "x");
  gate.dependAlone(1, 0, 0, 2);
  gate.dependAlone(0, 0, 2, 4);
  say(client, "four");
  expect(client.heard).toBe("");
});

test("what depends on one position alone says nothing of what is written after it", () => {
  const { gate, say } = scene();
  const [putting, one, other] = [new Client(), new Client(), new Client()];
  gate.depend(0, 10);
  say(putting, "x");
  gate.dependAlone(1, 0, 0, 4);
  say(one, "four");
  say(other, "four");
  expect([one.heard, other.heard]).toEqual(["four", ""]);
});

test("a buffer is in use while replies in it are held, and for good when the outlet keeps one", () => {
  const { safe, gate } = scene();
  const client = new Client();
  const buffer = new ReplyBuffer();
  expect(gate.write(client, buffer, 0, 10, client)).toBe(false);
  gate.depend(0, 10);
  expect(gate.write(client, buffer, 0, 10, client)).toBe(true);
  expect(gate.write(client, buffer, 10, 20, client)).toBe(true);
  expect([buffer.holds, buffer.isFree]).toEqual([2, false]);
  safe.positions[0] = 10;
  gate.release();
  expect([buffer.holds, buffer.isFree]).toEqual([0, true]);
  client.write = () => true;
  expect(gate.write(client, buffer, 0, 10, client)).toBe(true);
  expect(buffer.isFree).toBe(false);
});

test("a close waits behind held replies, and is at once when there are none", () => {
  const { safe, gate, say } = scene();
  const [held, free] = [new Client(), new Client()];
  gate.close(free, free);
  expect(free.heard).toBe("<closed>");
  gate.depend(0, 10);
  say(held, "BURIED\r\n");
  gate.close(held, held);
  expect(held.heard).toBe("");
  safe.positions[0] = 10;
  gate.release();
  expect(held.heard).toBe("BURIED\r\n<closed>");
});

test("the replies of a connection that is gone are dropped, and its bytes no longer count", () => {
  const { safe, gate, say } = scene();
  const [gone, there] = [new Client(), new Client()];
  gate.depend(0, 10);
  say(gone, "lost");
  say(there, "kept");
  gone.isGone = true;
  safe.positions[0] = 10;
  gate.release();
  expect([gone.heard, gone.heldBytes, gone.releases]).toEqual(["", 0, 0]);
  expect([there.heard, there.releases]).toEqual(["kept", 1]);
});

test("what becomes safe while the gate says that it holds is found by the release that ends the turn", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  // The committer looked just before: it wakes nobody.
  safe.meanwhile = () => (safe.positions[0] = 10);
  gate.depend(0, 10);
  say(client, "INSERTED 1\r\n");
  gate.release();
  expect([client.heard, safe.isHolding]).toEqual(["INSERTED 1\r\n", false]);
});

test("what a released connection says in return is held, in order, without losing the wish to be woken", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  client.released = () => {
    gate.depend(0, 20);
    say(client, "second");
  };
  gate.depend(0, 10);
  say(client, "first ");
  safe.positions[0] = 10;
  gate.release();
  expect([client.heard, safe.isHolding]).toEqual(["first ", true]);
  client.released = () => undefined;
  safe.positions[0] = 20;
  gate.release();
  expect([client.heard, safe.isHolding]).toEqual(["first second", false]);
});

test("a thread that was woken says anew that it holds something, and says nothing when it does not", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.woken();
  expect(safe.saidHolding).toBe(0);
  gate.depend(0, 10);
  say(client, "INSERTED 1\r\n");
  safe.positions[0] = 9; // a commit that came too early for it
  gate.release();
  expect(safe.saidHolding).toBe(1);
  gate.woken();
  expect(safe.saidHolding).toBe(2);
});

test("a holder whose peer does not read is not told to go on: its outlet will", () => {
  const { safe, gate, say } = scene();
  const client = new Client();
  gate.depend(0, 10);
  say(client, "INSERTED 1\r\n");
  client.backlogBytes = 2_000_000;
  safe.positions[0] = 10;
  gate.release();
  expect([client.heard, client.heldBytes, client.releases]).toEqual(["INSERTED 1\r\n", 0, 0]);
});
