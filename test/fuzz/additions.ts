/* Makes input of Homemaker's own commands and tags, and of the others among them, well-formed or
 * almost: what beanstalkd cannot be asked to judge.
 *
 * Each row of the table of commands comes up, with values that are right, at the edges and wrong.
 * A third of it is damaged as the streams for beanstalkd are. Left out is what makes a connection
 * wait for another one, what ends it by its words, and bodies that are said to be longer than the
 * input is.
 */
import { COMMANDS } from "../../src/protocol/commands.ts";
import type { ArgumentName, CommandRow } from "../../src/protocol/commands.ts";
import { Random } from "../support/random.ts";
import { damaged, EDGES } from "./damage.ts";
import { OF_ANOTHER_PROTOCOL } from "./unit.ts";

/** What may come up. */
export interface AdditionsOptions {
  /** Windows are opened, and dead jobs sent on: what comes then depends on how input is cut. */
  readonly pushesJobs: boolean;
}

/** No body is said to be longer, so that as many bytes behind the input end it. */
export const BODY_BYTES_MAX = 300;

const TUBES = ["default", "a", "b", "c", "x_y", "+a;b.c/d$e_f(g)-1"] as const;
const BAD_NAMES = ["", "-a", "a:b", "a b", "a\0", "é", "n".repeat(201)] as const;
const TAGS = [
  "idp:k",
  "idp:k:5",
  "idp:j:0",
  "grp:g",
  "grp:h",
  "aft:g",
  "aft:h",
  "con:c",
  "con:c:2",
  "con:d:1",
  "exp:5",
  "exp:100000",
  "max:1",
  "max:3",
  "fair:f",
  "fair:e:7",
  "ack:memory",
] as const;
const BAD_TAGS = [
  "idp:",
  "idp:a:b",
  "idp:-a",
  "con:",
  "con:c:0",
  "con:c:x",
  "exp:0",
  "exp:",
  "max:-1",
  "max:4294967296",
  "fair::1",
  "ack:disk",
  "ack:sync",
  "grp:a b",
  "aft:",
  "tag:x",
  "idp",
  ":",
] as const;
const SETTINGS = [
  "jobs=9",
  "bytes=500",
  "body=50",
  "rate=5/s",
  "burst=3",
  "reserved=4",
  "order=fair",
  "order=priority",
  "exp=50",
  "max=2",
  "ack=memory",
] as const;
const TAKEN_AWAY = [
  "jobs=",
  "bytes=",
  "body=",
  "rate=",
  "burst=",
  "reserved=",
  "order=",
  "exp=",
  "max=",
  "ack=",
  "dead=",
];
const BAD_SETTINGS = [
  "jobs=x",
  "rate=5",
  "order=",
  "ack=sync",
  "x=1",
  "jobs=1 jobs=2",
  "dead=a:b",
  "=",
];
/** They wait, or end the connection by their words. */
const LEFT_OUT = [
  /^(?:reserve|quit.*|reserve-with-timeout (?! *0+(?!\d)).*)\r?$/m,
  new RegExp(OF_ANOTHER_PROTOCOL, "m"),
];
const OPENS_WINDOW = /^window +0*[1-9]/m;
const IN_A_BATCH = [
  "use",
  "put",
  "delete",
  "delete-batch",
  "finish",
  "release",
  "bury",
  "hand-back",
  "move",
];

/** Makes this many commands, one after the other. */
export function additionsOf(seed: number, count: number, options: AdditionsOptions): Buffer[] {
  const maker = new Additions(new Random(seed), options);
  return Array.from({ length: count }, () => maker.next());
}

class Additions {
  readonly #random: Random;
  readonly #options: AdditionsOptions;
  #puts = 0;

