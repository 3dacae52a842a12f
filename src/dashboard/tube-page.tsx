/*
 * Tube page: one tube and its jobs of one state, filtered and paged by the server, with actions on
 * all that match.
 */
import type { JSX } from "preact";
import type { Tube, TubeDetails } from "../http/api-tubes.ts";
import type { BulkAction, JobState, JobSummary, JobsAnswer } from "../http/api-jobs.ts";
import { mayManage } from "./access.ts";
import { runBulk } from "./bulk-actions.ts";
import { HeldBackPanel } from "./held-back-panel.tsx";
import { OneLine } from "./hostile-text.tsx";
import { Menu } from "./menu.tsx";
import { OnwardPager } from "./pager.tsx";
import {
  Ago,
  Empty,
  JobLink,
  Loading,
  PageHead,
  StateShape,
  Trouble,
  TubeHints,
} from "./parts.tsx";
import { age, bytes, count, counted, duration } from "./quantity.ts";
import { useResource } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { addressOf, ALL_TUBES, go, query, STATES } from "./route.ts";
import type { TubeRoute } from "./route.ts";
import { SearchField } from "./search-field.tsx";
import { apiName } from "./server-api.ts";
import { WideTable } from "./table.tsx";
import type { Column } from "./table.tsx";
import { Tabs } from "./tabs.tsx";
import { TubeActions } from "./tube-actions.tsx";

const LIMIT = 50;

/** The page. */
export function TubePage({ route }: { readonly route: TubeRoute }): JSX.Element {
  const base = `tubes/${apiName(route.name)}`;
  const tube = useResource<TubeDetails>(base, 2);
  const jobs = useResource<JobsAnswer>(
    `${base}/jobs${query(
      ["state", route.state],
      ["after", route.after],
      ["limit", LIMIT],
      ["filter", route.filter],
      ["group", route.group],
      ["order", route.state === "buried" ? "newest" : ""],
    )}`,
    2,
  );
  const reload = (): void => {
    tube.reload();
    jobs.reload();
  };
  const isGone = tube.error?.status === 404;
  const figures = isGone ? null : tube.data;
  return (
    <>
      <PageHead
        title={<span class="name">{route.name}</span>}
        above={<a href={addressOf(ALL_TUBES)}>Tubes</a>}
      >
        {figures !== null && mayManage(route.name) && <TubeActions tube={figures} after={reload} />}
      </PageHead>
      {figures !== null && <TubeFacts tube={figures} />}
      {!isGone && <HeldBackPanel tube={route.name} />}
      <States route={route} tube={figures} />
      <div class="list-bar">
        <SearchField
          label="Filter jobs by text of the body or the latest failure"
          placeholder="Text in the body or the latest failure"
          value={route.filter}
          onChange={(filter) => go({ ...route, filter, after: 0 }, true)}
        />
        {route.group !== "" && (
          <span class="chip">
            one group of failures
            <a
              href={addressOf({ ...route, group: "", after: 0 })}
              aria-label="Show jobs of all groups"
            >
              ✕
            </a>
          </span>
        )}
        {mayManage(route.name) && !isGone && (
          <BulkButtons route={route} tube={figures} after={reload} />
        )}
      </div>
      {isGone ? (
        <Empty title="There is no such tube now.">
          A tube is there while it has jobs, or somebody uses or watches it.
        </Empty>
      ) : (
        <>
          <Trouble resource={jobs} />
          <Jobs route={route} jobs={jobs} />
        </>
      )}
    </>
  );
}

