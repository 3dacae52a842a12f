/*
 * Explanation panel: why a job stands where it does, in a line, with the facts that belong to it.
 * Part of the job's page, and as fresh as that.
 */
import type { ComponentChildren, JSX } from "preact";
import type { ExplanationAnswer } from "../http/api-jobs.ts";
import { GroupLink, Trouble } from "./parts.tsx";
import { count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf } from "./route.ts";

/** The panel of one job. */
export function ExplanationPanel({ id }: { readonly id: number }): JSX.Element {
  const explanation = useResource<ExplanationAnswer>(`jobs/${id}/explanation`, 3);
  const { data } = explanation;
  const isGone = explanation.error?.status === 404;
  return (
    <section class="panel why-panel" aria-labelledby="why-title">
      <h2 id="why-title" class="unseen">
        Why it stands where it does
      </h2>
      {isGone ? (
        <p class="why">The job is gone meanwhile: it was deleted or finished.</p>
      ) : (
        <>
          <Trouble resource={explanation} />
          {data !== null && <Explained explanation={data} />}
          {data === null && explanation.error === null && <p class="why nothing">…</p>}
        </>
      )}
    </section>
  );
}

function Explained({ explanation }: { readonly explanation: ExplanationAnswer }): JSX.Element {
  const { why, reason } = explanation;
  const facts = factsOf(explanation).filter((fact) => fact !== null);
  return (
    <>
      <p class="why">
        <span class={`hint reason ${toneOf(reason)}`}>{reason}</span>
        <span>{sentence(why)}</span>
      </p>
      {facts.length > 0 && (
        <dl class="inline-facts">
          {facts.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** The server's line as a sentence of its own. */
function sentence(why: string): string {
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
}

/** How loud a reason is: somebody should do something, it waits, or all is as it should be. */
function toneOf(reason: string): string {
  if (reason === "buried" || reason === "unwatched") return "bad";
  return reason === "held" || reason === "next" ? "ok" : "warn";
}

interface ShownFact {
  readonly name: string;
  readonly value: ComponentChildren;
}

/** What there is to say beside the line; null for what does not concern this job. */
function factsOf(job: ExplanationAnswer): readonly (ShownFact | null)[] {
  const isReady = job.state === "ready";
  const least = job.isBeforeWhole ? "" : "more than ";
  return [
    isReady ? { name: "before it", value: least + counted(job.before, "job") } : null,
    isReady ? { name: "watching its tube", value: count(job.watching) } : null,
    isReady ? { name: "of these waiting", value: count(job.waiting) } : null,
    job.pauseLeftSeconds > 0
      ? { name: "tube paused for", value: duration(job.pauseLeftSeconds) }
      : null,
    job.rate === "" ? null : { name: "rate of its tube", value: rateOf(job) },
    job.reservedMax === ""
      ? null
      : {
          name: "reserved in its tube",
          value: `${count(job.reserved)} of at most ${job.reservedMax}`,
        },
    job.key === null ? null : { name: "key", value: <KeyFact of={job.key} /> },
    job.pending > 0 ? { name: "waits for group", value: <GroupFact of={job} /> } : null,
    job.isCancelled ? { name: "cancelled", value: "gone when this attempt ends" } : null,
    job.isDraining ? { name: "server", value: "draining, takes no new jobs" } : null,
  ];
}

function rateOf({ rate, rateLeftSeconds }: ExplanationAnswer): string {
  return rateLeftSeconds > 0 ? `${rate}, goes on in ${duration(rateLeftSeconds)}` : rate;
}

function GroupFact({ of }: { readonly of: ExplanationAnswer }): JSX.Element {
  return (
    <>
      <GroupLink name={of.afterGroup} />, {counted(of.pending, "job")} left
    </>
  );
}

/** How much of the key is taken, and by which jobs. */
function KeyFact({
  of: { name, held, limit, jobs },
}: {
  readonly of: NonNullable<ExplanationAnswer["key"]>;
}): JSX.Element {
  return (
    <>
      {name}: {count(held)} of at most {count(limit)} held
      {jobs.length > 0 && ", by "}
      {jobs.map((id, at) => (
        <span key={id}>
          {at > 0 && ", "}
          <a href={addressOf({ page: "job", id })}>{id}</a>
        </span>
      ))}
      {jobs.length > 0 && jobs.length < held && `, and ${count(held - jobs.length)} more`}
    </>
  );
}
