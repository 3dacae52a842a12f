/* ServerFacts: what `stats` says about the process, gathered by whoever runs the sessions. */

/** What a session cannot know by itself. */
export interface ServerFacts {
  readonly pid: number;
  readonly version: string;
  /** 16 hex digits, another one for each process. */
  readonly id: string;
  readonly hostname: string;
  readonly os: string;
  readonly platform: string;
  /** CPU time of the process so far, in microseconds. */
  cpuMicros(): { readonly user: number; readonly system: number };
  /** Bytes of the machine's memory that the process takes up, what threads share counted once. */
  residentBytes(): number;
  /** Bytes that all shards together may take. */
  readonly memoryCapBytes: number;
  /** Value of beanstalkd's -s, which is printed even without a journal. */
  readonly journalSegmentBytes: number;
}
