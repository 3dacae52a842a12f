/* The demo's account: where each job is, and whether the server agrees.
 *
 * A job is put, then in work, then deleted or buried; nothing else may become of it.
 */

/** Why a job was buried. */
export interface Failure {
  readonly job: string;
  readonly path: string;
  readonly reason: string;
}

/** Counts jobs from their put to their end. */
export class Account {
  /** More jobs may still be put. */
  isOpen = true;
  put = 0;
  inWork = 0;
  deleted = 0;
  hashedBytes = 0;
  /**
   * All hashes together, whatever the order in which they came: the same files give the same value.
   */
  fingerprint = 0n;
  readonly failures: Failure[] = [];

  /** Jobs that are neither deleted nor buried. */
  get unsettled(): number {
    return this.put - this.deleted - this.failures.length;
  }

  /**
   * Every way in which the books do not balance, the server's own `stats-tube` being the other set
   * of books.
   */
  disagreements(statsTube: ReadonlyMap<string, string>): string[] {
    const buried = this.failures.length;
    const books: [name: string, ours: number, theirs: string | undefined][] = [
      ["total-jobs", this.put, statsTube.get("total-jobs")],
      ["cmd-delete", this.deleted, statsTube.get("cmd-delete")],
      ["current-jobs-buried", buried, statsTube.get("current-jobs-buried")],
      ["current-jobs-ready", 0, statsTube.get("current-jobs-ready")],
      ["current-jobs-reserved", 0, statsTube.get("current-jobs-reserved")],
      ["current-jobs-delayed", 0, statsTube.get("current-jobs-delayed")],
    ];
    const wrong = books.filter(([, ours, theirs]) => String(ours) !== theirs);
    const said = wrong.map(
      ([name, ours, theirs]) =>
        `${name}: the demo counted ${ours}, the server ${theirs ?? "nothing"}`,
    );
    return this.unsettled === 0
      ? said
      : [`${this.unsettled} jobs were put, but neither deleted nor buried`, ...said];
  }
}
