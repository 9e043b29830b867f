// What is open on the page and how it looks; kept in the browser where a person would expect it.

import type { Refusal } from "../wire/refusal";
import { Cell, Pulse } from "./cell";
import type { Entry } from "./entry";

export type Tab = "receipt" | "mind" | "memory" | "budget" | "level";
export type Theme = "system" | "light" | "dark";
export const TABS: readonly Tab[] = ["receipt", "mind", "memory", "budget", "level"];
const THEMES: readonly Theme[] = ["system", "light", "dark"];
const THEME_KEY = "soma.theme";
const DRAWER_KEY = "soma.drawer";
const WISH_MS = 10_000;
const NARROW = matchMedia("(max-width: 899.98px)");

export class Layout {
  readonly railOpen = new Cell(false);
  readonly drawerOpen = new Cell(false);
  readonly tab = new Cell<Tab>("receipt");
  readonly paletteOpen = new Cell(false);
  readonly theme = new Cell<Theme>(kept(THEME_KEY, THEMES, "system"));
  readonly narrow = new Cell(NARROW.matches);
  readonly said = new Cell("");
  /** Beats when what waits for consent shall be shown; then a card takes the wish. */
  readonly approvalSought = new Pulse();
  #wishUntil = 0;
  /** The question that is being edited. */
  readonly editing = new Cell<Entry | undefined>(undefined);
  /** Why something that was wanted did not come about. */
  readonly problem = new Cell<Refusal | undefined>(undefined);

  constructor() {
    NARROW.addEventListener("change", () => {
      this.narrow.value = NARROW.matches;
    });
    const tab = kept(DRAWER_KEY, [...TABS, "closed"] as const, "closed");
    if (tab !== "closed" && !NARROW.matches) {
      this.tab.value = tab;
      this.drawerOpen.value = true;
    }
    this.#dress();
  }

  openDrawer(tab: Tab): void {
    this.tab.value = tab;
    this.drawerOpen.value = true;
    this.railOpen.value = false;
    localStorage.setItem(DRAWER_KEY, tab);
  }

  closeDrawer(): void {
    this.drawerOpen.value = false;
    localStorage.setItem(DRAWER_KEY, "closed");
  }

  toggleDrawer(tab: Tab): void {
    if (this.drawerOpen.value && this.tab.value === tab) {
      this.closeDrawer();
    } else {
      this.openDrawer(tab);
    }
  }

  setTheme(theme: Theme): void {
    this.theme.value = theme;
    localStorage.setItem(THEME_KEY, theme);
    this.#dress();
  }

  nextTheme(): void {
    const place = THEMES.indexOf(this.theme.value);
    this.setTheme(THEMES[(place + 1) % THEMES.length] ?? "system");
  }

  seekApproval(): void {
    this.#wishUntil = performance.now() + WISH_MS;
    this.approvalSought.beat();
  }

  /** Whether somebody wants to see what waits; asking takes the wish. */
  takeApprovalWish(): boolean {
    const wish = performance.now() < this.#wishUntil;
    this.#wishUntil = 0;
    return wish;
  }

  /** Says why something did not come about, to everybody. */
  tell(problem: Refusal): void {
    this.problem.value = problem;
  }

  /** Tells those who listen instead of looking. */
  announce(sentence: string): void {
    this.said.value = "";
    queueMicrotask(() => {
      this.said.value = sentence;
    });
  }

  #dress(): void {
    document.documentElement.dataset["theme"] = this.theme.value;
  }
}

function kept<Value extends string>(key: string, known: readonly Value[], otherwise: Value): Value {
  const value = localStorage.getItem(key);
  return known.find((each) => each === value) ?? otherwise;
}
