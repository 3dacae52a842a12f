/*
 * Job page: everything that is kept of one job: its body, how its attempts ended, and where it
 * stands.
 */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { QueueAddress } from "../http/api.ts";
import type {
  Bytes,
  Failure,
  FailureEnd,
  JobAnswer,
  JobHolder,
  MoveRequest,
  ResultAnswer,
  UpdateRequest,
} from "../http/api-jobs.ts";
import { mayManage } from "./access.ts";
import { copyCommands, queueAddress } from "./copy-commands.ts";
import { ExplanationPanel } from "./explanation-panel.tsx";
import { priorityField, tubeField } from "./fields.ts";
import { fromBase64, piecesInOneLine } from "./hostile-bytes.ts";
import { Pieces } from "./hostile-text.tsx";
import { jobType } from "./job-type.ts";
import { scheduleIn } from "./schedule.ts";
import { SchedulePanel } from "./schedule-panel.tsx";
import { addresses } from "./live.ts";
import { attempt, tell, warn } from "./notices.tsx";
import {
  Ago,
  Empty,
  GroupLink,
  Loading,
  Moment,
  PageHead,
  StateBadge,
  StateShape,
  Trouble,
  TubeLink,
} from "./parts.tsx";
import { shownWorker } from "./people.tsx";
import { PayloadView } from "./payload-view.tsx";
import { bytes, count, counted, duration } from "./quantity.ts";
import { askTexts, confirm } from "./question.tsx";
import { reloadPage, useResource } from "./resource.ts";
import { addressOf, go, tubeRoute } from "./route.ts";
import { apiAddress, post } from "./server-api.ts";

const ENDS: Readonly<Record<FailureEnd, string>> = {
  buried: "buried by its worker",
  released: "released by its worker",
  "timed-out": "ran out of time",
  "connection-lost": "its worker's connection was lost",
  expired: "its time was over",
  exhausted: "it had no attempt left",
  moved: "moved to another tube",
};

