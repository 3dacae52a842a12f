/*
 * The suite: what a back end promises, and what it says that it can do besides. All kinds run it,
 * and docs/backends.md asks those who write one to do so.
 */
import { describe, expect, test } from "vitest";
import type { Kind } from "./beds.ts";
import { Stage } from "./stage.ts";
import { suiteOfAdditions } from "./suite-of-additions.ts";
import { suiteOfJobs } from "./suite-of-jobs.ts";
import { suiteOfLooks } from "./suite-of-looks.ts";
import { suiteOfRefusals } from "./suite-of-refusals.ts";
import { suiteOfTime } from "./suite-of-time.ts";

/** Holds a kind of back end to all that it promises. */
export function backendSuite(kind: Kind): void {
  describe(`a back end of the kind ${kind.name}`, () => {
    const stage = new Stage(kind);
    test("says what it is, and what it can do", () => {
      const { name, can } = stage.backend;
      expect({ name, can }).toEqual({ name: kind.name, can: kind.can });
    });
    suiteOfJobs(stage);
    suiteOfAdditions(stage);
    suiteOfTime(stage);
    suiteOfRefusals(stage);
    suiteOfLooks(stage);
  });
}
