/* ReplyReader: the bytes of a server in, whole replies out, however the bytes are cut.
 *
 *   ReplyFraming   finds the lines and what lies between them; keeps the beginning of a line only
 *   ReplyReader    keeps bodies as well, and hands on each reply when it is whole, with those
 *                  that belong to it
 *
 * Both are driven by the table of replies: its forms say what a line may be and whether a body
 * follows. What is not of the protocol ends the reading with an error, because nobody can say where
 * the next reply begins; neither may be given anything after it has thrown. Used by the client's
 * connection, and by the server's trace, which passes over bodies.
 */

import { HomemakerError } from "./homemaker-error.ts";
import { CR, LF, textOf } from "./ascii.ts";
import { BadReplyError, quoted, ReplyForms } from "./reply-line.ts";
import type { ReplyLine } from "./reply-line.ts";
import { REPLIES } from "./replies.ts";
import type { ReplyRow } from "./replies.ts";

/** What a framing finds, in the order of the bytes. */
export interface ReplyParts {
  line(line: ReplyLine): void;
  /** A piece of the body that the last line announced, valid during the call. */
  body(piece: Uint8Array): void;
  /** The reply that the last line began is whole. */
  end(): void;
}

/** A reply, or a line that came unasked, with its body. */
export interface Reply extends ReplyLine {
  /** What followed the line, without its CRLF; empty for a reply of one line. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The replies that belong to it, of one that says how many follow. */
  readonly replies?: readonly Reply[];
}

/** The server announced more than whoever reads will take. */
export class ReplyTooBigError extends HomemakerError {
  override readonly name = "ReplyTooBigError";
  readonly code = "HM_REPLY_TOO_BIG";
}

/** The two bytes that end lines and bodies. */
const CRLF_BYTES = 2;
const FORMS = new ReplyForms(REPLIES);
const NOTHING = new Uint8Array(0);
/** Memory that the announcement of a body gets before its bytes are there. */
const ANNOUNCED_BYTES_MAX = 65_536;

/** Where the lines and bodies are in what a server sends. */
export class ReplyFraming {
  readonly #parts: ReplyParts;
  readonly #forms: ReplyForms;
  /** The beginning of a line whose end has not come. */
  readonly #carry: Uint8Array;
  #carried = 0;
  /** Bytes of a body that are still to come. */
  #bodyLeft = 0;
  /** Bytes of the CRLF behind it that are still to come. */
  #endLeft = 0;

  /** @param rows the lines that may come, by default all that the server answers with */
  constructor(parts: ReplyParts, rows?: readonly ReplyRow[]) {
    this.#parts = parts;
    this.#forms = rows === undefined ? FORMS : new ReplyForms(rows);
    this.#carry = new Uint8Array(this.#forms.lineBytesMax + CRLF_BYTES);
  }

  /** Takes the next bytes. Throws a BadReplyError; what came before it has been handed on. */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at = this.step(bytes, at);
  }

  /** Takes a line, a body or its end, or what there is of it; returns where the rest begins. */
  step(bytes: Uint8Array, at: number): number {
    if (this.#bodyLeft > 0) return this.#takeBody(bytes, at);
    return this.#endLeft > 0 ? this.#takeBodyEnd(bytes, at) : this.#takeLine(bytes, at);
  }

  /** Whether nothing has come of a reply that is not whole. */
  get isBetween(): boolean {
    return this.#bodyLeft === 0 && this.#endLeft === 0 && this.#carried === 0;
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#bodyLeft);
    this.#bodyLeft -= end - at;
    this.#parts.body(bytes.subarray(at, end));
    return end;
  }

  #takeBodyEnd(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== (this.#endLeft === CRLF_BYTES ? CR : LF)) {
      throw new BadReplyError("the server sent a body that is longer than it announced");
    }
    this.#endLeft--;
    if (this.#endLeft === 0) this.#parts.end();
    return at + 1;
  }

  /** Takes a line, or all there is of it. */
  #takeLine(bytes: Uint8Array, at: number): number {
    const most = Math.min(bytes.length, at + this.#carry.length - this.#carried);
    const lineEnd = endOfLine(bytes, at, most);
    if (lineEnd > 0 && this.#carried === 0) {
      this.#tell(bytes.subarray(at, lineEnd));
      return lineEnd;
    }
    const next = lineEnd > 0 ? lineEnd : most;
    this.#carry.set(bytes.subarray(at, next), this.#carried);
    const kept = this.#carry.subarray(0, this.#carried + next - at);
    this.#carried = lineEnd > 0 ? 0 : kept.length;
    if (lineEnd > 0) this.#tell(kept);
    else if (kept.length === this.#carry.length) {
      throw new BadReplyError(`the server sent ${quotedBytes(kept)}, which is too long for a line`);
    }
    return next;
  }

  /** Hands on a line that lies here up to its LF. */
  #tell(bytes: Uint8Array): void {
    const end = bytes.length - CRLF_BYTES;
    if (bytes[end] !== CR) {
      throw new BadReplyError(`the server sent ${quotedBytes(bytes)}, which ends without a CR`);
    }
    const line = this.#forms.tell(bytes.subarray(0, end));
    if (line.bodyBytes !== undefined) {
      this.#bodyLeft = line.bodyBytes;
      this.#endLeft = CRLF_BYTES;
    }
    this.#parts.line(line);
    if (line.bodyBytes === undefined) this.#parts.end();
  }
}

