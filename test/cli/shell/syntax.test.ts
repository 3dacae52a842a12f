import { describe, expect, it } from "vitest";
import { helpText } from "../../../src/cli/command-line.ts";
import { parseShellCommand, SHELL_COMMANDS } from "../../../src/cli/shell/syntax.ts";
import { TAGS } from "../../../src/protocol/tags.ts";
import { loadBuiltControl } from "../../text/load-control.ts";

const HOME = { kind: "tcp", host: "127.0.0.1", port: 11300 };

const control = await loadBuiltControl();

function parse(line: string, env: Record<string, string> = {}): unknown {
  const [name = "", ...rest] = line.split(" ");
  return parseShellCommand(name, rest, env, control);
}

const RULE =
  "letters, digits and -+/;.$_() may stand in a name, no - in front, 1 to 200 characters";
const TAG_FORMS = TAGS.map(({ usage }) => usage).join(", ");
const DURATION = "expected a duration such as 30s, 5m or 1h";

describe("the shell's commands", () => {
  it.each([
    ["stats", { verb: "stats" }],
    ["stats mails", { verb: "stats", tube: "mails" }],
    ["stats --job 7", { verb: "stats", job: 7 }],
    ["tubes", { verb: "tubes", sort: "name", intervalSeconds: 0 }],
    ["top -s buried -i 5", { verb: "top", sort: "buried", intervalSeconds: 5 }],
    ["peek 7", { verb: "peek", job: 7 }],
    ["peek --tube mails", { verb: "peek-tube", tube: "mails", state: "ready" }],
    ["peek -t m --state buried", { verb: "peek-tube", tube: "m", state: "buried" }],
    ["jobs mails", { verb: "jobs", tube: "mails", state: "ready", limit: 20, after: 0 }],
    [
      "jobs m delayed -n 5 --after 9",
      { verb: "jobs", tube: "m", state: "delayed", limit: 5, after: 9 },
    ],
    ["failures 3", { verb: "failures", job: 3 }],
    ["kick mails", { verb: "kick", tube: "mails", count: 1 }],
    ["kick mails 10", { verb: "kick", tube: "mails", count: 10 }],
    ["kick-job 1 2", { verb: "kick-job", jobs: [1, 2] }],
    ["delete 4", { verb: "delete", jobs: [4] }],
    ["move dead 4 5", { verb: "move", tube: "dead", jobs: [4, 5] }],
    ["move dead 4 -m why", { verb: "move", tube: "dead", jobs: [4], message: "why" }],
    ["why 4", { verb: "why", job: 4 }],
    ["cancel 4 5", { verb: "cancel", jobs: [4, 5] }],
    ["finish 4 done", { verb: "finish", job: 4, result: "done", keepSeconds: 3600 }],
    ["finish 4 --keep 0", { verb: "finish", job: 4, keepSeconds: 0 }],
    ["await 4 5", { verb: "await", jobs: [4, 5] }],
    ["update-job 4 5 --pri 7", { verb: "update-job", jobs: [4, 5], pri: 7 }],
    ["update-job 4 --delay 2m", { verb: "update-job", jobs: [4], delaySeconds: 120 }],
    ["pause mails 30", { verb: "pause", tube: "mails", seconds: 30 }],
    ["pause mails 1h", { verb: "pause", tube: "mails", seconds: 3600 }],
    ["pause mails 4294967295", { verb: "pause", tube: "mails", seconds: 4_294_967_295 }],
    ["top -i 1m", { verb: "top", sort: "ready", intervalSeconds: 60 }],
    ["set mails jobs=5 body=", { verb: "set", tube: "mails", settings: ["jobs=5", "body="] }],
    ["flush mails --yes", { verb: "flush", tube: "mails", isSure: true }],
    [
      "put mails",
      { verb: "put", tube: "mails", isLines: false, pri: 1024, delaySeconds: 0, ttrSeconds: 60 },
    ],
    [
      "put m x --tags con:db:2",
      {
        verb: "put",
        tube: "m",
        body: "x",
        isLines: false,
        pri: 1024,
        delaySeconds: 0,
        ttrSeconds: 60,
        tags: "con:db:2",
      },
    ],
    [
      "put m x --pri 0 --delay 1m --ttr 2d",
      {
        verb: "put",
        tube: "m",
        body: "x",
        isLines: false,
        pri: 0,
        delaySeconds: 60,
        ttrSeconds: 172_800,
      },
    ],
    ["reserve", { verb: "reserve", tubes: ["default"], timeoutSeconds: 0, afterwards: "release" }],
    [
      "reserve a b --timeout 9s --delete",
      { verb: "reserve", tubes: ["a", "b"], timeoutSeconds: 9, afterwards: "delete" },
    ],
    [
      "reserve --bury",
      { verb: "reserve", tubes: ["default"], timeoutSeconds: 0, afterwards: "bury" },
    ],
    [
      "reserve m -m broken",
      {
        verb: "reserve",
        tubes: ["m"],
        timeoutSeconds: 0,
        afterwards: "release",
        message: "broken",
      },
    ],
    ["drain", { verb: "drain" }],
    ["undrain", { verb: "undrain" }],
    ["status", { verb: "status" }],
    ["step-down", { verb: "step-down", isForced: false }],
    ["step-down --force", { verb: "step-down", isForced: true }],
  ])("%s", (line, request) => {
    expect(parse(line)).toEqual({ kind: "shell", addresses: [HOME], asJson: false, request });
  });

  it("mean the server of the flag, else that of the environment, else the one at home", () => {
    const env = { HOMEMAKER_ADDRESS: "unix:/run/hm.sock" };
    const at = (line: string): unknown => (parse(line, env) as { addresses: unknown }).addresses;
    const first = { kind: "tcp", host: "10.0.0.1", port: 1 };
    const second = { kind: "tcp", host: "::1", port: 11300 };
    expect(at("stats")).toEqual([{ kind: "unix", path: "/run/hm.sock" }]);
    expect(at("stats -a 10.0.0.1:1")).toEqual([first]);
    expect(at("stats --address [::1]")).toEqual([second]);
    expect(at("stats -a 10.0.0.1:1,::1")).toEqual([first, second]);
  });

  it.each([
    ["put", "put: missing required argument 'TUBE'"],
    ["put -x y", "put: unknown option '-x'"],
    ["put m\u0007", `put: "m\\u0007" cannot name a tube: ${RULE}`],
    ["put webhooks:outgoing", `put: "webhooks:outgoing" cannot name a tube: ${RULE}`],
    ["stats \u00e9", `stats: "\u00e9" cannot name a tube: ${RULE}`],
    [`kick ${"x".repeat(201)}`, `kick: "${"x".repeat(201)}" cannot name a tube: ${RULE}`],
    ["pause m soon", `pause: DURATION: ${DURATION} (whole seconds, 0 to 4294967295), not "soon"`],
    [
      "pause m 1500ms",
      `pause: DURATION: ${DURATION} (whole seconds, 0 to 4294967295), not "1500ms"`,
    ],
    ["put m --tags con:db:0", `put: --tags: expected some of ${TAG_FORMS}, not "con:db:0"`],
    ["put m --tags hello", `put: --tags: expected some of ${TAG_FORMS}, not "hello"`],
    ["put m --ttr 0", `put: --ttr: ${DURATION} (whole seconds, 1 to 4294967295), not "0"`],
    ["put m --delay -1", `put: --delay: ${DURATION} (whole seconds, 0 to 4294967295), not "-1"`],
    [
      "reserve --timeout x",
      `reserve: --timeout: ${DURATION} (whole seconds, 0 to 4294967295), not "x"`,
    ],
    ["top --interval 2h", `top: --interval: ${DURATION} (whole seconds, 1 to 3600), not "2h"`],
    ["tubes --srot name", "tubes: unknown option '--srot' (Did you mean --sort?)"],
    ["stats --job x", 'stats: ID: expected a number from 1 to 9007199254740991, not "x"'],
    ["jobs m --after x", 'jobs: --after: expected a number from 0 to 9007199254740991, not "x"'],
    ["peek --tube m --state x", 'peek: expected ready, reserved, delayed, buried, not "x"'],
    ["delete 1 x", 'delete: ID: expected a number from 1 to 9007199254740991, not "x"'],
    ["kick-job", "kick-job: missing required argument 'ID'"],
    ["update-job 4", "update-job: expected --pri or --delay"],
    ["flush m --yse", "flush: unknown option '--yse' (Did you mean --yes?)"],
    ["undrain --jsn", "undrain: unknown option '--jsn' (Did you mean --json?)"],
    ["put m x --lines", "put: --lines reads standard input, so no BODY"],
    [
      "put m --pri 4294967296",
      'put: --pri: expected a number from 0 to 4294967295, not "4294967296"',
    ],
    ["kick m many", 'kick: COUNT: expected a number from 0 to 4294967295, not "many"'],
    ["peek", "peek: expected an id, or --tube"],
    ["peek 1 --tube m", "peek: expected an id, or --tube"],
    ["peek 0", 'peek: ID: expected a number from 1 to 9007199254740991, not "0"'],
    ["jobs m asleep", 'jobs: expected ready, reserved, delayed, buried, not "asleep"'],
    ["jobs m ready -n 1001", 'jobs: --limit: expected a number from 1 to 1000, not "1001"'],
    [
      "tubes --sort size",
      'tubes: --sort: expected name, ready, reserved, delayed, buried, waiting, total, not "size"',
    ],
    ["stats m --job 1", "stats: a tube or a job, not both"],
    ["reserve --delete --bury", "reserve: --delete or --bury, not both"],
    ["reserve --delete -m x", "reserve: --delete or --message, not both"],
    ["failures", "failures: missing required argument 'ID'"],
    ["drain now", 'drain: unexpected argument "now"'],
    [
      "stats -a :x",
      'stats: --address: expected HOST, HOST:PORT, [IPV6]:PORT, unix:PATH of up to 107 bytes, tls://HOST:PORT, ws://HOST:PORT or wss://HOST:PORT, not ":x"',
    ],
  ])("complain in one line, with exit code 2: %s", (line, message) => {
    expect(parse(line)).toEqual({ kind: "exit", code: 2, stderr: `homemaker: ${message}` });
  });

  it("refuse a misspelt variable rather than ask another server", () => {
    const env = { HOMEMAKER_ADRESS: "10.0.0.1" };
    expect(parse("flush m --yes", env)).toEqual({
      kind: "exit",
      code: 2,
      stderr:
        "homemaker: flush: unknown variable HOMEMAKER_ADRESS (Did you mean HOMEMAKER_ADDRESS?)",
    });
    expect(parse("stats -a 10.0.0.1", env)).toMatchObject({ kind: "shell" });
  });

  it.each(Object.keys(SHELL_COMMANDS))(
    "%s prints its help, and the program's help names it",
    async (name) => {
      expect(parse(`${name} --help`)).toMatchObject({
        kind: "exit",
        code: 0,
        stdout: expect.stringContaining(`Usage: homemaker ${name} `) as string,
      });
      expect(helpText(control).split(/[\s,]+/)).toContain(name);
    },
  );
});
