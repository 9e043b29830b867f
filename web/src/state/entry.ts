// One message as the page shows it; an answer that is being written grows in place.

import type { Message } from "../wire/chat";
import type { Refused } from "../wire/frames";
import type { Usage } from "../wire/types";
import { Pulse } from "./cell";
import { storedTools, type ToolUse } from "./tool-use";

export type EntryState = "waiting" | "writing" | "done" | "stopped" | "failed";
export type Rated = "good" | "bad" | "none";

export interface Problem {
  code: string;
  message: string;
  retryAfter: number | undefined;
  errorId: string;
}

export interface Notice {
  text: string;
  level: string;
}

/** Where in the text somebody else began to write. */
export interface Seam {
  readonly at: number;
  readonly sentence: string;
  readonly detail: string;
}

export interface Siblings {
  number: number;
  count: number;
}

export class Entry {
  readonly changed = new Pulse();
  readonly notices: Notice[] = [];
  readonly seams: Seam[] = [];
  readonly begun = performance.now();
  tools: readonly ToolUse[] = [];
  text = "";
  reasoning = "";
  state: EntryState = "done";
  problem: Problem | undefined;
  /** Says the same once more, after it failed. */
  retry: (() => void) | undefined;
  /** Whether the agent slept deeply and said so instead of answering. */
  resting = false;
  siblings: Siblings = { number: 1, count: 1 };
  rated: Rated = "none";
  /** Until when whatever the mesh told of the rating is older than what was said here. */
  ratedUntil = 0;
  messageId = "";
  turnId = "";
  receiptId = "";
  level = "";
  model = "";
  usage: Usage | undefined;
  costMicros = "";
  firstTokenMs = 0;
  time: Date;

  constructor(
    readonly key: string,
    readonly role: "user" | "assistant",
    time = new Date(),
  ) {
    this.time = time;
  }

  get running(): boolean {
    return this.state === "waiting" || this.state === "writing";
  }

  /** The call that waits for a person, if one does. */
  get asking(): ToolUse | undefined {
    return this.running ? this.tools.find((tool) => tool.state === "consent") : undefined;
  }
}

export function userEntry(text: string): Entry {
  const entry = new Entry(crypto.randomUUID(), "user");
  entry.text = text;
  return entry;
}

export function answerEntry(): Entry {
  const entry = new Entry(crypto.randomUUID(), "assistant");
  entry.state = "waiting";
  return entry;
}

/** A stored message. */
export function storedEntry(message: Message): Entry {
  const role = message.role === "ROLE_USER" ? "user" : "assistant";
  const entry = new Entry(message.message_id, role, new Date(message.create_time));
  entry.text = textOf(message);
  entry.messageId = message.message_id;
  entry.turnId = message.turn_id;
  entry.receiptId = message.receipt_id;
  entry.model = message.model;
  entry.costMicros = message.cost_micros;
  entry.usage = message.usage;
  entry.tools = storedTools(message);
  if (message.partial) {
    entry.state = message.finish_reason === "cancelled" ? "stopped" : "failed";
  }
  renew(entry, message, performance.now());
  return entry;
}

/** What of a known message may have changed since, as the mesh had it when it was asked. */
export function renew(entry: Entry, message: Message, asked: number): void {
  const siblings = { number: message.sibling_number || 1, count: message.sibling_count || 1 };
  const rated = asked < entry.ratedUntil ? entry.rated : ratingOf(message);
  const same = siblings.number === entry.siblings.number && siblings.count === entry.siblings.count;
  if (!same || rated !== entry.rated) {
    entry.siblings = siblings;
    entry.rated = rated;
    entry.changed.beat();
  }
}

function ratingOf(message: Message): Rated {
  return message.rating === "RATING_GOOD" ? "good" : message.rating === "RATING_BAD" ? "bad" : "none";
}

export function textOf(message: Message): string {
  return message.content.map((part) => part.text ?? "").join("");
}

export function problemOf(refused: Refused, turnId: string): Problem {
  const errorId = refused.details["error_id"] ?? refused.turn_id ?? turnId;
  return { code: refused.code, message: refused.message, retryAfter: refused.retry_after, errorId };
}
