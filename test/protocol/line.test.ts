import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OP } from "../../src/protocol/commands.ts";
import { findLineEnd, parseLine } from "../../src/protocol/line.ts";
import { meaningOf } from "./grammar.ts";
import { bytesOf, LINE_MAX, lines, meaningIn, nameOf, staleCommand } from "./lines.ts";

/**
 * Parses a line that stands somewhere inside a longer array, between bytes that would change its
 * meaning.
 */
function parse(line: string): { name: string; fields: Readonly<Record<string, unknown>> } {
  const bytes = bytesOf(`9 a${line}0 9a`);
  const command = staleCommand();
  const op = parseLine(bytes, 3, 3 + line.length, command);
  return { name: nameOf(op), fields: meaningIn(bytes, op, command).fields };
}

/** What stands for a value of which a set-tube says nothing, and for one that is taken away. */
const UNSAID = ",-2";
const TAKEN_AWAY = ",-1";
/** The name abcdefgh, six bytes in each number. */
const PIECES = [0x66_65_64_63_62_61, 0x68_67];

describe("a well-formed line", () => {
  test.each([
    ["put 1 2 3 4", "PUT", { pri: 1, delay: 2, ttr: 3, bytes: 4 }],
    ["put  0  0  0  0", "PUT", { pri: 0, delay: 0, ttr: 0, bytes: 0 }],
    [
      "put 4294967295 4294967295 4294967295 4294967295",
      "PUT",
      { pri: 4294967295, delay: 4294967295, ttr: 4294967295, bytes: 4294967295 },
    ],
    ["put 007 00 01 000000000000005", "PUT", { pri: 7, delay: 0, ttr: 1, bytes: 5 }],
    ["put 1 1500ms 3 4", "PUT", { pri: 1, delay: 1.5, ttr: 3, bytes: 4 }],
    ["release 5 6 7ms", "RELEASE", { id: 5, pri: 6, delay: 0.007, hasFailure: false }],
    ["release 5 6 0ms 8", "RELEASE", { id: 5, pri: 6, delay: 0, bytes: 8, hasFailure: true }],
    ["hand-back 5 4294967295ms", "HAND_BACK", { id: 5, delay: 4294967.295 }],
    ["update-job 5 6  250ms", "UPDATE_JOB", { id: 5, pri: 6, delay: 0.25, hasDelay: true }],
    ["peek 1", "PEEK", { id: 1 }],
    ["peek-ready", "PEEK_READY", {}],
    ["peek-delayed", "PEEK_DELAYED", {}],
    ["peek-buried", "PEEK_BURIED", {}],
    ["reserve", "RESERVE", {}],
    ["reserve-with-timeout 0", "RESERVE_WITH_TIMEOUT", { timeout: 0 }],
    ["reserve-with-timeout   12", "RESERVE_WITH_TIMEOUT", { timeout: 12 }],
    ["reserve-with-timeout 2147483647", "RESERVE_WITH_TIMEOUT", { timeout: 2147483647 }],
    ["reserve-job 7", "RESERVE_JOB", { id: 7 }],
    ["delete 5", "DELETE", { id: 5 }],
    ["delete  5", "DELETE", { id: 5 }],
    ["release 5 6 7", "RELEASE", { id: 5, pri: 6, delay: 7, hasFailure: false }],
    ["release 5 6 7 8", "RELEASE", { id: 5, pri: 6, delay: 7, bytes: 8, hasFailure: true }],
    ["bury 5 6", "BURY", { id: 5, pri: 6, hasFailure: false }],
    ["bury 5 6  0", "BURY", { id: 5, pri: 6, bytes: 0, hasFailure: true }],
    ["kick 10", "KICK", { bound: 10 }],
    ["kick-job 3", "KICK_JOB", { id: 3 }],
    ["touch 3", "TOUCH", { id: 3 }],
    ["stats", "STATS", {}],
    ["stats-job 3", "STATS_JOB", { id: 3 }],
    ["stats-tube default", "STATS_TUBE", { name: "default" }],
    ["stats-group import", "STATS_GROUP", { name: "import" }],
    ["use A-z+/;.$_()9", "USE", { name: "A-z+/;.$_()9" }],
    ["watch mail", "WATCH", { name: "mail", weight: 1 }],
    ["watch mail 9999", "WATCH", { name: "mail", weight: 9999 }],
    ["reserve-mode weighted-fair", "RESERVE_MODE", { mode: "weighted-fair" }],
    ["ignore mail", "IGNORE", { name: "mail" }],
    ["list-tubes", "LIST_TUBES", {}],
    ["list-tube-used", "LIST_TUBE_USED", {}],
    ["list-tubes-watched", "LIST_TUBES_WATCHED", {}],
    ["quit", "QUIT", {}],
    ["pause-tube mail 60", "PAUSE_TUBE", { name: "mail", pause: 60 }],
    ["drain", "DRAIN", {}],
    ["undrain", "UNDRAIN", {}],
    ["features", "FEATURES", {}],
    ["reserve-batch 1000", "RESERVE_BATCH", { count: 1000 }],
    ["delete-batch 5", "DELETE_BATCH", { ids: "5" }],
    ["delete-batch  1\t2  2 18446744073709551615 ", "DELETE_BATCH", { ids: "1 2 2 0" }],
    ["hand-back 5 6", "HAND_BACK", { id: 5, delay: 6 }],
    ["move 5 mail", "MOVE", { id: 5, name: "mail", hasFailure: false }],
    ["move  5  mail  9", "MOVE", { id: 5, name: "mail", bytes: 9, hasFailure: true }],
    ["cancel 5", "CANCEL", { id: 5 }],
    ["progress 5 6", "PROGRESS", { id: 5, bytes: 6 }],
    ["peek-progress 5", "PEEK_PROGRESS", { id: 5 }],
    ["explain 5", "EXPLAIN", { id: 5 }],
    ["client-name mailer", "CLIENT_NAME", { client: "mailer\n\n" }],
    ["client-name  m-1!  web-1  007", "CLIENT_NAME", { client: "m-1!\nweb-1\n7" }],
    ["auth hm_x", "AUTH", { secret: "hm_x" }],
    ["auth  \t\xff ", "AUTH", { secret: " \t\xff " }],
    ["finish 5 60 6", "FINISH", { id: 5, keep: 60, bytes: 6 }],
    ["await 5", "AWAIT", { id: 5 }],
    ["update-job 5 6", "UPDATE_JOB", { id: 5, pri: 6, hasDelay: false }],
    ["update-job 5 6  0", "UPDATE_JOB", { id: 5, pri: 6, delay: 0, hasDelay: true }],
    ["peek-reserved", "PEEK_RESERVED", {}],
    ["flush-tube mail", "FLUSH_TUBE", { name: "mail" }],
    [
      "list-jobs mail ready 0 1",
      "LIST_JOBS",
      { name: "mail", state: C.STATE_READY, after: 0, limit: 1 },
    ],
    [
      "set-tube mail jobs=5 body=",
      "SET_TUBE",
      { name: "mail", settings: `5,-2,-1${UNSAID.repeat(C.SETTINGS - 3)}` },
    ],
    [
      "set-tube  mail  bytes=9007199254740991  jobs=007",
      "SET_TUBE",
      { name: "mail", settings: `7,9007199254740991${UNSAID.repeat(C.SETTINGS - 2)}` },
    ],
    [
      "set-tube mail rate=60/m burst=1 reserved=9",
      "SET_TUBE",
      { name: "mail", settings: `-2,-2,-2,241,1,9${UNSAID.repeat(C.SETTINGS - 6)}` },
    ],
    [
      "set-tube mail dead=abcdefgh ack=",
      "SET_TUBE",
      {
        name: "mail",
        settings: `-2${UNSAID.repeat(8)},-1,${PIECES.join(",")}${TAKEN_AWAY.repeat(32)}`,
      },
    ],
    [
      "list-jobs mail  buried  18446744073709551615  1000",
      "LIST_JOBS",
      { name: "mail", state: C.STATE_BURIED, after: Number.MAX_SAFE_INTEGER, limit: 1000 },
    ],
  ])("%j is %s with its arguments", (line, name, fields) => {
    expect(parse(line)).toEqual({ name, fields: { ...fields, garbage: false } });
  });

  test("may be as long as a pause of the longest tube for the longest time", () => {
    const line = `pause-tube ${"n".repeat(200)} 4294967295`;
    expect(line.length).toBe(LINE_MAX);
    expect(parse(line).name).toBe("PAUSE_TUBE");
  });
});

