// The frames of the socket `/ws/v2/chat`, in their JSON form.

import type { AgentName, LevelName, LevelReason, Usage } from "./types";

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

export interface ToolAsked extends InTurn {
  call_id: string;
  name: string;
  arguments: string;
}

export interface Noticed extends InTurn {
  code: string;
  message: string;
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
}

/** What a turn tells, by the type of the frame. */
export interface TurnFrames {
  "chat.started": Started;
  "chat.delta": Delta;
  "chat.reasoning": Delta;
  "chat.tool": ToolAsked;
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

export interface ChatSend {
  content: string;
  conversation_id?: string;
  agent_id?: string;
  parent_message_id?: string;
  request_id: string;
}
