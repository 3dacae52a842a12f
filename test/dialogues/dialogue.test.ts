/* The parser of dialogues and of the texts in them.
 */
import { describe, expect, test } from "vitest";
import { DialogueError, parseCases } from "./dialogue.ts";
import type { Action } from "./dialogue.ts";
import { parseDifferences } from "./differences.ts";
import { parseText, showBytes } from "./text.ts";

const SCOPE = { baseId: 100, round: 3 };

function rendered(source: string): string {
  return parseText(source).render(SCOPE).toString("latin1");
}

function actions(source: string): string[] {
  return parseCases(`== a case\n${source}`, "some.txt").flatMap(({ steps }) => steps.map(shown));
}

function shown(action: Action): string {
  if (action.do === "send" || action.do === "expect")
    return `${action.do} ${showBytes(action.text.render(SCOPE))}`;
  if (action.do === "repeat") return `repeat ${action.times} [${action.steps.map(shown).join()}]`;
  if (action.do === "connection") return `connection ${action.name}`;
  if (action.do === "advance") return `advance ${action.milliseconds}`;
  if (action.do === "until") return `until ${action.key} ${action.value}`;
  return action.do;
}

describe("a text", () => {
  test("stands for its own bytes, UTF-8 included", () => {
    expect(rendered("put 0 0 60 5")).toBe("put 0 0 60 5");
    expect(parseText("é").render(SCOPE)).toEqual(Buffer.from([0xc3, 0xa9]));
    expect(rendered("")).toBe("");
  });

  test("knows escapes", () => {
    expect(rendered(String.raw`\r\n\t\\\$1\%i\x00\xff`)).toBe("\r\n\t\\$1%i\x00\xff");
  });

  test("repeats", () => {
    expect(rendered(String.raw`<\{ab*3}>`)).toBe("<ababab>");
    expect(rendered(String.raw`\{\x00*2}`)).toBe("\0\0");
    expect(rendered(String.raw`\{x*0}`)).toBe("");
  });

  test("counts ids from the beginning of the case, and rounds", () => {
    expect(rendered("$1 $12 $%i %i %{i+7} $%{i+1}")).toBe("101 112 103 3 10 104");
  });

  test("leaves a dollar or percent sign alone that begins nothing", () => {
    expect(rendered("a$ $x $0 100% %d")).toBe("a$ $x $0 100% %d");
  });

  test("refuses an escape that it does not know", () => {
    expect(() => parseText(String.raw`\q`)).toThrow('unknown escape "\\q"');
    expect(() => parseText("\\")).toThrow("unknown escape");
  });
});

test("bytes are shown in the notation of dialogues, long ones shortened", () => {
  expect(showBytes(Buffer.from("a\r\n\\\0\x7fÿ", "latin1"))).toBe("a\\r\\n\\\\\\x00\\x7f\\xff");
  expect(showBytes(Buffer.alloc(1000, "x"), 20)).toBe("xxxxxxxxxx ... xxxxxxxxxx (1000 bytes)");
});

