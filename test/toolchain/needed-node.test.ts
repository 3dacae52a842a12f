/* Which Nodes the package runs on: what package.json says, and no older one without a word. */
import { expect, test } from "vitest";
import { refuseOldNode, whyTooOld } from "../../src/runtimes/needed-node.ts";
import { NEEDED_NODE } from "../../src/version.ts";

test("a Node that is too old is told which one is needed, and which it is", () => {
  expect(NEEDED_NODE).toBe(">=22.18");
  for (const node of ["18.20.8", "20.20.2", "22.17.9"]) {
    expect(whyTooOld({ node })).toBe(`Node 22.18 or newer is needed, and this is Node ${node}`);
  }
});

test("one that is new enough is told nothing, nor are Deno and Bun, whatever they say", () => {
  for (const node of ["22.18.0", "22.23.3", "24.0.0", "26.10.0"]) {
    expect(whyTooOld({ node })).toBeUndefined();
  }
  expect(whyTooOld({ node: "20.11.1", deno: "2.9.6" })).toBeUndefined();
  expect(whyTooOld({ node: "20.8.0", bun: "1.4.5" })).toBeUndefined();
  expect(() => refuseOldNode()).not.toThrow();
});
