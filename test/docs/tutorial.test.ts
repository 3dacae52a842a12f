/*
 * docs/tutorial.md: its programs run, one after the other, and print what stands behind their
 * lines; those that want a server have one.
 */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressOf } from "../client/places.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { codeBlocks, readPage } from "./page.ts";
import { printed, promised } from "./programs.ts";

const PAGE = readPage("docs/tutorial.md");
const PROGRAMS = codeBlocks(PAGE, "ts");
const SERVER = "127.0.0.1:11300";
const DIRECTORY = new URL("../../build/examples/tutorial-jobs", import.meta.url).pathname;

let server: ServerProcess;
beforeAll(async () => {
  rmSync(DIRECTORY, { recursive: true, force: true });
  server = await startHomemaker();
});
afterAll(async () => {
  await server.stop();
  rmSync(DIRECTORY, { recursive: true, force: true });
});

describe("the programs", () => {
  test.each(PROGRAMS.map((program, index) => [index + 1, program] as const))(
    "number %i",
    async (number, program) => {
      const placed = program
        .replaceAll(SERVER, addressOf(server))
        .replaceAll('"./jobs"', JSON.stringify(DIRECTORY));
      const found = await printed(placed, `tutorial-${number}`, "src/entries/queue.ts");
      expect(found).toEqual(promised(program));
    },
  );

  test("are there, each prints something, and some of them want a server", () => {
    expect(PROGRAMS).toHaveLength(6);
    for (const program of PROGRAMS) expect(promised(program).length).toBeGreaterThan(0);
    expect(PROGRAMS.filter((program) => program.includes(SERVER))).toHaveLength(2);
  });
});