describe("a verb", () => {
  test.each([
    "",
    "foo",
    " stats",
    "STATS",
    "Put 0 0 0 0",
    "put",
    "peek",
    "delete",
    "release",
    "bury",
    "kick",
    "kick-job",
    "touch",
    "use",
    "watch",
    "ignore",
    "delete\t5",
    "peek-",
    "stat",
    "list-tube",
  ])("%j is unknown", (line) => {
    expect(parse(line).name).toBe("UNKNOWN_COMMAND");
  });

  test.each([
    "stats ",
    "statsx",
    "stats-job",
    "stats-tube",
    "reservex",
    "reserve ",
    "reserve-job",
    "reserve-with-timeout",
    "list-tubesx",
    "list-tubes-watchedx",
    "list-tube-used ",
    "peek-readyx",
    "peek-delayed 1",
    "peek-buried ",
    "pause-tube",
  ])("that only begins the line %j makes it a bad format", (line) => {
    expect(parse(line).name).toBe("BAD_FORMAT");
  });

  test.each(["quitx", "quit now", "quit "])("quit closes in %j too", (line) => {
    expect(parse(line).name).toBe("QUIT");
  });
});

describe("a NUL byte or a stray CR", () => {
  test.each([
    "\0",
    "foo\0",
    "stats\0",
    "use a\0b",
    "quit\0",
    "kick 1\0",
    "foo\rbar",
    "\rstats",
    "kick \r1",
  ])("makes %j a bad format, whatever the verb", (line) => {
    expect(parse(line).name).toBe("BAD_FORMAT");
  });
});

