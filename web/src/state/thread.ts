// What of a conversation is on the page: its messages in order, and who it is with. Asks nobody.

import type { Conversation } from "../wire/chat";
import { Cell } from "./cell";
import type { Entry } from "./entry";

export class Thread {
  readonly conversation = new Cell<Conversation | undefined>(undefined);
  readonly conversationId = new Cell("");
  readonly entries = new Cell<readonly Entry[]>([]);
  agentId = "";

  get last(): Entry | undefined {
    return this.entries.value.at(-1);
  }

  /** The last message that the mesh has. */
  get leafId(): string {
    return this.entries.value.findLast((entry) => entry.messageId !== "")?.messageId ?? "";
  }

  /** Whether a call on the page waits for a person. */
  get asking(): boolean {
    return this.entries.value.some((entry) => entry.asking !== undefined);
  }

  push(...entries: readonly Entry[]): void {
    this.entries.value = [...this.entries.value, ...entries];
  }

  /** Puts these in the place of an entry and of all that follow it. */
  replaceFrom(entry: Entry, ...by: readonly Entry[]): void {
    const place = this.entries.value.indexOf(entry);
    this.entries.value = [...this.entries.value.slice(0, place < 0 ? undefined : place), ...by];
  }

  /** The question that an answer belongs to. */
  questionOf(answer: Entry): Entry | undefined {
    const { value: entries } = this.entries;
    return entries.slice(0, entries.indexOf(answer)).findLast((entry) => entry.role === "user");
  }

  clear(): void {
    this.conversation.value = undefined;
    this.conversationId.value = "";
    this.entries.value = [];
  }
}
