import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { BLOCK_BODY } from "../../assembly/layouts.ts";
import { OneTube } from "./one-tube.ts";
import { randomFrom } from "./shuffle.ts";

/** Bytes of which no two places look alike. */
function noise(bytes: number): Buffer {
  const random = randomFrom(bytes);
  return Buffer.from(Array.from({ length: bytes }, () => random(256)));
}

const AROUND_A_BOUNDARY = [
  0,
  1,
  C.INLINE_BODY_MAX - 1,
  C.INLINE_BODY_MAX,
  C.INLINE_BODY_MAX + 1,
  BLOCK_BODY - 1,
  BLOCK_BODY,
  BLOCK_BODY + 1,
  2 * BLOCK_BODY,
  65_535,
  65_536,
];

test("bodies of every length around a boundary come back byte for byte", () => {
  const one = new OneTube();
  for (const bytes of AROUND_A_BOUNDARY) {
    const body = noise(bytes);
    one.put({ body });
    one.shard.verify();
    const { body: seen, id = 0 } = one.take();
    expect(seen === body.toString("latin1")).toBe(true);
    one.shard.deleteJob(0, one.conn, id, one.now);
    one.shard.verify();
  }
});

test("a body uploaded in pieces of any size is the same when it is read in pieces", () => {
  const one = new OneTube();
  const lengths = [...AROUND_A_BOUNDARY, 65_537, 131_072, 16 * BLOCK_BODY, 300_001];
  for (const [i, bytes] of lengths.entries()) {
    const body = noise(bytes);
    const id = i + 1;
    const random = randomFrom(id);
    const { ref } = one.shard.openUpload(0, bytes);
    for (let at = 0; at < bytes;) {
      const piece = body.subarray(at, at + 1 + random(i % 3 === 0 ? 9000 : 65_535));
      expect(one.shard.appendUpload(0, ref, at, piece).answer).toBe("DONE");
      at += piece.length;
    }
    expect(one.shard.commitUpload(0, ref, one.tube, { id }, one.now).answer).toBe("DONE");
    one.shard.verify();
    const whole = body.toString("latin1");
    expect(one.shard.peek(0, id, one.now).body === whole).toBe(true);
    for (let reads = 0; reads < 20; reads++) {
      const from = random(bytes + 10);
      const seen = one.shard.readBody(0, id, from).body;
      expect(seen === whole.slice(from, from + C.OUTPUT_BYTES)).toBe(true);
    }
    one.shard.verify();
  }
});

test("nothing is read from behind the end of a body or a message, however far", () => {
  const one = new OneTube();
  for (const bytes of [0, 10, C.INLINE_BODY_MAX, C.INLINE_BODY_MAX + 1, 2 * BLOCK_BODY]) {
    const body = noise(bytes);
    const { ref } = one.shard.openFailure(0, one.conn, bytes);
    one.shard.appendFailure(0, ref, 0, body);
    one.put({ body });
    const { id = 0 } = one.take();
    one.shard.bury(0, one.conn, id, 0, one.now, ref);
    for (const position of [bytes, bytes + 1, 210_000, 0x7fff_ffff, 0xffff_ffff]) {
      expect(one.shard.readBody(0, id, position).body).toBe("");
      expect(one.shard.readFailure(0, id, 1, position).body).toBe("");
    }
    one.shard.verify();
  }
});

test("two long bodies read in turns do not mix", () => {
  const one = new OneTube();
  const bodies = [noise(200_000), noise(150_000)];
  for (const [i, body] of bodies.entries()) {
    const { ref } = one.shard.openUpload(0, body.length);
    for (let at = 0; at < body.length; at += 50_000)
      one.shard.appendUpload(0, ref, at, body.subarray(at, at + 50_000));
    one.shard.commitUpload(0, ref, one.tube, { id: i + 1 }, one.now);
  }
  for (let at = 0; at < 200_000; at += C.OUTPUT_BYTES) {
    for (const [i, body] of bodies.entries()) {
      const seen = one.shard.readBody(0, i + 1, at).body;
      expect(seen === body.toString("latin1", at, at + C.OUTPUT_BYTES)).toBe(true);
      one.shard.verify();
    }
  }
  one.shard.deleteJob(0, 0, 1, one.now);
  one.shard.verify();
});

test("dropping an upload at any point gives all its memory back", () => {
  const one = new OneTube();
  const hidden = one.shard.verify();
  for (const done of [0, 1, BLOCK_BODY, 3 * BLOCK_BODY, 60_000]) {
    const { ref } = one.shard.openUpload(0, 60_000);
    one.shard.appendUpload(0, ref, 0, noise(done));
    expect(one.shard.verify()).toBe(hidden + 1 + Math.ceil(done / BLOCK_BODY));
    one.shard.dropUpload(0, ref);
    expect(one.shard.verify()).toBe(hidden);
  }
});
