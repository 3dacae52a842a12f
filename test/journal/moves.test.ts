/* Jobs that move while the process ends, and come back with another number of shards. */
import { expect, test } from "vitest";
import { ownCode } from "./code.ts";
import { COURSES, endInEachCall } from "./moves.ts";

test.each(COURSES)(
  "wherever a move is cut off, its job is there once, or gone when it was deleted: %o",
  (course) => {
    expect(() => endInEachCall(course, ownCode())).not.toThrow();
  },
);
