/* Identity: the token by which others can vouch for a session, and vouching.
 *
 * A token is 128 random bits, drawn when it is first asked for, and lies in the shards beside the
 * connection's records until these go: so any thread finds it. Whoever knows it can only have
 * leases last longer. Used by the session.
 */
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import * as R from "../protocol/replies.ts";
import type { Desk } from "./desk.ts";

/** Bytes of a token. */
const TOKEN_BYTES = 16;

/** Who a session is to others. */
export class Identity {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  #token: Uint8Array | undefined;

  constructor(desk: Desk, reserver: Reserver) {
    this.#desk = desk;
    this.#reserver = reserver;
  }

  /** The command `session`: replies with the token, always the same. */
  tell(): void {
    const { output } = this.#desk;
    const token = (this.#token ??= this.#draw());
    if (!this.#reserver.mark(token)) {
      output.reply(R.REPLY.OUT_OF_MEMORY);
      return;
    }
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeSession(output.bytes, output.at, token);
  }

  #draw(): Uint8Array {
    const token = new Uint8Array(TOKEN_BYTES);
    this.#desk.random(token);
    this.#desk.tokens?.add(token);
    return token;
  }

  /** The command `vouch`: replies with how many leases the session has that the token is of. */
  vouch(): void {
    const { command, output, shards, now } = this.#desk;
    let count = 0;
    for (const shard of shards) {
      shard.who.set(command.token);
      let answer = shard.vouch(command.seconds, now);
      while (answer === C.MORE) answer = shard.vouch(command.seconds, now);
      if (answer === C.DONE) count += shard.field(C.RESULT_COUNT);
    }
    output.room(R.REPLY_LINE_MAX);
    output.at = R.writeVouched(output.bytes, output.at, count);
  }
}
