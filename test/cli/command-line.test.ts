import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOptions } from "../../src/cli/command-line.ts";
import { environmentName } from "../../src/config/option.ts";
import type { Option } from "../../src/config/option.ts";
import { JOB_BYTES_MAX } from "../../src/config/option-values.ts";
import { DEFAULT_OPTIONS, OPTIONS } from "../../src/config/options.ts";
import type { Options } from "../../src/config/options.ts";
import { EXIT_USAGE } from "../../src/cli/quiet-command.ts";
import { SWITCHES } from "../../src/cli/switches.ts";
import type { Environment } from "../../src/cli/variables.ts";
import { VERSION } from "../../src/version.ts";
import { loadBuiltControl } from "../text/load-control.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("cli");

const control = await loadBuiltControl();
const REDIRECTING = ["--data", "a", "--journal", "postgres://a/b", "--journal-redirect"] as const;
const everyOption = Object.values(OPTIONS) as readonly Option<unknown>[];

function run(
  argv: readonly string[],
  env: Environment = {},
): { options: Options; warnings: readonly string[] } {
  const parsed = parseOptions(argv, env, control);
  if (parsed.kind === "run") return parsed;
  throw new Error(`expected a run, got: ${parsed.stderr ?? parsed.stdout}`);
}

/** The line for stderr of a command line that is wrong. */
function complaint(argv: readonly string[], env: Environment = {}): string {
  const parsed = parseOptions(argv, env, control);
  if (parsed.kind === "run") throw new Error("expected a complaint, got a run");
  expect(parsed).toMatchObject({ code: EXIT_USAGE });
  expect(parsed.stdout).toBeUndefined();
  expect(parsed.stderr).toMatch(/^homemaker: [^\n]+$/);
  return parsed.stderr?.slice("homemaker: ".length) ?? "";
}

const tcp = (host: string, port: number): object => ({ kind: "tcp", host, port });

describe("without arguments", () => {
  it("everything has its default", () => {
    expect(run([])).toEqual({ kind: "run", options: DEFAULT_OPTIONS, warnings: [] });
    expect(DEFAULT_OPTIONS).toEqual({
      listen: [tcp("127.0.0.1", 11300)],
      handed: [],
      socketMode: undefined,
      socketGroup: undefined,
      wsOrigins: [],
      wsMessageBytes: 2_147_483_648,
      wsIdleMillis: 60_000,
      maxJobBytes: 65535,
      maxFailureBytes: 65_536,
      maxBatchBytes: 16_777_216,
      maxResultBytes: 1_048_576,
      maxResultsBytes: 67_108_864,
      failuresKept: 10,
      threads: undefined,
      shards: undefined,
      memoryBytes: undefined,
      maxIndexBytes: undefined,
      verbosity: 0,
      user: undefined,
      maxConnections: 16384,
      maxTubes: 100_000,
      maxWatch: 10_000,
      maxOutputBytes: 1_048_576,
      commandsPerTurn: 1024,
      dataDirectory: undefined,
      durability: "sync",
      syncIntervalMillis: 50,
      segmentBytes: 67_108_864,
      httpPort: undefined,
      jsonPort: undefined,
      jsonListen: "127.0.0.1",
      jsonLineBytes: 67_108_864,
      jsonRoomBytes: 268_435_456,
      jsonBlobs: undefined,
      jsonQuit: "nobody",
      httpListen: "127.0.0.1",
      httpHosts: [],
      journalAddress: undefined,
      journalRedirects: false,
      journalLeaseMillis: 10_000,
      journalUrl: undefined,
      outbox: undefined,
      httpToken: undefined,
      httpReadToken: undefined,
      metricsTubes: 100,
      hintIntervalMillis: 5000,
      recovery: "salvage",
      releases: "journal",
    });
  });

  it("the options can be posted to a thread", () => {
    expect(structuredClone(DEFAULT_OPTIONS)).toEqual(DEFAULT_OPTIONS);
  });
});