describe("a number", () => {
  test.each([
    [
      "delete",
      "BAD_FORMAT",
      ["", " ", "x", "-1", "+1", "0x1", "1x", "1 ", "1 2", "\t1", "1\t", "1\r"],
    ],
    ["delete", "BAD_FORMAT", ["18446744073709551616", "99999999999999999999", "1".repeat(48)]],
    ["delete", "DELETE", ["18446744073709551615", "9007199254740993", "00000000000000000000001"]],
    ["touch", "BAD_FORMAT", ["foo111", "111foo", "1 1"]],
    [
      "bury",
      "BAD_FORMAT",
      [
        "1",
        "1 ",
        "1 x",
        "1 4294967296",
        "x 1",
        "1 1 ",
        "1 1 x",
        "1 1 -1",
        "1 1 4294967296",
        "1 1 1 ",
        "1 1 1 1",
      ],
    ],
    [
      "release",
      "BAD_FORMAT",
      [
        "1 1",
        "1 1 x",
        "1 1 4294967296",
        "1 4294967296 1",
        "1 1 1 x",
        "1 1 1 4294967296",
        "1 1 1 1 ",
        "1 1 1 1 1",
      ],
    ],
    [
      "put",
      "BAD_FORMAT",
      ["0 0 0", "0 0 0 ", "-1 0 0 0", "0 -1 0 0", "0 0 0 4294967296", "0 0 0 x"],
    ],
    ["put", "BAD_FORMAT", ["4294967296 0 0 0", "0 4294967296 0 0", "0 0 4294967296 0", "0\t0 0 0"]],
    ["reserve-with-timeout", "BAD_FORMAT", ["", "-1", "x", "2147483648", "4294967296"]],
    ["reserve-with-timeout", "RESERVE_WITH_TIMEOUT", ["0 junk", "0x", "0.5", "0 ", "0\t"]],
  ])("after %s is a %s in each of %j", (verb, name, tails) => {
    for (const tail of tails) expect([tail, parse(`${verb} ${tail}`).name]).toEqual([tail, name]);
  });

  test.each([
    ["9007199254740991", 9007199254740991],
    ["09007199254740991", 9007199254740991],
    ["9007199254740992", 0],
    ["9007199254740993", 0],
    ["18446744073709551615", 0],
    ["0", 0],
  ])("that is the id %s is read as %d", (digits, id) => {
    expect(parse(`peek ${digits}`).fields["id"]).toBe(id);
  });
});

describe("the bound of kick", () => {
  test.each([
    ["1", 1],
    ["+1", 1],
    ["-1", 4294967295],
    ["-0", 0],
    ["1x", 1],
    ["1 ", 1],
    ["1 2", 1],
    ["\t1", 1],
    [" \t\n\v\f1", 1],
    ["0x10", 0],
    ["4294967295", 4294967295],
    ["4294967296", 0],
    ["4294967297", 1],
    ["-4294967297", 4294967295],
    ["18446744073709551615", 4294967295],
    ["-18446744073709551615", 1],
    ["0000000000000000000000000007", 7],
  ])("%j is %d, as C's strtoul reads it", (text, bound) => {
    expect(parse(`kick ${text}`)).toEqual({ name: "KICK", fields: { bound, garbage: false } });
  });

  test.each(["", " ", "x", "-", "+-1", "- 1", "18446744073709551616", "-18446744073709551616"])(
    "%j is a bad format",
    (text) => {
      expect(parse(`kick ${text}`).name).toBe("BAD_FORMAT");
    },
  );
});

