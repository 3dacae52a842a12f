/* The files that a server may have open, and how many connections they leave. */
import { expect, test } from "vitest";
import * as fc from "fast-check";
import { OpenFilesError, shareFiles } from "../../src/server/file-budget.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("file-budget");

const BARE = {
  threads: 1,
  listeners: 1,
  hasJournal: false,
  hasHttp: false,
  hasJson: false,
  maxConnections: 16384,
};
const FULL = {
  threads: 2,
  listeners: 2,
  hasJournal: true,
  hasHttp: true,
  hasJson: false,
  maxConnections: 16384,
};
const BOTH = { ...FULL, hasJson: true };

test("without a limit there are as many connections as asked for", () => {
  expect(shareFiles(Infinity, FULL)).toEqual({
    connections: 16384,
    httpConnections: 256,
    jsonConnections: 0,
  });
  expect(shareFiles(1_048_576, BARE)).toEqual({
    connections: 16384,
    httpConnections: 0,
    jsonConnections: 0,
  });
});

test("with 1,024 files HTTP has its connections, and clients what is left", () => {
  expect(shareFiles(1024, FULL)).toEqual({
    connections: 652,
    httpConnections: 256,
    jsonConnections: 0,
  });
  expect(shareFiles(1024, BOTH)).toEqual({
    connections: 348,
    httpConnections: 256,
    jsonConnections: 302,
  });
});

test("with few files both have fewer; with fewer still it says how many it needs", () => {
  const { connections, httpConnections } = shareFiles(200, FULL);
  expect(connections).toBeGreaterThan(16);
  expect(httpConnections).toBeLessThan(256);
  expect(() => shareFiles(139, FULL)).toThrow(
    new OpenFilesError(
      "the limit of open files is 139, and this server needs 140: raise it (ulimit -n), or ask for fewer --threads",
    ),
  );
});

test("whatever the limit, all that there may be fits it, and the journal loses nothing by it", () => {
  const needs = fc.record({
    threads: fc.integer({ min: 1, max: 63 }),
    listeners: fc.integer({ min: 1, max: 200 }),
    hasJournal: fc.boolean(),
    hasHttp: fc.boolean(),
    hasJson: fc.boolean(),
    maxConnections: fc.integer({ min: 1, max: 1_000_000 }),
  });
  holds(
    fc.property(fc.integer({ min: 1, max: 100_000 }), needs, (openFiles, wanted) => {
      let budget;
      try {
        budget = shareFiles(openFiles, wanted);
      } catch (error) {
        return error instanceof OpenFilesError && openFiles < 1500;
      }
      const { connections, httpConnections, jsonConnections } = budget;
      const journal = wanted.hasJournal ? 16 : 0;
      const others = 64 + 16 * wanted.threads + wanted.listeners + journal;
      return (
        connections >= 1 &&
        connections <= wanted.maxConnections &&
        wanted.hasHttp === httpConnections > 0 &&
        wanted.hasJson === jsonConnections > 0 &&
        connections + httpConnections + jsonConnections + others <= openFiles
      );
    }),
  );
});
