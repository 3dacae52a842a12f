/* Parts: the small pieces that several pages show. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Tube } from "../http/api-tubes.ts";
import type { JobState } from "../http/api-jobs.ts";
import { serverNow } from "./live.ts";
import { clock, count, dayAndClock, duration } from "./quantity.ts";
import type { Resource } from "./resource.ts";
import { addressOf, groupRoute, tubeRoute } from "./route.ts";

/** The mark of the house. */
export function BrandMark(): JSX.Element {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M3 11.5 12 4l9 7.5M6 10v10h12V10" />
      <path class="brand-rows" d="M9 13h6M9 16.5h6" />
    </svg>
  );
}

/** The head of a page: its title, what belongs to it, and what can be done. */
export function PageHead({
  title,
  above,
  children,
}: {
  readonly title: ComponentChildren;
  /** What stands above the title: where it belongs. */
  readonly above?: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <header class="page-head">
      <div class="page-title">
        {above !== undefined && <p class="above">{above}</p>}
        <h1>{title}</h1>
      </div>
      {children !== undefined && <div class="page-actions">{children}</div>}
    </header>
  );
}

/** A job's state: a shape, a colour and a word. */
export function StateBadge({ state }: { readonly state: JobState }): JSX.Element {
  return (
    <span class={`state ${state}`}>
      <StateShape state={state} />
      {state}
    </span>
  );
}

/** The shape of a state, told apart without colour: full, half, ring, square. */
export function StateShape({ state }: { readonly state: JobState }): JSX.Element {
  return (
    <svg class={`shape ${state}`} viewBox="0 0 10 10" aria-hidden="true">
      {state === "ready" && <circle class="full" cx="5" cy="5" r="4" />}
      {state === "reserved" && <path class="full" d="M5 1a4 4 0 0 1 0 8z" />}
      {(state === "reserved" || state === "delayed") && (
        <circle class="ring" cx="5" cy="5" r="3.5" />
      )}
      {state === "delayed" && <path class="ring" d="M5 2.8V5l1.5 1" />}
      {state === "buried" && <rect class="full" x="1.2" y="1.2" width="7.6" height="7.6" rx="1" />}
    </svg>
  );
}

/** What is remarkable about a tube. */
export function TubeHints({ tube }: { readonly tube: Tube }): JSX.Element | null {
  const hints = [
    tube.pauseLeftSeconds > 0 && (
      <span key="paused" class="hint paused">
        paused {duration(tube.pauseLeftSeconds)}
      </span>
    ),
    tube.isUnwatched && (
      <span key="unwatched" class="hint bad">
        no worker is watching
      </span>
    ),
    tube.isGrowing && (
      <span key="growing" class="hint warn">
        growing
      </span>
    ),
  ].filter((hint) => hint !== false);
  return hints.length === 0 ? null : <span class="hints">{hints}</span>;
}

/** How long a figure that changed is marked, as in base.css. */
const MARKED_MS = 1000;

/** A number that stands out for a second when it changes; a quiet zero. */
export function Figure({ value }: { readonly value: number }): JSX.Element {
  const before = useRef(value);
  const [isMarked, setIsMarked] = useState(false);
  useEffect(() => {
    if (before.current === value) return undefined;
    before.current = value;
    setIsMarked(true);
    const timer = setTimeout(() => setIsMarked(false), MARKED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return (
    <span class={`figure${value === 0 ? " zero" : ""}${isMarked ? " changed" : ""}`}>
      {count(value)}
    </span>
  );
}

/** A link to a tube. */
export function TubeLink({
  name,
  state = "ready",
}: {
  readonly name: string;
  readonly state?: JobState;
}): JSX.Element {
  return (
    <a class="name" href={addressOf(tubeRoute(name, state))}>
      {name}
    </a>
  );
}

/** A link to a job, as a row of a list. */
export function JobLink({ id }: { readonly id: number }): JSX.Element {
  return (
    <a class="name" data-row href={addressOf({ page: "job", id })}>
      {id}
    </a>
  );
}

/** A link to a group of jobs. */
export function GroupLink({ name }: { readonly name: string }): JSX.Element {
  return (
    <a class="name" href={addressOf(groupRoute(name))}>
      {name}
    </a>
  );
}

/** A moment, as how long ago it was; the whole date on pointing at it. */
export function Ago({ atSeconds }: { readonly atSeconds: number }): JSX.Element {
  const at = new Date(atSeconds * 1000);
  return (
    <time dateTime={at.toISOString()} title={dayAndClock(at.getTime())}>
      {duration(Math.max(0, Math.round(serverNow() / 1000 - atSeconds)))} ago
    </time>
  );
}

/** A moment in full. */
export function Moment({ atSeconds }: { readonly atSeconds: number }): JSX.Element {
  const at = new Date(atSeconds * 1000);
  const isToday = at.toDateString() === new Date(serverNow()).toDateString();
  return (
    <time dateTime={at.toISOString()} title={dayAndClock(at.getTime())}>
      {isToday ? clock(at.getTime()) : dayAndClock(at.getTime())}
    </time>
  );
}

/** Says that there is nothing, and why that may be. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <path d="M8 30 14 12h20l6 18M8 30v8h32v-8M8 30h10c0 8 12 8 12 0h10" />
      </svg>
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

/** Rows of grey while the first answer is on its way. */
export function Loading({ rows = 8 }: { readonly rows?: number }): JSX.Element {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="loading-row" />
      ))}
    </div>
  );
}

/** Says what went wrong, with a button to try again. */
export function Trouble({
  resource,
}: {
  readonly resource: Resource<unknown>;
}): JSX.Element | null {
  const { error } = resource;
  if (error === null) return null;
  return (
    <div class="trouble" role="alert">
      <p>
        <strong>{error.message}</strong> <code>{error.code}</code>
      </p>
      <button type="button" onClick={resource.reload}>
        Try again
      </button>
    </div>
  );
}
