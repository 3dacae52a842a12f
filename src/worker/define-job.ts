/* Define job: makes a kind of job of its name, its schemas and what holds for each of its jobs
 * unless somebody says otherwise when it is enqueued.
 */
import { isTubeNameText, TUBE_NAME_RULE } from "../protocol/tube-name.ts";
import { decodeWith, encodedText, encodeWith, json, jsonValue } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import type { Acknowledge, Exclusive, Unique } from "./enqueue-options.ts";
import { encodeBytes, encodeJson, encodeText } from "./envelope.ts";
import type { Envelope, Extras } from "./envelope.ts";
import { BadOptionError, CodecError, JobVersionError } from "./errors.ts";
import type { FailureMode, SuccessMode } from "./failure-mode.ts";
import { on } from "./handler.ts";
import type { Handler, JobDefinition, JobKeys, JobSettings } from "./job-definition.ts";
import type { Prepared, Run } from "./job-definition.ts";
import { checkNames } from "./known-options.ts";
import type { Known } from "./known-options.ts";
import { PRIORITIES, priorityNumber } from "./priority.ts";
import type { Priority } from "./priority.ts";
import { checkSchema, validated } from "./standard-schema.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { whenThere } from "./when-there.ts";

/** What holds for each job of a kind. */
export interface JobOptions<Payload> {
  /** The tube that its jobs go to; one with the job's own name if absent. */
  readonly tube?: string;
  readonly priority?: Priority;
  readonly delay?: Duration;
  /** The most that one attempt may take; no limit if absent. */
  readonly timeout?: Duration;
  /** How long a job stays with a worker that says nothing; 60 s if absent. Workers renew it. */
  readonly lease?: Duration;
  /** After that long a job is not run any more. */
  readonly expiresAfter?: Duration;
  /** After so many attempts that failed, the queue itself sets a job aside, whoever ran it. */
  readonly attemptsMax?: number;
  /**
   * What replies about a job wait for, on a server with a journal; as the server says if absent.
   */
  readonly acknowledge?: Acknowledge;
  readonly onFailure?: FailureMode;
  readonly onSuccess?: SuccessMode;
  /** How payloads become bytes; JSON if absent. */
  readonly codec?: Codec;
  /** Counts up when the payload changes so that `upgrade` must see to older ones; 1 if absent. */
  readonly version?: number;
  /** What a payload of an older version is in this one. */
  upgrade?(payload: unknown, fromVersion: number): unknown;
  unique?(payload: Payload): Unique;
  key?(payload: Payload): string;
  exclusive?(payload: Payload): Exclusive;
}

/** What a job takes and gives. */
export interface JobSchemas<Input, Payload, Returned, Result> {
  readonly payload: StandardSchema<Input, Payload>;
  readonly result?: StandardSchema<Returned, Result>;
}

type Definition = JobOptions<unknown> & JobSchemas<unknown, unknown, unknown, unknown>;

const DEFINITION: Known<Definition> = {
  tube: true,
  priority: true,
  delay: true,
  timeout: true,
  lease: true,
  expiresAfter: true,
  attemptsMax: true,
  acknowledge: true,
  onFailure: true,
  onSuccess: true,
  codec: true,
  version: true,
  upgrade: true,
  unique: true,
  key: true,
  exclusive: true,
  payload: true,
  result: true,
};
const LEASE_DEFAULT = "60s";

/** Defines a kind of job. Throws a BadOptionError. */
export function defineJob<
  const Name extends string,
  Input,
  Payload,
  Returned = void,
  Result = Returned,
>(
  name: Name,
  definition: JobOptions<Payload> & JobSchemas<Input, Payload, Returned, Result>,
): JobDefinition<Name, Input, Payload, Returned, Result> {
  return new DefinedJob(name, definition);
}

class DefinedJob<Name extends string, Input, Payload, Returned, Result> implements JobDefinition<
  Name,
  Input,
  Payload,
  Returned,
  Result
