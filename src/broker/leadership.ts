/* Leadership: who leads a queue whose journal has a copy elsewhere, as this server knows it, and
 * how far the copy is.
 *
 * It hears what the replicator tells (replicator.ts), and reads the copy board. Had by the broker,
 * shown by src/http/; a server steps down when it says so (server/server.ts).
 */
import type { CopyFigures } from "../session/session-journal.ts";
import type { CopyBoard } from "./copy-board.ts";
import type { ReplicatorReport } from "./replicator.ts";

/** What this server is to the queue; it is told of no leader before it has asked. */
export type CopyRole = "leader" | "standby" | "starting";

/** Who leads. */
export interface LeaderState {
  readonly role: CopyRole;
  /** Where clients reach who leads, this server or another; "" while that is not known. */
  readonly leader: string;
  /** In which that leads; 0 while it is not known. */
  readonly epoch: number;
}

/** What a server knows of it. */
export class Leadership {
  readonly #board: CopyBoard;
  readonly #address: string;
  readonly #millis: () => number;
  #state: LeaderState = { role: "starting", leader: "", epoch: 0 };
  /** Resolves when another server is known to lead; never, where this one does at once. */
  readonly standsBy: Promise<void>;
  /** Resolves when a client asks that this server lead no more. */
  readonly stepsDown: Promise<void>;
  /** A client asks for it. */
  stepDown: () => void = () => undefined;
  #standBy: () => void = () => undefined;

  /** `address`: where clients reach this server; `millis`: the common clock. */
  constructor(board: CopyBoard, address: string, millis: () => number) {
    this.#board = board;
    this.#address = address;
    this.#millis = millis;
    this.stepsDown = new Promise((resolve) => (this.stepDown = resolve));
    this.standsBy = new Promise((resolve) => (this.#standBy = resolve));
  }

  hear(report: ReplicatorReport): void {
    const { kind } = report;
    if (kind === "standby") {
      const { leader, epoch } = report;
      this.#state = { role: "standby", leader, epoch };
      this.#standBy();
    } else if (kind === "leading") {
      this.#state = { role: "leader", leader: this.#address, epoch: report.epoch };
    }
  }

  get state(): LeaderState {
    return this.#state;
  }

  /** Where clients reach another server that leads; "" where none is known. */
  get elsewhere(): string {
    const { role, leader } = this.#state;
    return role === "standby" && leader !== this.#address ? leader : "";
  }

  /** How far the copy is; zeros unless this server leads. */
  get figures(): CopyFigures {
    return this.#board.figures(this.#millis());
  }
}
