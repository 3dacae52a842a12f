/* What -V and -VV tell, from the bytes of a connection however they are cut. */
import { describe, expect, it } from "vitest";
import { openTraced } from "../../src/session/trace.ts";
import type { Inlet, Outlet } from "../../src/transport.ts";

/** A traced connection whose session only remembers. */
class Stage {
  readonly told: string[] = [];
  readonly received: number[] = [];
  readonly sent: number[] = [];
  readonly inlet: Inlet;
  outlet: Outlet | undefined;

  constructor(verbosity = 2) {
    const open = (outlet: Outlet): Inlet => {
      this.outlet = outlet;
      return {
        receive: (bytes) => void this.received.push(...bytes),
        ended: () => undefined,
        closed: () => undefined,
        drained: () => undefined,
      };
    };
    const transport: Outlet = {
      write: (bytes) => this.sent.push(...bytes) < 0,
      backlogBytes: 7,
      pause: () => undefined,
      resume: () => undefined,
      close: () => undefined,
    };
    this.inlet = openTraced(
      transport,
      open,
      3,
      { verbosity, maxJobBytes: 10 },
      (level, message, fields) => {
        expect(fields["connection"]).toBe(3);
        const { line, bodyBytes } = fields;
        const body = bodyBytes === undefined ? "" : ` +${bodyBytes}`;
        this.told.push(line === undefined ? `${level} ${message}` : `${message} ${line}${body}`);
      },
    );
  }

  commands(text: string, piece = text.length): readonly string[] {
    for (let at = 0; at < text.length; at += piece) {
      this.inlet.receive(Buffer.from(text.slice(at, at + piece), "latin1"));
    }
    return this.told.slice(1);
  }

  replies(text: string, piece = text.length): readonly string[] {
    for (let at = 0; at < text.length; at += piece) {
      this.outlet?.write(Buffer.from(text.slice(at, at + piece), "latin1"));
    }
    return this.told.slice(1);
  }
}

const LONG = "x".repeat(300);

/** What a client sends, and what is told of it. */
const COMMANDS: readonly (readonly [string, string, readonly string[]])[] = [
  ["each line", "use a\r\nlist-tubes\r\n", ["command use a", "command list-tubes"]],
  ["a body as its size", "put 0 0 1 5\r\nhello\r\nx\r\n", ["command put 0 0 1 5 +5", "command x"]],
  [
    "the bodies of results and of progress as their sizes",
    "finish 1 60 5\r\nhello\r\nprogress 1 3\r\na\r\n\r\nx\r\n",
    ["command finish 1 60 5 +5", "command progress 1 3 +3", "command x"],
  ],
  [
    "of a token nothing, nor where the space before it was forgotten",
    "auth hm_abc\r\nAUTHhm_abc\r\n authhm_abc x\r\n",
    ["command auth ***", "command AUTH ***", "command  auth ***"],
  ],
  ["an empty body", "put 0 0 1 0\r\n\r\nx\r\n", ["command put 0 0 1 0 +0", "command x"]],
  [
    "a body that holds lines, and none of them",
    "put 0 0 1 8\r\na\r\nb\r\nc\r\r\nx\r\n",
    ["command put 0 0 1 8 +8", "command x"],
  ],
  [
    "a body that is too big, and none of it",
    "put 0 0 1 11\r\n12345678\r\n1\r\nx\r\n",
    ["command put 0 0 1 11 +11", "command x"],
  ],
  [
    "the lines behind a put that is wrong, for they are commands",
    "put 0 0 1 5 x\r\nhello\r\n",
    ["command put 0 0 1 5 x", "command hello"],
  ],
  [
    "no body of a put that is wrong and too big",
    "put 0 0 1 11 x\r\n12345678901\r\nx\r\n",
    ["command put 0 0 1 11 x +11", "command x"],
  ],
  ["lines of any bytes", "\0\u007f\u00ff\n\r\r\n", ["command \0\u007f\u00ff\n\r"]],
  [
    "the beginning of a long line",
    `${LONG}\r\nx\r\n`,
    [`command ${LONG.slice(0, 224)}...`, "command x"],
  ],
  [
    "no body of a long line",
    `put 0 0 1 5${" ".repeat(300)}\r\nx\r\n`,
    [`command put 0 0 1 5${" ".repeat(300)}`, "command x"],
  ],
  ["nothing behind quit", "quit\r\nuse a\r\n", ["command quit"]],
  [
    "nothing behind another protocol",
    "GET / HTTP/1.1\r\nCookie: 1\r\n",
    ["command GET / HTTP/1.1"],
  ],
  ["no line that has not ended", "use a\r\nuse ", ["command use a"]],
];

/** What a session sends, and what is told of it. */
const REPLIES: readonly (readonly [string, string, readonly string[]])[] = [
  ["each line", "INSERTED 1\r\nUSING OK\r\n", ["reply INSERTED 1", "reply USING OK"]],
  ["no job", "RESERVED 7 4\r\na\r\nb\r\nDELETED\r\n", ["reply RESERVED 7 4 +4", "reply DELETED"]],
  ["no job that is found", "FOUND 7 0\r\n\r\nDELETED\r\n", ["reply FOUND 7 0 +0", "reply DELETED"]],
  ["no statistics", "OK 4\r\n--\r\n\r\nDELETED\r\n", ["reply OK 4 +4", "reply DELETED"]],
];

describe("a trace of commands tells", () => {
  it.each(COMMANDS)("%s", (_, input, told) => {
    for (let piece = 1; piece <= input.length; piece++) {
      expect(new Stage().commands(input, piece)).toEqual(told);
    }
  });
});

describe("a trace of replies tells", () => {
  it.each(REPLIES)("%s", (_, output, told) => {
    for (let piece = 1; piece <= output.length; piece++) {
      expect(new Stage().replies(output, piece)).toEqual(told);
    }
  });
});

describe("a trace", () => {
  it("tells of coming and going", () => {
    const stage = new Stage(1);
    stage.inlet.closed();
    expect(stage.told).toEqual(["debug accepted a connection", "debug a connection is closed"]);
  });

  it("tells of no lines when given once", () => {
    const stage = new Stage(1);
    expect([...stage.commands("use a\r\n"), ...stage.replies("USING a\r\n")]).toEqual([]);
  });

  it.each([1, 2])("given %d times hands on every byte, both ways", (verbosity) => {
    const stage = new Stage(verbosity);
    stage.commands("put 0 0 1 1\r\na\r\n");
    stage.replies("RESERVED 1 1\r\na\r\n");
    expect(String.fromCharCode(...stage.received)).toBe("put 0 0 1 1\r\na\r\n");
    expect(String.fromCharCode(...stage.sent)).toBe("RESERVED 1 1\r\na\r\n");
    expect(stage.outlet?.backlogBytes).toBe(7);
  });
});
