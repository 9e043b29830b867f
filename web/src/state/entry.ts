// One message as the page shows it; an answer that is being written grows in place.

import type { Message, Usage } from "../wire/types";
import type { Refused } from "../wire/frames";
import { Blocks } from "../text/blocks";
import { Pulse } from "./cell";

export type EntryState = "waiting" | "writing" | "done" | "stopped" | "failed";

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

export class Entry {
  readonly changed = new Pulse();
  readonly blocks = new Blocks();
  readonly notices: Notice[] = [];
  readonly tools: { name: string; args: string }[] = [];
  readonly begun = performance.now();
  text = "";
  reasoning = "";
  state: EntryState = "done";
  problem: Problem | undefined;
  question = "";
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
}

export function userEntry(text: string): Entry {
  const entry = new Entry(crypto.randomUUID(), "user");
  entry.text = text;
  return entry;
}

export function answerEntry(question: string): Entry {
  const entry = new Entry(crypto.randomUUID(), "assistant");
  entry.state = "waiting";
  entry.question = question;
  return entry;
}

/** A stored message. */
export function storedEntry(message: Message): Entry {
  const role = message.role === "ROLE_USER" ? "user" : "assistant";
  const entry = new Entry(message.message_id, role, new Date(message.create_time));
  entry.text = message.content.map((part) => part.text ?? "").join("");
  entry.messageId = message.message_id;
  entry.turnId = message.turn_id;
  entry.receiptId = message.receipt_id;
  entry.model = message.model;
  entry.costMicros = message.cost_micros;
  entry.usage = message.usage;
  entry.tools.push(...message.tool_calls.map((call) => ({ name: call.name, args: call.arguments_json })));
  if (message.partial) {
    entry.state = message.finish_reason === "cancelled" ? "stopped" : "failed";
  }
  return entry;
}

export function problemOf(refused: Refused, turnId: string): Problem {
  const errorId = refused.details["error_id"] ?? refused.turn_id ?? turnId;
  return { code: refused.code, message: refused.message, retryAfter: refused.retry_after, errorId };
}
