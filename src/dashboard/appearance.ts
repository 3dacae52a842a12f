/* Appearance: light or dark, as the system says or as the reader chose; kept in this browser. */
import { computed, effect, signal } from "@preact/signals";

/** What the reader chose. */
export type Choice = "system" | "light" | "dark";

const STORED_AS = "homemaker.appearance";
const CHOICES: readonly Choice[] = ["system", "light", "dark"];

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(systemIsDark.matches);
systemIsDark.addEventListener("change", () => {
  systemDark.value = systemIsDark.matches;
});

/** What the reader chose. */
export const choice = signal<Choice>(
  CHOICES.find((one) => one === localStorage.getItem(STORED_AS)) ?? "system",
);

/** What is shown. */
export const appearance = computed<"light" | "dark">(() => {
  if (choice.value !== "system") return choice.value;
  return systemDark.value ? "dark" : "light";
});

/** Takes the next of the three choices. */
export function nextChoice(): void {
  choice.value = CHOICES[(CHOICES.indexOf(choice.value) + 1) % CHOICES.length] ?? "system";
  localStorage.setItem(STORED_AS, choice.value);
}

effect(() => {
  document.documentElement.dataset["appearance"] = appearance.value;
});
