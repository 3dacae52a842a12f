/* Which of several servers a shell's command talks to. */
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ServerView } from "../../../src/cli/shell/server-view.ts";
import type { BoundAddress } from "../../../src/config/listen-address.ts";

/** A server that says that to whatever it is asked; "" is one that stands still. */
async function serverThatSays(answer: string): Promise<BoundAddress> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", () => void (answer !== "" && socket.write(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no TCP address");
  return { kind: "tcp", host: "127.0.0.1", port: address.port };
}

test("one that takes a connection and says nothing is passed over", async () => {
  const addresses = [await serverThatSays(""), await serverThatSays("UNKNOWN_COMMAND\r\n")];
  const view = await ServerView.open(addresses);
  expect(view.where).toBe(`127.0.0.1:${portOf(addresses[1])}`);
  view.close();
});

test("where all say nothing, the error names them all", async () => {
  const addresses = [await serverThatSays(""), await serverThatSays("")];
  const names = addresses.map((address) => `127.0.0.1:${portOf(address)}: no answer after 2000 ms`);
  await expect(ServerView.open(addresses)).rejects.toThrow(names.join("; "));
});

function portOf(address: BoundAddress | undefined): number {
  if (address === undefined || !("port" in address)) throw new TypeError("no TCP address");
  return address.port;
}
