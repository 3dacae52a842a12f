/*
 * What a session keeps of its input is its own: the transport goes on using the memory for other
 * connections.
 */
import { expect, test } from "vitest";
import { World } from "../support/session-world.ts";

test("what is kept behind a reserve that waits does not change when the transport uses the buffer for somebody else", () => {
  const world = new World();
  const [waiting, other] = [world.connect(), world.connect()];
  const shared = Buffer.alloc(65_536);
  const hand = (to: typeof waiting, input: string): void => {
    const bytes = shared.write(input, "latin1");
    to.receive(shared.subarray(0, bytes));
  };
  hand(waiting, "reserve\r\nuse mine\r\nput 0 0 9 6\r\nmine!!\r\nlist-tube-used\r\n");
  expect(waiting.heard()).toBe("");
  hand(other, "use stolen\r\nput 0 0 9 6\r\nothers\r\nuse default\r\nput 0 0 9 2\r\nhi\r\n");
  world.settle();
  expect(other.heard()).toBe("USING stolen\r\nINSERTED 1\r\nUSING default\r\nINSERTED 2\r\n");
  expect(waiting.heard()).toBe("RESERVED 2 2\r\nhi\r\nUSING mine\r\nINSERTED 3\r\nUSING mine\r\n");
  expect(other.ask("peek 3\r\n")).toBe("FOUND 3 6\r\nmine!!\r\n");
  world.verify();
});

test("a line, a body and a line end that come in two pieces do not change either", () => {
  const world = new World();
  const [slow, other] = [world.connect(), world.connect()];
  const shared = Buffer.alloc(64);
  const hand = (to: typeof slow, input: string): void => {
    to.receive(shared.subarray(0, shared.write(input, "latin1")));
  };
  for (const piece of ["use mi", "ne\r", "\nput 0 0 9 6\r\nmin", "e!!\r", "\npeek 1\r", "\n"]) {
    hand(slow, piece);
    hand(other, "list-tubes-watched\r\n");
  }
  expect(slow.heard()).toBe("USING mine\r\nINSERTED 1\r\nFOUND 1 6\r\nmine!!\r\n");
});

test("the tube that a job is moved to does not change while its message is on its way", () => {
  for (const shards of [1, 4]) {
    const world = new World({ shards });
    const [mover, other] = [world.connect(), world.connect()];
    const shared = Buffer.alloc(64);
    const hand = (input: string): void =>
      mover.receive(shared.subarray(0, shared.write(input, "latin1")));
    other.ask("put 0 0 9 1\r\nx\r\nput 0 0 9 1\r\ny\r\n");
    for (const piece of ["move 1 goal 3\r\n", "why", "\r\nlist-tube-used\r\n"]) hand(piece);
    for (const piece of ["batch 1\r\nmove 2 goal 3\r\n", "why", "\r\n"]) hand(piece);
    world.settle();
    expect(mover.heard()).toBe("MOVED\r\nUSING default\r\nBATCH 1\r\nMOVED\r\n");
    for (const id of [1, 2]) expect(other.ask(`stats-job ${id}\r\n`)).toContain('tube: "goal"');
    world.verify();
  }
});