describe("beanstalkd's flags", () => {
  it("set the port with -p, glued or not", () => {
    expect(run(["-p", "11400"]).options.listen).toEqual([tcp("127.0.0.1", 11400)]);
    expect(run(["-p11400"]).options.listen).toEqual([tcp("127.0.0.1", 11400)]);
    expect(run(["-p", "0"]).options.listen).toEqual([tcp("127.0.0.1", 0)]);
  });

  it("let the last -p count", () => {
    expect(run(["-p1", "-p2"]).options.listen).toEqual([tcp("127.0.0.1", 2)]);
  });

  it("add up the addresses of -l, with the port of -p where they name none", () => {
    const { listen } = run([
      "-l",
      "0.0.0.0",
      "-l::1",
      "-l",
      "[::1]:5",
      "-l",
      "unix:/a/b",
      "-p7",
    ]).options;
    expect(listen).toEqual([
      tcp("0.0.0.0", 7),
      tcp("::1", 7),
      tcp("::1", 5),
      { kind: "unix", path: "/a/b" },
    ]);
  });

  it("set the largest job with -z, and lower it to the cap with a warning", () => {
    expect(run(["-z", "0"]).options.maxJobBytes).toBe(0);
    expect(run(["-z1234"]).options.maxJobBytes).toBe(1234);
    expect(run(["-z", String(JOB_BYTES_MAX)])).toMatchObject({ warnings: [] });
    expect(run(["-z", String(JOB_BYTES_MAX + 1)])).toMatchObject({
      options: { maxJobBytes: JOB_BYTES_MAX },
      warnings: ["homemaker: maximum job size was set to 1073741824"],
    });
  });

  it("raise the verbosity with each -V", () => {
    expect(run(["-V"]).options.verbosity).toBe(1);
    expect(run(["-V", "-V"]).options.verbosity).toBe(2);
    expect(run(["-VVV"]).options.verbosity).toBe(3);
  });

  it("may be bundled, the last one with its value glued", () => {
    expect(run(["-VVukr"]).options).toMatchObject({ verbosity: 2, user: "kr" });
    expect(run(["-Vcnp11400"])).toMatchObject({
      options: { verbosity: 1, listen: [tcp("127.0.0.1", 11400)] },
      warnings: [
        "homemaker: -c has no effect and may be left out",
        "homemaker: -n has no effect and may be left out",
      ],
    });
  });

  it("keep the jobs in the directory of -b", () => {
    expect(run(["-b", "/a"]).options).toMatchObject({ dataDirectory: "/a", durability: "sync" });
    expect(run(["-b/a", "--data", "/b"]).options.dataDirectory).toBe("/b");
  });

  it.each([
    [[], "journal"],
    [["--releases", "hints"], "hints"],
    [["--durable-releases"], "journal"],
    [["--releases", "hints", "--durable-releases"], "journal"],
    [["--durable-releases", "--releases", "hints"], "hints"],
  ] as const)("choose where releases are kept, the last one counting: %j", (argv, releases) => {
    expect(run(["-b/a", ...argv])).toMatchObject({ options: { releases }, warnings: [] });
  });

  it("choose it over the environment by the older flag, too", () => {
    const { options } = run(["--durable-releases"], { HOMEMAKER_RELEASES: "hints" });
    expect(options.releases).toBe("journal");
  });

  it.each([
    [["-f", "50"], { durability: "interval", syncIntervalMillis: 50 }],
    [["-f200"], { durability: "interval", syncIntervalMillis: 200 }],
    [["-f0"], { durability: "sync" }],
    [["-F"], { durability: "os" }],
    [["--journal", "postgres://a/b"], { durability: "replicated", journalUrl: "postgres://a/b" }],
    [["--journal", "postgres://a/b", "--durability", "sync"], { durability: "sync" }],
    [["-f7", "-F"], { durability: "os", syncIntervalMillis: 7 }],
    [["-F", "-f7"], { durability: "interval", syncIntervalMillis: 7 }],
    [["-F", "-f0"], { durability: "sync" }],
    [["-F", "--durability", "sync"], { durability: "sync" }],
    [["--durability", "sync", "-F"], { durability: "os" }],
    [["-f7", "--sync-interval", "1s"], { durability: "interval", syncIntervalMillis: 1000 }],
    [["-VFVukr"], { durability: "os", verbosity: 2, user: "kr" }],
  ])(
    "choose with -f and -F what a reply waits for, the last one counting: %j",
    (argv, expected) => {
      expect(run(["-b/a", ...argv])).toMatchObject({ options: expected, warnings: [] });
    },
  );

  it("set the length of the journal's files with -s, in whole blocks, and warn where it is out of range", () => {
    expect(run(["-s", "10485760"])).toMatchObject({
      options: { segmentBytes: 10_485_760 },
      warnings: [],
    });
    expect(run(["-s", "10485761"])).toMatchObject({
      options: { segmentBytes: 10_489_856 },
      warnings: [],
    });
    expect(run(["-s5000"])).toMatchObject({
      options: { segmentBytes: 1_048_576 },
      warnings: ["homemaker: segment size was set to 1048576"],
    });
    expect(run(["--segment-size", "2GiB"])).toMatchObject({
      options: { segmentBytes: 1_073_741_824 },
      warnings: ["homemaker: segment size was set to 1073741824"],
    });
  });

  it("print the version with -v, wherever it stands", () => {
    const printed = { kind: "exit", code: 0, stdout: `homemaker ${VERSION}` };
    for (const argv of [["-v"], ["--version"], ["-Vv"], ["-p", "x", "-v"], ["-fx", "-v"]]) {
      expect(parseOptions(argv, {}, control)).toEqual(printed);
    }
  });

  it("print the help with -h, naming every flag", () => {
    const parsed = parseOptions(["-h"], {}, control);
    expect(parsed).toEqual(parseOptions(["--help"], {}, control));
    expect(parsed).toEqual(parseOptions(["help"], {}, control));
    expect(parsed).toMatchObject({ kind: "exit", code: 0 });
    const text = parsed.kind === "exit" ? (parsed.stdout ?? "") : "";
    const shorts = [...text.matchAll(/^  -(\w)\b/gm)].map(([, letter]) => letter);
    const names = [...text.matchAll(/^  (?:-\w, )?--(\S+)/gm)].map(([, name]) => name);
    const flags = [...everyOption, ...SWITCHES];
    expect(new Set(shorts)).toEqual(new Set(flags.flatMap(({ short }) => short ?? [])));
    expect(new Set(names)).toEqual(new Set(flags.flatMap(({ name }) => name ?? [])));
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(96);
  });
});

