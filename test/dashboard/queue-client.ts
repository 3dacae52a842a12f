/*
 * Queue client: fills a server over the protocol, many commands at a time, and asks it what became
 * of them.
 */
import { Conversation } from "../support/conversation.ts";
import type { Answer } from "../support/conversation.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** A command that has a body. */
export interface CommandWithBody {
  readonly line: string;
  readonly body: Buffer;
}

/** A connection. */
export class QueueClient implements Disposable {
  readonly #talk: Conversation;

  private constructor(talk: Conversation) {
    this.#talk = talk;
  }

  /** Connects to a server. */
  static async connect(server: ServerProcess): Promise<QueueClient> {
    return new QueueClient(await Conversation.with(server));
  }

  /** Sends commands; resolves with the lines of the replies. */
  async send(...commands: readonly (string | CommandWithBody)[]): Promise<string[]> {
    const answers = await Promise.all(commands.map((command) => this.#ask(command)));
    return answers.map(({ line }) => line);
  }

  /** The figures of stats, stats-tube or stats-job. */
  async stats(command: string): Promise<Record<string, string>> {
    const { body } = await this.#talk.answer(command);
    const lines = body?.toString().split("\n").slice(1) ?? [];
    return Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
  }

  #ask(command: string | CommandWithBody): Promise<Answer> {
    if (typeof command === "string") return this.#talk.answer(command);
    return this.#talk.answer(command.line, command.body);
  }

  [Symbol.dispose](): void {
    this.#talk.hangUp();
  }
}

/** A put with its body. */
export function put(
  body: string | Uint8Array,
  pri = 1024,
  delaySeconds = 0,
  ttrSeconds = 60,
): CommandWithBody {
  return withBody(`put ${pri} ${delaySeconds} ${ttrSeconds}`, body);
}

/** A bury that says why. */
export function bury(id: number, message: string | Uint8Array): CommandWithBody {
  return withBody(`bury ${id} 0`, message);
}

/** A release that says why. */
export function release(id: number, message: string | Uint8Array): CommandWithBody {
  return withBody(`release ${id} 0 0`, message);
}

/** A note of how far a held job is. */
export function progress(id: number, note: string | Uint8Array): CommandWithBody {
  return withBody(`progress ${id}`, note);
}

function withBody(command: string, text: string | Uint8Array): CommandWithBody {
  const body = Buffer.from(text);
  return { line: `${command} ${body.length}`, body };
}
