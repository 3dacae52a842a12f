/*
 * Fields: reading what a caller gave: fields of a JSON body and parameters of an address, each
 * checked and bounded.
 */
import { isTubeNameText } from "../protocol/tube-name.ts";
import { TUBE_SETTINGS, TubeSettings } from "../protocol/tube-settings.ts";
import { HttpError } from "./handler.ts";
import { noGroup, noJob, noTube } from "./refusals.ts";

/** The largest number of 32 bits. */
export const U32_MAX = 0xffff_ffff;

/** The field of that name, which must be a string of at most `most` characters. */
export function stringField(body: unknown, name: string, most = 1024): string {
  const value = fieldOf(body, name);
  if (typeof value === "string" && value.length <= most) return value;
  throw wrong(`"${name}" must be a string of at most ${most} characters`);
}

/** The field of that name, which must be a whole number from `least` to `most`. */
export function numberField(body: unknown, name: string, least: number, most: number): number {
  const value = fieldOf(body, name);
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw wrong(`"${name}" must be a whole number from ${least} to ${most}`);
}

/** The same where it may be absent: then `absent`. */
export function optionalNumberField(
  body: unknown,
  name: string,
  least: number,
  most: number,
  absent: number,
): number {
  return fieldOf(body, name) === undefined ? absent : numberField(body, name, least, most);
}

/** The field of that name, which must be true or false; absent: false. */
export function optionalBooleanField(body: unknown, name: string): boolean {
  const value = fieldOf(body, name) ?? false;
  if (typeof value === "boolean") return value;
  throw wrong(`"${name}" must be true or false`);
}

/** The field of that name as `stringField`; absent: the empty text. */
export function optionalStringField(body: unknown, name: string, most: number): string {
  return fieldOf(body, name) === undefined ? "" : stringField(body, name, most);
}

/** Throws if there is a field of another name. */
export function refuseOtherFields(body: unknown, names: readonly string[]): void {
  const other = Object.keys(Object(body)).find((name) => !names.includes(name));
  if (other !== undefined) throw wrong(`there is no field "${other}": ${names.join(", ")}`);
}

/**
 * The field of that name, which must be an object of what is to be set for a tube: a text for each
 * setting, "" to take it away. As words `name=value`.
 */
export function settingsField(body: unknown, name: string, tube: string): readonly string[] {
  const given = fieldOf(body, name);
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  const entries = isObject ? Object.entries(given) : [];
  const settings = new TubeSettings();
  for (const [key, value] of entries) {
    if (typeof value !== "string" || !settings.read(`${key}=${value}`)) throw wrongSetting(key);
  }
  if (entries.length === 0) throw wrongSetting("");
  if (settings.leadsBackTo(tube)) throw wrong(`the dead jobs of ${tube} cannot go to it`);
  return entries.map(([key, value]) => `${key}=${String(value)}`);
}

/** What was wrong with what was given for a setting, or that there is none of that name. */
function wrongSetting(name: string): HttpError {
  const row = TUBE_SETTINGS.find((one) => one.name === name);
  if (row !== undefined) return wrong(`"${row.name}" must be ${row.form}: ${row.range}`);
  const names = TUBE_SETTINGS.map((one) => one.name).join(", ");
  return wrong(`"settings" must have a text for each of some of ${names}`);
}

/** The field of that name, which must be one of `known`. */
export function choiceField<Word extends string>(
  body: unknown,
  name: string,
  known: readonly Word[],
): Word {
  return choice(fieldOf(body, name), name, known);
}

/**
 * The number in the parameter, brought within `least` and `most`; `absent` when it is not there or
 * no number.
 */
export function numberParameter(
  query: URLSearchParams,
  name: string,
  least: number,
  most: number,
  absent: number,
): number {
  const text = query.get(name) ?? "";
  if (!/^\d{1,16}$/.test(text)) return absent;
  return Math.min(Math.max(Number(text), least), most);
}

/**
 * The word in the parameter; `absent` when it is not there. Throws an HttpError for a word that is
 * none of `known`.
 */
export function choiceParameter<Word extends string>(
  query: URLSearchParams,
  name: string,
  known: readonly Word[],
  absent: Word,
): Word {
  const text = query.get(name);
  return text === null || text === "" ? absent : choice(text, name, known);
}

/** The text in the parameter, "" when it is not there. Throws an HttpError when it is too long. */
export function textParameter(query: URLSearchParams, name: string, most: number): string {
  const text = query.get(name) ?? "";
  if (text.length <= most) return text;
  throw wrong(`"${name}" must have at most ${most} characters`);
}

/** The id in a path. Throws an HttpError, 404, for what is none. */
export function idOf(text: string | undefined): number {
  const id = /^[1-9]\d{0,15}$/.test(text ?? "") ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(id)) return id;
  throw noJob();
}

/**
 * The name of a tube. Throws an HttpError, 404, for what cannot be one: it goes into a line of the
 * protocol.
 */
export function tubeNameOf(text = ""): string {
  const name = nameIn(text);
  if (name === undefined) throw noTube();
  return name;
}

/** The name of a group, which is made like that of a tube. Throws an HttpError, 404. */
export function groupNameOf(text = ""): string {
  const name = nameIn(text);
  if (name === undefined) throw noGroup();
  return name;
}

/**
 * A name in a path; undefined for what is none. A "~", which no name has, may stand in front:
 * browsers take the names "." and ".." for steps in a path, however they are encoded.
 */
function nameIn(text: string): string | undefined {
  const name = text.startsWith("~") ? text.slice(1) : text;
  return isTubeNameText(name) ? name : undefined;
}

function fieldOf(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw wrong("the body must be a JSON object");
  }
  return Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
}

function choice<Word extends string>(value: unknown, name: string, known: readonly Word[]): Word {
  const found = known.find((word) => word === value);
  if (found !== undefined) return found;
  throw wrong(`"${name}" must be one of ${known.join(", ")}`);
}

function wrong(message: string): HttpError {
  return new HttpError(400, "HM_HTTP_FIELD", message);
}