describe("a wrong command line gets one line and exit code 2", () => {
  it.each([
    [["-p", "x"], '-p/--port: expected a whole number, 0 to 65535, not "x"'],
    [["-p", "65536"], '-p/--port: expected a whole number, 0 to 65535, not "65536"'],
    [["-p", "-1"], '-p/--port: expected a whole number, 0 to 65535, not "-1"'],
    [["-p", "1.5"], '-p/--port: expected a whole number, 0 to 65535, not "1.5"'],
    [["-p", ""], '-p/--port: expected a whole number, 0 to 65535, not ""'],
    [
      ["-p", "99999999999999999999"],
      '-p/--port: expected a whole number, 0 to 65535, not "99999999999999999999"',
    ],
    [["-p"], "option '-p, --port <PORT>' argument missing"],
    [["-l"], "option '-l, --listen <ADDR>' argument missing"],
    [
      ["-l", "x:y:z"],
      '-l/--listen: expected HOST, HOST:PORT, [IPV6]:PORT, unix:PATH of up to 107 bytes, tls://HOST:PORT, ws://HOST:PORT or wss://HOST:PORT, not "x:y:z"',
    ],
    [
      ["-l", "localhost", "-l", ""],
      '-l/--listen: expected HOST, HOST:PORT, [IPV6]:PORT, unix:PATH of up to 107 bytes, tls://HOST:PORT, ws://HOST:PORT or wss://HOST:PORT, not "localhost,"',
    ],
    [["-z", "-1"], '-z/--max-job-size: expected a size such as 65535, 64k or 1MiB, not "-1"'],
    [["-z", "1x"], '-z/--max-job-size: expected a size such as 65535, 64k or 1MiB, not "1x"'],
    [["-u", ""], '-u/--user: expected a user name, not ""'],
    [["-u", "a b"], '-u/--user: expected a user name, not "a b"'],
    [["--threads", "0"], '--threads: expected a whole number, 1 to 64, not "0"'],
    [["--threads", "65"], '--threads: expected a whole number, 1 to 64, not "65"'],
    [["--shards", "0"], '--shards: expected a power of two, 1 to 64, not "0"'],
    [["--shards", "3"], '--shards: expected a power of two, 1 to 64, not "3"'],
    [["--shards", "128"], '--shards: expected a power of two, 1 to 64, not "128"'],
    [["--memory", "1023k"], '--memory: expected a size from 1MiB to 256GiB, not "1023k"'],
    [["--memory", "257g"], '--memory: expected a size from 1MiB to 256GiB, not "257g"'],
    [
      ["--max-connections", "0"],
      '--max-connections: expected a whole number, 1 to 1000000, not "0"',
    ],
    [["--max-tubes", "many"], '--max-tubes: expected a whole number, 1 to 16777216, not "many"'],
    [["--max-watch", "0"], '--max-watch: expected a whole number, 1 to 1000000, not "0"'],
    [["--max-output", "1"], '--max-output: expected a size from 4KiB to 1GiB, not "1"'],
    [
      ["--commands-per-turn", "0"],
      '--commands-per-turn: expected a whole number, 1 to 1000000, not "0"',
    ],
    [["-b", ""], '-b/--data: expected a directory, not ""'],
    [["-b", "a", "-f", "x"], '-f: expected a whole number of milliseconds, not "x"'],
    [["-b", "a", "-fx", "-f1"], '-f: expected a whole number of milliseconds, not "x"'],
    [
      ["-b", "a", "-f", "3600001"],
      '--sync-interval: expected a duration from 1ms to 1h, not "3600001ms"',
    ],
    [
      ["--data", "a", "--durability", "fsync"],
      '--durability: expected replicated, sync, interval or os, not "fsync"',
    ],
    [["--sync-interval", "0"], '--sync-interval: expected a duration from 1ms to 1h, not "0"'],
    [["-s", "x"], '-s/--segment-size: expected a size such as 64MiB, not "x"'],
    [["--recovery", "none"], '--recovery: expected salvage or strict, not "none"'],
    [["--releases", "none"], '--releases: expected journal or hints, not "none"'],
    [
      ["--durability", "sync"],
      "--durability, -f and -F need --data: without a directory jobs live in memory only",
    ],
    [["-l", "tls://localhost:1"], "a tls:// address needs --tls-cert and --tls-key"],
    [
      ["-l", "wss://localhost:1", "--tls-cert", "c"],
      "a wss:// address needs --tls-cert and --tls-key",
    ],
    [["--tls-key", "k"], "--tls-key needs an address such as -l tls://HOST:PORT"],
    ...["666x", "88", "444", "1660", "u=rw", ""].map((mode): [string[], string] => [
      ["-l", "unix:/s", "--socket-mode", mode],
      `--socket-mode: expected three octal digits of which one has the permission to write, such as 660, not "${mode}"`,
    ]),
    [
      ["-l", "unix:/s", "--socket-group", "a b"],
      '--socket-group: expected a group\'s name or number, not "a b"',
    ],
    [["--socket-mode", "660"], "--socket-mode needs an address such as -l unix:PATH"],
    [
      ["-l", "unix:/s", "--socket-group", "4294967295"],
      '--socket-group: expected a group\'s name or number, not "4294967295"',
    ],
    [["--socket-group", "www"], "--socket-group needs an address such as -l unix:PATH"],
    [["-F"], "--durability, -f and -F need --data: without a directory jobs live in memory only"],
    [["--data", "a", "--durability", "replicated"], "--durability replicated needs --journal"],
    [["--data", "a", "--journal-redirect"], "--journal-redirect needs --journal"],
    [
      ["--data", "a", "--journal", "postgres://a/b", "--journal-redirect", "--user", "ann"],
      "--journal-redirect: with --user a server cannot listen anew when it leads",
    ],
    ...["unix:/s", "localhost:7", "ws://[::1]:7"].map((address): [string[], string] => [
      [...REDIRECTING, "-l", address, "-l", "0.0.0.0"],
      `--journal-redirect: ${address}, the first address, is of no use on another machine: set --journal-address, or another -l first`,
    ]),
    [["--journal", "postgres://a/b"], "--journal needs --data: it is a copy of what lies there"],
    [
      ["--outbox", "postgres://a/b"],
      "--outbox needs --data: a row is removed when its job is on the disk",
    ],
    [
      ["--outbox", "journal", "--data", "/a"],
      "--outbox journal needs --journal; or give the url of the database",
    ],
    [
      ["--data", "a", "--journal", "postgres://a/b", "-F"],
      "--journal copies what is synced, and at --durability os nothing is: set replicated, sync or interval",
    ],
    [
      ["--data", "a", "--journal", "mysql://ann:secret@a/b"],
      "--journal: expected a url such as postgres://user@host:5432/database",
    ],
    [["-x"], "unknown option '-x'"],
    [["-Vx"], "unknown option '-x'"],
    [["--prot", "1"], "unknown option '--prot' (Did you mean --port?)"],
    [["--a\nb\u001b[31m"], "unknown option '--a\\u000ab\\u001b[31m'"],
    [["-p", "1\n2"], '-p/--port: expected a whole number, 0 to 65535, not "1\\u000a2"'],
    [["-\u009b\u2028"], "unknown option '-\\u009b\\u2028'"],
    [["stray"], 'unknown command "stray"'],
    [["-"], 'unexpected argument "-"'],
    [["--", "-V"], 'unexpected argument "-V"'],
    [["-V", "3"], 'unexpected argument "3"'],
    [["-1"], 'unexpected argument "-1"'],
    [["tubse"], 'unknown command "tubse" (Did you mean tubes?)'],
    [["putt", "mails"], 'unknown command "putt" (Did you mean put?)'],
    [["kickjob", "1"], 'unknown command "kickjob" (Did you mean kick-job?)'],
    [["help", "tubse"], 'unknown command "tubse" (Did you mean tubes?)'],
    [["-V", "help"], 'unexpected argument "help"'],
    [["verfy", "/jobs"], 'unknown command "verfy" (Did you mean verify?)'],
    [["-V", "tubse"], 'unexpected argument "tubse"'],
    [["--thread", "2"], "unknown option '--thread' (Did you mean --threads?)"],
  ])("%j", (argv, line) => {
    expect(complaint(argv)).toBe(line);
  });

  it("whatever the arguments are", () => {
    const words = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("-p", "-l", "-z", "-VV", "--", "-", "--shards", "-p7"),
    );
    holds(
      fc.property(fc.array(words, { maxLength: 5 }), (argv) => {
        const parsed = parseOptions(argv, {}, control);
        if (parsed.kind === "run" || parsed.code === 0) return;
        expect(parsed.stderr).not.toMatch(/[\u2028\u2029\p{Cc}]/u);
      }),
    );
  });
});

