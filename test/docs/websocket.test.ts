/* docs/websocket.md: its program runs and prints what stands behind its lines, and its lists have
 * what the code has.
 */
import { expect, test } from "vitest";
import { OPTIONS } from "../../src/config/options.ts";
import { CLOSE } from "../../src/transports/web-socket-codes.ts";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { printed, promised } from "./programs.ts";

const PAGE = readPage("docs/websocket.md");

test("the program prints what it says", async () => {
  const [program = "", ...others] = codeBlocks(PAGE, "ts");
  expect(others).toEqual([]);
  const server = await startOnWebSocket("--threads", "1");
  try {
    const here = program.replace("ws://127.0.0.1:11302", webSocketUrl(server));
    expect(await printed(here, "websocket", "src/entries/queue.ts")).toEqual(promised(program));
  } finally {
    await server.stop();
  }
});

test("every code that the server closes with stands there", () => {
  const shown = tableRows(section(PAGE, "Limits")).map(([, code = ""]) => code);
  const codes = Object.values(CLOSE).map(String);
  expect(codes.filter((code) => !PAGE.includes(code))).toEqual([]);
  expect(shown.filter((code) => code !== "no word" && !codes.includes(code))).toEqual([]);
});

test("every option of WebSockets stands there", () => {
  const names = Object.values(OPTIONS)
    .filter(({ category }) => category === "WebSocket")
    .map(({ name }) => `--${name}`);
  expect(names).toHaveLength(3);
  expect(names.filter((name) => !PAGE.includes(name))).toEqual([]);
});
