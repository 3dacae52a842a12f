/*
 * Homemaker's own commands and tags, of which beanstalkd knows nothing: however the input is cut
 * the replies are the same, each is one that the protocol has, and the server answers to the end.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/protocol/commands.ts";
import { expectAsManyReplies, expectSameReplies } from "./any-cut.ts";
import { after, hear, whole } from "./cut-world.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const STREAMS = 40;
const PATIENCE_MS = 180_000;

describe(`the additions (FUZZ_SEED=${SEED} npx vitest run test/fuzz/additions)`, () => {
  test(
    "get the same replies however the input is cut",
    () => {
      const heard = expectSameReplies(SEED, STREAMS);
      const answered = heard.filter(({ ending }) => ending === "answered");
      expect(answered.length).toBeGreaterThan(STREAMS / 3);
      const words = heard.flatMap(({ replies }) => replies.map((reply) => reply.split(" ")[0]));
      expect(new Set(words).size).toBeGreaterThan(25);
    },
    PATIENCE_MS,
  );

  test(
    "that push jobs get as many replies however the input is cut",
    () => {
      const heard = expectAsManyReplies(SEED, STREAMS);
      expect(heard.flatMap(({ pushes }) => pushes).length, "pushes").toBeGreaterThan(STREAMS / 2);
    },
    PATIENCE_MS,
  );

  test(
    "are cut in two at every byte",
    () => {
      const input = Buffer.from(EVERY_ADDITION.join(""), "latin1");
      const once = hear(input, whole, 2);
      expect(once.ending).toBe("answered");
      for (let place = 1; place < input.length; place++)
        expect(hear(input, after(place), 2), `cut after ${place}`).toEqual(once);
    },
    PATIENCE_MS,
  );

  test("are all among those that are cut in two", () => {
    const lines = EVERY_ADDITION.join("").split("\r\n");
    const missing = COMMANDS.filter(({ isAddition }) => isAddition === true)
      .map(({ verb }) => verb)
      .filter((verb) => !lines.some((line) => line.startsWith(verb)));
    expect(missing).toEqual([]);
  });
});

const EVERY_ADDITION = [
  "put 1 0 60 2 idp:k grp:g con:c:1\r\nab\r\n",
  "put 1 0 60 2 idp:k\r\ncd\r\n",
  "put 1 0 60 2 aft:g fair:f:2 exp:9 max:2 ack:memory\r\n\r\n\r\n",
  "put 1 0 60 2 idp:\r\nno\r\n",
  "put 1 0 60 2 idp:x word\r\nno\r\n",
  "put 1 1500ms 60 1\r\nx\r\n",
  "stats-group g\r\n",
  "set-tube default jobs=99 rate=9/s\r\n",
  "set-tube default jobs=x\r\n",
  "reserve-mode weighted-fair\r\nreserve-mode fifo\r\n",
  "watch a 5\r\nreserve-batch 3\r\n",
  "client-name m\r\nclient-name m web-1 4711\r\nclient-name m web-1 0\r\n",
  "auth hm_x\r\nauth \r\nauth\r\n",
  "session\r\nvouch 00000000000000000000000000000000 5\r\n",
  "progress 3 3\r\n5\r\n\r\npeek-progress 3\r\n",
  "await 3\r\nfinish 3 5 4\r\nr\r\ns\r\n",
  "hand-back 4 0\r\nupdate-job 4 7 0\r\ncancel 4\r\n",
  "move 5 b 3\r\nwhy\r\npeek-failure 5\r\nlist-failures 5\r\n",
  "explain 5\r\npeek-reserved\r\nlist-jobs default ready 0 9\r\n",
  "batch 3\r\nuse b\r\nput 0 0 9 2 con:c\r\n..\r\ndelete 5\r\n",
  "batch 2\r\ndelete 6\r\nbury 99 1 3\r\nwhy\r\n",
  "delete-batch 6 7 99\r\nwindow 0\r\nwindow x\r\n",
  "flush-tube b\r\nfeatures\r\ndrain\r\nput 0 0 9 1\r\nx\r\nundrain\r\nstep-down 0\r\n",
];
