// What each frame of a turn does to the answer on the page. Gives the sentence for those who cannot see it.

import type { Cancelled, Done, Failed, TurnFrame } from "../wire/frames";
import { problemOf, type Entry } from "./entry";

export function hear(entry: Entry, frame: TurnFrame): string {
  const sentence = apply(entry, frame);
  entry.changed.beat();
  return sentence;
}

function apply(entry: Entry, frame: TurnFrame): string {
  switch (frame.type) {
    case "chat.started":
      entry.turnId = frame.payload.turn_id;
      entry.receiptId = frame.payload.receipt_id;
      entry.level = frame.payload.level;
      entry.model = frame.payload.model;
      entry.notices.push(...frame.payload.level_reasons.map((it) => ({ text: it.sentence, level: it.level })));
      return "";
    case "chat.delta":
      entry.firstTokenMs ||= performance.now() - entry.begun;
      entry.state = "writing";
      entry.text += frame.payload.delta;
      return "";
    case "chat.reasoning":
      entry.reasoning += frame.payload.delta;
      return "";
    case "chat.tool":
      entry.tools.push({ name: frame.payload.name, args: frame.payload.arguments });
      return "";
    case "chat.notice":
      entry.notices.push({ text: frame.payload.message, level: "" });
      return "";
    case "chat.done":
      settle(entry, frame.payload);
      entry.text = frame.payload.content;
      entry.state = "done";
      return "The answer is complete.";
    case "chat.failed":
      settle(entry, frame.payload);
      entry.state = "failed";
      entry.problem = problemOf(frame.payload, frame.payload.turn_id);
      return frame.payload.message;
    case "chat.cancelled":
      settle(entry, frame.payload);
      entry.state = "stopped";
      return "Stopped.";
    case "error":
      entry.state = "failed";
      entry.problem = problemOf(frame.payload, entry.turnId);
      return frame.payload.message;
  }
}

function settle(entry: Entry, told: Done | Failed | Cancelled): void {
  entry.messageId = told.message_id;
  entry.receiptId = told.receipt_id || entry.receiptId;
  entry.usage = told.usage;
  entry.costMicros = told.cost.micros;
}
