/* What -V and -VV write to standard error. */
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { ask, connectTo, serveCommand } from "./command.ts";

const FREE = ["-p", "0", "--threads", "1", "--shards", "1"] as const;

type Fields = Readonly<Record<string, string | number | undefined>>;

/**
 * The fields of each line that a server with these flags logs of a client that does its work and
 * leaves.
 */
async function logOf(flags: readonly string[]): Promise<readonly Fields[]> {
  await using server = await serveCommand([...FREE, ...flags]);
  const socket = await connectTo(server.addresses[0] ?? "");
  await ask(socket, "put 0 0 10 6\r\nsecret\r\n");
  await ask(socket, "reserve\r\n");
  await ask(socket, "a\u007f\u001b[2J\u0085\r\n");
  socket.end("quit\r\n");
  await once(socket, "close");
  server.signal("SIGTERM");
  const { stderr } = await server.ended;
  expect(stderr).not.toContain("secret");
  expect(stderr).toMatch(/^[\n\P{Cc}]*$/u);
  const log = stderr.split("\n").map((line) => JSON.parse(line) as Fields);
  // The main thread says this itself, maybe before it has heard what the I/O thread told last.
  return log.filter(({ msg }) => msg !== "stopping");
}

function shown({ level, msg, line, bodyBytes }: Fields): string {
  return [level, String(msg).replace(/:\d+$/, ""), line, bodyBytes]
    .filter((part) => part !== undefined)
    .join(" ");
}

const BEGINNING = ["debug bound to 127.0.0.1", "debug accepted a connection"];
const END = ["debug a connection is closed"];

describe("homemaker", () => {
  it("without -V tells nothing of them", async () => {
    expect(await logOf([])).toEqual([]);
  });

  it("with -V tells of binding, accepting and closing", async () => {
    const log = await logOf(["-V"]);
    expect(log.map(shown)).toEqual([...BEGINNING, ...END]);
    expect(log.map(({ thread }) => thread)).toEqual([0, 0, 0]);
    expect(log.map(({ connection }) => connection)).toEqual([undefined, 1, 1]);
  });

  it("with -VV tells of each command and reply too, of bodies only their sizes, and escapes what a terminal would act on", async () => {
    const log = await logOf(["-VV"]);
    expect(log.map(shown)).toEqual([
      ...BEGINNING,
      "trace command put 0 0 10 6 6",
      "trace reply INSERTED 1",
      "trace command reserve",
      "trace reply RESERVED 1 6 6",
      // The client sent the UTF-8 form of the last character.
      "trace command a\u007f\u001b[2J\u00c2\u0085",
      "trace reply UNKNOWN_COMMAND",
      "trace command quit",
      ...END,
    ]);
  });
});
