/*
 * Refusals: what the routes say when there is no such thing, or when the server answered a command
 * with something else than was asked for.
 */
import type { Reply } from "../protocol/reply-reader.ts";
import { HttpError } from "./handler.ts";

/** There is no tube of that name. */
export function noTube(): HttpError {
  return new HttpError(404, "HM_HTTP_NO_TUBE", "there is no such tube");
}

/** Nobody is in a group of that name, or waits for it. */
export function noGroup(): HttpError {
  return new HttpError(404, "HM_HTTP_NO_GROUP", "nobody is in such a group or waits for it");
}

/** There is no job of that id. */
export function noJob(): HttpError {
  return new HttpError(404, "HM_HTTP_NO_JOB", "there is no such job");
}

/**
 * The server is short of something, or cannot write its journal: it answered with a word that is
 * neither yes nor no.
 */
export function refused({ word }: Pick<Reply, "word">): HttpError {
  return new HttpError(503, "HM_HTTP_REFUSED", `the server answered ${word}`);
}
