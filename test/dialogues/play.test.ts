/* The player, on a stage where the server says what the test wants: what it accepts, and above all
 * what it does not.
 */
import { describe, expect, test } from "vitest";
import { parseCases } from "./dialogue.ts";
import { Mismatch, play } from "./play.ts";
import { Inbox } from "./stage.ts";
import type { Stage, Wire } from "./stage.ts";

/** A server that answers each write with the next of these texts; "END" closes. */
function stageThatSays(...answers: string[]): Stage & { readonly heard: string[] } {
  const heard: string[] = [];
  const connect = (): Promise<Wire> => {
    const inbox = new Inbox();
    const answer = (): void => {
      const text = answers.shift() ?? "";
      if (text === "END") inbox.end();
      else inbox.push(Buffer.from(text, "latin1"));
    };
    const send = (bytes: Uint8Array): Promise<void> => {
      heard.push(Buffer.from(bytes).toString("latin1"));
      answer();
      return Promise.resolve();
    };
    return Promise.resolve({ inbox, send, shutdown: answer, close: answer, reset: answer });
  };
  return {
    heard,
    baseId: 7,
    patienceMs: 0,
    connect,
    advance: () => Promise.resolve(),
    signal: () => undefined,
    settle: () => Promise.resolve(),
    stats: () => Promise.resolve(new Map([["current-waiting", "1"]])),
    finish: () => Promise.resolve(),
  };
}

async function playing(source: string, ...answers: string[]): Promise<readonly string[]> {
  const [dialogue] = parseCases(`== a case\n${source}`, "some.txt");
  if (dialogue === undefined) throw new Error("no case");
  const stage = stageThatSays(...answers);
  await play(dialogue, stage);
  return stage.heard;
}

describe("a dialogue goes as written", () => {
  test("when every reply is the one that stands there", async () => {
    const source = "> put 0 0 60 1\n> x\n< INSERTED $1\n> delete $1\n< DELETED";
    const heard = await playing(source, "INSERTED 8\r\n", "DELETED\r\n");
    expect(heard).toEqual(["put 0 0 60 1\r\nx\r\n", "delete 8\r\n"]);
  });

  test("when each byte goes by itself", async () => {
    expect(await playing("@bytewise\n> ab\n< X", "", "", "", "X\r\n")).toEqual([
      "a",
      "b",
      "\r",
      "\n",
    ]);
  });

  test("when a split parts what is sent", async () => {
    expect(await playing(">> a\n@split\n>> b\n<< X", "", "X")).toEqual(["a", "b"]);
  });

  test("when rounds are counted", async () => {
    expect(await playing("@repeat 3\n>> %i,\n@end\n<< X", "X")).toEqual(["1,2,3,"]);
  });

  test("when the lines of a chunk are there", async () => {
    const chunk = 'OK 20\r\n---\na: 1\nb: 2\nc: "x"\n\r\n'.replace("20", "21");
    const list = "OK 14\r\n---\n- default\n\r\n";
    expect(await playing('> s\n@yaml\n  a: 1\n  b: 1..3\n  c: "*"', chunk)).toEqual(["s\r\n"]);
    expect(await playing("> s\n@yaml some\n  b: *", chunk)).toEqual(["s\r\n"]);
    expect(await playing("> l\n@yaml\n  - default", list)).toEqual(["l\r\n"]);
  });

  test("when the server closes and that is written", async () => {
    expect(await playing("> quit\n@closed", "END")).toEqual(["quit\r\n"]);
  });
});

describe("a dialogue does not go as written", () => {
  test.each([
    ["another reply", "> a\n< X", ["Y\r\n"]],
    ["a longer reply", "> a\n< X", ["XY\r\n"]],
    ["a reply that is cut off", "> a\n< XY", ["X"]],
    ["no reply", "> a\n< X", [""]],
    ["a reply too many", "> a\n< X", ["X\r\nX\r\n"]],
    ["a reply where silence is written", "> a\n@silent", ["X\r\n"]],
    ["a reply at the end that nobody expects", "> a", ["X\r\n"]],
    ["the end of the connection instead of a reply", "> a\n< X", ["END"]],
    ["the end of the connection that nobody expects", "> a", ["END"]],
    ["a connection that stays open", "> a\n@closed", [""]],
    ["words before the end", "> a\n@closed", ["X\r\n"]],
    ["an error instead of a chunk", "> a\n@yaml\n  a: 1", ["NOT_FOUND\r\n"]],
    ["a chunk of the wrong size", "> a\n@yaml\n  a: 1", ["OK 8\r\n---\na: 1\n\r\n"]],
    ["a chunk without its end", "> a\n@yaml\n  a: 1", ["OK 9\r\n---\na: 1\n"]],
    ["another value", "> a\n@yaml some\n  a: 2", ["OK 9\r\n---\na: 1\n\r\n"]],
    ["a value out of range", "> a\n@yaml some\n  a: 2..3", ["OK 9\r\n---\na: 1\n\r\n"]],
    ["a value without quotes", '> a\n@yaml some\n  a: "*"', ["OK 9\r\n---\na: 1\n\r\n"]],
    ["a key that is missing", "> a\n@yaml some\n  b: 1", ["OK 9\r\n---\na: 1\n\r\n"]],
    ["a line too many", "> a\n@yaml\n  a: 1", ["OK 14\r\n---\na: 1\nb: 1\n\r\n"]],
    ["lines in another order", "> a\n@yaml\n  b: 1\n  a: 1", ["OK 14\r\n---\na: 1\nb: 1\n\r\n"]],
    ["statistics that never say so", "> a\n@until current-waiting 2", [""]],
  ])("%s", async (_, source, answers) => {
    await expect(playing(source, ...answers)).rejects.toThrow(Mismatch);
  });

  test("and the message names the place and both sides", async () => {
    const played = playing("> a\n< X", "Y\r\n");
    await expect(played).rejects.toThrow(
      /^some\.txt:3: .*\n {2}expected {2}X\\r\\n\n {2}received {2}Y\\r\\n/,
    );
  });
});
