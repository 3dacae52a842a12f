/* Pushes: what a server sends unasked, for whoever takes it one by one. Used by the server view. */
import { LostError } from "../../client/errors.ts";
import type { Reply } from "../../protocol/reply-reader.ts";

interface Taker {
  readonly resolve: (push: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** The pushes of one connection, for one who takes them. */
export class Pushes {
  readonly #arrived: Reply[] = [];
  #end: LostError | undefined;
  #taker: Taker | undefined;

  /** One has come. */
  readonly pushed = (push: Reply): void => {
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker === undefined) this.#arrived.push(push);
    else taker.resolve(push);
  };

  /** No more will come. */
  readonly ended = (cause: Error | undefined): void => {
    this.#end = new LostError("await", cause);
    this.#taker?.reject(this.#end);
    this.#taker = undefined;
  };

  /** The next one; rejects with a LostError when none will come. */
  next(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const first = this.#arrived.shift();
      if (first !== undefined) resolve(first);
      else if (this.#end !== undefined) reject(this.#end);
      else this.#taker = { resolve, reject };
    });
  }
}
