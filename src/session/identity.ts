/* Identity: who a session is to others: the token by which they can vouch for it, and vouching; and
 * what its client is called, and where it is, for people.
 *
 * A token is 128 random bits, drawn when it is first asked for, and lies in the shards beside the
 * connection's records until these go: so any thread finds it. Whoever knows it can only have
 * leases last longer. A name means nothing to the server: it stands in the list of connections, and
 * in the failures of jobs that the session holds, behind the address. Used by the session.
 */
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import type { Reserver } from "../engine/reserving.ts";
import { asciiBytes } from "../protocol/ascii.ts";
import { NAMELESS, shownClient } from "../protocol/client-name.ts";
import type { ClientName } from "../protocol/client-name.ts";
import * as R from "../protocol/replies.ts";
import type { Outlet } from "../transport.ts";
import type { Desk } from "./desk.ts";

/** It is told at most so often that wrong tokens came. */
const WRONG_TOKENS_MICROS = MICROS;
/** Bytes of a token. */
const TOKEN_BYTES = 16;

/** Who a session is to others. */
export class Identity {
  readonly #desk: Desk;
  readonly #reserver: Reserver;
  readonly #outlet: Outlet;
  #token: Uint8Array | undefined;
  #client = NAMELESS;
  #isIntroduced = false;

  /** The outlet knows the address, if anybody does: it is asked when somebody wants to know. */
  constructor(desk: Desk, reserver: Reserver, outlet: Outlet) {
    this.#desk = desk;
    this.#reserver = reserver;
    this.#outlet = outlet;
  }

  /** What its client called itself last. */
  get client(): ClientName {
    return this.#client;
  }

  /** The command `client-name`. */
  name(): void {
    const { command, output } = this.#desk;
    this.#client = command.client;
    if (this.#isIntroduced) this.introduce();
    output.reply(R.REPLY.NAMED);
  }

  /** Has the operator hear that it showed a wrong token, which is not told. */
  tellWrongToken(): void {
    const { wrongTokens, now, announce } = this.#desk;
    wrongTokens.untold++;
    if (now - wrongTokens.toldMicros < WRONG_TOKENS_MICROS) return;
    const others = wrongTokens.untold > 1 ? `, and ${wrongTokens.untold - 1} before it` : "";
    wrongTokens.toldMicros = now;
    wrongTokens.untold = 0;
    announce(`a wrong token came from ${this.#outlet.peer ?? "somebody"}${others}`);
  }

  /** From now on the failures of what it holds say whose they are. */
  introduce(): void {
    this.#isIntroduced = true;
    const words = [this.#outlet.peer ?? "", shownClient(this.#client)];
    const who = words.filter((word) => word !== "").join(" ");
    if (who !== "") this.#reserver.introduce(asciiBytes(who.slice(0, C.WHO_MAX)));
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
