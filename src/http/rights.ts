/* Rights: what the bearer of one of the queue's tokens may do over HTTP, route by route.
 *
 * A route says what it is about: one tube, one job, the tubes that its handler chooses, or, if it
 * says nothing, the whole server. Looking takes `look` there, and changing `manage`; for the whole
 * server it takes the right in every tube. Callers without a grant may what their role says: those
 * with a token of HTTP's own, and everybody where there are no tokens. Used by http-server.ts and
 * by the handlers that choose.
 */
import type { Grant, Right } from "../protocol/rights.ts";
import type { Tube } from "./api-tubes.ts";
import { idOf } from "./fields.ts";
import { HttpError } from "./handler.ts";
import type { Route } from "./handler.ts";
import { noJob } from "./refusals.ts";

/* What is asked for. */
export const LOOK: readonly Right[] = ["look"];
export const MANAGE: readonly Right[] = ["manage"];
export const PUT: readonly Right[] = ["put"];

/** What the check asks of the queue. */
export interface Whereabouts {
  /** The tube of a job; undefined if there is no such job. */
  tubeOf(id: number): string | undefined;
}

/** Throws an HttpError unless that grant lets a caller have the route. */
export function checkRights(
  { needs, about }: Route,
  params: Readonly<Record<string, string>>,
  grant: Grant,
  whereabouts: Whereabouts,
): void {
  const rights = needs === "admin" ? MANAGE : LOOK;
  const isForAll = about === "chosen" && needs === "read"; // what is shown is chosen by the rights
  if (!isForAll && !grant.hasSomewhere(rights)) throw denied();
  if (about === "tube" && !grant.has(rights, params["name"] ?? "")) throw denied();
  if (about === "job") {
    const tube = whereabouts.tubeOf(idOf(params["id"]));
    // A job that is not there may come before the handler acts, and into any tube.
    const may = tube === undefined ? grant.hasEverywhere(rights) : grant.has(rights, tube);
    if (!may) throw noJob();
  }
  if (about === undefined && !grant.hasEverywhere(rights)) throw denied();
}

/** Throws an HttpError unless the caller has one of these rights in that tube. */
export function checkTube(grant: Grant | undefined, rights: readonly Right[], tube: string): void {
  if (grant?.has(rights, tube) === false) throw denied();
}

/** Those of the tubes into which the caller may look: their figures tell of their jobs. */
export function seenTubes(grant: Grant | undefined, tubes: readonly Tube[]): readonly Tube[] {
  return grant === undefined ? tubes : tubes.filter(({ name }) => grant.has(LOOK, name));
}

function denied(): HttpError {
  return new HttpError(403, "HM_HTTP_RIGHT", "this token does not let you");
}
