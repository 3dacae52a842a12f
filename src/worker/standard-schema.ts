/* Standard Schema: what zod, valibot, arktype and others offer alike (standardschema.dev), declared
 * here as far as it is used, so that none of them is needed.
 */
import { BadOptionError, InvalidDataError } from "./errors.ts";
import type { Issue } from "./errors.ts";

/** A schema that takes `Input`, and makes `Output` of it. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** Something that a schema does not take. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Throws a BadOptionError unless it is a schema. */
export function checkSchema(what: string, schema: StandardSchema | undefined): void {
  if (typeof schema?.["~standard"]?.validate === "function") return;
  throw new BadOptionError(`${what}: expected a Standard Schema, or unchecked<Type>()`);
}

/** Takes any value for a `Value`, and looks at nothing: for those who need no schema. */
export function unchecked<Value>(): StandardSchema<Value> {
  const validate = (value: unknown): SchemaResult<Value> => ({ value: value as Value });
  return { "~standard": { version: 1, vendor: "homemaker", validate } };
}

/**
 * What the schema makes of a value: at once, unless the schema itself takes its time. Throws, or
 * rejects with, an InvalidDataError; `job` and `what` are for its message.
 */
export function validated<Output>(
  schema: StandardSchema<unknown, Output>,
  value: unknown,
  job: string,
  what: string,
): Output | Promise<Output> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) return result.then((settled) => taken(settled, job, what));
  return taken(result, job, what);
}

function taken<Output>(result: SchemaResult<Output>, job: string, what: string): Output {
  if (result.issues === undefined) return result.value;
  throw new InvalidDataError(job, what, result.issues.map(issueOf));
}

function issueOf({ message, path = [] }: SchemaIssue): Issue {
  const keys = path.map((part) => (typeof part === "object" ? part.key : part));
  return { message, path: keys.map(String) };
}
