/* Where replies gather: room, bodies larger than the buffer, and buffers that the transport keeps. */
import { describe, expect, test } from "vitest";
import type { Outlet } from "../../src/transport.ts";
import { Output } from "../../src/server/output.ts";

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

const HOLDER = { heldBytes: 0, isGone: false, released: (): void => {} };

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

  test("closes behind what it had to say", () => {
    const { output, sink } = opened();
    fill(output, 5, "a");
    output.close();
    expect(sink.views).toHaveLength(1);
    expect(sink.isClosed).toBe(true);
  });
});
