/*
 * Where replies gather: room, bodies larger than the buffer, and buffers that the transport keeps.
 */
import { describe, expect, test } from "vitest";
import type { Outlet } from "../../src/transport.ts";
import { Gate } from "../../src/session/gate.ts";
import { Output } from "../../src/session/output.ts";

const BUFFER_BYTES = 262_144;

/** A transport that remembers the views themselves. */
class Sink implements Outlet {
  readonly backlogBytes = 0;
  readonly views: Uint8Array[] = [];
  isClosed = false;
  keeps = false;

  write(bytes: Uint8Array): boolean {
    this.views.push(bytes);
    return this.keeps;
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    this.isClosed = true;
  }
}

const HOLDER = { heldBytes: 0, heldClass: 0, isGone: false, released: (): void => {} };

function opened(): { output: Output; sink: Sink } {
  const output = new Output(undefined);
  const sink = new Sink();
  output.begin(sink, HOLDER);
  return { output, sink };
}

/** Writes `count` bytes of `letter`. */
function fill(output: Output, count: number, letter: string): void {
  output.room(count);
  output.bytes.fill(letter.charCodeAt(0), output.at, output.at + count);
  output.at += count;
}

describe("the output", () => {
  test("leaves in one write, and what is empty is not written", () => {
    const { output, sink } = opened();
    output.flush();
    output.reply(Buffer.from("DELETED\r\n"));
    output.chunk(Buffer.from("body"));
    output.flush();
    output.flush();
    expect(sink.views.map((view) => Buffer.from(view).toString())).toEqual(["DELETED\r\nbody\r\n"]);
  });

  test("sends what it has when something does not fit any more, and loses nothing", () => {
    const { output, sink } = opened();
    const sizes: number[] = [];
    const write = sink.write.bind(sink);
    sink.write = (bytes) => {
      sizes.push(bytes.length);
      return write(bytes);
    };
    for (let count = 0; count < 10; count++) fill(output, 60_000, "x");
    output.flush();
    expect(sizes).toEqual([240_000, 240_000, 120_000]);
  });

  test("is full while less than a full output slot and its line would still fit", () => {
    const { output } = opened();
    fill(output, BUFFER_BYTES - 65_536 - 1024, "x");
    expect(output.isFull).toBe(false);
    fill(output, 1024, "x");
    expect(output.isFull).toBe(true);
  });

  test("takes what is larger than its buffer, and has its usual buffer again afterwards", () => {
    const { output, sink } = opened();
    fill(output, 10, "a");
    fill(output, 1_000_000, "b");
    expect(sink.views.map(({ length }) => length)).toEqual([10]);
    output.flush();
    expect(sink.views.map(({ length }) => length)).toEqual([10, 1_000_000]);
    expect(output.bytes.length).toBe(BUFFER_BYTES);
  });

  test("does not write again into memory that the transport still uses", () => {
    const { output, sink } = opened();
    sink.keeps = true;
    fill(output, 5, "a");
    output.flush();
    fill(output, 5, "b");
    output.flush();
    expect(sink.views.map((view) => Buffer.from(view).toString())).toEqual(["aaaaa", "bbbbb"]);
  });

  test("writes into the same memory again when the transport is done with it", () => {
    const { output, sink } = opened();
    fill(output, 5, "a");
    output.flush();
    fill(output, 5, "b");
    output.flush();
    expect(sink.views[0]?.buffer).toBe(sink.views[1]?.buffer);
  });

  test("leaves alone what waits for the journal, however much, and uses its memory again afterwards", () => {
    const { sink } = opened();
    let safe = 0;
    const gate = new Gate({ safePosition: () => safe, held: () => undefined }, 1);
    const output = new Output(gate);
    const heard: string[] = [];
    const memories = new Set<unknown>();
    sink.write = (bytes) => {
      memories.add(bytes.buffer);
      heard.push(`${String.fromCharCode(bytes[0] ?? 0)}${bytes.length}`);
      expect(new Set(bytes).size).toBe(1);
      return false;
    };
    for (let round = 1; round <= 3; round++) {
      gate.depend(0, round);
      for (let turn = 0; turn < 20; turn++) {
        output.begin(sink, HOLDER);
        fill(output, turn === 7 ? 400_000 : 30_000, String.fromCharCode(97 + turn));
        output.flush();
      }
      expect(heard).toEqual([]);
      safe = round;
      gate.release();
      expect(heard).toEqual(
        Array.from({ length: 20 }, (_, turn) => {
          return `${String.fromCharCode(97 + turn)}${turn === 7 ? 400_000 : 30_000}`;
        }),
      );
      heard.length = 0;
    }
    expect(memories.size).toBeLessThan(10); // three of them were for the long replies
  });

  test("closes behind what it had to say", () => {
    const { output, sink } = opened();
    fill(output, 5, "a");
    output.close();
    expect(sink.views).toHaveLength(1);
    expect(sink.isClosed).toBe(true);
  });
});
