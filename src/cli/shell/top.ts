/* Top: `homemaker top`: looks at a server again and again over the ordinary protocol and shows what
 * it sees, until it is told to quit.
 *
 * On a screen it redraws in place on the alternate screen, which it leaves whatever happens.
 * Without one it prints a line for each look, and with --json one of JSON. Called by shell.ts.
 */
import type { TubeColumn } from "./request.ts";
import { TUBE_COLUMNS } from "./request.ts";
import { UnreachableError } from "../../client/errors.ts";
import { isLoss } from "./server-view.ts";
import type { ServerView } from "./server-view.ts";
import type { Terminal } from "../../terminal.ts";
import { figure } from "./tube-rows.ts";
import { drawScreen, rateOf, sampleFields } from "./top-screen.ts";
import type { Sample } from "./top-screen.ts";

/**
 * Tubes that are asked for their figures at each look: asking for more would be a load of its own.
 */
const TUBES_MOST = 1000;
/** Samples that are kept: as many as the widest chart shows. */
const HISTORY = 400;

const ENTER = "\x1B[?1049h\x1B[?25l";
const LEAVE = "\x1B[?25h\x1B[?1049l";

/** How to watch. */
export interface TopSettings {
  readonly sort: TubeColumn;
  readonly intervalSeconds: number;
  readonly asJson: boolean;
  /** Connects anew; the signal, which has an UnreachableError, ends the attempt. */
  open(signal: AbortSignal): Promise<ServerView>;
  /** Takes a line for the user where there is no screen to say it on. */
  complain(why: string): void;
}

/**
 * Watches until "q" is pressed or writing fails. A connection that is lost, because the server is
 * started again, is opened anew at each look until that succeeds.
 */
export async function watchServer(
  server: ServerView,
  terminal: Terminal,
  settings: TopSettings,
): Promise<void> {
  const top = new Top(server, terminal, settings);
  await (terminal.isScreen && terminal.hasKeys && !settings.asJson ? top.draw() : top.print());
}

class Top {
  /** Undefined while there is no connection. */
  #server: ServerView | undefined;
  /** The address of the last connection, as people write it. */
  #where: string;
  readonly #terminal: Terminal;
  readonly #settings: TopSettings;
  readonly #history: Sample[] = [];
  #sort: TubeColumn;
  #skipped = 0;
  #isOver = false;
  /** Resolves when "q" is pressed, even if a look is under way and nobody answers it. */
  readonly #over = Promise.withResolvers<void>();
  /** Then nobody waits for a connection any more. */
  readonly #quitting = new AbortController();
  #isLost = false;
  /** Resolves the wait between two looks. */
  #hurry: () => void = () => undefined;

  constructor(server: ServerView, terminal: Terminal, settings: TopSettings) {
    this.#server = server;
    this.#where = server.where;
    this.#terminal = terminal;
    this.#settings = settings;
    this.#sort = settings.sort;
  }

  /** Looks at the server; resolves with undefined while there is no connection. */
  async #look(): Promise<Sample | undefined> {
    try {
      this.#server ??= await this.#settings.open(this.#quitting.signal);
      this.#where = this.#server.where;
      if (this.#isOver) this.#server.close(); // "q" was pressed meanwhile
      const sample = await this.#sampleOf(this.#server);
      this.#isLost = false;
      return sample;
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.#server?.close();
      this.#server = undefined;
      this.#isLost = true;
      return undefined;
    }
  }

  async #sampleOf(view: ServerView): Promise<Sample> {
    const server = await view.facts("stats");
    const { names, count } = await view.tubeNames(TUBES_MOST);
    const tubes = await view.tubes(names);
    const sample = { atSeconds: performance.now() / 1000, server, tubes, tubeCount: count };
    this.#history.push(sample);
    if (this.#history.length > HISTORY) this.#history.shift();
    return sample;
  }

  async print(): Promise<void> {
    for (let wasLost = false; ; wasLost = this.#isLost) {
      const now = await this.#look();
      if (this.#isLost && !wasLost) this.#say("the connection is lost, trying again");
      if (!this.#isLost && wasLost) this.#say("connected again");
      if (now !== undefined) await this.#terminal.write(`${this.#line(now)}\n`);
      await this.#pause();
    }
  }

  #say(what: string): void {
    this.#settings.complain(`${this.#where}: ${what}`);
  }

  #line(now: Sample): string {
    const before = this.#history.at(-2);
    if (this.#settings.asJson) return JSON.stringify(sampleFields(before, now));
    const jobs = ["ready", "reserved", "delayed", "buried"].map(
      (state) => `${state} ${figure(now.server, `current-jobs-${state}`)}`,
    );
    const rates = (["put", "deleted"] as const).map(
      (rate) => `${rate} ${Math.round(rateOf(rate, before, now))}/s`,
    );
    return [...jobs, ...rates].join("  ");
  }

  async draw(): Promise<void> {
    const ignore = this.#terminal.listen((key) => this.#pressed(key));
    await this.#terminal.write(ENTER);
    try {
      await Promise.race([this.#look(), this.#over.promise]);
      while (!this.#isOver) {
        await this.#redraw();
        const isDue = await this.#pause();
        if (isDue) await Promise.race([this.#look(), this.#over.promise]);
      }
    } finally {
      this.#server?.close();
      ignore();
      await this.#terminal.write(LEAVE);
    }
  }

  async #redraw(): Promise<void> {
    const { columns, rows } = this.#terminal;
    const view = { columns, rows, sort: this.#sort, skipped: this.#skipped, isLost: this.#isLost };
    const lines = drawScreen(this.#history, { ...view, where: this.#where });
    await this.#terminal.write(`\x1B[H${lines.map((line) => `${line}\x1B[K`).join("\r\n")}\x1B[J`);
  }

  /** Waits for the next look; resolves with false when a key ended the wait. */
  async #pause(): Promise<boolean> {
    let isDue = true;
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = () => {
        isDue = false;
        resolve();
      };
    });
    await this.#terminal.wait(this.#settings.intervalSeconds * 1000, hurried);
    return isDue;
  }

  #quit(): void {
    this.#isOver = true;
    this.#over.resolve();
    this.#quitting.abort(new UnreachableError("nobody looks any more"));
  }

  #pressed(key: string): void {
    const { length } = this.#history.at(-1)?.tubes ?? [];
    const page = Math.max(1, this.#terminal.rows - 10);
    const scroll = (by: number): void =>
      void (this.#skipped = Math.max(0, Math.min(length - 1, this.#skipped + by)));
    if (key === "q") this.#quit();
    else if (key === "s") this.#sort = after(this.#sort);
    else if (key === "up") scroll(-1);
    else if (key === "down") scroll(1);
    else if (key === "pageup") scroll(-page);
    else if (key === "pagedown") scroll(page);
    this.#hurry();
  }
}

function after(column: TubeColumn): TubeColumn {
  const at = TUBE_COLUMNS.indexOf(column);
  return TUBE_COLUMNS[(at + 1) % TUBE_COLUMNS.length] ?? column;
}
