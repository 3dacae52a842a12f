/* Many in one call: what putMany, reserveMany and deleteMany send, however the answers are cut, and
 * what becomes of those that are refused or lost. Against servers: client.test.ts.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { RefusedError } from "../../src/client/refused-error.ts";
import { LostError, SomeFailedError } from "../../src/client/errors.ts";
import { ScriptedServer, settle } from "./scripted-server.ts";

const CUT = new Error("the cable is cut");

let server: ScriptedServer;
let client: Client;
beforeEach(async () => {
  server = new ScriptedServer();
  client = await server.connect();
});

/** What a promise is rejected with. */
function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Has the server say that, cut into pieces of so many bytes. */
async function sayCut(text: string, bytes: number): Promise<void> {
  for (let at = 0; at < text.length; at += bytes) server.wire.say(text.slice(at, at + bytes));
  await settle();
}

describe.each([1, 2, 7, 10_000])("answers that come %i bytes at a time", (bytes) => {
  test("are those of the puts, in their order", async () => {
    const put = client.putMany(["a", new Uint8Array([0, 255]), "ä"], { pri: 5, ttrSeconds: 9 });
    await settle();
    expect(
      server.wire.sent
        .join("")
        .endsWith("put 5 0 9 1\r\na\r\nput 5 0 9 2\r\n\0\xff\r\nput 5 0 9 2\r\n\xc3\xa4\r\n"),
    ).toBe(true);
    await sayCut("INSERTED 7\r\nBURIED 8\r\nINSERTED 9007199254740991\r\n", bytes);
    expect(await put).toEqual([
      { id: 7, isNew: true },
      { id: 8, isNew: true, state: "buried" },
      { id: Number.MAX_SAFE_INTEGER, isNew: true },
    ]);
  });

  test("are those of the reserves, pushes between them or not", async () => {
    server.isPlain = true;
    await server.cut(CUT);
    await server.advance(1);
    const reserve = client.reserveMany(4);
    await server.advance(1);
    expect(server.lines).toEqual(Array.from({ length: 4 }, () => "reserve-with-timeout 0"));
    await sayCut(
      "RESERVED 7 2\r\nhi\r\nRESERVED 8 0\r\n\r\nTIMED_OUT\r\nRESERVED 9 2\r\n\r\n\r\n",
      bytes,
    );
    const jobs = await reserve;
    expect(jobs.map(({ id, text, isHeld }) => [id, text, isHeld])).toEqual([
      [7, "hi", true],
      [8, "", true],
      [9, "\r\n", true],
    ]);
  });

  test("are those of the deletes, and of what was asked behind them", async () => {
    const deleted = client.deleteMany([7, 8, 9]);
    const touched = client.touch(10);
    await settle();
    expect(server.lines).toEqual(["delete 7", "delete 8", "delete 9", "touch 10"]);
    await sayCut("DELETED\r\nNOT_FOUND\r\nLOST 10\r\nDELETED\r\nTOUCHED\r\n", bytes);
    expect(await deleted).toEqual({ deleted: 2, notFound: 1 });
    expect(await touched).toBeUndefined();
  });
});

