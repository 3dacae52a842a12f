/* Events: how many streams there are at a time, however they come. */
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { Events } from "../../src/http/events.ts";

test("of those who subscribe at one moment no more stay than may", async () => {
  const events = new Events(() => Promise.resolve({}));
  const over = new AbortController();
  const answers = Array.from({ length: 40 }, () => events.subscribe());
  let ended = 0;
  const streams = answers.map(async (answer) => {
    if (!("stream" in answer)) throw new Error("this is no stream");
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    await answer.stream(response, over.signal);
    ended++;
  });
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(ended).toBe(8);
  expect(() => events.subscribe()).toThrow(/too many pages/);
  over.abort();
  await Promise.all(streams);
  expect(events.subscribe()).toHaveProperty("stream");
});
