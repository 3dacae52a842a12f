/*
 * Failures page: the buried jobs of all tubes by what went wrong, the most frequent first, each
 * group with its remedy.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { FailureGroup, FailuresAnswer } from "../http/api-jobs.ts";
import { mayManage } from "./access.ts";
import { runBulk } from "./bulk-actions.ts";
import { beginningOf, fromBase64, headlineIn, piecesOf } from "./hostile-bytes.ts";
import { Pieces } from "./hostile-text.tsx";
import { overview } from "./live.ts";
import { Ago, Empty, Loading, PageHead, Trouble, TubeLink } from "./parts.tsx";
import { count, counted } from "./quantity.ts";
import { useResource } from "./resource.ts";
import { addressOf, go, query, tubeRoute } from "./route.ts";
import { SearchField } from "./search-field.tsx";

const SHOWN_BYTES = 600;

/** The page. */
export function FailuresPage({ tube }: { readonly tube: string }): JSX.Element {
  const failures = useResource<FailuresAnswer>(`failures${query(["tube", tube])}`, 5);
  const { data } = failures;
  return (
    <>
      <PageHead
        title="Failures"
        above={
          data === null
            ? "…"
            : `${counted(data.groupCount, "group")} of ${counted(buriedOf(tube, data), "buried job")}`
        }
      >
        <SearchField
          label="Only failures of this tube"
          placeholder="Name of a tube"
          value={tube}
          onChange={(name) => go({ page: "failures", tube: name }, true)}
        />
      </PageHead>
      <Trouble resource={failures} />
      {data === null ? (
        failures.error === null && <Loading rows={5} />
      ) : data.groups.length === 0 ? (
        <Empty title={tube === "" ? "Nothing is buried." : "Nothing is buried in such a tube."}>
          Jobs that a worker buries appear here, with what the worker said.
        </Empty>
      ) : (
        <>
          {!data.isWhole && (
            <p class="banner warn">
              There are more buried jobs than are looked at here: these groups come from{" "}
              {count(data.scanned)} of them. Kicking or deleting a group takes all that belong to
              it.
            </p>
          )}
          {data.groups.length < data.groupCount && (
            <p class="banner">Only the {count(data.groups.length)} largest groups are shown.</p>
          )}
          <ol class={failures.isStale ? "groups is-stale" : "groups"}>
            {data.groups.map((group) => (
              <Group key={`${group.tube} ${group.key}`} group={group} after={failures.reload} />
            ))}
          </ol>
        </>
      )}
    </>
  );
}

/** Of all tubes as many as stand beside the word in the frame, however many were looked at. */
function buriedOf(tube: string, { scanned }: FailuresAnswer): number {
  return tube === "" ? (overview.value?.jobs.buried ?? scanned) : scanned;
}

function Group({
  group,
  after,
}: {
  readonly group: FailureGroup;
  readonly after: () => void;
}): JSX.Element {
  const { base64, isWhole } = group.sample;
  const { headlineBase64 } = group;
  const message = useMemo(() => fromBase64(base64), [base64]);
  const pieces = useMemo(
    () => piecesOf(beginningOf(message, SHOWN_BYTES, isWhole)),
    [message, isWhole],
  );
  const headline = useMemo(() => piecesOf(headlineIn(headlineBase64)), [headlineBase64]);
  const jobsAddress = addressOf({ ...tubeRoute(group.tube, "buried"), group: group.key });
  const run = (action: "kick" | "delete") => (): void => {
    const wish = {
      action,
      tube: group.tube,
      state: "buried",
      filter: "",
      group: group.key,
    } as const;
    void runBulk(wish).then((did) => (did ? after() : undefined));
  };
  return (
    <li class="group">
      <div class="group-count">
        <strong>{count(group.count)}</strong>
        <span>{group.count === 1 ? "job" : "jobs"}</span>
      </div>
      <div class="group-what">
        {message.length === 0 ? (
          <p class="nothing">Buried without a message.</p>
        ) : (
          <>
            <pre class="group-headline">
              <Pieces pieces={headline} />
            </pre>
            {base64 !== headlineBase64 && (
              <details>
                <summary>Newest message</summary>
                <pre class="group-message">
                  <Pieces pieces={pieces} />
                  {(message.length > SHOWN_BYTES || !isWhole) && <span class="nothing"> …</span>}
                </pre>
              </details>
            )}
          </>
        )}
        <p class="when">
          <TubeLink name={group.tube} state="buried" />
          <Seen group={group} />
        </p>
      </div>
      <div class="button-row">
        <a class="button" data-row href={jobsAddress}>
          Open jobs
        </a>
        {mayManage(group.tube) && (
          <>
            <button type="button" onClick={run("kick")}>
              Kick all…
            </button>
            <button type="button" class="destructive" onClick={run("delete")}>
              Delete all…
            </button>
          </>
        )}
      </div>
    </li>
  );
}

/** When it happened: once, or from when to when. */
function Seen({
  group: { count: jobs, firstSeen, lastSeen },
}: {
  readonly group: FailureGroup;
}): JSX.Element | null {
  if (firstSeen === null || lastSeen === null) return null;
  if (jobs === 1) {
    return (
      <>
        {" "}
        <span class="dot">·</span> <Ago atSeconds={lastSeen} />
      </>
    );
  }
  return (
    <>
      {" "}
      <span class="dot">·</span> last <Ago atSeconds={lastSeen} /> <span class="dot">·</span> first{" "}
      <Ago atSeconds={firstSeen} />
    </>
  );
}
