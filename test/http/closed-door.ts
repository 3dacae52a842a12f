/* A door that lets nobody in, for HTTP without connections of the queue. */
import { expect } from "vitest";
import type { Door } from "../../src/runtime.ts";

/** The door. */
export const CLOSED_DOOR: Door = {
  admit: () => false,
  open: () => expect.unreachable(),
  left: () => undefined,
  knows: () => undefined,
  troubled: () => undefined,
};
