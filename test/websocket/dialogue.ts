/* Dialogues with a WebSocket, frame by frame, from a text file.
 *
 *   2.9 a Pong that nobody asked for, then a Ping
 *   > pong "old"
 *   > ping "new"
 *   < pong "new"
 *
 * A case begins with its number. `>` is a frame of the client, `<` what the server sends.
 *
 *   > [more] [rsvN] [bare] OPCODE [PAYLOAD]     more: not the last of its message; bare: not masked
 *   > 10x ping "p"                              the same frame ten times
 *   < data "..."  < ping "..."  < pong "..."  < close CODE
 *
 * An opcode is text, binary, go-on, close, ping, pong or a number; a payload is a JSON string,
 * which is UTF-8, or hex bytes as in x"00ff", and `*125` behind it repeats it;
 * `close 1000 "reason"` has its code first. A case of one line is `6.6.2 UTF-8: ceba` or
 * `6.6.1 not UTF-8: ce`.
 *
 * The server's messages are a stream: their borders mean nothing, so all `data` of a case is
 * compared in one piece, and its control frames in their order. When the server has closed, the
 * connection must be closed; a case without `< close` ends with one of the client, which must be
 * answered.
 */
import { clientFrame } from "./frames.ts";
import type { ClientFrame } from "./frames.ts";

/** A frame to be sent, before it is masked. */
export type Said = Omit<ClientFrame, "mask"> & { readonly isBare: boolean };

/** One case. */
export interface Case {
  readonly number: string;
  readonly title: string;
  readonly said: readonly Said[];
  /** All that the messages of the server bring. */
  readonly data: Buffer;
  /** Its control frames, each as `pong x` or `close 1000`; the payload in hex. */
  readonly controls: readonly string[];
  /** Whether the client breaks the rules: the server closes with a code that it did not say. */
  readonly isBroken: boolean;
}

const OPCODES: Readonly<Record<string, number>> = {
  "go-on": 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
};
const HEAD = /^(\d+(?:\.\d+)+) (.*)$/;
const UTF8 = /^(not )?UTF-8: ((?:[0-9a-f]{2})+)$/;
const FRAME = /^(?:(\d+)x )?(more )?(?:rsv([1-7]) )?(bare )?([a-z-]+|\d+)(?: (.*))?$/;

/** The cases of a file. */
export function parseDialogues(text: string): readonly Case[] {
  const paragraphs = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n(?=\d)/);
  return paragraphs
    .map((paragraph) => paragraph.trim())
    .filter(Boolean)
    .map(parseCase);
}

function parseCase(paragraph: string): Case {
  const [head = "", ...lines] = paragraph.split("\n");
  const [, number = "", title = ""] = HEAD.exec(head) ?? [];
  if (number === "") throw new SyntaxError(`no case begins so: ${head}`);
  const [, not, hex] = UTF8.exec(title) ?? [];
  if (hex !== undefined) {
    const end = not === undefined ? [`< data x"${hex}"`] : ["< close 1007"];
    return caseOf(number, title, [`> text x"${hex}"`, ...end]);
  }
  return caseOf(number, title, lines);
}

function caseOf(number: string, title: string, lines: readonly string[]): Case {
  const said: Said[] = [];
  const data: Buffer[] = [];
  const controls: string[] = [];
  for (const line of lines.filter(Boolean)) {
    const [, side, words = ""] = /^([<>]) (.*)$/.exec(line) ?? [];
    if (side === ">") said.push(...framesOf(words));
    else if (side === "<" && words.startsWith("data ")) data.push(payloadOf(words.slice(5)));
    else if (side === "<") controls.push(controlOf(words));
    else throw new SyntaxError(`${number}: ${line}`);
  }
  if (!controls.some((words) => words.startsWith("close "))) {
    said.push(...framesOf("close 1000"));
    controls.push("close 1000");
  }
  const closes = said.filter(({ opcode }) => opcode === OPCODES["close"]);
  const answers = closes.map(({ payload: [high = 3, low = 232] }) => `close ${high * 256 + low}`);
  const isBroken = !answers.includes(controls.at(-1) ?? "") || answers.length === 0;
  return { number, title, said, data: Buffer.concat(data), controls, isBroken };
}

function framesOf(words: string): readonly Said[] {
  const [, times = "1", more, reserved = "0", bare, name = "", rest = ""] = FRAME.exec(words) ?? [];
  const opcode = OPCODES[name] ?? Number(name);
  if (name === "" || Number.isNaN(opcode)) throw new SyntaxError(`no frame: ${words}`);
  const payload = name === "close" ? closePayload(rest) : payloadOf(rest);
  const frame = {
    opcode,
    payload,
    isFinal: more === undefined,
    reserved: Number(reserved),
    isBare: bare !== undefined,
  };
  return Array.from({ length: Number(times) }, () => frame);
}

function closePayload(words: string): Buffer {
  const [, code, reason = ""] = /^(\d+)(?: (.*))?$/.exec(words) ?? [];
  if (code === undefined) return payloadOf(words);
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(Number(code));
  return Buffer.concat([bytes, payloadOf(reason)]);
}

function payloadOf(words: string): Buffer {
  const parts = words === "" ? [] : words.split(" + ");
  return Buffer.concat(
    parts.map((part) => {
      const [, hex, text = hex, times = "1"] =
        /^(?:x"([0-9a-f]*)"|(".*"))(?:\*(\d+))?$/.exec(part) ?? [];
      if (text === undefined) throw new SyntaxError(`no payload: ${part}`);
      const bytes =
        hex === undefined ? Buffer.from(String(JSON.parse(text))) : Buffer.from(hex, "hex");
      return Buffer.alloc(bytes.length * Number(times), bytes);
    }),
  );
}

function controlOf(words: string): string {
  const [name = "", ...rest] = words.split(" ");
  return name === "close" ? words : `${name} ${payloadOf(rest.join(" ")).toString("hex")}`.trim();
}

/** The bytes of what a client says; `mask` makes the mask of each frame. */
export function bytesOf(said: readonly Said[], mask: () => Uint8Array): Buffer {
  return Buffer.concat(
    said.map(({ isBare, ...frame }) => clientFrame(isBare ? frame : { ...frame, mask: mask() })),
  );
}
