import { describe, expect, it } from "vitest";
import { parseSubcommand } from "../../src/cli/subcommands.ts";
import { loadBuiltControl } from "../text/load-control.ts";

const control = await loadBuiltControl();
const parse = (...argv: string[]): unknown => parseSubcommand(argv, control);

describe("subcommands", () => {
  it("are what the first word names; everything else is the server's", () => {
    for (const argv of [[], ["-V"], ["-V", "verify"], ["verification"], ["--", "verify"]]) {
      expect(parse(...argv)).toBeUndefined();
    }
  });

  it("take a directory and flags, in any order", () => {
    expect(parse("verify", "/a")).toEqual({ kind: "verify", directory: "/a", asJson: false });
    expect(parse("verify", "--json", "/a")).toMatchObject({ directory: "/a", asJson: true });
    expect(parse("import", "/a", "--data", "/b")).toEqual({
      kind: "import",
      from: "/a",
      to: "/b",
      segmentBytes: 67_108_864,
      salvages: false,
    });
    expect(
      parse("import", "--segment-size", "8MiB", "--salvage", "--data", "/b", "/a"),
    ).toMatchObject({ from: "/a", to: "/b", segmentBytes: 8_388_608, salvages: true });
  });

  it("make a token of a name and rights", () => {
    expect(parse("token", "mailer", "put,look:mail.*", "all:a")).toEqual({
      kind: "token",
      name: "mailer",
      rights: ["put,look:mail.*", "all:a"],
    });
  });

  it.each([
    [["token"], "token: missing required argument 'NAME'"],
    [["token", "mailer"], "token: missing required argument 'RIGHTS'"],
    [["token", "a b", "put:*"], "token: a name has 1 to 64 letters, digits and ._@-"],
    [["token", "anonymous", "put:*"], "token: a name has 1 to 64 letters, digits and ._@-"],
    [
      ["token", "mailer", "put"],
      'token: "put": expected some of put, reserve, look, manage, all, then a colon and a pattern of tube names',
    ],
    [["verify"], "verify: missing required argument 'DIR'"],
    [["verify", ""], "verify: expected a directory"],
    [["verify", "a", "b"], 'verify: unexpected argument "b"'],
    [["verify", "a", "--jason"], "verify: unknown option '--jason' (Did you mean --json?)"],
    [["import", "a"], "import: expected --data DIR, the directory to make"],
    [["import", "a", "--data"], "import: option '--data <TARGET>' argument missing"],
    [
      ["import", "a", "--data", "b", "--segment-size", "x"],
      'import: --segment-size: expected a size such as 64MiB, not "x"',
    ],
  ])("complain in one line, with exit code 2: %j", (argv, line) => {
    expect(parse(...argv)).toEqual({ kind: "exit", code: 2, stderr: `homemaker: ${line}` });
  });

  it.each(["verify", "import"])("print the help of %s", (name) => {
    const shown: unknown = parse(name, "--help");
    expect(parse("help", name)).toEqual(shown);
    expect(shown).toMatchObject({
      kind: "exit",
      code: 0,
      stdout: expect.stringContaining(`Usage: homemaker ${name} DIR`) as string,
    });
  });
});
