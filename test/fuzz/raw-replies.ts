/* Cuts the bytes of a server into replies, knowing of the protocol only which reply lines announce
 * a body.
 *
 * Each reply is kept as its raw bytes, so that a comparison sees every byte; and bytes that are no
 * reply are a difference to be reported, where the protocol's own reader (reply-reader.ts) would
 * end with an error. The fuzzer judges the server: it shares no table with it. Called by the
 * fuzzer alone.
 */

const BODY_LENGTH = /^(?:(?:RESERVED|FOUND) \d+|OK) (\d+)$/;
const CRLF = "\r\n";

/** Bytes in, whole replies out. */
export class ReplyReader {
  #pending: Buffer = Buffer.alloc(0);

  /** Takes the bytes in and returns the replies that are now complete, each with its final CRLF. */
  take(bytes: Buffer): Buffer[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const replies: Buffer[] = [];
    let start = 0;
    for (let end = this.#replyEnd(start); end !== undefined; end = this.#replyEnd(start)) {
      replies.push(this.#pending.subarray(start, end));
      start = end;
    }
    this.#pending = this.#pending.subarray(start);
    return replies;
  }

  /** What came after the last whole reply. */
  get rest(): Buffer {
    return this.#pending;
  }

  #replyEnd(start: number): number | undefined {
    const lineEnd = this.#pending.indexOf(CRLF, start);
    if (lineEnd < 0) return undefined;
    const length = BODY_LENGTH.exec(this.#pending.toString("latin1", start, lineEnd))?.[1];
    const end = lineEnd + 2 + (length === undefined ? 0 : Number(length) + 2);
    return end <= this.#pending.length ? end : undefined;
  }
}

/**
 * A reply's line without its CRLF, and the body behind it (without the CRLF that ends it) if it has
 * one.
 */
export function partsOf(reply: Buffer): { line: string; body: Buffer | undefined } {
  const lineEnd = reply.indexOf(CRLF);
  const line = reply.toString("latin1", 0, lineEnd < 0 ? reply.length : lineEnd);
  const hasBody = lineEnd >= 0 && BODY_LENGTH.test(line);
  return { line, body: hasBody ? reply.subarray(lineEnd + 2, reply.length - 2) : undefined };
}
