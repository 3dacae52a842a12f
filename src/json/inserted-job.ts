/* Inserted job: a job as a caller writes it, KQS's words and a few more, made into one that a back
 * end takes.
 *
 *   {"type":"mail","data":{"to":"ann"},"prio":"high","delay":5,"ttr":30}
 *
 * With definitions at hand a job is what its definition says, and its data are checked; without,
 * any type goes. Made by methods.ts.
 */
import type { Capabilities, RawJob } from "../worker/backend.ts";
import { encodeBytes, encodeJson } from "../worker/envelope.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { defineJob } from "../worker/define-job.ts";
import type { EnqueueOptions } from "../worker/enqueue-options.ts";
import type { AnyJob, Prepared } from "../worker/job-definition.ts";
import type { Priority } from "../worker/priority.ts";
import { rawJob } from "../worker/raw-job.ts";
import { unchecked } from "../worker/standard-schema.ts";
import { bytesOfBase64 } from "./dialects.ts";
import { DoorError } from "./door-error.ts";

/** What jobs are made by. */
export interface JobMaking {
  readonly can: Capabilities;
  /** The kinds of jobs there are, by their names; if absent, there is any. */
  readonly definitions: ReadonlyMap<string, AnyJob> | undefined;
  readonly nowMillis: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** KQS's time to run. */
const TTR_SECONDS = 30;
const SECOND_MILLIS = 1000;
const WORDS = ["type", "data", "prio", "delay", "ttr", "tube", "unique", "key", "encoding"];

/** The job. Rejects with a DoorError. */
export async function insertedJob(job: unknown, making: JobMaking): Promise<RawJob> {
  try {
    return await made(fieldsOf(job), making);
  } catch (error) {
    if (!(error instanceof HomemakerError) || error instanceof DoorError) throw error;
    throw new DoorError("HM_PARAMS", error.message, error.code);
  }
}

function fieldsOf(job: unknown): Fields {
  if (typeof job !== "object" || job === null || Array.isArray(job) || job instanceof Uint8Array) {
    throw new DoorError("HM_PARAMS", 'a job is an object: {"type":"mail","data":...}');
  }
  const stray = Object.keys(job).find((word) => !WORDS.includes(word));
  if (stray === undefined) return job as Fields;
  const known = WORDS.join(", ");
  throw new DoorError("HM_PARAMS", `a job has no ${JSON.stringify(stray)}; it has ${known}`);
}

async function made(fields: Fields, making: JobMaking): Promise<RawJob> {
  const type = textIn(fields, "type");
  if (type === undefined || type === "") throw new DoorError("HM_PARAMS", "a job has a type");
  const ttr = secondsIn(fields, "ttr");
  const delay = secondsIn(fields, "delay");
  const unique = textIn(fields, "unique");
  const key = textIn(fields, "key");
  const { prio } = fields;
  const options: EnqueueOptions = {
    ...(prio !== undefined && { priority: prio as Priority }), // priorityNumber looks at it
    ...(delay !== undefined && { delay: delay * SECOND_MILLIS }),
    ...(unique !== undefined && { unique }),
    ...(key !== undefined && { key }),
  };
  const { job, prepared } = await definedJob(type, fields, making);
  const raw = rawJob(job, prepared, options, making.can, making.nowMillis);
  return ttr === undefined ? raw : { ...raw, leaseMillis: ttr * SECOND_MILLIS };
}

interface Defined {
  readonly job: AnyJob;
  readonly prepared: Prepared<unknown>;
}

async function definedJob(
  type: string,
  fields: Fields,
  { definitions }: JobMaking,
): Promise<Defined> {
  const tube = textIn(fields, "tube");
  const data = dataIn(fields);
  if (definitions !== undefined) {
    const job = definitions.get(type);
    if (job === undefined) {
      throw new DoorError("HM_PARAMS", `there are no jobs of the type ${JSON.stringify(type)}`);
    }
    if (tube !== undefined && tube !== job.tube) {
      throw new DoorError("HM_PARAMS", `jobs of the type ${type} go to the tube ${job.tube}`);
    }
    return { job, prepared: await job.prepare(data) };
  }
  const schema = unchecked<unknown>();
  const lease = TTR_SECONDS * SECOND_MILLIS;
  const job = defineJob(type, { payload: schema, lease, ...(tube !== undefined && { tube }) });
  const prepared: Prepared<unknown> = {
    payload: data,
    body: (extras) =>
      data instanceof Uint8Array
        ? encodeBytes(type, data, { ...extras, codec: "bytes" })
        : encodeJson(type, data, extras),
  };
  return { job, prepared };
}

function dataIn(fields: Fields): unknown {
  const { data, encoding } = fields;
  if (encoding === undefined) return data;
  const bytes = typeof data === "string" ? bytesOfBase64(data) : undefined;
  if (encoding === "base64" && bytes !== undefined) return bytes;
  throw new DoorError("HM_PARAMS", 'encoding: there is "base64", with data that are such a text');
}

function textIn(fields: Fields, word: string): string | undefined {
  const value = fields[word];
  if (value === undefined || typeof value === "string") return value;
  throw new DoorError("HM_PARAMS", `${word}: expected a text`);
}

function secondsIn(fields: Fields, word: string): number | undefined {
  const value = fields[word];
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0 && value <= SECONDS_MAX) return value;
  throw new DoorError("HM_PARAMS", `${word}: expected seconds, 0 to ${SECONDS_MAX}`);
}

const SECONDS_MAX = 4_294_967_295;
