// The frames of the socket `/ws/v2/chat`, in their JSON form.

import type { AgentName } from "./chat";
import type { LevelName, LevelReason, Usage } from "./types";

interface InTurn {
  turn_id: string;
  sequence: number;
}

interface Ended extends InTurn {
  message_id: string;
  usage: Usage;
  cost: { micros: string };
  receipt_id: string;
}

export interface Started extends InTurn {
  conversation_id: string;
  user_message_id: string;
  assistant_message_id: string;
  agent_id: string;
  model: string;
  receipt_id: string;
  level: LevelName;
  level_reasons: LevelReason[];
}

export interface Delta extends InTurn {
  first_sequence: number;
  delta: string;
}

interface OfCall extends InTurn {
  call_id: string;
  name: string;
}

export interface ToolStarted extends OfCall {
  phase: "started";
  arguments: string;
  by_client: boolean;
}

export interface ToolFinished extends OfCall {
  phase: "finished";
  status: "done" | "failed" | "denied" | "unknown";
  content: string;
  truncated: boolean;
  duration_milliseconds: number;
}

export interface ApprovalAsked extends OfCall {
  phase: "requested";
  arguments: string;
  arguments_hash: string;
  sentence: string;
  expire_time: string;
}

export interface ApprovalTold extends InTurn {
  phase: "resolved";
  call_id: string;
  decision: Decision;
  decided_by: string;
  note: string;
}

export interface Noticed extends InTurn {
  code: string;
  sentence: string;
  metadata: Record<string, string>;
}

export interface Done extends Ended {
  finish_reason: string;
  content: string;
}

export interface Failed extends Ended {
  code: string;
  message: string;
  details: Record<string, string>;
  partial_text_kept: boolean;
  retry_after?: number;
}

export interface Cancelled extends Ended {
  partial_text_kept: boolean;
}

export interface Refused {
  code: string;
  message: string;
  details: Record<string, string>;
  retry_after?: number;
  turn_id?: string;
}

export interface Connected {
  user_id: string;
  tenant_id: string;
  agents: AgentName[];
  roles?: string[];
}

/** What a turn tells, by the type of the frame. */
export interface TurnFrames {
  "chat.started": Started;
  "chat.delta": Delta;
  "chat.reasoning": Delta;
  "chat.tool": ToolStarted | ToolFinished;
  "chat.approval": ApprovalAsked | ApprovalTold;
  "chat.notice": Noticed;
  "chat.done": Done;
  "chat.failed": Failed;
  "chat.cancelled": Cancelled;
  error: Refused;
}

export type TurnFrameType = keyof TurnFrames;
export type TurnFrame = { [T in TurnFrameType]: { type: T; payload: TurnFrames[T] } }[TurnFrameType];

export const LAST_FRAMES: ReadonlySet<string> = new Set(["chat.done", "chat.failed", "chat.cancelled", "error"]);

export interface ServerFrame {
  type: string;
  id: string;
  payload: unknown;
}

export interface TitleUpdate {
  conversation_id: string;
  title: string;
}

export type Decision = "approve" | "deny";
export type WhileBusy = "reject" | "enqueue" | "interrupt" | "rollback";

interface Asking {
  request_id: string;
  model_profile_id?: string;
  while_busy?: WhileBusy;
  options?: { wake: boolean };
}

export interface ChatSend extends Asking {
  content: string;
  conversation_id?: string;
  agent_id?: string;
}

export interface ChatEdit extends Asking {
  message_id: string;
  content: string;
}

export interface ChatRegenerate extends Asking {
  message_id: string;
}

/** What begins a turn: the same request id is the same turn, never a second one. */
export type Opening =
  | { type: "chat.send"; payload: ChatSend }
  | { type: "chat.edit"; payload: ChatEdit }
  | { type: "chat.regenerate"; payload: ChatRegenerate };