describe("clients are redirected", () => {
  it.each([
    [["-l", "unix:/s", "-l", "127.0.0.1:7"]], // all clients are on this machine
    [["-l", "unix:/s", "-l", "0.0.0.0", "--journal-address", "queue-a"]],
    [["-l", "0.0.0.0", "-l", "unix:/s"]],
  ])("to where they can come: %j", (argv) => {
    expect(run([...REDIRECTING, ...argv]).options.journalRedirects).toBe(true);
  });
});

describe("the environment", () => {
  it("sets every option", () => {
    const env: Environment = {
      HOMEMAKER_LISTEN: "0.0.0.0, [::1]:5,unix:/a/b,tls://[::1]:6",
      HOMEMAKER_PORT: "11400",
      HOMEMAKER_SOCKET_MODE: "0620",
      HOMEMAKER_SOCKET_GROUP: "www-data",
      HOMEMAKER_TLS_CERT: "/c",
      HOMEMAKER_TLS_KEY: "/k",
      HOMEMAKER_TLS_CLIENT_CA: "/a",
      HOMEMAKER_TOKENS: "/t",
      HOMEMAKER_WS_ORIGIN: "https://App.example.org, *",
      HOMEMAKER_WS_MAX_MESSAGE: "1k",
      HOMEMAKER_WS_IDLE: "never",
      HOMEMAKER_MAX_JOB_SIZE: "64KiB",
      HOMEMAKER_MAX_FAILURE_SIZE: "1k",
      HOMEMAKER_MAX_RESULT_SIZE: "2k",
      HOMEMAKER_MAX_RESULTS: "3k",
      HOMEMAKER_MAX_BATCH_SIZE: "1MiB",
      HOMEMAKER_KEEP_FAILURES: "32",
      HOMEMAKER_THREADS: "3",
      HOMEMAKER_SHARDS: "8",
      HOMEMAKER_MEMORY: "2g",
      HOMEMAKER_MAX_INDEX: "1g",
      HOMEMAKER_VERBOSE: "2",
      HOMEMAKER_USER: "nobody",
      HOMEMAKER_MAX_CONNECTIONS: "5",
      HOMEMAKER_MAX_TUBES: "6",
      HOMEMAKER_MAX_WATCH: "7",
      HOMEMAKER_MAX_OUTPUT: "64k",
      HOMEMAKER_COMMANDS_PER_TURN: "9",
      HOMEMAKER_DATA: "/a",
      HOMEMAKER_DURABILITY: "interval",
      HOMEMAKER_SYNC_INTERVAL: "5ms",
      HOMEMAKER_SEGMENT_SIZE: "4MiB",
      HOMEMAKER_HINT_INTERVAL: "never",
      HOMEMAKER_RECOVERY: "strict",
      HOMEMAKER_RELEASES: "hints",
      HOMEMAKER_HTTP_PORT: "80",
      HOMEMAKER_HTTP_LISTEN: "[::]",
      HOMEMAKER_HTTP_HOST: "Queue.example.org, queue",
      HOMEMAKER_HTTP_TOKEN: "!234567890abcdef",
      HOMEMAKER_HTTP_READ_TOKEN: "reading-is-all-it-does",
      HOMEMAKER_METRICS_TUBES: "25",
      HOMEMAKER_JSON_PORT: "14151",
      HOMEMAKER_JSON_LISTEN: "0.0.0.0",
      HOMEMAKER_JSON_MAX_LINE: "1MiB",
      HOMEMAKER_JSON_MEMORY: "1g",
      HOMEMAKER_JSON_BLOBS: "/b",
      HOMEMAKER_JSON_QUIT: "loopback",
      HOMEMAKER_OUTBOX: "journal",
      HOMEMAKER_JOURNAL: "postgres://ann:secret@a:5432,b:5433/jobs?journal=mail",
      HOMEMAKER_JOURNAL_LEASE: "30s",
      HOMEMAKER_JOURNAL_ADDRESS: "queue-a.example.org:11300",
      HOMEMAKER_JOURNAL_REDIRECT: "0",
    };
    expect(new Set(Object.keys(env))).toEqual(new Set(everyOption.map(environmentName)));
    expect(run([], env).options).toEqual({
      listen: [
        tcp("0.0.0.0", 11400),
        tcp("::1", 5),
        { kind: "unix", path: "/a/b" },
        { kind: "tls", host: "::1", port: 6 },
      ],
      handed: [],
      socketMode: 0o620,
      socketGroup: "www-data",
      tlsCert: "/c",
      tlsKey: "/k",
      tlsClientCa: "/a",
      tokenFile: "/t",
      wsOrigins: ["https://app.example.org", "*"],
      wsMessageBytes: 1024,
      wsIdleMillis: Infinity,
      maxJobBytes: 65_536,
      maxFailureBytes: 1024,
      maxResultBytes: 2048,
      maxResultsBytes: 3072,
      maxBatchBytes: 1_048_576,
      failuresKept: 32,
      threads: 3,
      shards: 8,
      memoryBytes: 2_147_483_648,
      maxIndexBytes: 1_073_741_824,
      verbosity: 2,
      user: "nobody",
      maxConnections: 5,
      maxTubes: 6,
      maxWatch: 7,
      maxOutputBytes: 65536,
      commandsPerTurn: 9,
      dataDirectory: "/a",
      durability: "interval",
      journalUrl: "postgres://ann:secret@a:5432,b:5433/jobs?journal=mail",
      journalLeaseMillis: 30_000,
      journalAddress: "queue-a.example.org:11300",
      journalRedirects: false,
      outbox: "journal",
      syncIntervalMillis: 5,
      segmentBytes: 4_194_304,
      hintIntervalMillis: Infinity,
      recovery: "strict",
      releases: "hints",
      httpPort: 80,
      httpListen: "::",
      httpHosts: ["queue.example.org", "queue"],
      httpToken: "!234567890abcdef",
      httpReadToken: "reading-is-all-it-does",
      metricsTubes: 25,
      jsonPort: 14_151,
      jsonListen: "0.0.0.0",
      jsonLineBytes: 1_048_576,
      jsonRoomBytes: 1_073_741_824,
      jsonBlobs: "/b",
      jsonQuit: "loopback",
    });
  });

  it("gives way to a flag, even when the variable is wrong", () => {
    const env = { HOMEMAKER_PORT: "x", HOMEMAKER_LISTEN: "0.0.0.0", HOMEMAKER_VERBOSE: "2" };
    expect(run(["-p1", "-l", "::1", "-V"], env).options).toMatchObject({
      listen: [tcp("::1", 1)],
      verbosity: 1,
    });
  });

  it("is refused where it is misspelt, and one that is nothing like an option is said", () => {
    for (const [wrong, right] of [
      ["HOMEMAKER_DURABILTY", "HOMEMAKER_DURABILITY"],
      ["HOMEMAKER_TREADS", "HOMEMAKER_THREADS"],
      ["HOMEMAKER_Data", "HOMEMAKER_DATA"],
      ["HOMEMAKER_MAX_JOBSIZE", "HOMEMAKER_MAX_JOB_SIZE"],
    ] as const) {
      expect(complaint([], { [wrong]: "1" })).toBe(
        `unknown variable ${wrong} (Did you mean ${right}?)`,
      );
    }
    expect(run([], { HOMEMAKER_COLOUR: "red" }).warnings).toEqual([
      "homemaker: the variable HOMEMAKER_COLOUR is not known, and has no effect",
    ]);
  });

  it("is not what Kubernetes says about a service called homemaker", () => {
    const env = {
      HOMEMAKER_SERVICE_HOST: "10.0.0.1",
      HOMEMAKER_SERVICE_PORT: "11300",
      HOMEMAKER_SERVICE_PORT_HTTP: "11301",
      HOMEMAKER_PORT: "tcp://10.0.0.1:11300",
      HOMEMAKER_HTTP_PORT: "tcp://10.0.0.1:80",
      HOMEMAKER_PORT_11300_TCP: "tcp://10.0.0.1:11300",
      HOMEMAKER_PORT_11300_TCP_PROTO: "tcp",
      HOMEMAKER_PORT_11300_TCP_PORT: "11300",
      HOMEMAKER_PORT_11300_TCP_ADDR: "10.0.0.1",
    };
    expect(run([], env)).toMatchObject({ options: DEFAULT_OPTIONS, warnings: [] });
  });

  it("counts an empty variable as not set, and minds no other variables", () => {
    const env = {
      HOMEMAKER_PORT: "",
      HOMEMAKER_SERVICE_HOST: "10.0.0.1",
      PORT: "80",
      HOMEMAKER_BENCH_CORES: "2",
      HOMEMAKER_ADDRESS: "10.0.0.1",
      HOMEMAKER_THREADS: undefined,
    };
    expect(run([], env)).toMatchObject({ options: DEFAULT_OPTIONS, warnings: [] });
  });

  it.each([
    [
      "HOMEMAKER_LISTEN",
      "a,,b",
      'expected HOST, HOST:PORT, [IPV6]:PORT, unix:PATH of up to 107 bytes, tls://HOST:PORT, ws://HOST:PORT or wss://HOST:PORT, not "a,,b"',
    ],
    ["HOMEMAKER_SHARDS", "5", 'expected a power of two, 1 to 64, not "5"'],
    ["HOMEMAKER_VERBOSE", "yes", 'expected a whole number, 0 to 99, not "yes"'],
  ])("is complained about by the variable's name: %s=%s", (name, value, line) => {
    expect(complaint([], { [name]: value })).toBe(`${name}: ${line}`);
  });
});

