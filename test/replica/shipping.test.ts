/*
 * Shipping: what becomes of an append of which nothing was heard.
 */
import { expect, test } from "vitest";
import { Shipping } from "../../src/journal/shipping.ts";
import { RemoteError } from "../../src/remote-log.ts";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { SimulatedRemote } from "./simulated-remote.ts";

/** A fate of calls: carried out, but nobody hears of it. */
const UNHEARD = 2;

test("an append of which nothing was heard is known again after a sweep forgot its first entries", async () => {
  const remote = new SimulatedRemote(() => 0, RemoteError);
  remote.isCalm = true;
  const log = remote.connect();
  await remote.answered(log.lead(1, 1, "ann"));
  const pause = async (): Promise<void> => void (await remote.connect().sweep());
  const shipping = new Shipping({ log, epoch: 1, sequence: 2, pause });
  const operations: readonly RemoteOperation[] = [
    { kind: "create", file: "journal.1", bytes: 10 },
    { kind: "write", file: "journal.1", position: 0, body: Uint8Array.of(1, 2, 3) },
    { kind: "remove", file: "journal.1" },
    { kind: "create", file: "journal.2", bytes: 10 },
  ];
  remote.fates.push(UNHEARD);
  await remote.answered(shipping.ship(operations));
  expect([...remote.rows.keys()]).toEqual([1, 5]);
  expect(shipping.shipped).toBe(5);
});
