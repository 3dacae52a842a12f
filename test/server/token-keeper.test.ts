/* The file of tokens while a server runs, on a virtual clock and without a file. */
import { describe, expect, test } from "vitest";
import { FileError } from "../../src/runtime.ts";
import { TokenKeeper } from "../../src/server/token-keeper.ts";
import type { KeeperRuntime } from "../../src/server/token-keeper.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { openness } from "../../src/server/openness.ts";
import { lineFor } from "../support/token-book.ts";

/** A file that is there in memory alone, and a server that keeps it. */
class Bed {
  readonly clock = new VirtualClock();
  readonly told: string[] = [];
  readonly heard: string[] = [];
  text: string | undefined;
  version = 0;
  hangUp: () => void = () => undefined;
  readonly keeper: TokenKeeper;

  constructor(text: string | undefined, starts: (bed: Bed) => void = () => undefined) {
    this.text = text;
    const runtime: KeeperRuntime = {
      readText: (path) => {
        if (this.text === undefined) throw new FileError(`${path} cannot be read: it is gone`);
        return this.text;
      },
      stateOf: () => String(this.version),
      after: (millis, ring) => this.clock.after(millis, ring),
      onSignal: (signal, handler) => {
        if (signal === "SIGHUP") this.hangUp = handler;
      },
    };
    const write = (level: string, message: string, fields: object = {}): void =>
      void this.told.push([level, message, JSON.stringify(fields)].join(" "));
    this.keeper = new TokenKeeper("tokens", runtime, { write });
    starts(this);
    this.keeper.watch(({ tokens }) => this.heard.push(tokens.map(({ name }) => name).join()));
  }

  write(text: string | undefined): void {
    this.text = text;
    this.version++;
  }

  pass(seconds: number): void {
    for (let tenths = 0; tenths < 10 * seconds; tenths++) this.clock.advance(0.1);
  }
}

describe("the file of tokens", () => {
  test("is read at the start, and again when it has changed", () => {
    const bed = new Bed(lineFor("a"));
    expect(bed.keeper.current.tokens.map(({ name }) => name)).toEqual(["a"]);
    bed.pass(5);
    expect(bed.heard).toEqual([]);
    bed.write(lineFor("b"));
    bed.pass(3);
    expect(bed.heard).toEqual(["b"]);
    bed.pass(5);
    expect(bed.heard).toEqual(["b"]);
  });

  test("is let be while somebody writes it", () => {
    const bed = new Bed(lineFor("a"));
    for (let count = 0; count < 50; count++) {
      bed.write("half a li");
      bed.pass(0.1);
    }
    bed.write(lineFor("b"));
    bed.pass(3);
    expect(bed.heard).toEqual(["b"]);
    expect(bed.told).toEqual(['info the tokens were read anew {"tokens":1}']);
  });

  test("is read on SIGHUP, as soon as nobody writes it", () => {
    const bed = new Bed(lineFor("a"));
    bed.write(lineFor("half"));
    bed.hangUp();
    bed.pass(0.1);
    bed.write(lineFor("b"));
    bed.pass(0.5);
    expect(bed.heard).toEqual(["b"]);
    bed.pass(5);
    expect(bed.heard).toEqual(["b"]);
  });

  test("is read anew once the server serves when a SIGHUP came before", () => {
    const bed = new Bed(lineFor("a"), (early) => {
      early.text = lineFor("b"); // in the same moment, so that it looks as before
      early.hangUp();
    });
    bed.pass(0.5);
    expect(bed.heard).toEqual(["b"]);
  });

  test.each([
    ["wrong", "mailer nothing", "line 1"],
    ["gone", undefined, "it is gone"],
  ])("that is %s later is told of once, and the former tokens go on", (_, text, why) => {
    const bed = new Bed(lineFor("a"));
    bed.write(text);
    bed.pass(10);
    expect(bed.heard).toEqual([]);
    expect(bed.told).toEqual([
      expect.stringMatching(`^warn the tokens stay as they were .*${why}`),
    ]);
    expect(bed.keeper.current.tokens).toHaveLength(1);
    bed.write(lineFor("c"));
    bed.pass(3);
    expect(bed.heard).toEqual(["c"]);
  });

  test.each([
    ["wrong", "mailer nothing", "--tokens tokens: line 1: behind the name"],
    ["gone", undefined, "--tokens tokens cannot be read: it is gone"],
  ])("that is %s at the start is an error that says so", (_, text, message) => {
    expect(() => new Bed(text)).toThrow(message);
  });

  test("is looked at no more when the server ends", () => {
    const bed = new Bed(lineFor("a"));
    bed.keeper.end();
    bed.write(lineFor("b"));
    bed.pass(5);
    expect(bed.heard).toEqual([]);
  });
});

describe("a server that can be reached from elsewhere", () => {
  const tcp = { kind: "tcp", host: "0.0.0.0", port: 11_300 } as const;
  const tls = { kind: "tls", host: "10.0.0.7", port: 11_301 } as const;
  const none = { tokenFile: undefined, tlsClientCa: undefined };

  test("and asks for nothing is told what that means", () => {
    expect(openness([tcp, tls], none)).toMatch(
      /^whoever reaches 0\.0\.0\.0:11300, tls:\/\/10\.0\.0\.7:11301 may put, take, see and delete every job/,
    );
  });

  test.each([
    ["asks for tokens", [tcp, tls], { ...none, tokenFile: "tokens" }],
    ["asks for certificates", [tls], { ...none, tlsClientCa: "ca.pem" }],
    [
      "is on the loopback address",
      [
        { ...tcp, host: "127.0.0.1" },
        { ...tcp, host: "::1" },
      ],
      none,
    ],
    ["is on a Unix socket", [{ kind: "unix", path: "/run/hm.sock" }], none],
  ] as const)("or that %s is not", (_, addresses, options) => {
    expect(openness(addresses, options)).toBeUndefined();
  });

  test("asks for certificates on one address only is told of the other", () => {
    expect(openness([tcp, tls], { ...none, tlsClientCa: "ca.pem" })).toMatch(
      /^whoever reaches 0\.0\.0\.0:11300 may/,
    );
  });
});
