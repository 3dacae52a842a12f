/* Windowing: the operations of a walk that give jobs unasked, and tell of leases that ended. Used
 * by walk.ts.
 */
import { strictEqual } from "node:assert";
import { Putting } from "./putting.ts";
import { PRIORITIES, THREADS, pick, pickNumber } from "./steps.ts";
import type { Operation, Session } from "./steps.ts";

/** Engine and model, with windows. */
export class Windowing extends Putting {
  protected generation = 0;

  /** False for any other operation. */
  protected window(
    operation: Operation,
    session: Session | undefined,
    b: number,
    c: number,
  ): boolean {
    switch (operation) {
      case "openNotes":
        if (session !== undefined) this.#open(session);
        return true;
      case "takeNotes":
        if (session !== undefined) this.#take(session);
        return true;
      case "fill":
        if (session !== undefined) this.#fill(session, b, c);
        return true;
      case "tellJob":
        if (session !== undefined) this.#tell(session, c);
        return true;
      case "unwait":
        if (session !== undefined) this.#unwait(session);
        return true;
      case "markConn":
        if (session !== undefined) this.#mark(session);
        return true;
      case "vouch":
        this.#vouch(session, b, c);
        return true;
      default:
        return false;
    }
  }

  #open({ thread, ref }: Session): void {
    this.agree(this.engine.openNotes(thread, ref), this.model.openNotes(ref));
  }

  #take({ thread, ref }: Session): void {
    this.agree(this.engine.takeNotes(thread, ref), this.model.takeNotes(ref));
  }

  #fill(session: Session, b: number, c: number): void {
    const { thread, ref } = session;
    if (this.model.conn(ref).notes === undefined) this.#open(session);
    const place = { pri: pickNumber(PRIORITIES, b >>> 3), id: this.anyId(c) };
    const filling = {
      most: b % 7,
      generation: c % 2 === 0 ? 0 : ++this.generation,
      ...(b % 3 === 0 && { bound: place }),
    };
    const reply = this.engine.fill(thread, ref, filling, this.now);
    this.agree(reply, this.model.fill(ref, filling, this.now));
    session.waiting ||= reply.answer === "WAITING";
  }

  #tell({ thread, ref }: Session, c: number): void {
    const id = pick(this.model.heldBy(this.model.conn(ref)), c)?.id ?? this.anyId(c);
    const reply = this.engine.tellJob(thread, ref, id, this.now);
    this.agree(reply, this.model.tellJob(ref, id, this.now));
    strictEqual(this.engine.heldCount(thread, ref), this.model.heldCount(ref));
  }

  /** Tokens with equal halves, so that both count. */
  #tokenOf({ ref }: Session): string {
    const half = (number: number): string => (number % 3).toString(16).padStart(16, "0");
    return half(ref >>> 3) + half(ref >>> 9);
  }

  #mark(session: Session): void {
    const token = this.#tokenOf(session);
    const isTaken = [...this.model.conns.values()].some(
      (conn) => conn.token128 === token && conn.key !== session.ref,
    );
    if (isTaken) return; // no two sessions draw the same
    const { thread, ref } = session;
    this.agree(this.engine.markConn(thread, ref, token), this.model.markConn(ref, token));
  }

  #vouch(session: Session | undefined, b: number, c: number): void {
    const token = session === undefined ? "ab".repeat(16) : this.#tokenOf(session);
    if (session !== undefined && b % 4 !== 0) this.#mark(session);
    const seconds = pickNumber([1, 2, 10, 100, 3600], b);
    const reply = this.engine.vouch(c % THREADS, token, seconds, this.now);
    this.agree(reply, this.model.vouch(token, seconds, this.now));
  }

  #unwait(session: Session): void {
    const { thread, ref } = session;
    const reply = this.engine.unwait(thread, ref, this.now);
    this.agree(reply, this.model.unwait(ref, this.now));
    session.waiting = false;
  }
}
