/* App: the page that the address names, in its frame; before that, the way in. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { enter, session, sessionError } from "./access.ts";
import { ConnectionsPage } from "./connections-page.tsx";
import { FailuresPage } from "./failures-page.tsx";
import { Frame } from "./frame.tsx";
import { GroupPage } from "./group-page.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { JobPage } from "./job-page.tsx";
import { restarts } from "./live.ts";
import { LoginPage } from "./login-page.tsx";
import { Notices, tell } from "./notices.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { Empty, PageHead } from "./parts.tsx";
import { QuestionDialog } from "./question.tsx";
import { addressOf, route } from "./route.ts";
import type { Route } from "./route.ts";
import { TubePage } from "./tube-page.tsx";
import { TubesPage } from "./tubes-page.tsx";
import { WorkersPage } from "./workers-page.tsx";
import { WorkDialog } from "./work-dialog.tsx";

/** Everything. */
export function App(): JSX.Element {
  useEffect(() => {
    void enter();
    return restarts.subscribe((times) => {
      if (times > 0) tell("The server was started anew.");
    });
  }, []);
  return (
    <>
      <Entered />
      <Notices />
      <QuestionDialog />
      <WorkDialog />
      <HelpDialog />
    </>
  );
}

function Entered(): JSX.Element {
  const who = session.value;
  const where = route.value;
  useTitle(where);
  useFocusOnTurn(where);
  if (who === null) return <Waiting />;
  if (who.role === null) {
    return (
      <main tabIndex={-1}>
        <LoginPage />
      </main>
    );
  }
  return (
    <Frame page={where.page}>
      <Page route={where} />
    </Frame>
  );
}

function Page({ route: where }: { readonly route: Route }): JSX.Element {
  switch (where.page) {
    case "overview":
      return <OverviewPage />;
    case "tubes":
      return <TubesPage route={where} />;
    case "tube":
      return <TubePage key={where.name} route={where} />;
    case "group":
      return <GroupPage key={where.name} route={where} />;
    case "job":
      return <JobPage key={where.id} id={where.id} />;
    case "failures":
      return <FailuresPage tube={where.tube} />;
    case "connections":
      return <ConnectionsPage offset={where.offset} only={where.id ?? ""} />;
    case "workers":
      return <WorkersPage />;
    case "unknown":
      return (
        <>
          <PageHead title="No such page" />
          <Empty title="The address names no page.">
            <a href={addressOf({ page: "overview" })}>To the overview</a>
          </Empty>
        </>
      );
  }
}

/** Before the server has said who the reader is. */
function Waiting(): JSX.Element {
  const error = sessionError.value;
  useEffect(() => {
    if (error === null) return undefined;
    const timer = setTimeout(() => void enter(), 2000);
    return () => clearTimeout(timer);
  }, [error]);
  return (
    <main class="waiting" tabIndex={-1}>
      {error === null ? (
        <p role="status">Connecting…</p>
      ) : (
        <div class="trouble" role="alert">
          <p>
            <strong>{error.message}</strong> <code>{error.code}</code>
          </p>
          <p>Trying again.</p>
        </div>
      )}
    </main>
  );
}

const TITLES: Readonly<Record<Route["page"], string>> = {
  overview: "Overview",
  tubes: "Tubes",
  tube: "Tube",
  group: "Group",
  job: "Job",
  failures: "Failures",
  connections: "Connections",
  workers: "Workers",
  unknown: "No such page",
};

function useTitle(where: Route): void {
  useEffect(() => {
    const what =
      where.page === "tube" || where.page === "group"
        ? where.name
        : where.page === "job"
          ? `Job ${where.id}`
          : TITLES[where.page];
    document.title = `${what} – Homemaker`;
  }, [where]);
}

/** On a new page the focus goes to its content, as it would if the browser had loaded it. */
function useFocusOnTurn(where: Route): void {
  const before = useRef(where.page);
  useEffect(() => {
    if (before.current === where.page) return;
    before.current = where.page;
    document.querySelector("main")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [where]);
}