describe("a file of dialogues", () => {
  test("has cases with titles, headers and steps", () => {
    const source =
      "# comment\n\n== one\n@fresh\n@upstream a b\n> x\n\n== two\n@options max-job-size=10\n< y\n";
    const [one, two] = parseCases(source, "some.txt");
    expect(one).toMatchObject({ title: "one", line: 3, fresh: true, upstream: ["a", "b"] });
    expect(two).toMatchObject({ title: "two", line: 8, fresh: true, options: { maxJobSize: 10 } });
  });

  test("sends and receives with CRLF or without", () => {
    expect(actions("> a\n>> a\n< a\n<< a\n>\n<")).toEqual([
      "send a\\r\\n",
      "send a",
      "expect a\\r\\n",
      "expect a",
      "send \\r\\n",
      "expect \\r\\n",
    ]);
  });

  test("takes one space after the mark, the others belong to the text", () => {
    expect(actions(">  a ")).toEqual(["send  a \\r\\n"]);
  });

  test("has directives", () => {
    const source =
      "@conn b\n@advance 1.5s\n@advance 200ms\n@until current-waiting 1\n@silent\n@closed";
    expect(actions(source)).toEqual([
      "connection b",
      "advance 1500",
      "advance 200",
      "until current-waiting 1",
      "silent",
      "closed",
    ]);
  });

  test("has rounds within rounds", () => {
    expect(actions("@repeat 2\n> a\n@repeat 3\n@split\n@end\n@end\n< b")).toEqual([
      "repeat 2 [send a\\r\\n,repeat 3 [split]]",
      "expect b\\r\\n",
    ]);
  });

  test("has values of YAML of every kind", () => {
    const source =
      '@yaml some\n  id: $1\n  age: 0..1\n  os: "*"\n  pid: *\n  id: /[0-9a-f]+/\n  - item\n  jobs:';
    const [dialogue] = parseCases(`== a\n${source}`, "some.txt");
    expect(dialogue?.steps[0]).toMatchObject({
      do: "yaml",
      whole: false,
      lines: [
        { key: "id", value: { kind: "exactly" } },
        { key: "age", value: { kind: "range", least: 0, most: 1 } },
        { key: "os", value: { kind: "quoted" } },
        { key: "pid", value: { kind: "anything" } },
        { key: "id", value: { kind: "pattern", pattern: /^(?:[0-9a-f]+)$/ } },
        { key: null, value: { kind: "exactly" } },
        { key: "jobs", value: { kind: "nothing" } },
      ],
    });
  });

  test.each([
    ["> a", 'some.txt:1: expected a title ("== ..."), found "> a"'],
    ["== a\n> b\n== a\n> b", 'some.txt:3: a second "a"'],
    ["== a\n", 'some.txt:1: "a" has no steps'],
    ["== a\nput 0", 'some.txt:2: a line begins with >, >>, <, <<, @, == or #; this one is "put 0"'],
    [
      "== a\n>put 0",
      'some.txt:2: a line begins with >, >>, <, <<, @, == or #; this one is ">put 0"',
    ],
    ["== a\n> \\q", 'some.txt:2: unknown escape "\\q"'],
    ["== a\n@foo", "some.txt:2: unknown directive @foo"],
    ["== a\n> b\n@fresh", "some.txt:3: @fresh belongs directly below the title"],
    ["== a\n@because of it\n> b", "some.txt:2: @because belongs into the file of differences"],
    ["== a\n@options speed=9\n> b", 'some.txt:2: unknown option "speed=9"'],
    ["== a\n@advance 2", 'some.txt:2: @advance takes a time such as 2s or 200ms, not "2"'],
    ["== a\n@until waiting", "some.txt:2: @until takes a key of `stats` and its value"],
    ["== a\n@signal KILL", 'some.txt:2: @signal knows USR1, not "KILL"'],
    ["== a\n@conn B", 'some.txt:2: a connection is named in small letters, not "B"'],
    ["== a\n@silent now", "some.txt:2: @silent stands alone"],
    ["== a\n@stream 10", "some.txt:2: @stream takes a number of bytes and one character"],
    ["== a\n@repeat x\n@end", 'some.txt:2: the number of rounds is a whole number, not "x"'],
    ["== a\n@repeat 2\n> b", "some.txt:2: @repeat has no @end"],
    ["== a\n> b\n@end", 'some.txt:3: expected a title ("== ..."), found "@end"'],
    ["== a\n@yaml\n> b", "some.txt:2: @yaml needs lines below it, indented by two spaces"],
    ["== a\n@yaml all\n  a: b", 'some.txt:2: @yaml stands alone or before "some", not "all"'],
    ["== a\n@yaml\n  a b", 'some.txt:3: a line of YAML is "  key: value", "  key:" or "  - item"'],
  ])("is refused with file and line: %j", (source, message) => {
    expect(() => parseCases(source, "some.txt")).toThrow(DialogueError);
    expect(() => parseCases(source, "some.txt")).toThrow(message);
  });
});

describe("a file of differences", () => {
  test("has other conversations, unsteady cases and strings without quotes", () => {
    const source =
      "== a.txt: b\n@target beanstalkd\n@because so\n> x\n" +
      "== c\n@target homemaker\n@because thus\n@sometimes a.txt: d\n@sometimes a.txt: e\n> y\n" +
      "== f\n@target beanstalkd\n@because old\n@unquoted name tube\n";
    expect(parseDifferences(source, "differences.txt")).toMatchObject({
      cases: [{ name: "a.txt: b", server: "beanstalkd", reason: "so" }],
      sometimes: [{ server: "homemaker", names: new Set(["a.txt: d", "a.txt: e"]) }],
      unquoted: [{ server: "beanstalkd", keys: new Set(["name", "tube"]) }],
    });
  });

  test.each([
    ["== a\n@because so\n> x", "is beanstalkd, homemaker or homemaker with data"],
    ["== a\n@target redis\n@because so\n> x", 'not "redis"'],
    ["== a\n@target beanstalkd\n> x", "has no @because"],
    ["== a\n@target beanstalkd\n@because so", "says no difference"],
    ["== a\n@target beanstalkd\n@because so\n@sometimes a.txt: b", "says no difference"],
  ])("is refused with file and line: %j", (source, message) => {
    expect(() => parseDifferences(source, "differences.txt")).toThrow(message);
    expect(() => parseDifferences(source, "differences.txt")).toThrow("differences.txt:1: ");
  });
});
