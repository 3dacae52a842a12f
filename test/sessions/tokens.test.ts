/* What a session may do that has shown a token: every command, by the table of commands; tokens
 * that are meant to harm; and tokens that change under a session.
 */
import { describe, expect, test } from "vitest";
import { parseTokens } from "../../src/config/token-file.ts";
import { BRINGS_BODY, COMMANDS } from "../../src/protocol/commands.ts";
import type { CommandRow, Need } from "../../src/protocol/commands.ts";
import { RIGHTS } from "../../src/protocol/rights.ts";
import type { Right } from "../../src/protocol/rights.ts";
import { sha256 } from "../../src/runtimes/sha256.ts";
import type { SessionJournal } from "../../src/session/session-journal.ts";
import { openTraced } from "../../src/session/trace.ts";
import { TokenBook } from "../../src/session/token-book.ts";
import { journalSafeTo, tubeIn, World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";
import { bookOf, lineFor } from "../support/token-book.ts";

const ALL = Object.keys(RIGHTS) as readonly Right[];
const ROOT = lineFor("ROOT", "all:*");

/** A command, and what the job 1 in tube "t" has to be for it, where that is not ready. */
type Said = readonly [line: string, job?: "held" | "buried"];

/** Every command that there is. All bodies have five bytes. */
const SAYS: Readonly<Record<string, Said>> = {
  put: ["put 0 0 60 5"],
  peek: ["peek 1"],
  "peek-ready": ["peek-ready"],
  "peek-delayed": ["peek-delayed"],
  "peek-buried": ["peek-buried"],
  "peek-reserved": ["peek-reserved"],
  "reserve-with-timeout": ["reserve-with-timeout 0"],
  "reserve-job": ["reserve-job 1"],
  "reserve-batch": ["reserve-batch 1"],
  "reserve-mode": ["reserve-mode weighted"],
  reserve: ["reserve"],
  delete: ["delete 1"],
  release: ["release 1 0 0 5", "held"],
  bury: ["bury 1 0 5", "held"],
  kick: ["kick 1"],
  "kick-job": ["kick-job 1", "buried"],
  touch: ["touch 1", "held"],
  "stats-job": ["stats-job 1"],
  "stats-tube": ["stats-tube t"],
  "stats-group": ["stats-group g"],
  stats: ["stats"],
  use: ["use t"],
  watch: ["watch t"],
  ignore: ["ignore other"],
  "list-tubes-watched": ["list-tubes-watched"],
  "list-tube-used": ["list-tube-used"],
  "list-tubes": ["list-tubes"],
  quit: ["quit"],
  "pause-tube": ["pause-tube t 0"],
  drain: ["drain"],
  undrain: ["undrain"],
  "list-jobs": ["list-jobs t ready 0 1"],
  "flush-tube": ["flush-tube t"],
  "peek-failure": ["peek-failure 1", "buried"],
  "list-failures": ["list-failures 1", "buried"],
  "delete-batch": ["delete-batch 1"],
  batch: ["batch 1\r\ndelete 1"],
  features: ["features"],
  "hand-back": ["hand-back 1 0", "held"],
  "update-job": ["update-job 1 5"],
  cancel: ["cancel 1"],
  window: ["window 1"],
  "set-tube": ["set-tube t jobs=5"],
  session: ["session"],
  vouch: [`vouch ${"0".repeat(32)} 5`],
  progress: ["progress 1 5", "held"],
  "peek-progress": ["peek-progress 1", "held"],
  move: ["move 1 t 5"],
  finish: ["finish 1 5 5", "held"],
  await: ["await 1"],
  explain: ["explain 1"],
  "client-name": ["client-name me"],
  auth: ["auth ROOT"],
  "step-down": ["step-down 1"],
};

/** What comes behind the line: what would be seen if it were a command. */
function bodyOf({ op, takesFailure }: CommandRow): string {
  return BRINGS_BODY.has(op) || takesFailure === true ? "drain\r\n" : "";
}

/** A session that uses and watches "t", and may only what these words say; and its world. */
function begin(job: Said[1], ...rights: readonly string[]): { world: World; end: End } {
  const world = new World({ tokens: bookOf([ROOT, lineFor("ONE", ...rights)].join("\n")) });
  const end = world.connect();
  end.ask("auth ROOT\r\nuse t\r\nwatch t\r\nignore default\r\nput 0 0 60 1\r\nx\r\n");
  end.ask("put 0 0 60 1 grp:g\r\ny\r\nreserve-job 1\r\nbury 1 0 2\r\nno\r\n");
  if (job !== "buried") end.ask("kick-job 1\r\n");
  if (job === "held") end.ask("reserve-job 1\r\nprogress 1 1\r\n.\r\n");
  end.ask("auth ONE\r\n");
  return { world, end };
}

/**
 * What the command is answered by such a session; behind it a command that everybody may, so the
 * whole of the body was taken. Job 1 has failed once, and has left a note if it is held.
 */
function answerTo(row: CommandRow, ...rights: readonly string[]): { reply: string; world: World } {
  const [line = "", job] = SAYS[row.name] ?? [];
  const { world, end } = begin(job, ...rights);
  const reply = end.ask(`${line}\r\n${bodyOf(row)}features\r\n`);
  expect(world.common.draining && row.name !== "drain", "a body was a command").toBe(false);
  return { reply: reply.replace(/OK \d+\r\n---\nversion: .*$/s, "THE FEATURES"), world };
}

/** What is to be seen of the tube, its jobs and the tubes that there are. */
function stateOf(root: End): string {
  return root.ask("auth ROOT\r\nlist-tubes\r\nstats-tube t\r\nstats-job 1\r\nstats-job 2\r\n");
}

/** All rights but these; manage would bring look. */
function allBut(rights: readonly Right[]): readonly Right[] {
  const others = ALL.filter((right) => !rights.includes(right));
  return rights.includes("look") ? others.filter((right) => right !== "manage") : others;
}

/** What the row's needs say where they are met, each by the right of that place in its list. */
function met({ needs }: CommandRow, place: number): string[] {
  const pattern = ({ in: where }: Need): string => (where === "every" ? "*" : "t");
  return needs.map((need) => `${need.rights[place] ?? need.rights[0]}:${pattern(need)}`);
}

const ROWS = COMMANDS.map((row) => [row.name, row] as const);
const NEEDY = ROWS.filter(([, { needs }]) => needs.length > 0);

test("every command is tried here", () => {
  expect(Object.keys(SAYS).toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
});

describe("without a right", () => {
  test.each(NEEDY)("%s is denied, its body taken, and nothing done", (name, row) => {
    const { reply, world } = answerTo(row);
    expect(reply).toBe("DENIED\r\nTHE FEATURES");
    const root = world.connect();
    expect(stateOf(root)).toBe(stateOf(begin(SAYS[name]?.[1]).world.connect()));
    world.verify();
  });

  test.each(ROWS.filter(([, { needs }]) => needs.length === 0))(
    "%s is let through",
    (name, row) => {
      const { reply } = answerTo(row);
      const wanted: Readonly<Record<string, string>> = {
        quit: "",
        auth: "AUTHENTICATED\r\nTHE FEATURES",
        features: "THE FEATURES",
        batch: "BATCH_REFUSED 1 DENIED\r\nTHE FEATURES",
      };
      expect(reply).toBe(wanted[name]);
    },
  );
});

describe("with all rights but those that it takes", () => {
  const SINGLE = NEEDY.filter(([, { needs }]) => (needs[0]?.rights.length ?? 0) < ALL.length);
  test.each(SINGLE)("%s is denied", (_, row) => {
    for (const { rights } of row.needs) {
      const { reply } = answerTo(row, `${allBut(rights).join(",")}:*`);
      expect(reply).toBe("DENIED\r\nTHE FEATURES");
    }
  });
});

describe("with its rights in another tube", () => {
  const ANSWERS: Readonly<Record<Need["in"], RegExp>> = {
    used: /^DENIED\r\n/,
    watched: /^DENIED\r\n/,
    named: /^DENIED\r\n/,
    every: /^DENIED\r\n/,
    job: /^NOT_FOUND\r\n/,
    jobs: /^DELETED_BATCH 0 1\r\n/,
    some: /^(?!DENIED|NOT_FOUND\r\nDENIED)/,
  };
  test.each(NEEDY)("%s knows nothing of this one", (_, row) => {
    const { reply } = answerTo(row, "all:other");
    const [{ in: place } = { in: "some" as const }] = row.needs;
    expect(reply).toMatch(ANSWERS[place]);
    expect(reply).toMatch(/THE FEATURES$/);
  });
});

describe("with just the right that it takes, in just that tube", () => {
  test.each(NEEDY)("%s is done", (name, row) => {
    const most = Math.max(...row.needs.map(({ rights }) => rights.length));
    for (let place = 0; place < most; place++) {
      const { reply } = answerTo(row, ...met(row, place));
      const finds = name === "peek-delayed" || name === "peek-buried" || name === "peek-reserved";
      expect(reply).not.toMatch(/^DENIED/);
      if (!finds) expect(reply).not.toMatch(/^NOT_FOUND/);
    }
  });
});

describe("a wrong token", () => {
  const tokens = (): TokenBook => bookOf(`${ROOT}\nanonymous put:jobs`);

  test.each([
    ["a prefix of a right one", "ROO"],
    ["a right one and more", "ROOT."],
    ["bytes that are no text", "\x01\xfe\xff"],
    ["the longest that a line can hold", "x".repeat(217)],
    [
      "a digest instead of the token",
      `sha256:${Buffer.from(sha256(Buffer.from("ROOT"))).toString("hex")}`,
    ],
  ])("is denied, and the connection closed: %s", (_, token) => {
    const end = new World({ tokens: tokens() }).connect();
    expect(end.ask(Buffer.from(`auth ${token}\r\nstats\r\n`, "latin1").toString("latin1"))).toBe(
      "DENIED\r\n",
    );
    expect(end.isClosed).toBe(true);
  });

  test("that is longer than a line is none, however it arrives", () => {
    const end = new World({ tokens: tokens() }).connect();
    for (let count = 0; count < 20; count++) expect(end.ask(`auth ${"x".repeat(5000)}`)).toBe("");
    expect(end.ask("\r\nfeatures\r\n")).toMatch(/^BAD_FORMAT\r\nOK /);
  });

  test("in any number leaves the right one right, and the operator hears of some", () => {
    const world = new World({ tokens: tokens() });
    for (let count = 0; count < 500; count++)
      world.connect(0, "10.0.0.9:7").ask(`auth no-${count}\r\n`);
    world.advance(1_000_000);
    world.connect(0, "10.0.0.9:8").ask("auth again\r\n");
    expect(world.connect().ask("auth ROOT\r\n")).toBe("AUTHENTICATED\r\n");
    expect(world.announced).toEqual([
      "a wrong token came from 10.0.0.9:7",
      "a wrong token came from 10.0.0.9:8, and 499 before it",
    ]);
  });

  test("is compared with every digest, whichever is right and wherever it differs", () => {
    let looks = 0;
    const watched = (digest: Uint8Array): Uint8Array =>
      new Proxy(digest, {
        get(target, key) {
          if (key !== "length") looks++;
          return Reflect.get(target, key, target) as unknown;
        },
      });
    const list = parseTokens(["A", "B", "C"].map((one) => lineFor(one, "all:*")).join("\n"));
    const book = new TokenBook(
      { ...list, tokens: list.tokens.map((one) => ({ ...one, digest: watched(one.digest) })) },
      (bytes) => (bytes[0] === 0 ? bytes : sha256(bytes)),
    );
    const near = Uint8Array.from(sha256(Buffer.from("B")));
    near[31] = (near[31] ?? 0) ^ 1;
    const costs = ["A", "B", "C", "D", "E"].map((one) => {
      looks = 0;
      book.digestOf(Buffer.from(one));
      return looks;
    });
    expect(new Set(costs)).toEqual(new Set([3 * 32]));
  });

  test("and a right one stand in no trace of commands", () => {
    const world = new World({ tokens: tokens() });
    const told: string[] = [];
    const outlet = new NullOutlet();
    const tell = (_level: string, _message: string, fields: object): void =>
      void told.push(JSON.stringify(fields));
    const settings = { verbosity: 2, maxJobBytes: 100 };
    const inlet = openTraced(outlet, (own) => world.door(0).open(own), 1, settings, tell);
    inlet.receive(Buffer.from("AUTH ROOT\r\nau"));
    inlet.receive(Buffer.from("th ROOT\r\nauth WRONG"));
    inlet.receive(Buffer.from(`ER${"x".repeat(400)}\r\nauth WRONG\r\n`));
    expect(told.join()).toContain("auth ***");
    expect(told.join()).not.toMatch(/ROOT|WRONG/);
  });
});

class NullOutlet {
  readonly backlogBytes = 0;
  write(): boolean {
    return false;
  }
  pause(): void {}
  resume(): void {}
  close(): void {}
}

/** From now on these tokens count. */
function renew(world: World, ...lines: readonly string[]): void {
  for (const host of world.hosts) host.renewTokens(parseTokens(lines.join("\n")));
  world.settle();
}

describe("what is carried out later than it was said", () => {
  const HERE = tubeIn(0, 2, "mine");
  const THERE = tubeIn(1, 2, "secret");
  const begins = (journal?: SessionJournal): { world: World; root: End; one: End } => {
    const tokens = bookOf([ROOT, lineFor("ONE", "put,reserve,look:mine*")].join("\n"));
    const world = new World({ tokens, shards: 2, ...(journal && { journal }) });
    const [root, one] = [world.connect(), world.connect()];
    root.ask(`auth ROOT\r\nuse ${THERE}\r\n`);
    one.ask(`auth ONE\r\nwatch ${HERE}\r\nignore default\r\nuse ${HERE}\r\n`);
    return { world, root, one };
  };
  const PUT = "put 0 0 60 1\r\nx\r\n";
  const isThere = (root: End): void =>
    expect(root.ask("stats-job 1\r\n")).toContain(`tube: "${THERE}"`);

  test.each(["move 1 mine2", "delete 1"])(
    "a batch with %j does nothing to a job that came to be after that line was read",
    (line) => {
      const { world, root, one } = begins();
      expect(one.ask(`batch 2\r\n${line}\r\n`)).toBe("");
      expect(root.ask(PUT)).toBe("INSERTED 1\r\n");
      expect(one.ask("use mine2\r\n")).toBe("BATCH_REFUSED 1 NOT_FOUND\r\n");
      isThere(root);
      world.verify();
    },
  );

  test("a batch says the same of jobs out of reach as of jobs that are not there", () => {
    const { root, one } = begins();
    one.ask(PUT);
    root.ask(PUT);
    for (const foreign of [2, 9])
      expect(one.ask(`batch 1\r\ndelete-batch 1 ${foreign} 8\r\n`)).toBe(
        "BATCH_REFUSED 1 DELETED_BATCH 1 2\r\n",
      );
  });

  test("a batch puts nowhere where its token may not put any more", () => {
    const { world, one } = begins();
    one.say(`batch 2\r\n${PUT}`);
    renew(world, ROOT, lineFor("ONE", "look:mine*"));
    expect(one.ask("use mine2\r\n")).toBe("BATCH_REFUSED 1 DENIED\r\n");
    world.verify();
  });

  test("a move whose message comes late does not find a job that has left meanwhile", () => {
    const { world, root, one } = begins();
    expect(one.ask(`${PUT}move 1 mine2 5\r\n`)).toBe("INSERTED 1\r\n");
    expect(root.ask(`move 1 ${THERE}\r\n`)).toBe("MOVED\r\n");
    expect(one.ask("hello\r\n")).toBe("NOT_FOUND\r\n");
    isThere(root);
    world.verify();
  });

  test.each(["delete 1", "move 1 mine2"])(
    "%j, which waits for somebody else's move, does not find the job where that took it",
    (line) => {
      const safe = [Infinity, Infinity];
      const { world, root, one } = begins(journalSafeTo(safe));
      one.ask(PUT);
      safe[0] = 0; // the move waits for what is recorded of the job there
      expect(root.ask(`move 1 ${THERE}\r\n`)).toBe("");
      one.say(`${line}\r\n`); // it tries again and again
      safe[0] = Infinity;
      world.wake(0);
      world.settle();
      expect(root.heard()).toBe("MOVED\r\n");
      expect(one.heard()).toBe("NOT_FOUND\r\n");
      isThere(root);
      world.verify();
    },
  );

  test("an awaited job that goes out of reach ends there, and its result is not heard", () => {
    const { world, root, one } = begins();
    expect(one.ask(`${PUT}await 1\r\n`)).toBe("INSERTED 1\r\nAWAITING\r\n");
    root.ask(`move 1 ${THERE}\r\n`);
    expect(one.heard()).toBe("DONE 1 deleted 0\r\n\r\n");
    expect(root.ask("reserve-job 1\r\nfinish 1 60 6\r\nsecret\r\n")).toContain("FINISHED");
    expect(one.heard()).toBe("");
    world.verify();
  });
});

describe("when the tokens change", () => {
  const BEFORE = [ROOT, lineFor("WORKER", "reserve:mail")].join("\n");
  const worksFor = (): { world: World; worker: End } => {
    const world = new World({ tokens: bookOf(BEFORE) });
    const worker = world.connect();
    worker.ask("auth WORKER\r\nwatch mail\r\nignore default\r\n");
    return { world, worker };
  };

  test("a session whose token is none any more ends, and what it held is ready", () => {
    const { world, worker } = worksFor();
    const root = world.connect();
    root.ask("auth ROOT\r\nuse mail\r\nput 0 0 60 1\r\nx\r\n");
    expect(worker.ask("reserve\r\n")).toContain("RESERVED 1 1");
    renew(world, ROOT);
    expect(worker.isClosed).toBe(true);
    expect(root.isClosed).toBe(false);
    expect(root.ask("peek-ready\r\n")).toContain("FOUND 1 1");
  });

  test("a session goes on with what its token says now", () => {
    const { world, worker } = worksFor();
    renew(world, ROOT, lineFor("WORKER", "reserve:mail", "look:mail"));
    expect(worker.isClosed).toBe(false);
    expect(worker.ask("stats-tube mail\r\n")).toMatch(/^OK /);
    renew(world, ROOT, lineFor("WORKER", "put:mail"));
    expect(worker.isClosed).toBe(false);
    expect(worker.ask("stats-tube mail\r\nreserve-with-timeout 0\r\n")).toBe(
      "DENIED\r\nDENIED\r\n",
    );
  });

  test.each(["reserve\r\n", "window 3\r\n"])(
    "one that waits by %j for what it may not have any more ends",
    (waiting) => {
      const { world, worker } = worksFor();
      worker.ask(waiting);
      renew(world, ROOT, lineFor("WORKER", "reserve:mail", "put:mail"));
      expect(worker.isClosed).toBe(false);
      renew(world, ROOT, lineFor("WORKER", "put:mail"));
      expect(worker.isClosed).toBe(true);
      const root = world.connect();
      expect(root.ask("auth ROOT\r\nuse mail\r\nput 0 0 60 1\r\nx\r\npeek-ready\r\n")).toContain(
        "FOUND 1 1",
      );
      world.verify();
    },
  );

  test.each(["reserve\r\n", "window 3\r\n"])(
    "nobody who waits by %j is handed what another one leaves who has lost the right as well",
    (waiting) => {
      const { world, worker } = worksFor();
      const other = world.connect();
      const root = world.connect();
      root.ask("auth ROOT\r\nuse mail\r\nput 0 0 60 1\r\nx\r\n");
      expect(worker.ask("reserve\r\nreserve\r\n")).toContain("RESERVED 1 1");
      other.ask("auth WORKER\r\nwatch mail\r\nignore default\r\n");
      other.ask(waiting);
      renew(world, ROOT, lineFor("WORKER", "put:mail"));
      expect(other.heard()).toBe("");
      expect([worker.isClosed, other.isClosed]).toEqual([true, true]);
      expect(root.ask("stats-job 1\r\n")).toMatch(/state: ready\n[^]*reserves: 1\n/);
      world.verify();
    },
  );

  test("one that awaits a job of which it may hear no more ends", () => {
    const { world, worker } = worksFor();
    renew(world, ROOT, lineFor("WORKER", "put:mail", "put:other"));
    worker.ask("use mail\r\nput 0 0 60 1\r\nx\r\n");
    expect(worker.ask("await 1\r\n")).toBe("AWAITING\r\n");
    renew(world, ROOT, lineFor("WORKER", "look:mail"));
    expect(worker.isClosed).toBe(false);
    renew(world, ROOT, lineFor("WORKER", "put:other"));
    expect(worker.isClosed).toBe(true);
    world.verify();
  });

  test("those who have shown none may what stands there now", () => {
    const world = new World({ tokens: bookOf("") });
    const end = world.connect();
    expect(end.ask("put 0 0 60 1\r\nx\r\n")).toBe("DENIED\r\n");
    renew(world, "anonymous put:default");
    expect(end.ask("put 0 0 60 1\r\nx\r\n")).toBe("INSERTED 1\r\n");
  });
});

test("runs in the engine are off for a session with a token, and on for all others", () => {
  const put = "put 0 0 60 1\r\nx\r\n";
  const free = new World();
  free.connect().ask(put.repeat(5));
  expect(free.bytesRun).toBe(5 * put.length);
  const guarded = new World({ tokens: bookOf("anonymous all:*") });
  expect(guarded.connect().ask(put.repeat(5))).toContain("INSERTED 5");
  expect(guarded.bytesRun).toBe(0);
});
