/*
 * What the tests use of the libraries that come without types, or with types that do not say what
 * an import gives.
 */

declare module "jackd" {
  interface Priorities {
    priority?: number;
    delay?: number;
    ttr?: number;
  }

  export default class JackdClient {
    connect(address: { host: string; port: number }): Promise<this>;
    quit(): Promise<void>;
    use(tube: string): Promise<string>;
    watch(tube: string): Promise<number>;
    put(body: string, options: Priorities): Promise<string>;
    reserveWithTimeout(seconds: number): Promise<{ id: string; payload: Buffer | string }>;
    delete(id: string): Promise<void>;
    release(id: string, options: Priorities): Promise<void>;
    bury(id: string, pri: number): Promise<void>;
    touch(id: string): Promise<void>;
    kick(bound: number): Promise<number>;
    kickJob(id: string): Promise<void>;
    peek(id: string): Promise<{ id: string; payload: Buffer | string }>;
    peekBuried(): Promise<{ id: string; payload: Buffer | string }>;
    statsJob(id: string): Promise<string>;
    statsTube(tube: string): Promise<string>;
    stats(): Promise<string>;
    listTubes(): Promise<string>;
  }
}

declare module "fivebeans" {
  import type { EventEmitter } from "node:events";

  type Answer = (error: string | null, ...values: unknown[]) => void;

  class Client extends EventEmitter {
    constructor(host: string, port: number);
    connect(): void;
    end(): void;
    use(tube: string, answer: Answer): void;
    watch(tube: string, answer: Answer): void;
    put(pri: number, delay: number, ttr: number, body: Buffer, answer: Answer): void;
    reserve_with_timeout(seconds: number, answer: Answer): void;
    destroy(id: string, answer: Answer): void;
    release(id: string, pri: number, delay: number, answer: Answer): void;
    bury(id: string, pri: number, answer: Answer): void;
    touch(id: string, answer: Answer): void;
    kick(bound: number, answer: Answer): void;
    kick_job(id: string, answer: Answer): void;
    peek(id: string, answer: Answer): void;
    peek_buried(answer: Answer): void;
    pause_tube(tube: string, seconds: number, answer: Answer): void;
    stats_job(id: string, answer: Answer): void;
    stats_tube(tube: string, answer: Answer): void;
    stats(answer: Answer): void;
    list_tubes(answer: Answer): void;
  }

  const library: { client: typeof Client };
  export default library;
}

declare module "beanstalkd" {
  /**
   * Every command answers with the words behind the reply's first one; a single word comes without
   * an array.
   */
  export class BeanstalkdClient {
    constructor(host: string, port: number);
    connect(): Promise<this>;
    quit(): Promise<void>;
    use(tube: string): Promise<unknown>;
    watch(tube: string): Promise<unknown>;
    put(pri: number, delay: number, ttr: number, body: Buffer): Promise<unknown>;
    reserveWithTimeout(seconds: number): Promise<unknown>;
    destroy(id: string): Promise<unknown>;
    release(id: string, pri: number, delay: number): Promise<unknown>;
    bury(id: string, pri: number): Promise<unknown>;
    touch(id: string): Promise<unknown>;
    kickJob(id: string): Promise<unknown>;
    peek(id: string): Promise<unknown>;
    peekBuried(): Promise<unknown>;
    pauseTube(tube: string, seconds: number): Promise<unknown>;
    statsJob(id: string): Promise<unknown>;
    statsTube(tube: string): Promise<unknown>;
    stats(): Promise<unknown>;
    listTubes(): Promise<unknown>;
  }

  /** What `require` gives; what `import` gives depends on who does it. */
  export interface Exported {
    default: typeof BeanstalkdClient;
  }
}
