/* What clients meet who come while a server starts. */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { serveCommand } from "./command.ts";

/** Nobody else's address, so that the port can be chosen. */
const HOST = "127.77.13.5";
const PORT = 11_300;
const CLIENTS = 8;
type Fate = "refused" | "dropped" | "served";

/** Connects and asks something. */
function tryOnce(): Promise<Fate> {
  return new Promise((resolve) => {
    let fate: Fate = "refused";
    const socket = connect({ host: HOST, port: PORT });
    socket.on("connect", () => {
      fate = "dropped";
      socket.write("list-tube-used\r\n");
    });
    socket.on("data", () => {
      fate = "served";
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(fate));
  });
}

describe("a client that comes while the server starts", () => {
  it("is refused until it is served, and not accepted and dropped", async () => {
    const counts = { refused: 0, dropped: 0, served: 0 };
    const end = new AbortController();
    const hammer = async (): Promise<void> => {
      while (!end.signal.aborted) counts[await tryOnce()]++;
    };
    const hammers = Array.from({ length: CLIENTS }, hammer);
    await using server = await serveCommand(["-l", `${HOST}:${PORT}`, "--threads", "2"]);
    expect(await tryOnce()).toBe("served");
    end.abort();
    await Promise.all(hammers);
    expect(counts.refused).toBeGreaterThan(0);
    expect(counts.dropped).toBe(0);
    server.signal("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
  });
});