describe("sockets that were handed over", () => {
  const PID = 7;
  const handedTo = (names: string): Environment => ({
    LISTEN_PID: String(PID),
    LISTEN_FDS: String(names.split(":").length),
    LISTEN_FDNAMES: names,
  });
  const parse = (argv: readonly string[], names: string): unknown =>
    parseOptions(argv, handedTo(names), control, PID);

  it("stand in the place of the address that nobody asked for, and beside those that were", () => {
    const handed = [{ fd: 3, speaks: "ws" }];
    expect(parse([], "ws")).toMatchObject({ options: { listen: [], handed } });
    const listen = [tcp("localhost", 11300)];
    expect(parse(["-l", "localhost"], "ws")).toMatchObject({ options: { listen, handed } });
    expect(parseOptions([], handedTo("ws"), control)).toMatchObject({ options: { handed: [] } });
  });

  it("may be the HTTP port, of which there is one", () => {
    const listen = [tcp("127.0.0.1", 11300)];
    expect(parse([], "http")).toMatchObject({ options: { listen, httpPort: 0 } });
    expect(parse(["--http-port", "80"], "http")).toMatchObject({
      code: EXIT_USAGE,
      stderr:
        "homemaker: --http-port: a socket for HTTP was handed over, and there is one such port",
    });
  });

  it("are not those to redirect clients on; that of HTTP is not listened on anew", () => {
    expect(parse(REDIRECTING, "http")).toMatchObject({ options: { journalRedirects: true } });
    const why = "a socket that was handed over cannot be listened on anew";
    const code = EXIT_USAGE;
    const stderr = `homemaker: --journal-redirect: ${why}`;
    expect(parse(REDIRECTING, "http:ws")).toMatchObject({ code, stderr });
    const lacks = "homemaker: --journal-redirect needs --journal";
    const argv = ["--data", "a", "--journal-redirect"];
    expect(parse(argv, "ws")).toMatchObject({ code, stderr: lacks });
  });

  it("need a certificate for TLS, and a name that is known", () => {
    const stderr = "homemaker: a tls:// address needs --tls-cert and --tls-key";
    expect(parse([], "tls")).toMatchObject({ code: EXIT_USAGE, stderr });
    const files = ["--tls-cert", "c", "--tls-key", "k"];
    expect(parse(files, "tls")).toMatchObject({ options: { tlsCert: "c" } });
    expect(parse([], "ftp")).toMatchObject({ code: EXIT_USAGE });
  });
});

