/*
 * What a server that stands by tells clients who come to it, without sockets and on a clock that
 * stands still.
 */
import { beforeEach, expect, test } from "vitest";
import { LINGER_MS, SILENT_MS, StandbyDoor } from "../../src/server/standby-door.ts";
import type { Inlet, Outlet } from "../../src/transport.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A client's connection, as the door has it. */
class Visitor implements Outlet {
  heard = "";
  isClosed = false;
  readonly backlogBytes = 0;
  readonly inlet: Inlet;

  constructor(door: StandbyDoor) {
    this.inlet = door.open(this);
  }

  says(text: string): void {
    this.inlet.receive(new TextEncoder().encode(text));
  }

  write(bytes: Uint8Array): boolean {
    this.heard += new TextDecoder().decode(bytes);
    return false;
  }

  close(): void {
    this.isClosed = true;
  }

  pause(): void {}
  resume(): void {}
}

let clock: VirtualClock;
let leader: string;
let door: StandbyDoor;
beforeEach(() => {
  clock = new VirtualClock();
  leader = "queue-a:11300";
  door = new StandbyDoor({ clock, leader: () => leader, troubled: () => undefined });
});

function passMillis(millis: number): void {
  clock.advance(millis / 1000);
}

test("whoever says something hears once who leads, and is let go a little later", () => {
  const client = new Visitor(door);
  expect(client.heard).toBe("");
  client.says("put 0 0 60 5\r\nhel");
  client.says("lo\r\nreserve\r\n");
  expect(client.heard).toBe("NOT_LEADER queue-a:11300\r\n");
  passMillis(LINGER_MS - 1);
  expect(client.isClosed).toBe(false);
  passMillis(1);
  expect(client.isClosed).toBe(true);
});

test.each([
  ["is not known", ""],
  ["can be no word of a line", "unix:/run/my queue.sock"],
  ["is too long for a line", "a".repeat(201)],
])("where the leader's address %s, none is told", (_, address) => {
  leader = address;
  const client = new Visitor(door);
  client.says("s");
  expect(client.heard).toBe("NOT_LEADER\r\n");
});

test("whoever says nothing is let go without a word, and one that ends is at once", () => {
  const [silent, ended] = [new Visitor(door), new Visitor(door)];
  ended.inlet.ended();
  expect([silent.isClosed, ended.isClosed]).toEqual([false, true]);
  passMillis(SILENT_MS);
  expect([silent.isClosed, silent.heard]).toEqual([true, ""]);
});

test("a connection that is gone leaves no timer, and its place to another one", () => {
  let admitted = 0;
  while (door.admit()) admitted++;
  expect(admitted).toBe(256);
  door.left();
  expect([door.admit(), door.admit()]).toEqual([true, false]);
  const client = new Visitor(door);
  client.says("stats\r\n");
  client.inlet.closed();
  expect(clock.timers).toBe(0);
});
