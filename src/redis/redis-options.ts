/* Redis options: what a user says of a queue in a Redis. Types alone, none of them ioredis'. */
/** A queue in a Redis. */
export interface RedisTarget {
  /**
   * Where it is: `redis://[user:password@]host[:port][/database]`, `rediss://`, or ioredis'
   * options.
   */
  readonly redis: string | Readonly<Record<string, unknown>>;
  /** What the names of all keys begin with; `"homemaker"` if absent. */
  readonly prefix?: string;
  /** The longest body; 65,535 bytes if absent. */
  readonly maxJobBytes?: number;
  /** Told what that Redis is not set up to promise; the process's warnings if absent. */
  readonly onWarning?: (message: string) => void;
}
