/* DrivenFramework: what the bench asks of a framework, the same of each. */

/** What a framework is told. */
export interface FrameworkParts {
  readonly port: number;
  readonly concurrency: number;
  readonly prefetch: number;
  /** A handler is called. */
  readonly started: () => void;
  /** A job is done, and the server has said so. */
  readonly done: () => void;
}

/** A framework with a queue and a worker that does not run yet. */
export interface DrivenFramework {
  /** Resolves when so many jobs are enqueued, in one go. */
  enqueue(count: number): Promise<void>;
  /** From now on jobs are run. */
  work(): Promise<void>;
  close(): Promise<void>;
}

/** What each job brings: about 100 bytes as JSON. */
export const PAYLOAD = { to: "ann@example.org", subject: "x".repeat(50) };
