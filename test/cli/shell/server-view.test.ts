/* Which of several servers a shell's command talks to. */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ServerView } from "../../../src/cli/shell/server-view.ts";
import { watchServer } from "../../../src/cli/shell/top.ts";
import type { BoundAddress } from "../../../src/config/listen-address.ts";
import type { Terminal } from "../../../src/terminal.ts";

const STATS = "---\ncurrent-jobs-ready: 7\n";
const TUBES = "---\n";
const TOKEN = "hm_secret";

/** What it says to a line; "": nothing. */
type Answer = (line: string) => string;

/** A server that leads, and answers what `stats` and `top` ask. */
const leads: Answer = (line) => {
  if (line.startsWith("auth ")) return line === `auth ${TOKEN}` ? "AUTHENTICATED" : "DENIED";
  if (line === "stats") return `OK ${STATS.length}\r\n${STATS}`;
  return line === "list-tubes" ? `OK ${TUBES.length}\r\n${TUBES}` : "UNKNOWN_COMMAND";
};
/** One that stands still. */
const silent: Answer = () => "";
/** One that stands by, and names another one or nobody. */
const standsBy =
  (leader = ""): Answer =>
  () =>
    `NOT_LEADER ${leader}`.trimEnd();

/** A server on this machine; what it answers may change. */
class FakeServer {
  readonly address: BoundAddress;
  answer: Answer;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, answer: Answer) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("no TCP address");
    this.address = { kind: "tcp", host: "127.0.0.1", port: address.port };
    this.answer = answer;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(answer: Answer): Promise<FakeServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const fake = new FakeServer(server, answer);
    onTestFinished(() => {
      fake.cut();
      server.close();
    });
    return fake;
  }

  get where(): string {
    return "port" in this.address ? `127.0.0.1:${this.address.port}` : "";
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      for (const line of bytes.toString("latin1").split("\r\n").slice(0, -1)) {
        const said = this.answer(line);
        if (said === "" || socket.writableEnded) continue;
        if (said.startsWith("NOT_LEADER")) socket.end(`${said}\r\n`);
        else socket.write(`${said}\r\n`);
      }
    });
  }
}

/** Some of them, one for each answer. */
function servers(...answers: readonly Answer[]): Promise<readonly FakeServer[]> {
  return Promise.all(answers.map((answer) => FakeServer.start(answer)));
}

function addressesOf(list: readonly FakeServer[]): readonly BoundAddress[] {
  return list.map(({ address }) => address);
}

test("one that takes a connection and says nothing is passed over", async () => {
  const list = await servers(silent, leads);
  const view = await ServerView.open(addressesOf(list));
  expect(view.where).toBe(list[1]?.where);
  view.close();
});

test("where all say nothing, the error names them all", async () => {
  const list = await servers(silent, silent);
  const names = list.map(({ where }) => `${where}: no answer after 2000 ms`);
  await expect(ServerView.open(addressesOf(list), TOKEN)).rejects.toThrow(names.join("; "));
});

test.each([
  ["without a token", undefined],
  ["with a token", TOKEN],
])("one that stands by is passed over, %s", async (_, token) => {
  const list = await servers(standsBy(), leads);
  const view = await ServerView.open(addressesOf(list), token);
  expect(view.where).toBe(list[1]?.where);
  expect(await view.facts("stats")).toEqual({ "current-jobs-ready": 7 });
  view.close();
});

test.each([
  ["without a token", undefined],
  ["with a token", TOKEN],
])("one that stands by leads to the one that it names, %s", async (_, token) => {
  const [leader] = await servers(leads);
  const list = await servers(standsBy(leader?.where));
  const view = await ServerView.open(addressesOf(list), token);
  expect(view.where).toBe(leader?.where);
  expect(await view.facts("stats")).toEqual({ "current-jobs-ready": 7 });
  view.close();
});

test.each([
  ["without a token", undefined],
  ["with a token", TOKEN],
])("where all stand by, the error says so, %s", async (_, token) => {
  const [first, second] = await servers(standsBy(), standsBy());
  if (first === undefined || second === undefined) throw new Error("they were not started");
  first.answer = standsBy(second.where);
  second.answer = standsBy(first.where);
  const list = [first, second];
  const said = list.map(({ where }) => `${where}: .*: NOT_LEADER .*, the server stands by, .*`);
  await expect(ServerView.open(addressesOf(list), token)).rejects.toMatchObject({
    code: "HM_UNREACHABLE",
    message: expect.stringMatching(new RegExp(`^${said.join("; ")}$`)),
  });
});

test("a wrong token is told from one that stands by", async () => {
  const list = await servers(standsBy(), leads);
  await expect(ServerView.open(addressesOf(list), "hm_wrong")).rejects.toThrow(
    /^the server does not take the token in HOMEMAKER_TOKEN$/,
  );
});

/** Takes one line; then writing fails, as where the reader is gone. */
class Lines implements Terminal {
  readonly isScreen = false;
  readonly hasKeys = false;
  readonly columns = 80;
  readonly rows = 24;
  readonly written: string[] = [];
  readonly #after: () => void;

  /** `after` is called behind the first line. */
  constructor(after: () => void) {
    this.#after = after;
  }

  write(what: string | Uint8Array): Promise<void> {
    this.written.push(String(what));
    if (this.written.length > 1) return Promise.reject(new Error("nobody reads"));
    this.#after();
    return Promise.resolve();
  }

  readAll(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(0));
  }

  listen(): () => void {
    return () => undefined;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("top goes on at the next leader where the old one stands by", async () => {
  const [first, second] = await servers(leads, leads);
  if (first === undefined || second === undefined) throw new Error("they were not started");
  const complaints: string[] = [];
  const terminal = new Lines(() => {
    first.answer = standsBy(second.where);
    first.cut();
  });
  const watched = watchServer(await ServerView.open([first.address]), terminal, {
    sort: "name",
    intervalSeconds: 1,
    asJson: false,
    open: (signal) => ServerView.open([first.address], undefined, signal),
    complain: (why) => complaints.push(why),
  });
  await expect(watched).rejects.toThrow("nobody reads");
  expect(complaints).toEqual([
    `${first.where}: the connection is lost, trying again`,
    `${second.where}: connected again`,
  ]);
  expect(terminal.written.map((line) => line.slice(0, 7))).toEqual(["ready 7", "ready 7"]);
});