describe("a tube name", () => {
  const verbs = ["use", "watch", "ignore", "stats-tube"];

  test.each(["a", "a".repeat(200), "a-", "+", "()", "0"])("may be %j", (name) => {
    for (const verb of verbs) expect(parse(`${verb} ${name}`).fields["name"]).toBe(name);
  });

  test.each([
    "",
    " a",
    "a ",
    "a b",
    "-",
    "-a",
    "a:b",
    "\u00c3\u00a9",
    "a\t",
    "a\r",
    "a".repeat(201),
  ])("may not be %j", (name) => {
    for (const verb of verbs) expect(parse(`${verb} ${name}`).name).toBe("BAD_FORMAT");
  });

  test("holds letters, digits and -+/;.$_() and no other byte", () => {
    const allowed = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
      (character) => parse(`use x${character}`).name === "USE",
    );
    expect(allowed.join("")).toBe(
      "$()+-./0123456789;ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    );
  });
});

describe("pause-tube", () => {
  test.each(["pause-tubedefault 0", "pause-tube default 0", "pause-tube   default   0"])(
    "takes any number of spaces in %j",
    (line) => {
      expect(parse(line).fields).toEqual({ name: "default", pause: 0, garbage: false });
    },
  );

  test.each([
    "",
    " ",
    " a",
    " a ",
    " a x",
    " a -1",
    " a 4294967296",
    " a 1 ",
    " a 1 2",
    " a:b 1",
    "\ta 1",
  ])("with %j behind it is a bad format", (rest) => {
    expect(parse(`pause-tube${rest}`).name).toBe("BAD_FORMAT");
  });

  test.each(["-a", "-", "n".repeat(201)])("counts, but is garbage, with the name %j", (name) => {
    expect(parse(`pause-tube ${name} 1`)).toEqual({
      name: "PAUSE_TUBE",
      fields: { name, pause: 1, garbage: true },
    });
  });
});

describe("put", () => {
  test.each([" ", " junk", "x", "\t", " 5", ".0"])(
    "counts, but is garbage, with %j behind",
    (rest) => {
      expect(parse(`put 1 2 3 4${rest}`)).toEqual({
        name: "PUT",
        fields: { pri: 1, delay: 2, ttr: 3, bytes: 4, garbage: true },
      });
    },
  );

  test("with something behind is a bad format, and no more, where its line is longer than beanstalkd reads", () => {
    const longest = `put 1 2 3 4${" x".repeat(106)}`.slice(0, 222);
    expect(parse(longest).name).toBe("PUT");
    expect(parse(`${longest}x`)).toEqual({ name: "BAD_FORMAT", fields: {} });
  });
});

test("every line means what beanstalkd makes of it", () => {
  fc.assert(
    fc.property(lines, fc.nat({ max: 9 }), (line, start) => {
      const bytes = bytesOf(`${"7".repeat(start)}${line}8 9`);
      const command = staleCommand();
      const op = parseLine(bytes, start, start + line.length, command);
      expect(meaningIn(bytes, op, command)).toEqual(meaningOf(line));
    }),
    { numRuns: 20_000 },
  );
});

test("the lines that the property tries reach every operation", () => {
  const reached = new Set(
    fc.sample(lines, { numRuns: 20_000, seed: 1 }).map((line) => meaningOf(line).op),
  );
  const missing = Object.entries(OP).filter(([, op]) => !reached.has(op));
  expect(missing).toEqual([]);
});

describe("the end of a line", () => {
  test.each([
    ["\r\n", 0],
    ["stats\r\n", 5],
    ["a\rb\r\n", 3],
    ["x\r\r\n", 2],
    ["a\nb\n\r\n", 4],
    ["a\r\nb\r\n", 1],
    ["a\r", -1],
    ["a\n", -1],
    ["", -1],
    ["\n\r", -1],
  ])("in %j is at %d", (text, index) => {
    const bytes = bytesOf(text);
    expect(findLineEnd(bytes, 0, bytes.length)).toBe(index);
  });

  test("is sought only between the bounds", () => {
    const bytes = bytesOf("\r\nabc\r\n");
    expect(findLineEnd(bytes, 1, 6)).toBe(-1);
    expect(findLineEnd(bytes, 1, 7)).toBe(5);
  });
});
