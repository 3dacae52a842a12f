/* What must hold however input is cut, and framed for a WebSocket: of streams of additions, played
 * in several ways.
 */
import { expect } from "vitest";
import { additionsOf } from "./additions.ts";
import { anywhere, bytes, hear, whole } from "./cut-world.ts";
import type { Heard } from "./cut-world.ts";

const COMMANDS_EACH = 40;
const OPENING = "watch a\r\nwindow 3\r\n";

/** Every other stream has more than one shard. */
function shardsOf(seed: number): number {
  return seed % 2 === 0 ? 1 : 4;
}

function storyOf(seed: number, input: Buffer): string {
  return `seed ${seed}: ${JSON.stringify(input.toString("latin1"))}`;
}

/**
 * The replies to so many streams are the same however they are cut or framed. Returns what each
 * was answered.
 */
export function expectSameReplies(first: number, streams: number): Heard[] {
  return Array.from({ length: streams }, (_, index) => {
    const seed = first + index;
    const input = Buffer.concat(additionsOf(seed, COMMANDS_EACH, { pushesJobs: false }));
    const story = storyOf(seed, input);
    const once = hear(input, whole, shardsOf(seed));
    expect(once.ending, `of ${story}`).not.toBe("silent");
    for (const heard of [
      ...[bytes, anywhere(seed), anywhere(seed + 1)].map((cuts) =>
        hear(input, cuts, shardsOf(seed)),
      ),
      hear(input, anywhere(seed), shardsOf(seed), seed),
    ]) {
      // Where the server closes, how much was told before depends on what came with the end.
      const pushes = heard.ending === "closed" ? once.pushes : heard.pushes;
      expect({ ...heard, pushes }, `of ${story}`).toEqual(once);
    }
    return once;
  });
}

/**
 * So many streams that open windows get as many replies however they are cut, since what is pushed
 * meanwhile is another matter. Returns what each was answered.
 */
export function expectAsManyReplies(first: number, streams: number): Heard[] {
  return Array.from({ length: streams }, (_, index) => {
    const seed = first + index;
    const additions = additionsOf(seed, COMMANDS_EACH, { pushesJobs: true });
    const input = Buffer.concat([Buffer.from(OPENING), ...additions]);
    const story = storyOf(seed, input);
    const once = hear(input, whole, shardsOf(seed));
    expect(once.ending, `of ${story}`).not.toBe("silent");
    for (const { ending, replies } of [
      ...[bytes, anywhere(seed)].map((cuts) => hear(input, cuts, shardsOf(seed))),
      hear(input, whole, shardsOf(seed), seed),
    ]) {
      expect(ending, `of ${story}`).not.toBe("silent");
      const isWhole = ending === "answered" && once.ending === "answered";
      if (isWhole) expect(replies.length, `of ${story}`).toBe(once.replies.length);
    }
    return once;
  });
}
