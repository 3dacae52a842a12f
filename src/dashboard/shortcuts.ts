/* Shortcuts: the keys that do something everywhere.
 *
 * Single keys, so they can be switched off (for those who dictate), and they never act while the
 * reader writes or a dialog is open. `g` waits a moment for a second key. The help dialog shows
 * this very table.
 */
import { signal } from "@preact/signals";
import { nextChoice } from "./appearance.ts";
import { follows } from "./live.ts";
import { reloadPage } from "./resource.ts";
import { ALL_TUBES, go } from "./route.ts";

/** A key, or two after each other, and what they do. */
export interface Shortcut {
  readonly keys: string;
  readonly does: string;
  readonly run: () => void;
}

const STORED_AS = "homemaker.shortcuts";

/** Whether single keys act. `?` always does. */
export const shortcutsAct = signal(localStorage.getItem(STORED_AS) !== "off");
/** Whether the help dialog is open. */
export const helpIsOpen = signal(false);

/** All of them, in the order of the help. */
export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "g o", does: "overview", run: () => go({ page: "overview" }) },
  { keys: "g t", does: "tubes", run: () => go(ALL_TUBES) },
  { keys: "g f", does: "failures", run: () => go({ page: "failures", tube: "" }) },
  { keys: "g c", does: "connections", run: () => go({ page: "connections", offset: 0 }) },
  { keys: "g w", does: "workers", run: () => go({ page: "workers" }) },
  { keys: "/", does: "search or filter", run: () => focusOn("[data-key='search']") },
  { keys: "j", does: "next row", run: () => moveRow(1) },
  { keys: "k", does: "previous row", run: () => moveRow(-1) },
  { keys: "n", does: "next page of a list", run: () => press("[data-key='next']") },
  { keys: "b", does: "page before, or first page", run: () => press("[data-key='back']") },
  { keys: "p", does: "stop or go on following", run: () => (follows.value = !follows.value) },
  { keys: "r", does: "ask the server again", run: reloadPage },
  { keys: "d", does: "light, dark, or as the system", run: nextChoice },
  { keys: "?", does: "this help", run: () => (helpIsOpen.value = true) },
];

/** Switches the single keys on or off. */
export function letShortcutsAct(isOn: boolean): void {
  shortcutsAct.value = isOn;
  localStorage.setItem(STORED_AS, isOn ? "on" : "off");
}

let firstKey = "";
let forget: ReturnType<typeof setTimeout> | undefined;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
  const keys = firstKey === "" ? event.key : `${firstKey} ${event.key}`;
  firstKey = "";
  clearTimeout(forget);
  if (!shortcutsAct.value && keys !== "?") return;
  const shortcut = SHORTCUTS.find((one) => one.keys === keys);
  if (shortcut !== undefined) {
    event.preventDefault();
    shortcut.run();
  } else if (event.key === "g") {
    firstKey = "g";
    forget = setTimeout(() => (firstKey = ""), 1500);
  }
});

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]") !== null) return true;
  return target instanceof Element && target.closest("input, textarea, select") !== null;
}

function focusOn(selector: string): void {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  if (element instanceof HTMLInputElement) element.select();
}

function press(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.click();
}

function moveRow(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
}
