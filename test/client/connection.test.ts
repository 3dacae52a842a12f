/* A client's connection over a wire in memory: what is sent when, whom a reply belongs to, and what
 * is known of a command when the connection ends.
 */
import { describe, expect, test } from "vitest";
import { LostError, NotSentError } from "../../src/client/errors.ts";
import { BadReplyError } from "../../src/protocol/reply-line.ts";
import { ReplyTooBigError } from "../../src/protocol/reply-reader.ts";
import { MemoryWire } from "./memory-wire.ts";

const BROKEN = new Error("the cable is cut");

/** What was asked so far has been sent, if it could be. */
const turn = (): Promise<void> => Promise.resolve();

/** What each promise came to: a line, or the code of an error. */
async function outcomes(asked: readonly Promise<{ line: string }>[]): Promise<string[]> {
  const settled = await Promise.allSettled(asked);
  return settled.map((one) =>
    one.status === "fulfilled" ? one.value.line : (one.reason as { code: string }).code,
  );
}

describe("what a server pushes", () => {
  test("goes to whoever listens, between the replies", async () => {
    const pushes: string[] = [];
    const pushed = ({ line, body }: { line: string; body: Uint8Array }): void => {
      pushes.push(`${line}:${Buffer.from(body).toString()}`);
    };
    const { wire, client } = MemoryWire.connect({ pushed });
    const asked = [client.ask("window 2"), client.ask("delete 7")];
    await turn();
    wire.say("JOB 3 1 default 2\r\nhi\r\nWINDOW 2\r\nLOST 7\r\nNOT_FOUND\r\nJOB 4 1 de");
    expect(await outcomes(asked)).toEqual(["WINDOW 2", "NOT_FOUND"]);
    wire.say("fault 0\r\n\r\n");
    expect(pushes).toEqual(["JOB 3 1 default 2:hi", "LOST 7:", "JOB 4 1 default 0:"]);
    expect(client.isOpen).toBe(true);
  });

  test("ends a connection on which nobody listens for it", async () => {
    const { wire, client } = MemoryWire.connect();
    const asked = [client.ask("delete 7")];
    await turn();
    wire.say("LOST 7\r\nNOT_FOUND\r\n");
    expect(await outcomes(asked)).toEqual(["HM_BAD_REPLY"]);
    expect(client.isOpen).toBe(false);
  });
});

describe("commands", () => {
  test("that are asked in one turn leave together, in their order", async () => {
    const { wire, client } = MemoryWire.connect();
    void client.ask("use a");
    void client.ask("put 0 0 60 5", Buffer.from("he\r\no"));
    void client.ask("put 0 0 60 0", new Uint8Array());
    expect(wire.sent).toEqual([]);
    await turn();
    expect(wire.sent).toEqual(["use a\r\nput 0 0 60 5\r\nhe\r\no\r\nput 0 0 60 0\r\n\r\n"]);
    void client.ask("stats");
    await turn();
    expect(wire.sent.slice(1)).toEqual(["stats\r\n"]);
  });

  test("have the bodies that they had when they were asked", async () => {
    const { wire, client } = MemoryWire.connect();
    const body = Buffer.from("hello");
    void client.ask("put 0 0 60 5", body);
    body.fill("x");
    await turn();
    expect(wire.sent).toEqual(["put 0 0 60 5\r\nhello\r\n"]);
  });

  test.each(["stats\r\ndelete 1", "stats\n", "a\rb"])(
    "cannot hide in one another: %j",
    async (line) => {
      const { wire, client } = MemoryWire.connect();
      const long = `${line}${"x".repeat(1000)}`;
      await expect(client.ask(long)).rejects.toMatchObject({
        code: "HM_BAD_COMMAND",
        message: expect.stringMatching(/^.{1,100}$/),
      });
      await turn();
      expect(wire.sent).toEqual([]);
    },
  );

  test("go in sends of bounded size", async () => {
    const { wire, client } = MemoryWire.connect();
    const body = Buffer.alloc(10_000, "x");
    for (let count = 0; count < 100; count++) void client.ask("put 0 0 60 10000", body);
    await turn();
    expect(Math.max(...wire.sent.map(({ length }) => length))).toBeLessThan(80_000);
    expect(wire.sent.join("")).toBe(`put 0 0 60 10000\r\n${body.toString()}\r\n`.repeat(100));
  });

  test("wait while the wire has much to send, and go on when that has left", async () => {
    const { wire, client } = MemoryWire.connect();
    wire.backlogBytes = 1_048_577;
    void client.ask("use a");
    await turn();
    void client.ask("use b");
    await turn();
    expect(wire.sent).toEqual([]);
    wire.drain();
    expect(wire.sent).toEqual(["use a\r\nuse b\r\n"]);
  });
});

