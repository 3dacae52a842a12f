/* A client's connection to a session of the same process: what the session gets, and when. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ClientConnection } from "../../src/client/connection.ts";
import { InProcessWire } from "../../src/broker/in-process-wire.ts";
import type { Inlet, Outlet } from "../../src/transport.ts";

/** A session that only remembers, and writes what the test says. */
class Session implements Inlet {
  readonly received: string[] = [];
  readonly client: ClientConnection;
  closings = 0;
  turns = 0;
  #isInTurn = false;
  #outlet: Outlet | undefined;

  constructor() {
    const open = (outlet: Outlet): Inlet => {
      this.#outlet = outlet;
      return this;
    };
    const turn = (run: () => void): void => this.turn(run);
    this.client = new ClientConnection((listener) => new InProcessWire(listener, open, turn));
  }

  /** Runs a turn; fails when one is under way. */
  turn(run: () => void): void {
    expect(this.#isInTurn).toBe(false);
    this.#isInTurn = true;
    this.turns++;
    run();
    this.#isInTurn = false;
  }

  get outlet(): Outlet {
    if (this.#outlet === undefined) throw new Error("the session was not opened");
    return this.#outlet;
  }

  /** Writes in a turn of its own, as a session does that was woken. */
  say(text: string): void {
    this.turn(() => void this.outlet.write(Buffer.from(text)));
  }

  receive(bytes: Uint8Array): void {
    expect(this.#isInTurn).toBe(true);
    this.received.push(Buffer.from(bytes).toString());
  }

  ended(): void {}

  drained(): void {}

  closed(): void {
    expect(this.#isInTurn).toBe(true);
    this.closings++;
  }
}

describe("a session in the same process", () => {
  test("answers as one behind a socket does", async () => {
    const session = new Session();
    const asked = [session.client.ask("use a"), session.client.ask("peek 1")];
    await nextTurn();
    expect(session.received).toEqual(["use a\r\npeek 1\r\n"]);
    session.say("USING a\r\nFOUND 1 2\r\nh");
    session.say("i\r\n");
    const [using, found] = await Promise.all(asked);
    expect(using?.line).toBe("USING a");
    expect(Buffer.from(found?.body ?? []).toString()).toBe("hi");
  });

  test("gets at most 65,536 bytes at once", async () => {
    const session = new Session();
    void session.client.ask("put 0 0 60 200000", Buffer.alloc(200_000, "x"));
    await nextTurn();
    expect(Math.max(...session.received.map(({ length }) => length))).toBe(65_536);
    expect(session.received.join("")).toBe(`put 0 0 60 200000\r\n${"x".repeat(200_000)}\r\n`);
  });

  test("gets nothing while it wants nothing, in the middle of a body too", async () => {
    const session = new Session();
    session.receive = (bytes) => {
      session.received.push(Buffer.from(bytes).toString());
      session.outlet.pause();
    };
    void session.client.ask("put 0 0 60 100000", Buffer.alloc(100_000, "x"));
    void session.client.ask("use a");
    await nextTurn();
    expect(session.received).toHaveLength(1);
    for (let count = 2; count <= 3; count++) {
      session.outlet.resume();
      await nextTurn();
      expect(session.received).toHaveLength(count);
    }
    expect(session.received.at(-1)).toBe("use a\r\n");
  });

  test("gets what waited for its backlog, when that has gone", async () => {
    const session = new Session();
    session.outlet.pause();
    const body = Buffer.alloc(1_000_000, "x");
    for (let count = 0; count < 5; count++) {
      void session.client.ask("put 0 0 60 1000000", body);
      await nextTurn();
    }
    session.outlet.resume();
    await nextTurn();
    expect(session.received.join("")).toBe(
      `put 0 0 60 1000000\r\n${body.toString()}\r\n`.repeat(5),
    );
  });

  test("that closes ends the connection, after what it said", async () => {
    const session = new Session();
    const asked = [session.client.ask("use a"), session.client.ask("quit")];
    await nextTurn();
    session.say("USING a\r\n");
    session.turn(() => session.outlet.close());
    const [using, quit] = await Promise.allSettled(asked);
    expect(using).toMatchObject({ value: { line: "USING a" } });
    expect(quit).toMatchObject({ reason: { code: "HM_LOST" } });
    expect(session.closings).toBe(1);
  });

  test("sees within its turn that its client takes nothing more", async () => {
    const session = new Session();
    const lost = session.client.ask("stats");
    await nextTurn();
    expect(session.outlet.backlogBytes).toBe(0);
    session.turn(() => {
      session.outlet.write(Buffer.from("nonsense\r\n")); // ends the connection
      expect(session.outlet.backlogBytes).toBe(Infinity);
    });
    await expect(lost).rejects.toMatchObject({ code: "HM_BAD_REPLY" });
  });

  test("is closed once, and not in the middle of its own turn", async () => {
    const session = new Session();
    const lost = session.client.ask("stats");
    await nextTurn();
    session.say("nonsense\r\n"); // ends the connection while the session writes
    expect(session.closings).toBe(0);
    await expect(lost).rejects.toMatchObject({ code: "HM_BAD_REPLY" });
    session.client.close();
    session.outlet.close();
    await nextTurn();
    expect(session.closings).toBe(1);
    await expect(session.client.ask("stats")).rejects.toMatchObject({ code: "HM_NOT_SENT" });
  });
});
