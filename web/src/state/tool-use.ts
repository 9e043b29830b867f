// A call of a tool as the page shows it: asked for, perhaps waiting for consent, running, ended.

import type { Message, ToolStatus } from "../wire/chat";
import type { ApprovalAsked, ApprovalTold, Decision, ToolFinished, ToolStarted } from "../wire/frames";

export type ToolState = "consent" | "running" | "open" | "client" | "done" | "failed" | "denied" | "unknown";

export interface Consent {
  readonly hash: string;
  readonly sentence: string;
  readonly expireTime: string;
  readonly decision: Decision | "";
  readonly decidedBy: string;
  readonly note: string;
}

export interface ToolUse {
  readonly callId: string;
  readonly name: string;
  /** Where in the answer's text it was asked for. */
  readonly at: number;
  readonly args: string;
  readonly state: ToolState;
  readonly content: string;
  readonly truncated: boolean;
  readonly milliseconds: number;
  readonly consent: Consent | undefined;
}

const STATES: Readonly<Record<ToolStatus, ToolState>> = {
  TOOL_CALL_STATUS_UNSPECIFIED: "unknown",
  TOOL_CALL_STATUS_DONE: "done",
  TOOL_CALL_STATUS_FAILED: "failed",
  TOOL_CALL_STATUS_DENIED: "denied",
  TOOL_CALL_STATUS_UNKNOWN: "unknown",
};

function toolUse(callId: string, name: string, args: string, at: number): ToolUse {
  const nothing = { content: "", truncated: false, milliseconds: 0, consent: undefined };
  return { callId, name, args, at, state: "running", ...nothing };
}

/** The calls of a stored answer. */
export function storedTools(message: Message): ToolUse[] {
  const results = new Map((message.tool_results ?? []).map((result) => [result.call_id, result]));
  return (message.tool_calls ?? []).map((call) => {
    const result = results.get(call.call_id);
    const none = message.finish_reason === "tool_calls" ? "client" : "open";
    const state = result === undefined ? none : STATES[result.status];
    return { ...toolUse(call.call_id, call.name, call.arguments_json, 0), state, content: result?.content ?? "" };
  });
}

// Each of these gives the calls as they are after a frame; a call that changed is another value.

export function toolStarted(tools: readonly ToolUse[], told: ToolStarted, at: number): readonly ToolUse[] {
  return changed(tools, told, at, (use) => {
    const refused = use.consent !== undefined && use.consent.decision !== "approve";
    return { ...use, args: told.arguments, state: refused ? use.state : told.by_client ? "client" : "running" };
  });
}

export function toolFinished(tools: readonly ToolUse[], told: ToolFinished, at: number): readonly ToolUse[] {
  return changed(tools, told, at, (use) => ({
    ...use,
    state: told.status,
    content: told.content,
    truncated: told.truncated,
    milliseconds: told.duration_milliseconds,
  }));
}

export function approvalAsked(tools: readonly ToolUse[], told: ApprovalAsked, at: number): readonly ToolUse[] {
  const asked = { hash: told.arguments_hash, sentence: told.sentence, expireTime: told.expire_time };
  const consent: Consent = { ...asked, decision: "", decidedBy: "", note: "" };
  return changed(tools, told, at, (use) => ({ ...use, args: told.arguments || use.args, state: "consent", consent }));
}

export function approvalTold(tools: readonly ToolUse[], told: ApprovalTold): readonly ToolUse[] {
  return tools.map((use) => {
    if (use.callId !== told.call_id || use.consent === undefined) {
      return use;
    }
    const consent: Consent = { ...use.consent, decision: told.decision, decidedBy: told.decided_by, note: told.note };
    const state = told.decision === "approve" ? "running" : "denied";
    return { ...use, consent, state: use.state === "consent" ? state : use.state };
  });
}

/** The turn is over: what has not ended will not. */
export function turnEnded(tools: readonly ToolUse[]): readonly ToolUse[] {
  return tools.map((use) => (use.state === "running" || use.state === "consent" ? { ...use, state: "open" } : use));
}

function changed(
  tools: readonly ToolUse[],
  told: { call_id: string; name: string },
  at: number,
  change: (use: ToolUse) => ToolUse,
): readonly ToolUse[] {
  return tools.some((use) => use.callId === told.call_id)
    ? tools.map((use) => (use.callId === told.call_id ? change(use) : use))
    : [...tools, change(toolUse(told.call_id, told.name, "", at))];
}
