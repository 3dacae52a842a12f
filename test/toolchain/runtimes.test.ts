/*
 * The runtimes that npm installs run the sources unbuilt: the constants that the engine is compiled
 * from are the same in each.
 */
import { execa } from "execa";
import { expect, test } from "vitest";
import * as constants from "../../assembly/constants.ts";

const CONSTANTS = new URL("../../assembly/constants.ts", import.meta.url).href;
const PRINT = `console.log(JSON.stringify(await import(${JSON.stringify(CONSTANTS)})))`;

async function expectConstants(printed: Promise<{ stdout: string }>): Promise<void> {
  const { stdout } = await printed;
  expect(JSON.parse(stdout)).toEqual({ ...constants });
}

test("Node reads the engine's constants from their source", async () => {
  await expectConstants(execa("node", ["--eval", PRINT], { preferLocal: true }));
});

test("Deno reads the engine's constants from their source", async () => {
  await expectConstants(execa("deno", ["eval", PRINT], { preferLocal: true }));
});

test("Bun reads the engine's constants from their source", async () => {
  await expectConstants(execa("bun", ["--eval", PRINT], { preferLocal: true }));
});
