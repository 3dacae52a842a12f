/* Clearance: what one connection may do, where there are tokens: the reply that a command gets
 * instead of being carried out.
 *
 * Which right a command takes, and in which tube, stands in the table of commands. Right by right:
 * who has it nowhere is DENIED, whatever the command names, so that nothing can be learned; so is
 * who has it elsewhere than in the tube that is meant; but of a job in such a tube it is said that
 * there is none. The tube of a job is the one that it is in when the command comes, and again
 * whenever something is put off: a batch, a move and what waits for a move ask before they go on. A
 * session without a clearance may do everything: then there are no tokens. Used by the session.
 */
import { textOf } from "../protocol/ascii.ts";
import { NEEDS, OP } from "../protocol/commands.ts";
import type { Need } from "../protocol/commands.ts";
import * as R from "../protocol/replies.ts";
import { Grant } from "../protocol/rights.ts";
import type { Right } from "../protocol/rights.ts";
import { shownTube } from "./answers.ts";
import type { Desk } from "./desk.ts";
import type { Bearer } from "./token-book.ts";

const NONE = new Grant([]);
const PUT: readonly Right[] = ["put"];
const RESERVE: readonly Right[] = ["reserve"];
/** Who hears how the jobs of a tube end. */
const HEAR: readonly Right[] = ["put", "look"];

/** The tubes that a connection is set to. */
export interface OwnTubes {
  /** "" if none. */
  readonly usedName: string;
  readonly watched: { names(): readonly string[] };
}

/** What one connection may do. */
export class Clearance {
  readonly #desk: Desk;
  readonly #tubes: OwnTubes;
  readonly #bearer: Bearer;

  constructor(desk: Desk, tubes: OwnTubes, bearer: Bearer) {
    this.#desk = desk;
    this.#tubes = tubes;
    this.#bearer = bearer;
  }

  /** Takes a token; false if it is wrong. */
  show(token: Uint8Array): boolean {
    return this.#bearer.show(token);
  }

  /** Whether what it showed still counts. */
  get isGood(): boolean {
    return this.#bearer.grant !== undefined;
  }

  /** Whether it may be handed jobs of all the tubes that it watches. */
  get mayReserve(): boolean {
    return this.#tubes.watched.names().every((name) => this.#grant.has(RESERVE, name));
  }

  /** Whether it may put into that tube. */
  mayPut(tube: string): boolean {
    return this.#grant.has(PUT, tube);
  }

  /** Whether it may hear how jobs of that tube end. */
  mayHear(tube: string): boolean {
    return this.#grant.has(HEAR, tube);
  }

  /** Whether lists show that tube. */
  sees(tube: string): boolean {
    return this.#grant.sees(tube);
  }

  get #grant(): Grant {
    return this.#bearer.grant ?? NONE;
  }

  /**
   * What the desk's command gets, whose names stand in `line`: DENIED or NOT_FOUND; undefined if
   * nothing is missing, or the line is to be answered with BAD_FORMAT.
   */
  refusalOf(op: number, line: Uint8Array): Uint8Array | undefined {
    return this.#refusalOf(op, line, this.#tubes.usedName, true);
  }

  /**
   * The same of a command within a batch, where puts go to another tube. Nothing is said of jobs:
   * which of them it reaches is asked when the batch is carried out.
   */
  refusalInBatch(op: number, line: Uint8Array, usedName: string): Uint8Array | undefined {
    return this.#refusalOf(op, line, usedName, false);
  }

  #refusalOf(
    op: number,
    line: Uint8Array,
    usedName: string,
    asksForJob: boolean,
  ): Uint8Array | undefined {
    const needs = NEEDS[op];
    const { command } = this.#desk;
    if (needs === undefined || needs.length === 0 || command.garbage) return undefined;
    if (op === OP.WINDOW && command.n === 0) return undefined; // it only says that it takes no more
    const grant = this.#grant;
    if (!needs.every(({ rights }) => grant.hasSomewhere(rights))) return R.REPLY.DENIED;
    for (const need of needs) {
      if (need.in === "job" && !asksForJob) continue;
      const refusal = this.#missing(need, line, usedName);
      if (refusal !== undefined) return refusal;
    }
    return op === OP.SET_TUBE ? this.#refusalOfDead() : undefined;
  }

  #missing(need: Need, line: Uint8Array, usedName: string): Uint8Array | undefined {
    const { rights } = need;
    const grant = this.#grant;
    const { command } = this.#desk;
    switch (need.in) {
      case "used":
        return grant.has(rights, usedName) ? undefined : R.REPLY.DENIED;
      case "named":
        return grant.has(rights, textOf(this.#desk.copyName(line))) ? undefined : R.REPLY.DENIED;
      case "watched":
        return this.mayReserve ? undefined : R.REPLY.DENIED;
      case "every":
        return grant.hasEverywhere(rights) ? undefined : R.REPLY.DENIED;
      case "job":
        return this.#reaches(rights, command.id) ? undefined : R.REPLY.NOT_FOUND;
      default:
        return undefined; // that there is a tube was seen; and each job is seen by itself
    }
  }

  /**
   * Whether it may do that to the job; false, too, when there is no such job, unless the right is
   * for every tube.
   */
  reaches(op: number, id: number): boolean {
    return (NEEDS[op] ?? []).every(({ rights, in: where }) =>
      where === "job" || where === "jobs" ? this.#reaches(rights, id) : true,
    );
  }

  /**
   * A job that is not there is not reached: another one could come to have its id before the
   * command is done. What is kept of one that has ended does not say in which tube it was.
   */
  #reaches(rights: readonly Right[], id: number): boolean {
    const grant = this.#grant;
    if (grant.hasEverywhere(rights)) return true;
    const shard = this.#desk.shardOfJob(id);
    return shard !== undefined && grant.has(rights, shownTube(shard));
  }

  /** Dead jobs go to the tube that is set as if they were put there. */
  #refusalOfDead(): Uint8Array | undefined {
    const { deadTube } = this.#desk.command.settings;
    return deadTube === "" || this.#grant.has(PUT, deadTube) ? undefined : R.REPLY.DENIED;
  }
}
