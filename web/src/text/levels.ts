// What levels are called, and what each of them means for an answer.

import type { LevelStatus } from "../wire/governor";
import { levelName, plural } from "./format";

const MEANS: Readonly<Record<string, string>> = {
  L0: "Everything works and is used.",
  L1: "History has a smaller share, and fewer tools are on offer.",
  L2: "There is room for little history and for one tool.",
  L3: "Answers go without history and without tools.",
  L4: "No model is called: the agent gives its prepared answer.",
};

export function meaningOf(level: string): string {
  return MEANS[levelName(level)] ?? "";
}

/** Words for the sign in the head: empty while there is nothing to say. */
export function signOf({ level, reasons }: LevelStatus): string {
  const name = levelName(level);
  if (name === "L0" || MEANS[name] === undefined) {
    return reasons.length === 0 ? "" : plural(reasons.length, "notice");
  }
  return `Level ${name}`;
}