describe("replies", () => {
  test("belong to the commands in their order, however they are cut", async () => {
    const said = "USING a\r\nRESERVED 7 4\r\na\r\nb\r\nNOT_FOUND\r\nOK 0\r\n\r\n";
    for (let piece = 1; piece <= said.length; piece++) {
      const { wire, client } = MemoryWire.connect();
      const asked = ["use a", "reserve", "delete 9", "list-tubes"].map((line) => client.ask(line));
      await turn();
      for (let at = 0; at < said.length; at += piece) wire.say(said.slice(at, at + piece));
      const replies = await Promise.all(asked);
      expect(replies.map(({ line }) => line)).toEqual([
        "USING a",
        "RESERVED 7 4",
        "NOT_FOUND",
        "OK 0",
      ]);
      expect(replies.map(({ body }) => Buffer.from(body).toString())).toEqual([
        "",
        "a\r\nb",
        "",
        "",
      ]);
      expect(replies[1]).toMatchObject({
        form: "RESERVED <id> <bytes>",
        word: "RESERVED",
        args: ["7", "4"],
      });
    }
  });

  test("come for a hundred thousand commands as for one", async () => {
    const { wire, client } = MemoryWire.connect();
    const asked = Array.from({ length: 100_000 }, (_, index) => client.ask(`delete ${index}`));
    await turn();
    for (let index = 0; index < 100; index++) wire.say("DELETED\r\n".repeat(1000));
    expect(new Set(await outcomes(asked))).toEqual(new Set(["DELETED"]));
  });
});

describe("when the connection ends", () => {
  test("a command that was sent may have been done, one that was not was not", async () => {
    const { wire, client } = MemoryWire.connect();
    const answered = client.ask("use a");
    const lost = client.ask("put 0 0 60 1", Buffer.from("x"));
    await turn();
    wire.say("USING a\r\nINSER");
    wire.backlogBytes = Infinity;
    const unsent = client.ask("delete 7");
    await turn();
    wire.end(BROKEN);
    const late = client.ask("delete 8");
    expect(await outcomes([answered, lost, unsent, late])).toEqual([
      "USING a",
      "HM_LOST",
      "HM_NOT_SENT",
      "HM_NOT_SENT",
    ]);
    await expect(lost).rejects.toThrow(LostError);
    await expect(lost).rejects.toMatchObject({ command: "put 0 0 60 1", cause: BROKEN });
    for (const [promise, command] of [
      [unsent, "delete 7"],
      [late, "delete 8"],
    ] as const) {
      await expect(promise).rejects.toThrow(NotSentError);
      await expect(promise).rejects.toMatchObject({ command, cause: BROKEN });
    }
    wire.drain();
    expect(wire.sent).toEqual(["use a\r\nput 0 0 60 1\r\nx\r\n"]);
  });

  test("before the turn is over, nothing of it was sent", async () => {
    const { wire, client } = MemoryWire.connect();
    const unsent = client.ask("delete 7");
    wire.end();
    expect(await outcomes([unsent])).toEqual(["HM_NOT_SENT"]);
    expect(wire.sent).toEqual([]);
  });

  test("by the client, it is over at once, and later replies are nobody's", async () => {
    const { wire, client } = MemoryWire.connect();
    const lost = client.ask("reserve");
    await turn();
    expect(client.isOpen).toBe(true);
    client.close();
    expect(client.isOpen).toBe(false);
    expect(wire.closings).toBe(1);
    wire.say("RESERVED 1 1\r\nx\r\nand nonsense\r\n");
    wire.end();
    client.close();
    expect(await outcomes([lost, client.ask("stats")])).toEqual(["HM_LOST", "HM_NOT_SENT"]);
  });
});

describe("a server that does not keep to the protocol", () => {
  test("loses the connection: whose reply it was hears why, the others that it is lost", async () => {
    const { wire, client } = MemoryWire.connect();
    const asked = ["use a", "stats", "delete 3"].map((line) => client.ask(line));
    await turn();
    wire.backlogBytes = Infinity;
    asked.push(client.ask("delete 4"));
    await turn();
    wire.say("USING a\r\nHTTP/1.1 400 Bad Request\r\nDELETED\r\n");
    expect(wire.closings).toBe(1);
    wire.say("DELETED\r\n");
    wire.end();
    const expected = ["USING a", "HM_BAD_REPLY", "HM_LOST", "HM_NOT_SENT"];
    expect(await outcomes(asked)).toEqual(expected);
    await expect(asked[2]).rejects.toMatchObject({ cause: expect.any(BadReplyError) });
  });

  test("may not say what answers nothing", async () => {
    const { wire, client } = MemoryWire.connect();
    wire.say("DELETED\r\n");
    expect(wire.closings).toBe(1);
    await expect(client.ask("delete 7")).rejects.toMatchObject({
      code: "HM_NOT_SENT",
      cause: { code: "HM_BAD_REPLY", message: 'the server sent "DELETED", which answers nothing' },
    });
  });

  test("may not bring more than the client takes", async () => {
    const { wire, client } = MemoryWire.connect({ replyBodyBytesMax: 10 });
    const asked = [client.ask("peek 1"), client.ask("peek 2")];
    await turn();
    wire.say("FOUND 1 10\r\n0123456789\r\nFOUND 2 11\r\n");
    expect(await outcomes(asked)).toEqual(["FOUND 1 10", "HM_REPLY_TOO_BIG"]);
    await expect(asked[1]).rejects.toThrow(ReplyTooBigError);
    expect(wire.closings).toBe(1);
  });
});
