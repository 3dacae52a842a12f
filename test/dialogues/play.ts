/* The player: takes one case through its steps on a stage and throws a Mismatch at the first thing
 * that is not as written.
 *
 * Commands that follow each other directly leave in one write. At the end every connection must be
 * quiet: what the server says beyond the dialogue is a mismatch too.
 */
import type { BareAction, Block, Step, YamlLine, YamlValue } from "./dialogue.ts";
import type { Stage, Wire } from "./stage.ts";
import { showBytes } from "./text.ts";
import type { Scope } from "./text.ts";

/** The server did not say what the dialogue says. */
export class Mismatch extends Error {
  readonly code = "HM_DIALOGUE_MISMATCH";
  /**
   * How much more time than written had passed when the step began that failed, in milliseconds.
   */
  readonly lateMs: number;

  constructor(message: string, lateMs: number) {
    super(message);
    this.lateMs = lateMs;
    // Where the player noticed it is of no interest: the message names the line of the dialogue.
    this.stack = `${this.name}: ${message}`;
  }
}

/** Turns the value that a YAML line should have into what this target says instead. */
export type Dialect = (line: YamlLine) => YamlValue | { readonly kind: "unquoted" };

interface Connection {
  readonly name: string;
  readonly wire: Wire;
  /** Commands not sent yet. */
  pending: Buffer[];
  bytewise: boolean;
  /** The dialogue is through with it: closed by one side or the other. */
  done: boolean;
}

const STREAM_CHUNK_BYTES = 65536;
const TRANSCRIPT_LINES = 24;

/** How a case is played. */
export interface PlayOptions {
  /**
   * Gives the values of YAML lines as this server writes them; if absent, as they stand in the
   * dialogue.
   */
  readonly dialect?: Dialect;
  /** How long a reply may take in milliseconds; if absent, as long as the stage says. */
  readonly patienceMs?: number;
}

/** Plays the steps of a block. Throws a Mismatch. */
export async function play(block: Block, stage: Stage, options: PlayOptions = {}): Promise<void> {
  await new Performance(block, stage, options).run();
}

class Performance {
  readonly #block: Block;
  readonly #stage: Stage;
  readonly #dialect: Dialect;
  readonly #patienceMs: number;
  readonly #connections = new Map<string, Connection>();
  readonly #transcript: string[] = [];
  readonly #startMs = performance.now();
  #advancedMs = 0;
  #session = "";
  #lateMs = 0;
  #current: Connection | undefined;

  constructor(block: Block, stage: Stage, options: PlayOptions) {
    this.#block = block;
    this.#stage = stage;
    this.#dialect = options.dialect ?? ((line) => line.value);
    this.#patienceMs = options.patienceMs ?? stage.patienceMs;
  }

  async run(): Promise<void> {
    await this.#steps(this.#block.steps, 0);
    await this.#flush();
    await this.#stage.settle();
    for (const connection of this.#connections.values())
      if (!connection.done) this.#expectQuiet(connection, this.#lastLine());
  }

  async #steps(steps: readonly Step[], round: number): Promise<void> {
    for (const step of steps) {
      const scope: Scope = { baseId: this.#stage.baseId, round, session: this.#session };
      this.#lateMs = performance.now() - this.#startMs - this.#advancedMs;
      if (step.do !== "send") await this.#flush();
      await this.#step(step, scope);
    }
  }

  async #step(step: Step, scope: Scope): Promise<void> {
    switch (step.do) {
      case "send":
        (await this.#connection()).pending.push(step.text.render(scope));
        break;
      case "expect":
        await this.#expect(await this.#connection(), step.text.render(scope), step.line);
        break;
      case "yaml":
        await this.#expectYaml(await this.#connection(), step.lines, step.whole, scope, step.line);
        break;
      case "connection":
        this.#current = await this.#open(step.name);
        break;
      case "advance":
        this.#note(`(${step.milliseconds} ms pass)`);
        this.#advancedMs += step.milliseconds;
        await this.#stage.advance(step.milliseconds);
        break;
      case "until":
        await this.#until(step.key, step.value, step.line);
        break;
      case "signal":
        this.#stage.signal(step.signal);
        break;
      case "stream":
        await this.#stream(await this.#connection(), step.byte, step.count);
        break;
      case "repeat":
        for (let round = 1; round <= step.times; round += 1) await this.#steps(step.steps, round);
        break;
      default:
        await this.#act(step.do, await this.#connection(), step.line);
    }
  }

  async #act(action: BareAction, connection: Connection, line: number): Promise<void> {
    switch (action) {
      case "split":
        await this.#stage.settle();
        break;
      case "bytewise":
        connection.bytewise = true;
        break;
      case "silent":
        await this.#stage.settle();
        this.#expectQuiet(connection, line);
        break;
      case "shutdown":
        connection.wire.shutdown();
        break;
      case "close":
        connection.done = true;
        connection.wire.close();
        break;
      case "reset":
        connection.done = true;
        connection.wire.reset();
        break;
      case "closed":
        await this.#expectClosed(connection, line);
        break;
      case "session":
        await this.#expectSession(connection, line);
        break;
    }
  }