/** The page. */
export function JobPage({ id }: { readonly id: number }): JSX.Element {
  const job = useResource<JobAnswer>(`jobs/${id}`, 3);
  if (job.error?.status === 404) {
    return (
      <>
        <PageHead title={`Job ${id}`} />
        <GoneJob id={id} seen={job.data} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={`Job ${id}`}
        above={job.data === null ? "…" : <TubeLink name={job.data.tube} state={job.data.state} />}
      >
        {job.data !== null && mayManage(job.data.tube) && (
          <JobActions job={job.data} after={reloadPage} />
        )}
      </PageHead>
      <Trouble resource={job} />
      {job.data === null ? job.error === null && <Loading rows={8} /> : <JobParts job={job.data} />}
    </>
  );
}

/** A job that is no more: its result, if that is kept, else where it was last seen. */
function GoneJob({
  id,
  seen,
}: {
  readonly id: number;
  /** What this page knew of it; null when it was gone before. */
  readonly seen: JobAnswer | null;
}): JSX.Element {
  const kept = useResource<ResultAnswer>(`jobs/${id}/result`, 10);
  const base64 = kept.data?.result.base64 ?? "";
  const result = useMemo(() => fromBase64(base64), [base64]);
  if (kept.data === null) {
    return kept.error === null ? (
      <Loading rows={3} />
    ) : seen === null ? (
      <Empty title="There is no such job.">
        It was deleted, or there never was one of this number.
      </Empty>
    ) : (
      <Empty title="The job is gone meanwhile.">
        It was deleted or finished. When it was last looked at it was {seen.state} in{" "}
        <TubeLink name={seen.tube} state={seen.state} />.
      </Empty>
    );
  }
  const { isWhole } = kept.data.result;
  return (
    <section class="panel body-panel">
      <h2>
        Finished: its result <small>{bytes(kept.data.bytes)}</small>
      </h2>
      {!isWhole && <p class="nothing">The first {bytes(result.length)} of it.</p>}
      <PayloadView body={result} isWhole={isWhole} label="the result" />
    </section>
  );
}

function JobParts({ job }: { readonly job: JobAnswer }): JSX.Element {
  const { base64 } = job.body;
  const body = useMemo(() => fromBase64(base64), [base64]);
  const schedule = useMemo(() => scheduleIn(body), [body]);
  return (
    <div class="job">
      <ExplanationPanel id={job.id} />
      <div class="job-main">
        {schedule !== undefined && <SchedulePanel schedule={schedule} />}
        <section class="panel body-panel">
          <h2>
            Body <small>{bytes(job.bytes)}</small>
            <a
              class="button"
              href={apiAddress(`jobs/${job.id}/body`)}
              download={`job-${job.id}.bin`}
            >
              Download
            </a>
          </h2>
          {!job.body.isWhole && (
            <p class="nothing">
              The first {bytes(body.length)} of {bytes(job.bytes)}. Download it to see the rest.
            </p>
          )}
          <PayloadView body={body} isWhole={job.body.isWhole} label="the body" />
        </section>
        {job.progress !== null && <ProgressPanel progress={job.progress} />}
        <Timeline job={job} />
      </div>
      <div class="job-side">
        <Facts job={job} body={body} />
        <Commands job={job} body={body} />
      </div>
    </div>
  );
}

/** What its worker said last of how far it is. */
function ProgressPanel({ progress }: { readonly progress: Bytes }): JSX.Element {
  const { base64, isWhole } = progress;
  const note = useMemo(() => fromBase64(base64), [base64]);
  return (
    <section class="panel body-panel">
      <h2>
        Progress <small>what its worker said last</small>
      </h2>
      <PayloadView body={note} isWhole={isWhole} label="the progress" />
    </section>
  );
}

function Facts({ job, body }: { readonly job: JobAnswer; readonly body: Uint8Array }): JSX.Element {
  const type = useMemo(() => jobType(body), [body]);
  return (
    <section class="panel facts-panel">
      <h2>
        <StateBadge state={job.state} />
        {job.isCancelled && <small>cancelled: gone when this attempt ends</small>}
        {job.state === "reserved" && <small>{duration(job.leftSeconds)} of its time left</small>}
        {job.state === "delayed" && job.leftSeconds > 0 && (
          <small>ready in {duration(job.leftSeconds)}</small>
        )}
      </h2>
      <dl class="facts">
        {type !== undefined && (
          <Fact name="type">
            <Pieces pieces={piecesInOneLine(new TextEncoder().encode(type))} />
          </Fact>
        )}
        <Fact name="priority">{count(job.pri)}</Fact>
        <Fact name="age">{duration(job.ageSeconds)}</Fact>
        <Fact name="delay">{duration(job.delaySeconds)}</Fact>
        <Fact name="time to run">{duration(job.ttrSeconds)}</Fact>
        <Fact name="reserved">{count(job.reserves)} ×</Fact>
        <Fact name="failed">{count(job.failureCount)} ×</Fact>
        <Fact name="timed out">{count(job.timeouts)} ×</Fact>
        <Fact name="released">{count(job.releases)} ×</Fact>
        <Fact name="buried">{count(job.buries)} ×</Fact>
        <Fact name="kicked">{count(job.kicks)} ×</Fact>
        {job.tags.length > 0 && (
          <Fact name="tags">
            <Tags tags={job.tags} />
          </Fact>
        )}
        {job.holder !== null && (
          <Fact name="held by">
            <HolderLink holder={job.holder} />
          </Fact>
        )}
        {job.state === "reserved" && <Fact name="held for">{duration(job.heldSeconds)}</Fact>}
      </dl>
    </section>
  );
}

/** The tags of a job; those that name groups lead there. */
function Tags({ tags }: { readonly tags: readonly string[] }): JSX.Element {
  return (
    <ul class="tags">
      {tags.map((tag) => {
        const [, kind, group] = /^(grp|aft):(.+)$/.exec(tag) ?? [];
        const shown = group === undefined ? tag : <GroupLink name={group} />;
        return (
          <li key={tag}>
            {kind !== undefined && <small>{kind === "grp" ? "in group" : "after group"} </small>}
            {shown}
          </li>
        );
      })}
    </ul>
  );
}

/** To the connection that holds the job, by its name or else its address. */
function HolderLink({ holder }: { readonly holder: JobHolder }): JSX.Element {
  const { id, peer, name } = holder;
  const known = name === "" ? peer : shownWorker(holder);
  return (
    <a class="name" title={peer} href={addressOf({ page: "connections", offset: 0, id })}>
      {known === "" ? `connection ${id}` : known}
    </a>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: unknown;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children as string}</dd>
    </div>
  );
}

function Timeline({ job }: { readonly job: JobAnswer }): JSX.Element {
  const failures = job.failures.toReversed();
  const dropped = job.failureCount - failures.length;
  return (
    <section class="panel timeline-panel">
      <h2>Timeline</h2>
      <ol class="timeline">
        <li class={job.state}>
          <StateShape state={job.state} />
          <div>
            <p class="event">
              <strong>now {job.state}</strong>
              {job.holder !== null && (
                <>
                  {" by "}
                  <HolderLink holder={job.holder} />
                </>
              )}
            </p>
          </div>
        </li>
        {failures.map((failure) => (
          <FailureEvent key={`${failure.attempt} ${failure.at}`} failure={failure} />
        ))}
        {dropped > 0 && (
          <li class="gap">
            <span class="shape" />
            <p class="event nothing">{counted(dropped, "older failure")} not kept</p>
          </li>
        )}
        <li>
          <StateShape state="ready" />
          <div>
            <p class="event">
              <strong>put</strong> into {job.tube}
            </p>
            <p class="when">
              <Moment atSeconds={job.putAt} /> <span class="dot">·</span>{" "}
              <Ago atSeconds={job.putAt} />
            </p>
          </div>
        </li>
      </ol>
    </section>
  );
}

