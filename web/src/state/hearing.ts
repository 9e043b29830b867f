// What each frame of a turn does to the answer on the page. Gives the sentence for those who cannot see it.

import type { Cancelled, Done, Failed, Noticed, TurnFrame } from "../wire/frames";
import { problemOf, type Entry } from "./entry";
import { approvalAsked, approvalTold, toolFinished, toolStarted, turnEnded } from "./tool-use";

const SEAMS: readonly string[] = ["provider_switched", "turn_taken_over"];
/** It tells where the message stands, not what the answer is. */
const QUEUED = "queued";
const RESTING = "agent_resting";

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
      entry.resting = frame.payload.level_reasons.some((it) => it.source === "sleep");
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
      if (frame.payload.phase === "finished") {
        entry.tools = toolFinished(entry.tools, frame.payload, entry.text.length);
      } else {
        entry.tools = toolStarted(entry.tools, frame.payload, entry.text.length);
      }
      return "";
    case "chat.approval":
      if (frame.payload.phase === "requested") {
        entry.tools = approvalAsked(entry.tools, frame.payload, entry.text.length);
        return `The tool ${frame.payload.name} waits for your consent.`;
      }
      entry.tools = approvalTold(entry.tools, frame.payload);
      return "";
    case "chat.notice":
      return noticed(entry, frame.payload);
    case "chat.done":
      settle(entry, frame.payload);
      entry.text = frame.payload.content || entry.text;
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

function noticed(entry: Entry, told: Noticed): string {
  entry.resting ||= told.code === RESTING;
  if (SEAMS.includes(told.code)) {
    entry.seams.push({ at: entry.text.length, sentence: fromHereOn(told, entry.text === ""), detail: told.sentence });
    entry.model = told.metadata["to_model"] ?? entry.model;
  } else if (told.code !== QUEUED && !entry.notices.some((notice) => notice.text === told.sentence)) {
    entry.notices.push({ text: told.sentence, level: "" });
  }
  return "";
}

function fromHereOn(told: Noticed, atStart: boolean): string {
  const { from_model: before, to_model: model } = told.metadata;
  if (told.code !== "provider_switched" || model === undefined) {
    return "From here on another process of the mesh goes on";
  }
  if (before === model) {
    return `${model} broke off here and went on`;
  }
  return `${atStart ? "Answered" : "From here on answered"} by ${model}`;
}

function settle(entry: Entry, told: Done | Failed | Cancelled): void {
  entry.messageId = told.message_id;
  entry.tools = turnEnded(entry.tools);
  entry.receiptId = told.receipt_id || entry.receiptId;
  entry.usage = told.usage;
  entry.costMicros = told.cost.micros;
}