/** A reply to which more belong, and those that have come. */
interface Gathering {
  readonly reply: Reply;
  readonly count: number;
  readonly replies: Reply[];
}

/** Replies with their bodies. */
export class ReplyReader {
  readonly #framing: ReplyFraming;
  readonly #bodyBytesMax: number;
  readonly #found: (reply: Reply) => void;
  #line: ReplyLine | undefined;
  #body = NOTHING;
  #received = 0;
  /** One whose replies are not all there. */
  #gathering: Gathering | undefined;

  /**
   * @param found is called for each reply when it is whole
   * @param bodyBytesMax how much a reply may bring
   * @param rows the lines that may come, by default all that the server answers with
   */
  constructor(found: (reply: Reply) => void, bodyBytesMax: number, rows?: readonly ReplyRow[]) {
    this.#found = found;
    this.#bodyBytesMax = bodyBytesMax;
    const line = (begun: ReplyLine): void => this.#begin(begun);
    const body = (piece: Uint8Array): void => this.#keep(piece);
    this.#framing = new ReplyFraming({ line, body, end: () => this.#end() }, rows);
  }

  /**
   * Takes the next bytes. Throws a BadReplyError or a ReplyTooBigError; the replies before it have
   * been handed on.
   */
  take(bytes: Uint8Array): void {
    this.#framing.take(bytes);
  }

  /** The same up to the end of the first reply that is whole; returns where the rest begins. */
  takeOne(bytes: Uint8Array, from: number): number {
    let at = this.#framing.step(bytes, from);
    while (at < bytes.length && !this.isBetween) at = this.#framing.step(bytes, at);
    return at;
  }

  /** Whether nothing has come of a reply that is not whole, those that belong to it included. */
  get isBetween(): boolean {
    return this.#gathering === undefined && this.#framing.isBetween;
  }

  #begin(line: ReplyLine): void {
    const { bodyBytes = 0 } = line;
    if (bodyBytes > this.#bodyBytesMax) {
      const most = `at most ${this.#bodyBytesMax} bytes are taken`;
      throw new ReplyTooBigError(`the server announced ${quoted(line.line)}: ${most}`);
    }
    this.#line = line;
    this.#received = 0;
    const ready = Math.min(bodyBytes, ANNOUNCED_BYTES_MAX);
    this.#body = ready === 0 ? NOTHING : new Uint8Array(ready);
  }

  /** Memory grows as bytes arrive, not as they are announced. */
  #keep(piece: Uint8Array): void {
    const bytes = this.#received + piece.length;
    if (bytes > this.#body.length) {
      const whole = this.#line?.bodyBytes ?? bytes;
      const larger = new Uint8Array(Math.min(whole, Math.max(bytes, 2 * this.#body.length)));
      larger.set(this.#body.subarray(0, this.#received));
      this.#body = larger;
    }
    this.#body.set(piece, this.#received);
    this.#received = bytes;
  }

  #end(): void {
    const line = this.#line;
    if (line !== undefined) this.#tell(withBody(line, this.#body));
    this.#line = undefined;
    this.#body = NOTHING;
  }

  /** Hands on a whole reply, or adds it to the one that it belongs to. */
  #tell(reply: Reply): void {
    const gathering = this.#gathering;
    const { replyCount } = reply;
    if (gathering !== undefined && !reply.isPush) {
      gathering.replies.push(reply);
      if (gathering.replies.length < gathering.count) return;
      this.#gathering = undefined;
      this.#found({ ...gathering.reply, replies: gathering.replies });
    } else if (replyCount === undefined) this.#found(reply);
    else if (replyCount === 0) this.#found({ ...reply, replies: [] });
    else this.#gathering = { reply, count: replyCount, replies: [] };
  }
}

/** Spelled out: a spread of the line costs more than all else here. */
function withBody(
  { form, line, word, args, bodyBytes, isPush, replyCount }: ReplyLine,
  body: Uint8Array<ArrayBuffer>,
): Reply {
  return { form, line, word, args, bodyBytes, isPush, replyCount, body };
}

/** The position behind the LF in bytes[at, end); 0 when there is none. */
function endOfLine(bytes: Uint8Array, at: number, end: number): number {
  for (let index = at; index < end; index++) if (bytes[index] === LF) return index + 1;
  return 0;
}

function quotedBytes(bytes: Uint8Array): string {
  return quoted(textOf(bytes));
}
