/*
 * An engine in this process that breaks before anybody has it: whoever opens it is told.
 */
import { expect, test, vi } from "vitest";
import { BrokenError } from "../../src/broker/errors.ts";
import { openEmbedded } from "../../src/embedded/embedded-backend.ts";

vi.mock(import("../../src/runtimes/node-broker.ts"), async (original) => {
  const { openBroker } = await original();
  return {
    openBroker: async (options) => {
      const broker = await openBroker(options);
      options?.onBroken?.(new BrokenError("the disk is gone"));
      return broker;
    },
  };
});

test("a queue whose engine breaks while it is opened is none", async () => {
  await expect(openEmbedded({ memory: true })).rejects.toThrow("the disk is gone");
});