describe("of many", () => {
  test("some that are refused say so, each with its own error, and the others are done", async () => {
    const put = failure(client.putMany(["a", "b", "c"]));
    await settle();
    await server.say("INSERTED 7", "JOB_TOO_BIG", "INSERTED 8");
    const error = await put;
    expect(error).toBeInstanceOf(SomeFailedError);
    expect(error).toMatchObject({
      code: "HM_SOME_FAILED",
      cause: { code: "HM_JOB_TOO_BIG" },
      results: [{ id: 7 }, expect.any(RefusedError), { id: 8 }],
    });
  });

  test("those that a lost connection owes are lost, and those before them are known", async () => {
    const put = failure(client.putMany(["a", "b", "c"]));
    await settle();
    await server.say("INSERTED 7");
    await server.cut(CUT);
    expect(await put).toMatchObject({
      code: "HM_SOME_FAILED",
      cause: { code: "HM_LOST", cause: CUT },
      results: [{ id: 7 }, expect.any(LostError), expect.any(LostError)],
    });
  });

  test.each(["its time", "its signal"])(
    "those that %s is over for say what is known",
    async (way) => {
      const stop = new AbortController();
      const enough = new Error("enough");
      const put = failure(client.putMany(["a", "b"], { signal: stop.signal, timeoutMs: 1000 }));
      const ids = [7, 8];
      const gone = failure(client.deleteMany(ids, { signal: stop.signal, timeoutMs: 1000 }));
      await settle();
      await server.say("INSERTED 7");
      if (way === "its signal") stop.abort(enough);
      await server.advance(2);
      const cause = way === "its signal" ? enough : { code: "HM_TIMEOUT", wasSent: true };
      const [error, none] = [await put, await gone];
      expect(error).toMatchObject({ code: "HM_SOME_FAILED", cause, results: [{ id: 7 }, cause] });
      expect(none).toMatchObject({ code: "HM_SOME_FAILED", cause, results: [cause, cause] });
      await server.say("INSERTED 8", "DELETED", "NOT_FOUND"); // nobody waits; what was told stays
      expect(error).toMatchObject({ results: [{ id: 7 }, cause] });
      expect((error as SomeFailedError).results).toHaveLength(2);
    },
  );

  test("those that had not been sent end as any call, with nothing to know", async () => {
    server.isAway = CUT;
    await server.cut(CUT);
    const stop = new AbortController();
    const put = failure(client.putMany(["a"], { signal: stop.signal }));
    const enough = new Error("enough");
    stop.abort(enough);
    expect(await put).toBe(enough);
    expect(await failure(client.deleteMany([7], { signal: stop.signal }))).toBe(enough);
  });

  test.each(["deleteMany", "deleteBatch"] as const)(
    "the ids that %s was given are those, whatever becomes of the array",
    async (name) => {
      const reserve = client.reserveMany(3);
      await settle();
      await server.say("RESERVED_BATCH 3", "RESERVED 7 1\r\na", "RESERVED 8 1\r\nb");
      await server.say("RESERVED 9 1\r\nc");
      const jobs = await reserve;
      const ids = [7, 8];
      const deleted = client[name](ids);
      ids.splice(0, 2, 9);
      await settle();
      await server.say(...(name === "deleteMany" ? ["DELETED", "DELETED"] : ["DELETED_BATCH 2 0"]));
      expect(await deleted).toEqual({ deleted: 2, notFound: 0 });
      expect(jobs.map(({ isHeld }) => isHeld)).toEqual([false, false, true]);
    },
  );

  test("reserves are sent again, because what had come is ready again", async () => {
    server.isPlain = true;
    await server.cut(CUT);
    await server.advance(1);
    const reserve = client.reserveMany(2);
    await server.advance(1);
    await server.say("RESERVED 7 1\r\na");
    await server.cut(CUT);
    await server.advance(1);
    expect(server.lines).toEqual(["reserve-with-timeout 0", "reserve-with-timeout 0"]);
    await server.say("RESERVED 7 1\r\na", "TIMED_OUT");
    expect((await reserve).map(({ id }) => id)).toEqual([7]);
  });

  test("the ids are written as they are, up to the highest", async () => {
    const ids = [1, 9, 10, 99, 4_294_967_296, 999_999_999_999, Number.MAX_SAFE_INTEGER];
    void client.deleteMany(ids).catch(() => undefined);
    await settle();
    expect(server.lines).toEqual(ids.map((id) => `delete ${id}`));
  });

  test("none is nothing to ask, and what cannot be is refused before anything is sent", async () => {
    expect(await client.putMany([])).toEqual([]);
    expect(await client.deleteMany([])).toEqual({ deleted: 0, notFound: 0 });
    await expect(client.deleteMany([1, -1])).rejects.toMatchObject({ code: "HM_BAD_COMMAND" });
    const wrong = [5 as unknown as string];
    await expect(client.putMany(wrong)).rejects.toMatchObject({ code: "HM_BAD_COMMAND" });
    await expect(client.reserveMany(0)).rejects.toMatchObject({ code: "HM_BAD_COMMAND" });
    expect(server.lines).toEqual([]);
  });

  test("a body that is longer than is taken ends the connection, as everywhere", async () => {
    const small = new ScriptedServer();
    small.isPlain = true;
    const own = await small.connect({ replyBodyBytesMax: 3 });
    const reserve = failure(own.reserveMany(2));
    await settle();
    await small.say("RESERVED 7 4\r\nlong");
    expect(await reserve).toMatchObject({ code: "HM_REPLY_TOO_BIG" });
    await own.close();
  });
});
