/*
 * Frame: what stands around every page: the name, the ways to the pages, how the server and the
 * connection to it are.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { logOut, mayAct, session } from "./access.ts";
import { choice, nextChoice } from "./appearance.ts";
import { follows, heardAt, link, overview } from "./live.ts";
import { attempt } from "./notices.tsx";
import { BrandMark } from "./parts.tsx";
import { clock, compact } from "./quantity.ts";
import { addressOf, ALL_TUBES } from "./route.ts";
import type { Route } from "./route.ts";
import { helpIsOpen } from "./shortcuts.ts";

interface Way {
  readonly label: string;
  readonly to: Route;
  /** The pages that belong to it. */
  readonly pages: readonly Route["page"][];
  /** Path of its icon, in a box of 20. */
  readonly icon: string;
}

const WAYS: readonly Way[] = [
  {
    label: "Overview",
    to: { page: "overview" },
    pages: ["overview"],
    icon: "M3 14l4-5 3 3 3-6 4 8M3 17h14",
  },
  {
    label: "Tubes",
    to: ALL_TUBES,
    pages: ["tubes", "tube", "group", "job"],
    icon: "M3 5h14M3 10h14M3 15h9",
  },
  {
    label: "Failures",
    to: { page: "failures", tube: "" },
    pages: ["failures"],
    icon: "M10 3l7.5 13.5h-15zM10 8v4M10 14v.5",
  },
  {
    label: "Connections",
    to: { page: "connections", offset: 0 },
    pages: ["connections", "workers"],
    icon: "M4 6h6a4 4 0 0 1 0 8H4M4 4v4M4 12v4M14 10h3",
  },
];

/** The frame around a page. */
export function Frame({
  page,
  children,
}: {
  readonly page: Route["page"];
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector("main")?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={addressOf({ page: "overview" })}>
          <BrandMark />
          <span>Homemaker</span>
        </a>
        <nav class="ways" aria-label="Pages">
          {WAYS.map(({ label, to, pages, icon }) => (
            <a
              key={label}
              href={addressOf(to)}
              aria-current={pages.includes(page) ? "page" : undefined}
            >
              <svg viewBox="0 0 20 20" aria-hidden="true">
                <path d={icon} />
              </svg>
              <span>{label}</span>
              {label === "Failures" && (overview.value?.jobs.buried ?? 0) > 0 && (
                <span class="badge">
                  {compact(overview.value?.jobs.buried ?? 0)}
                  <span class="unseen"> buried jobs</span>
                </span>
              )}
            </a>
          ))}
        </nav>
        <div class="tools">
          {!mayAct.value && <span class="hint">read only</span>}
          <LinkState />
          <AppearanceButton />
          {session.value?.needsToken === true && <LogOutButton />}
          <button
            type="button"
            class="tool help-button"
            aria-label="Keys"
            title="Keys (?)"
            onClick={() => (helpIsOpen.value = true)}
          >
            ?
          </button>
        </div>
      </header>
      <Banners />
      <main tabIndex={-1}>{children}</main>
      <footer class="foot">
        Homemaker {session.value?.version ?? ""}
        <span class="dot">·</span>
        <a href="metrics">metrics</a>
        <span class="dot">·</span>
        <a href="licenses.txt">licences</a>
      </footer>
    </>
  );
}

const LINK_WORDS = { connecting: "connecting", live: "live", lost: "lost" } as const;

function LinkState(): JSX.Element {
  const isStill = link.value === "live" && !follows.value;
  return (
    <button
      type="button"
      class={`tool link ${isStill ? "still" : link.value}`}
      aria-pressed={!follows.value}
      title={follows.value ? "Stop following (p)" : "Go on following (p)"}
      onClick={() => (follows.value = !follows.value)}
    >
      <span class="pulse" aria-hidden="true" />
      {isStill ? "stopped" : LINK_WORDS[link.value]}
    </button>
  );
}

const APPEARANCE_ICONS = {
  system: "M3 5h14v9H3zM7 17h6M10 14v3",
  light:
    "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1 1M14.7 14.7l1 1M4.3 15.7l1-1M14.7 5.3l1-1",
  dark: "M16 12A6.5 6.5 0 1 1 8 4a5 5 0 0 0 8 8z",
} as const;

function AppearanceButton(): JSX.Element {
  const words = { system: "as the system", light: "light", dark: "dark" }[choice.value];
  return (
    <button
      type="button"
      class="tool"
      aria-label={`Appearance: ${words}`}
      title={`Appearance: ${words} (d)`}
      onClick={nextChoice}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d={APPEARANCE_ICONS[choice.value]} />
      </svg>
    </button>
  );
}

function LogOutButton(): JSX.Element {
  return (
    <button
      type="button"
      class="tool"
      aria-label="Log out"
      title="Log out"
      onClick={() => void attempt(logOut(), () => "Logged out.")}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d="M12 4H4v12h8M9 10h8M14 7l3 3-3 3" />
      </svg>
    </button>
  );
}

function Banners(): JSX.Element {
  const now = overview.value;
  return (
    <div class="banners">
      {link.value === "lost" && <LostBanner />}
      {now?.isDraining === true && (
        <p class="banner warn" role="status">
          The server is draining: it takes no new jobs.
        </p>
      )}
    </div>
  );
}

/** Appears only when the connection stays away, so that a hiccup does not flash. */
function LostBanner(): JSX.Element | null {
  const [isLasting, setIsLasting] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsLasting(true), 1500);
    return () => clearTimeout(timer);
  }, []);
  if (!isLasting) return null;
  return (
    <p class="banner bad" role="alert">
      The connection to the server is lost.{" "}
      {heardAt.value > 0 && `What you see is of ${clock(heardAt.value)}. `}
      Trying again.
    </p>
  );
}