function FailureEvent({ failure }: { readonly failure: Failure }): JSX.Element {
  const { messageBase64, errorBase64 } = failure;
  const message = useMemo(() => fromBase64(messageBase64), [messageBase64]);
  const error = useMemo(() => fromBase64(errorBase64), [errorBase64]);
  return (
    <li class="failed">
      <svg class="shape" viewBox="0 0 10 10" aria-hidden="true">
        <path class="cross" d="M2 2l6 6M8 2l-6 6" />
      </svg>
      <div>
        <p class="event">
          <strong>attempt {count(failure.attempt)}</strong> {ENDS[failure.end]}
        </p>
        <p class="when">
          <Moment atSeconds={failure.at} /> <span class="dot">·</span>{" "}
          <Ago atSeconds={failure.at} />
          {failure.who !== "" && (
            <>
              {" "}
              <span class="dot">·</span> {failure.who}
            </>
          )}
        </p>
        {message.length > 0 && (
          <PayloadView
            body={message}
            error={error.length > 0 ? error : undefined}
            isWhole
            label={`the message of attempt ${failure.attempt}`}
          />
        )}
      </div>
    </li>
  );
}

function Commands({
  job,
  body,
}: {
  readonly job: JobAnswer;
  readonly body: Uint8Array;
}): JSX.Element {
  const listening = addresses.value;
  const commands = useMemo(() => {
    const all = JSON.parse(listening) as QueueAddress[];
    return copyCommands(job, body, queueAddress(all, location.hostname));
  }, [job, body, listening]);
  return (
    <section class="panel commands-panel">
      <h2>Commands for a shell</h2>
      <ul class="commands">
        {commands.map(({ label, line }) => (
          <li key={label}>
            <CopyButton label={label} line={line} />
            <code title={line.length > 400 ? undefined : line}>{line.slice(0, 400)}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

function CopyButton({
  label,
  line,
}: {
  readonly label: string;
  readonly line: string;
}): JSX.Element {
  const [isCopied, setIsCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(line);
    } catch (error) {
      warn(
        `The browser did not let it be copied: ${error instanceof Error ? error.name : "refused"}.`,
      );
      return;
    }
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 2000);
    tell(`Copied: ${label.replace("Copy ", "")}. Nothing was done to the job.`);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {isCopied ? "Copied" : label}
    </button>
  );
}

function JobActions({
  job,
  after,
}: {
  readonly job: JobAnswer;
  readonly after: () => void;
}): JSX.Element {
  const canKick = job.state === "buried" || job.state === "delayed";
  const kick = async (): Promise<void> => {
    if (await attempt(post(`jobs/${job.id}/kick`), () => `Job ${job.id} is ready.`)) after();
  };
  const reprioritise = async (): Promise<void> => {
    const question = {
      title: `Change the priority of job ${job.id}`,
      text: "The smallest number comes first.",
      action: "Change",
    };
    const texts = await askTexts(question, [priorityField(String(job.pri))]);
    if (texts === null) return;
    const pri = Number(texts[0]);
    const request: UpdateRequest = { pri };
    const said = (): string => `Job ${job.id} has priority ${count(pri)}.`;
    if (await attempt(post(`jobs/${job.id}/update`, request), said)) after();
  };
  const move = async (): Promise<void> => {
    const question = {
      title: `Move job ${job.id}`,
      text: "It keeps its id, its state, and what is known of its failures.",
      action: "Move",
    };
    const texts = await askTexts(question, [tubeField(job.tube)]);
    const tube = texts?.[0];
    if (tube === undefined) return;
    const request: MoveRequest = { tube };
    const said = (): string => `Job ${job.id} is in ${tube}.`;
    if (await attempt(post(`jobs/${job.id}/move`, request), said)) after();
  };
  const remove = async (): Promise<void> => {
    const isSure = await confirm({
      title: `Delete job ${job.id}`,
      text: `It is gone for good: ${bytes(job.bytes)} and what is known of its failures.`,
      action: "Delete 1 job",
      isDestructive: true,
    });
    if (!isSure) return;
    const isGone = await attempt(post(`jobs/${job.id}/delete`), () => `Job ${job.id} is deleted.`);
    if (isGone) go(tubeRoute(job.tube, job.state), true);
  };
  const cancel = async (): Promise<void> => {
    const isSure = await confirm({
      title: `Cancel job ${job.id}`,
      text: "Its worker may go on. However this attempt ends, the job is gone for good then.",
      action: "Cancel 1 job",
      isDestructive: true,
    });
    if (!isSure) return;
    if (await attempt(post(`jobs/${job.id}/cancel`), () => `Job ${job.id} is cancelled.`)) after();
  };
  return (
    <span class="button-row">
      <a class="button" href={addressOf(tubeRoute(job.tube, job.state))}>
        All {job.state}
      </a>
      <button type="button" disabled={!canKick} onClick={() => void kick()}>
        Kick
      </button>
      <button type="button" disabled={job.state === "reserved"} onClick={() => void reprioritise()}>
        Priority…
      </button>
      <button type="button" disabled={job.state === "reserved"} onClick={() => void move()}>
        Move…
      </button>
      {job.state === "reserved" ? (
        <button
          type="button"
          class="destructive"
          disabled={job.isCancelled}
          onClick={() => void cancel()}
        >
          Cancel…
        </button>
      ) : (
        <button type="button" class="destructive" onClick={() => void remove()}>
          Delete
        </button>
      )}
    </span>
  );
}
