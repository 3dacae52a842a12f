/*
 * Group page: a group of jobs: how many are in it and wait for it, and which these are, in whatever
 * tubes and states.
 */
import type { JSX } from "preact";
import type { GroupAnswer, GroupJob, GroupJobsAnswer } from "../http/api-tubes.ts";
import { OnwardPager } from "./pager.tsx";
import { Empty, JobLink, Loading, PageHead, StateBadge, Trouble, TubeLink } from "./parts.tsx";
import { age, count, counted } from "./quantity.ts";
import { useResource } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { addressOf, query } from "./route.ts";
import type { GroupRoute } from "./route.ts";
import { apiName } from "./server-api.ts";
import { WideTable } from "./table.tsx";
import type { Column } from "./table.tsx";
import { Tabs } from "./tabs.tsx";

const LIMIT = 50;

/** The page. */
export function GroupPage({ route }: { readonly route: GroupRoute }): JSX.Element {
  const base = `groups/${apiName(route.name)}`;
  const group = useResource<GroupAnswer>(base, 2);
  const wishes = query(["role", route.role], ["after", route.after], ["limit", LIMIT]);
  const jobs = useResource<GroupJobsAnswer>(`${base}/jobs${wishes}`, 4);
  const isGone = group.error?.status === 404;
  return (
    <>
      <PageHead title={<span class="name">{route.name}</span>} above="Group of jobs" />
      {isGone ? (
        <Empty title="Nobody is in this group now, or waits for it.">
          When the last of its jobs is gone, those that waited for it are ready.
        </Empty>
      ) : (
        <>
          <Trouble resource={group} />
          {group.data !== null && <GroupFacts group={group.data} />}
          <Roles route={route} group={group.data} />
          <Trouble resource={jobs} />
          <Jobs route={route} jobs={jobs} />
        </>
      )}
    </>
  );
}

/** What the group is waiting for, in a line. */
function GroupFacts({ group }: { readonly group: GroupAnswer }): JSX.Element {
  const { pending, buried, waiting, isComplete } = group;
  return (
    <p class="group-facts">
      {isComplete ? (
        <span class="hint ok">complete</span>
      ) : (
        <span class="hint warn">not complete</span>
      )}
      <span>{isComplete ? wasComplete(waiting) : isAwaited(pending, waiting)}</span>
      {buried > 0 && (
        <>
          <span class="hint bad">{counted(buried, "of them is buried", "of them are buried")}</span>
          <span class="nothing">They count until they are done or deleted.</span>
        </>
      )}
    </p>
  );
}

function wasComplete(waiting: number): string {
  return `Nobody is in it any more: ${counted(waiting, "job")} that waited will be ready.`;
}

function isAwaited(pending: number, waiting: number): string {
  const left = `${counted(pending, "job")} left`;
  return waiting === 0
    ? `${left}; no job waits for that.`
    : `${left}, for which ${counted(waiting, "job waits", "jobs wait")}.`;
}

function Roles({
  route,
  group,
}: {
  readonly route: GroupRoute;
  readonly group: GroupAnswer | null;
}): JSX.Element {
  const roles = [
    { role: "member", label: "in it", value: group?.pending },
    { role: "waiting", label: "waiting for it", value: group?.waiting },
  ] as const;
  return (
    <Tabs
      label="Jobs by what they are to the group"
      tabs={roles.map(({ role, label, value }) => ({
        key: role,
        address: addressOf({ ...route, role, after: 0 }),
        isShown: role === route.role,
        label,
        count: value,
      }))}
    />
  );
}

function Jobs({
  route,
  jobs,
}: {
  readonly route: GroupRoute;
  readonly jobs: Resource<GroupJobsAnswer>;
}): JSX.Element | null {
  const { data } = jobs;
  if (data === null) return jobs.error === null ? <Loading rows={6} /> : null;
  if (data.jobs.length === 0) {
    return <Empty title={route.role === "member" ? "No job is in it." : "No job waits for it."} />;
  }
  return (
    <>
      <WideTable
        label={route.role === "member" ? "Jobs in the group" : "Jobs that wait for the group"}
        isStale={jobs.isStale}
        columns={COLUMNS}
        rows={data.jobs}
        keyOf={({ id }) => id}
      />
      {(route.after > 0 || data.next !== null) && (
        <OnwardPager
          after={route.after}
          next={data.next}
          addressAt={(after) => addressOf({ ...route, after })}
        >
          {counted(data.jobs.length, "job")} here
        </OnwardPager>
      )}
    </>
  );
}

const COLUMNS: readonly Column<GroupJob>[] = [
  { head: "Job", kind: "id", cell: ({ id }) => <JobLink id={id} /> },
  { head: "State", cell: ({ state }) => <StateBadge state={state} /> },
  { head: "Tube", cell: ({ tube, state }) => <TubeLink name={tube} state={state} /> },
  { head: "Age", kind: "number", cell: ({ ageSeconds }) => age(ageSeconds) },
  { head: "Priority", kind: "number wide-only", cell: ({ pri }) => count(pri) },
  { head: "Reserves", kind: "number wide-only", cell: ({ reserves }) => count(reserves) },
  { head: "Failures", kind: "number", cell: ({ failures }) => count(failures) },
];
