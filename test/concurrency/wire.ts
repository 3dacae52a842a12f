/*
 * One client's connection: one command at a time, its answer with the moments between which it was
 * given.
 */
import type { Socket } from "node:net";
import type { ClientConnection } from "../../src/client/connection.ts";
import { Conversation } from "../support/conversation.ts";
import type { Moments } from "./entries.ts";

/** An answer; `line` is undefined if the connection ended before it came. */
export interface Answer extends Moments {
  readonly line: string | undefined;
  readonly body: Buffer | undefined;
}

/** A connection for commands that are answered in order. */
export class Wire {
  readonly #talk: Conversation;

  /** @param link connected; a socket has no Nagle's delay */
  constructor(link: Socket | ClientConnection) {
    this.#talk = new Conversation(link);
  }

  /** Sends a command, with its body if it has one, and waits for its answer, however long. */
  async ask(command: string, body?: string): Promise<Answer> {
    const from = performance.now();
    const answer = await this.#talk.ask(
      command,
      body === undefined ? undefined : Buffer.from(body),
    );
    const to = performance.now();
    return { line: answer?.line, body: answer?.body, from, to };
  }

  /** Ends the connection without a word; a command that waits gets no answer. */
  hangUp(): void {
    this.#talk.hangUp();
  }
}
