/* What becomes of a job that leaves its state while others are still looked at, on a real shard. */
import { expect, test } from "vitest";
import type { InProcess } from "../../src/broker/in-process.ts";
import type { ClientConnection } from "../../src/client/connection.ts";
import { Common } from "../../src/engine/common.ts";
import type { BulkRequest } from "../../src/http/api-jobs.ts";
import { bulkRoutes } from "../../src/http/bulk.ts";
import type { Call } from "../../src/http/handler.ts";
import { Desk } from "../../src/session/desk.ts";
import { OneTube, TUBE } from "../engine/one-tube.ts";
import { NO_PROCESS } from "../support/no-process.ts";
import { LIMITS } from "../support/session-world.ts";
import { loadBuiltControl } from "../text/load-control.ts";

const CONTROL = await loadBuiltControl();

function deskOf(one: OneTube): Desk {
  return new Desk({
    shards: [one.handle()],
    common: Common.create(1),
    threadIndex: 0,
    limits: LIMITS,
    control: CONTROL,
    facts: NO_PROCESS,
    later: () => undefined,
    random: () => undefined,
  });
}

/** Lists those jobs, has all else done, and writes down what it is asked. */
function sessionOf(ids: readonly number[], asked: string[]): ClientConnection {
  const list = ids.map((id) => `- {id: ${id}, pri: 0}\n`).join("");
  const ask = (line: string): Promise<unknown> => {
    const isList = line.startsWith("list-jobs ");
    if (!isList) asked.push(line);
    const body = new TextEncoder().encode(`---\n${list}...\nnext: 0\n`);
    return Promise.resolve({ word: isList ? "OK" : "DELETED", args: [], line: "", body });
  };
  return { ask, close: () => undefined } as unknown as ClientConnection;
}

test("a job that left the state between being found and its command is left alone", async () => {
  const one = new OneTube();
  one.putMany(3);
  const desk = deskOf(one);
  const asked: string[] = [];
  const session = sessionOf([1, 2, 3], asked);
  let looks = 0;
  const inProcess = {
    look: <Result>(run: (desk: Desk) => Result): Result => {
      desk.beginTurn(one.now);
      const found = run(desk);
      // Then a worker has the first of them.
      if (++looks === 1) expect(one.take().answer).toBe("RESERVED");
      return found;
    },
    observe: () => session,
    withConnection: (run: (own: ClientConnection) => unknown) => run(session),
  } as unknown as InProcess;
  const body: BulkRequest = { action: "delete", tube: TUBE, state: "ready", filter: "" };
  const { signal } = new AbortController();
  const call = { body, signal } as unknown as Call;
  const [route] = bulkRoutes(inProcess);
  const answer = await route?.handler(call);
  expect(asked).toEqual(["delete 2", "delete 3"]);
  expect(answer).toMatchObject({ json: { matched: 3, done: 2, gone: 1, last: 3, next: null } });
});
