/* Turns: what is asked of a connection in one turn leaves in a few pieces, and without delay. */
import { expect, test } from "vitest";
import { sendingByTurns } from "../../src/transports/turns.ts";

/** A connection on a clock that stands still, and when it has sent. */
function connection() {
  const sent: string[] = [];
  const clock = { millis: 0 };
  const soon = sendingByTurns(() => clock.millis);
  return { sent, clock, ask: (what: string) => soon(() => void sent.push(what)) };
}

async function microtasks(): Promise<void> {
  for (let count = 0; count < 100; count++) await Promise.resolve();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

test("what is asked when nothing has left just now leaves in the same turn's microtasks", async () => {
  const { sent, clock, ask } = connection();
  ask("first");
  expect(sent).toEqual([]);
  await microtasks();
  expect(sent).toEqual(["first"]);
  clock.millis = 1; // as a handler takes that does something
  ask("second");
  await microtasks();
  expect(sent).toEqual(["first", "second"]);
});

test("what is asked right behind that waits for the end of the turn, and no longer", async () => {
  const { sent, ask } = connection();
  ask("first");
  await microtasks();
  ask("second");
  await microtasks();
  expect(sent).toEqual(["first"]);
  await nextTurn();
  expect(sent).toEqual(["first", "second"]);
});