describe("HTTP", () => {
  it("asks for a token as soon as it can be reached from elsewhere", () => {
    for (const host of [
      "0.0.0.0",
      "::",
      "10.0.0.1",
      "queue.example.org",
      "127.0.0.1.example.org",
    ]) {
      expect(complaint(["--http-port", "0", "--http-listen", host])).toMatch(/set --http-token/);
    }
    const asked = ["--http-port", "0", "--http-listen", "::", "--http-token", "0123456789abcdef"];
    expect(run(asked).options.httpListen).toBe("::");
    for (const host of ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"]) {
      expect(run(["--http-port", "0", "--http-listen", host]).options.httpPort).toBe(0);
    }
    expect(run(["--http-listen", "0.0.0.0"]).options.httpPort).toBeUndefined();
  });

  it("takes no token that can be guessed, and does not repeat it", () => {
    for (const wrong of ["sesame", "with a space in it", "fifteen-letters", "é".repeat(16)]) {
      const line = complaint([], { HOMEMAKER_HTTP_TOKEN: wrong });
      expect(line).toMatch(/^HOMEMAKER_HTTP_TOKEN: expected 16 to 256 /);
      expect(line).not.toContain(wrong);
    }
  });

  it("does not take the same token for both roles", () => {
    const both = ["--http-token", "0123456789abcdef", "--http-read-token", "0123456789abcdef"];
    expect(complaint(["--http-port", "0", ...both])).toMatch(/must differ/);
  });

  it("leaves one place among the threads for itself", () => {
    expect(complaint(["--http-port", "0", "--threads", "64"])).toMatch(/at most 63/);
    expect(complaint(["--json-port", "0", "--threads", "64"])).toMatch(/63 .* --json-port/);
    expect(complaint(["--outbox", "postgres://a/b", "--threads", "64"])).toMatch(/63 .* --outbox/);
    expect(run(["--threads", "64"]).options.threads).toBe(64);
  });
});

describe("the declarations", () => {
  it("name each flag and each variable once", () => {
    const flags = [...everyOption, ...SWITCHES]
      .flatMap(({ short, name }) => [short, name])
      .filter((one) => one !== undefined);
    expect(new Set(flags).size).toBe(flags.length);
    expect(new Set(everyOption.map(environmentName)).size).toBe(everyOption.length);
  });

  it("accept every default as a user would write it", () => {
    for (const option of everyOption) {
      if (option.default === undefined) continue;
      const text = option.format(option.default, control);
      expect(option.parse(text.split(","), control, () => undefined)).toEqual(option.default);
    }
  });
});
