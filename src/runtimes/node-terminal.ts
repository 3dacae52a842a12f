/*
 * Node terminal: standard input and output of this process, for the shell's commands. The same in
 * Node, Deno and Bun.
 */
import { emitKeypressEvents } from "node:readline";
import process from "node:process";
import type { Terminal } from "../terminal.ts";

/** What the size is taken for where nobody says. */
const COLUMNS = 80;
const ROWS = 24;

interface Key {
  readonly name?: string;
  readonly ctrl?: boolean;
}

/**
 * The terminal of this process. A reader that goes away, as `head` does, ends the process quietly.
 */
export function nodeTerminal(): Terminal {
  const { stdin, stdout } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    isScreen: stdout.isTTY,
    hasKeys: stdin.isTTY,
    get columns() {
      return stdout.columns || COLUMNS; // a terminal that does not know says 0
    },
    get rows() {
      return stdout.rows || ROWS;
    },
    write: (what) =>
      new Promise((resolve) => {
        stdout.write(what, () => resolve());
      }),
    async readAll() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    listen(pressed) {
      const heard = (_: string | undefined, { name = "", ctrl = false }: Key): void =>
        pressed(ctrl && name === "c" ? "q" : name);
      emitKeypressEvents(stdin);
      stdin.setRawMode(true);
      stdin.on("keypress", heard);
      stdin.resume();
      return () => {
        stdin.off("keypress", heard);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
    async wait(millis, until) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, millis)));
      await Promise.race([over, until]);
      clearTimeout(timer);
    },
  };
}
