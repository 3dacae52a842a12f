/*
 * docs/own-backend.md: the back end that stands there passes the suite of all back ends, and is
 * used as the page says.
 */
import { expect, test } from "vitest";
import type { Capabilities, QueueBackend } from "../../src/entries/queue.ts";
import { codeBlocks, readPage } from "../docs/page.ts";
import { printed, writeFiles } from "../docs/programs.ts";
import type { Bed } from "./beds.ts";
import { backendSuite } from "./suite.ts";

const ENTRY = "src/entries/queue.ts";
const BLOCKS = codeBlocks(readPage("docs/own-backend.md"), "ts");
const FILE = new URL("../../build/examples/array-backend.ts", import.meta.url);

writeFiles(BLOCKS, ENTRY);
const { ArrayBackend, CAN } = (await import(FILE.pathname)) as {
  readonly ArrayBackend: new () => QueueBackend;
  readonly CAN: Capabilities;
};

backendSuite({ name: "array", can: CAN, isVirtual: false, soonMillis: 200, open });

async function open(): Promise<Bed> {
  let backend = new ArrayBackend();
  return Promise.resolve({
    backend,
    advance: () => {
      throw new RangeError("time passes by itself");
    },
    async reopen() {
      await backend.close();
      backend = new ArrayBackend();
      return backend;
    },
    [Symbol.asyncDispose]: () => backend.close(),
  });
}

test("a queue on it is used as any other", async () => {
  const [, program = ""] = BLOCKS;
  expect(await printed(program, "own-backend", ENTRY)).toEqual(["Hello, Ann."]);
});