  constructor(random: Random, options: AdditionsOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** A command with all that belongs to it. */
  next(): Buffer {
    const random = this.#random;
    for (;;) {
      const row = random.oneIn(4) ? rowOf("put") : random.pick(COMMANDS);
      const wellFormed = row.name === "batch" ? this.#batch() : this.#command(row);
      const input = random.oneIn(3) ? damaged(random, wellFormed) : wellFormed;
      if (!this.#isLeftOut(input)) return input;
    }
  }

  #isLeftOut(input: Buffer): boolean {
    const text = input.toString("latin1");
    const opensWindow = !this.#options.pushesJobs && OPENS_WINDOW.test(text);
    return opensWindow || LEFT_OUT.some((form) => form.test(text)) || saysTooMuch(input);
  }

  #batch(): Buffer {
    const random = this.#random;
    const count = 1 + random.below(5);
    const rows = random.oneIn(8)
      ? COMMANDS
      : COMMANDS.filter(({ name }) => IN_A_BATCH.includes(name));
    const said = random.oneIn(8) ? 1 + random.below(8) : count; // without one the talk is over
    const parts = Array.from({ length: count }, () => this.#command(random.pick(rows)));
    return Buffer.concat([Buffer.from(`batch ${said}\r\n`), ...parts]);
  }

  #command(row: CommandRow): Buffer {
    const random = this.#random;
    const body = this.#body();
    const length = random.oneIn(15) ? random.below(body.length + 4) : body.length;
    const words = row.args.map((name) => this.#word(name, row, length));
    const takesBody = row.args.includes("bytes") || (row.takesFailure === true && random.oneIn(2));
    if (takesBody && !row.args.includes("bytes")) words.push(` ${length}`);
    if (row.takesDelay === true && random.oneIn(2)) words.push(` ${this.#delay()}`);
    if (row.takesWeight === true && random.oneIn(2)) words.push(` ${random.pick(["1", "7", "0"])}`);
    if (row.remainder === "tags") words.push(this.#tags());
    const verb = row.verb.trimEnd();
    const line = Buffer.from(`${verb}${words.join("")}\r\n`, "latin1");
    if (!takesBody) return line;
    const trailer = random.oneIn(25) ? random.pick(["\n\r", "xx", "\r"]) : "\r\n";
    return Buffer.concat([line, body, Buffer.from(trailer)]);
  }

  #word(name: ArgumentName, row: CommandRow, length: number): string {
    const random = this.#random;
    if (name === "settings") return this.#settings();
    if (name === "ids") {
      const ids = Array.from({ length: random.below(5) }, () => this.#id());
      return ` ${ids.join(random.pick([" ", "  ", "\t"]))}`;
    }
    if (random.oneIn(25) && name !== "bytes") return ` ${random.pick(EDGES)}`;
    const make: Record<Exclude<ArgumentName, "settings" | "ids">, () => string> = {
      pri: () => String(random.below(4)),
      delay: () => this.#delay(),
      pause: () => random.pick(["0", "0", "0", "5"]),
      ttr: () => random.pick(["1", "60", "600"]),
      bytes: () => String(length),
      id: () => this.#id(),
      timeout: () => "0",
      bound: () => random.pick(["1", "3", "-1", "x"]),
      tube: () => this.#name(),
      name: () => random.pick(["g", "h", this.#name()]),
      "tube-word": () => this.#name(),
      "tube-behind": () => this.#name(),
      state: () => random.pick(["ready", "reserved", "delayed", "buried", "aside"]),
      after: () => random.pick(["0", "5"]),
      limit: () => random.pick(["1", "10", "1000", "1001"]),
      n: () => (this.#options.pushesJobs ? random.pick(["0", "1", "3", "1000", "1001"]) : "0"),
      count: () => random.pick(["1", "2", "5", "0", "1001"]),
      mode: () => random.pick(["fifo", "weighted", "weighted-fair", "random"]),
      token: () => random.pick([`01${"e0".repeat(15)}`, "0".repeat(32), "E0"]),
      seconds: () => random.pick(["1", "3600", "0", "3601"]),
      keep: () => random.pick(["0", "60"]),
      secret: () => random.pick(["hm_x", "", " ", "\xff"]),
      client: () => random.pick(["m", "m web-1", "m web-1 7", "m web-1 0", "m "]),
    };
    const isWord = row.args[0] !== name || row.verb !== "pause-tube";
    return `${isWord ? " " : random.pick(["", " ", "  "])}${make[name]()}`;
  }

  #id(): string {
    const random = this.#random;
    return random.oneIn(10) ? random.pick(EDGES) : String(random.between(0, this.#puts + 12));
  }

  #delay(): string {
    return this.#random.pick(["0", "0", "0", "0", "5", "1500ms", "0ms", "ms", "5m"]);
  }

  #name(): string {
    const random = this.#random;
    return random.oneIn(20) ? random.pick(BAD_NAMES) : random.pick(TUBES);
  }

  #tags(): string {
    this.#puts += 1;
    const random = this.#random;
    const count = random.oneIn(3) ? 0 : random.between(1, 3);
    const tags = Array.from({ length: count }, () =>
      random.oneIn(8) ? random.pick(BAD_TAGS) : random.pick(TAGS),
    );
    return tags.map((tag) => `${random.pick([" ", " ", "  ", "\t"])}${tag}`).join("");
  }

  #settings(): string {
    const random = this.#random;
    const settings = this.#options.pushesJobs ? [...SETTINGS, "dead=c"] : SETTINGS;
    const all = Array.from({ length: random.between(1, 3) }, () => {
      if (random.oneIn(8)) return random.pick(BAD_SETTINGS);
      return random.oneIn(3) ? random.pick(TAKEN_AWAY) : random.pick(settings);
    });
    return all.map((setting) => ` ${setting}`).join("");
  }

  #body(): Buffer {
    const random = this.#random;
    if (random.oneIn(12)) return Buffer.from("delete 1\r\nwindow 0\r\n");
    return random.oneIn(8)
      ? random.bytes(random.below(300))
      : Buffer.from("abcdefghij".slice(random.below(11)));
  }
}

function rowOf(name: string): CommandRow {
  const row = COMMANDS.find((each) => each.name === name);
  if (row === undefined) throw new RangeError(`there is no command ${name}`);
  return row;
}

/** Whether a line of it says that more bytes follow than the input may end with. */
function saysTooMuch(input: Buffer): boolean {
  const lines = input.toString("latin1").split("\r\n");
  return lines
    .filter((line) => /^(?:put|finish|progress|move|release|bury) /.test(line))
    .some((line) => [...line.matchAll(/ 0*(\d+)/g)].some(([, digits]) => isTooMuch(digits ?? "")));
}

function isTooMuch(digits: string): boolean {
  return Number(digits) > BODY_BYTES_MAX && Number(digits) < 2 ** 32;
}