function TubeFacts({ tube }: { readonly tube: TubeDetails }): JSX.Element {
  return (
    <div class="tube-facts">
      <TubeHints tube={tube} />
      <dl class="inline-facts">
        <div>
          <dt>oldest ready</dt>
          <dd>{duration(tube.ageOldestReadySeconds)}</dd>
        </div>
        <div>
          <dt>urgent</dt>
          <dd>{count(tube.urgent)}</dd>
        </div>
        <div>
          <dt>watching</dt>
          <dd>{count(tube.watching)}</dd>
        </div>
        <div>
          <dt>waiting</dt>
          <dd>{count(tube.waiting)}</dd>
        </div>
        <div>
          <dt>using</dt>
          <dd>{count(tube.using)}</dd>
        </div>
        <div>
          <dt>put in all</dt>
          <dd>{count(tube.total)}</dd>
        </div>
        <div>
          <dt>deleted</dt>
          <dd>{count(tube.deleted)}</dd>
        </div>
        <div>
          <dt>bodies</dt>
          <dd>{bytes(tube.bytes)}</dd>
        </div>
        {tube.settings
          .filter(({ value }) => value !== "")
          .map(({ name, value }) => (
            <div key={name}>
              <dt>limit: {name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </div>
  );
}

function States({
  route,
  tube,
}: {
  readonly route: TubeRoute;
  readonly tube: Tube | null;
}): JSX.Element {
  return (
    <Tabs
      label="Jobs by state"
      tabs={STATES.map((state) => ({
        key: state,
        kind: state,
        address: addressOf({ ...route, state, group: "", after: 0 }),
        isShown: state === route.state,
        label: (
          <>
            <StateShape state={state} />
            {state}
          </>
        ),
        count: tube?.[state],
      }))}
    />
  );
}

function BulkButtons({
  route,
  tube,
  after,
}: {
  readonly route: TubeRoute;
  readonly tube: Tube | null;
  readonly after: () => void;
}): JSX.Element {
  const isNothing = tube !== null && tube[route.state] === 0;
  const run = (action: BulkAction) => (): void => {
    const wish = {
      action,
      tube: route.name,
      state: route.state,
      filter: route.filter,
      ...(route.group === "" ? {} : { group: route.group }),
    };
    void runBulk(wish).then((did) => (did ? after() : undefined));
  };
  const canKick = route.state === "buried" || route.state === "delayed";
  const which = route.filter === "" && route.group === "" ? `all ${route.state}` : "all matching";
  if (route.state === "reserved") {
    return (
      <span class="button-row">
        <button type="button" class="destructive" disabled={isNothing} onClick={run("cancel")}>
          Cancel {which}…
        </button>
      </span>
    );
  }
  return (
    <span class="button-row">
      {canKick && (
        <button type="button" disabled={isNothing} onClick={run("kick")}>
          Kick {which}…
        </button>
      )}
      <button type="button" class="destructive" disabled={isNothing} onClick={run("delete")}>
        Delete {which}…
      </button>
      <Menu
        label={`More for ${which}`}
        choices={[
          { label: `Move ${which}…`, isOff: isNothing, act: run("move") },
          { label: `Change the priority of ${which}…`, isOff: isNothing, act: run("update") },
          {
            label: `Cancel ${which}…`,
            isDestructive: true,
            isOff: isNothing,
            act: run("cancel"),
          },
        ]}
      />
    </span>
  );
}

function Jobs({
  route,
  jobs,
}: {
  readonly route: TubeRoute;
  readonly jobs: Resource<JobsAnswer>;
}): JSX.Element | null {
  const { data } = jobs;
  if (data === null) return jobs.error === null ? <Loading rows={10} /> : null;
  if (data.jobs.length === 0 && data.next === null) {
    const isAll = route.filter === "" && route.group === "" && route.after === 0;
    return (
      <Empty title={isAll ? `No job is ${route.state}.` : `No ${route.state} job matches.`}>
        {!isAll && `${counted(data.scanned, "job")} looked at.`}
      </Empty>
    );
  }
  return (
    <>
      {data.jobs.length > 0 && <JobsTable route={route} jobs={data.jobs} isStale={jobs.isStale} />}
      <OnwardPager
        after={route.after}
        next={data.next}
        onward={data.jobs.length === 0 ? "Look further" : "Next"}
        addressAt={(after) => addressOf({ ...route, after })}
      >
        {counted(data.jobs.length, "job")} here
        {data.scanned > data.jobs.length && `, ${count(data.scanned)} looked at`}
      </OnwardPager>
    </>
  );
}

const LEFT_HEADS: Readonly<Record<JobState, string | null>> = {
  ready: null,
  reserved: "TTR left",
  delayed: "Ready in",
  buried: null,
};

function JobsTable({
  route,
  jobs,
  isStale,
}: {
  readonly route: TubeRoute;
  readonly jobs: readonly JobSummary[];
  readonly isStale: boolean;
}): JSX.Element {
  return (
    <WideTable
      label={`${route.state} jobs of ${route.name}`}
      isStale={isStale}
      columns={columnsOf(route.state)}
      rows={jobs}
      keyOf={({ id }) => id}
    />
  );
}

function columnsOf(state: JobState): readonly (Column<JobSummary> | false)[] {
  const left = LEFT_HEADS[state];
  return [
    { head: "Job", kind: "id", cell: ({ id }) => <JobLink id={id} /> },
    state === "buried" && { head: "Buried", kind: "since", cell: since },
    state === "buried" && { head: "Failure", kind: "preview headline", cell: failure },
    state !== "buried" && { head: "Age", kind: "number", cell: (job) => age(job.ageSeconds) },
    left !== null && { head: left, kind: "number", cell: timeLeft },
    { head: "Priority", kind: "number wide-only", cell: priority },
    { head: "TTR", kind: "number wide-only", cell: (job) => duration(job.ttrSeconds) },
    {
      head: "Reserves",
      kind: "number wide-only",
      cell: (job) => count(job.reserves),
    },
    { head: "Failures", kind: "number", cell: (job) => count(job.failures) },
    { head: "Size", kind: "number wide-only", cell: (job) => bytes(job.bytes) },
    {
      head: "Body",
      kind: state === "buried" ? "preview wide-only" : "preview",
      cell: (job) => <OneLine bytes={job.preview} />,
    },
  ];
}

function timeLeft({ leftSeconds }: JobSummary): JSX.Element | string {
  if (leftSeconds > 0) return age(leftSeconds);
  return (
    <span class="nothing" title="It waits for a group, or its time is over">
      –
    </span>
  );
}

function since({ failure: latest }: JobSummary): JSX.Element {
  if (latest !== null) return <Ago atSeconds={latest.at} />;
  return (
    <span
      class="nothing"
      title="No worker ever said why this job failed, so its times are not kept"
    >
      –
    </span>
  );
}

function failure({ failure: latest }: JobSummary): JSX.Element {
  if (latest === null || latest.headlineBase64 === "") {
    return <span class="nothing">no message</span>;
  }
  return <OneLine bytes={{ base64: latest.headlineBase64, isWhole: true }} />;
}

function priority({ pri, state }: JobSummary): JSX.Element {
  return (
    <>
      {pri < 1024 && state === "ready" && <span class="hint urgent">urgent</span>} {count(pri)}
    </>
  );
}