> {
  readonly name: Name;
  readonly tube: string;
  readonly version: number;
  readonly settings: JobSettings;
  readonly #definition: JobOptions<Payload> & JobSchemas<Input, Payload, Returned, Result>;
  readonly #codec: Codec;

  constructor(
    name: Name,
    definition: JobOptions<Payload> & JobSchemas<Input, Payload, Returned, Result>,
  ) {
    const { tube = name, version = 1, codec = json } = definition;
    if (typeof name !== "string" || name === "") {
      throw new BadOptionError("a job has a name of a character or more");
    }
    checkNames(name, definition, DEFINITION);
    checkSchema(`${name}: payload`, definition.payload);
    if (!isTubeNameText(tube)) {
      throw new BadOptionError(`${name}: ${JSON.stringify(tube)} is no tube; ${TUBE_NAME_RULE}`);
    }
    if (!isCount(version)) {
      throw new BadOptionError(`${name}: version: ${version} is no whole number above 0`);
    }
    this.name = name;
    this.tube = tube;
    this.version = version;
    this.settings = settingsOf(name, definition);
    this.#definition = definition;
    this.#codec = codec;
  }

  handler(run: Run<undefined, Payload, Returned>): Handler<undefined> {
    return on<undefined, JobDefinition<Name, Input, Payload, Returned, Result>>(this, run);
  }

  keysOf(payload: Payload): JobKeys {
    const definition = this.#definition;
    return {
      unique: definition.unique?.(payload),
      key: definition.key?.(payload),
      exclusive: definition.exclusive?.(payload),
    };
  }

  /** What is checked is what a worker will read, not what was given here: JSON knows no dates. */
  prepare(input: Input): Prepared<Payload> | Promise<Prepared<Payload>> {
    if (this.#codec === json) return this.#prepareJson(input);
    const encoded = encodeWith(this.#codec, input, `${this.name}: the payload`);
    const prepared = (payload: Payload): Prepared<Payload> => ({
      payload,
      body: (extras) => this.#body(input, encoded, extras),
    });
    return whenThere(this.#checkedPayload(this.#decoded(encoded)), prepared);
  }

  /** The text that is checked is part of the body: it is written once. */
  #prepareJson(input: Input): Prepared<Payload> | Promise<Prepared<Payload>> {
    const text = encodedText(input, `${this.name}: the payload`);
    return whenThere(this.#checkedPayload(jsonValue(text)), (payload) => ({
      payload,
      body: (extras) => encodeText(this.name, text, this.#extras(extras)),
    }));
  }

  payloadOf({ data, hm }: Envelope): Payload | Promise<Payload> {
    const { v = 1, codec = json.name } = hm;
    if (v > this.version) {
      throw new JobVersionError(`${this.name}: version ${v}; here it is version ${this.version}`);
    }
    if (hm.isElsewhere === true) {
      throw new JobVersionError(`${this.name}: its payload lies in a blob store; here is none`);
    }
    if (codec !== this.#codec.name) {
      throw new CodecError(`${this.name}: a payload of ${codec}; here it is ${this.#codec.name}`);
    }
    const value = data instanceof Uint8Array ? this.#decoded(data) : data;
    const definition = this.#definition;
    if (v === this.version || definition.upgrade === undefined) return this.#checkedPayload(value);
    return this.#checkedPayload(definition.upgrade(value, v));
  }

  encodeResult(returned: Returned): Uint8Array | Promise<Uint8Array> {
    const encoded = encodeWith(json, returned, `${this.name}: the result`);
    return whenThere(this.decodeResult(encoded), () => encoded);
  }

  decodeResult(result: Uint8Array): Result | Promise<Result> {
    const value = decodeWith(json, result, `${this.name}: the result`);
    const { result: schema } = this.#definition;
    return schema === undefined ? (value as Result) : validated(schema, value, this.name, "result");
  }

  #decoded(encoded: Uint8Array): unknown {
    return decodeWith(this.#codec, encoded, `${this.name}: the payload`);
  }

  #checkedPayload(value: unknown): Payload | Promise<Payload> {
    return validated(this.#definition.payload, value, this.name, "payload");
  }

  #extras(extras: Extras): Extras {
    return this.version === 1 ? extras : { ...extras, v: this.version };
  }

  #body(input: Input, encoded: Uint8Array, extras: Extras): Uint8Array {
    const hm = this.#extras(extras);
    if (this.#codec.name === json.name) return encodeJson(this.name, input, hm);
    return encodeBytes(this.name, encoded, { ...hm, codec: this.#codec.name });
  }
}

/** Throws a BadOptionError. */
function settingsOf(name: string, options: JobOptions<never>): JobSettings {
  const { delay = 0, timeout, lease = LEASE_DEFAULT, expiresAfter, attemptsMax } = options;
  if (attemptsMax !== undefined && !isCount(attemptsMax)) {
    throw new BadOptionError(`${name}: attemptsMax: ${attemptsMax} is no whole number above 0`);
  }
  const orNone = (what: string, duration: Duration | undefined): number | undefined =>
    duration === undefined ? undefined : millisOf(`${name}: ${what}`, duration);
  return {
    priority: priorityNumber(options.priority ?? PRIORITIES.normal),
    delayMillis: millisOf(`${name}: delay`, delay),
    leaseMillis: millisOf(`${name}: lease`, lease),
    timeoutMillis: orNone("timeout", timeout),
    expiresMillis: orNone("expiresAfter", expiresAfter),
    attemptsMax,
    acknowledge: options.acknowledge,
    onFailure: options.onFailure,
    onSuccess: options.onSuccess,
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