  async #connection(): Promise<Connection> {
    this.#current ??= await this.#open("a");
    return this.#current;
  }

  async #open(name: string): Promise<Connection> {
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const wire = await this.#stage.connect();
    const connection: Connection = { name, wire, pending: [], bytewise: false, done: false };
    this.#connections.set(name, connection);
    return connection;
  }

  async #flush(): Promise<void> {
    const connection = this.#current;
    if (connection === undefined || connection.pending.length === 0) return;
    const bytes = Buffer.concat(connection.pending);
    connection.pending = [];
    this.#note(`${connection.name} > ${showBytes(bytes)}`);
    if (!connection.bytewise) return connection.wire.send(bytes);
    for (let at = 0; at < bytes.length; at += 1) {
      await connection.wire.send(bytes.subarray(at, at + 1));
      await this.#stage.settle();
    }
  }

  async #stream(connection: Connection, byte: number, count: number): Promise<void> {
    this.#note(`${connection.name} > ${count} bytes`);
    const chunk = Buffer.alloc(STREAM_CHUNK_BYTES, byte);
    for (let left = count; left > 0; left -= chunk.length) {
      await connection.wire.send(chunk.subarray(0, Math.min(left, chunk.length)));
    }
  }

  async #expect(connection: Connection, expected: Buffer, line: number): Promise<void> {
    const { inbox } = connection.wire;
    const deadlineMs = performance.now() + this.#patienceMs;
    for (;;) {
      const here = Math.min(inbox.bytes.length, expected.length);
      const agrees = inbox.bytes.subarray(0, here).equals(expected.subarray(0, here));
      if (agrees && here === expected.length) break;
      if (!agrees || !(await inbox.news(deadlineMs)))
        return this.#fail(connection, line, showBytes(expected));
    }
    this.#note(`${connection.name} < ${showBytes(inbox.take(expected.length))}`);
  }

  async #take(
    connection: Connection,
    end: () => number,
    wanted: string,
    line: number,
  ): Promise<string> {
    const deadlineMs = performance.now() + this.#patienceMs;
    for (;;) {
      const at = end();
      if (at >= 0) return connection.wire.inbox.take(at).toString("latin1");
      if (!(await connection.wire.inbox.news(deadlineMs))) this.#fail(connection, line, wanted);
    }
  }

  async #expectYaml(
    connection: Connection,
    lines: readonly YamlLine[],
    whole: boolean,
    scope: Scope,
    at: number,
  ): Promise<void> {
    const { inbox } = connection.wire;
    const afterLine = (): number =>
      inbox.bytes.includes("\r\n") ? inbox.bytes.indexOf("\r\n") + 2 : -1;
    const head = await this.#take(connection, afterLine, "OK and a size", at);
    const size = /^OK ([1-9]\d*)\r\n$/.exec(head)?.[1];
    if (size === undefined) return this.#failWith(connection, at, "OK and a size", head);
    const chunkBytes = Number(size) + 2;
    const afterChunk = (): number => (inbox.bytes.length >= chunkBytes ? chunkBytes : -1);
    const chunk = await this.#take(connection, afterChunk, `${chunkBytes} bytes`, at);
    this.#note(`${connection.name} < ${showBytes(Buffer.from(head + chunk, "latin1"), 1500)}`);
    if (!chunk.startsWith("---\n") || !chunk.endsWith("\n\r\n"))
      this.#failWith(connection, at, "---, lines, an empty line", chunk);
    this.#compareYaml(connection, chunk.slice(4, -3).split("\n"), lines, whole, scope, at);
  }

  /** What `%s` stands for from here on. */
  async #expectSession(connection: Connection, line: number): Promise<void> {
    const { inbox } = connection.wire;
    const afterLine = (): number =>
      inbox.bytes.includes("\r\n") ? inbox.bytes.indexOf("\r\n") + 2 : -1;
    const wanted = "SESSION and a token";
    const found = await this.#take(connection, afterLine, wanted, line);
    const token = /^SESSION ([0-9a-f]{32})\r\n$/.exec(found)?.[1];
    if (token === undefined) return this.#failWith(connection, line, wanted, found);
    this.#session = token;
    this.#note(`${connection.name} < ${showBytes(Buffer.from(found))}`);
  }

  #compareYaml(
    connection: Connection,
    found: readonly string[],
    wanted: readonly YamlLine[],
    whole: boolean,
    scope: Scope,
    at: number,
  ): void {
    if (whole && found.length !== wanted.length)
      this.#failWith(connection, at, `${wanted.length} lines`, found.join("\n"));
    for (const [index, line] of wanted.entries()) {
      const prefix = prefixOf(line);
      const candidates = whole ? found.slice(index, index + 1) : found;
      const match = candidates.find(
        (candidate) =>
          candidate.startsWith(prefix) &&
          this.#matches(line, candidate.slice(prefix.length), scope),
      );
      if (match !== undefined) continue;
      const shown = candidates.filter((candidate) => candidate.startsWith(prefix));
      const place = at + 1 + index;
      this.#failWith(
        connection,
        place,
        prefix + this.#showValue(line, scope),
        (shown.length > 0 ? shown : candidates).join("\n"),
      );
    }
  }

  #matches(line: YamlLine, found: string, scope: Scope): boolean {
    const wanted = this.#dialect(line);
    switch (wanted.kind) {
      case "exactly":
        return found === wanted.text.render(scope).toString("latin1");
      case "quoted":
        return /^".*"$/.test(found);
      case "unquoted":
        return !found.startsWith('"');
      case "nothing":
        return found === "";
      case "anything":
        return found !== "";
      case "range":
        return (
          /^-?\d+$/.test(found) && Number(found) >= wanted.least && Number(found) <= wanted.most
        );
      case "pattern":
        return wanted.pattern.test(found);
    }
  }

  #showValue(line: YamlLine, scope: Scope): string {
    const wanted = this.#dialect(line);
    if (wanted.kind === "exactly") return showBytes(wanted.text.render(scope));
    if (wanted.kind === "range") return `${wanted.least}..${wanted.most}`;
    if (wanted.kind === "pattern") return String(wanted.pattern);
    return `(${wanted.kind})`;
  }

  async #until(key: string, value: string, line: number): Promise<void> {
    const deadlineMs = performance.now() + this.#patienceMs;
    for (;;) {
      const found = (await this.#stage.stats()).get(key);
      if (found === value) return;
      if (performance.now() >= deadlineMs)
        throw this.#mismatch(line, `stats never said ${key}: ${value}, last ${found}`);
      await new Promise(setImmediate);
    }
  }

  #expectQuiet(connection: Connection, line: number): void {
    const { inbox } = connection.wire;
    if (inbox.bytes.length > 0) this.#fail(connection, line, "nothing");
    if (inbox.ended) this.#fail(connection, line, "an open connection");
  }

  async #expectClosed(connection: Connection, line: number): Promise<void> {
    const { inbox } = connection.wire;
    const deadlineMs = performance.now() + this.#patienceMs;
    while (!inbox.ended && inbox.bytes.length === 0) {
      if (!(await inbox.news(deadlineMs)) && !inbox.ended)
        this.#fail(connection, line, "the end of the connection");
    }
    if (inbox.bytes.length > 0) this.#fail(connection, line, "the end of the connection");
    connection.done = true;
    this.#note(`${connection.name} < (closed)`);
  }

  #fail(connection: Connection, line: number, wanted: string): never {
    const { inbox } = connection.wire;
    const end = inbox.ended ? " (closed)" : "";
    this.#failWith(
      connection,
      line,
      wanted,
      inbox.bytes.length === 0 ? `nothing${end}` : showBytes(inbox.bytes) + end,
    );
  }

  #failWith(connection: Connection, line: number, wanted: string, found: string): never {
    throw this.#mismatch(
      line,
      `on connection ${connection.name}\n  expected  ${wanted}\n  received  ${found}`,
    );
  }

  #mismatch(line: number, problem: string): Mismatch {
    const transcript = this.#transcript.slice(-TRANSCRIPT_LINES).map((entry) => `    ${entry}`);
    return new Mismatch(
      `${this.#block.file}:${line}: ${problem}\n  so far\n${transcript.join("\n")}`,
      this.#lateMs,
    );
  }

  #note(entry: string): void {
    this.#transcript.push(entry);
  }

  #lastLine(): number {
    return this.#block.steps.at(-1)?.line ?? this.#block.line;
  }
}

/** What a line of YAML begins with. */
function prefixOf({ key, value }: YamlLine): string {
  if (key === null) return "- ";
  return value.kind === "nothing" ? `${key}:` : `${key}: `;
}
