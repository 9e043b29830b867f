// What the doors of chat send and take, as far as the page uses it. Names and forms are those of `proto/soma/chat/v1`.

import type { Usage } from "./types";

export interface Conversation {
  conversation_id: string;
  agent_id: string;
  title: string;
  current_leaf_message_id: string;
  running_turn_id: string;
  message_count: number;
  create_time: string;
  update_time: string;
  etag: string;
}

export interface ToolCall {
  call_id: string;
  name: string;
  arguments_json: string;
}

export type ToolStatus =
  | "TOOL_CALL_STATUS_UNSPECIFIED"
  | "TOOL_CALL_STATUS_DONE"
  | "TOOL_CALL_STATUS_FAILED"
  | "TOOL_CALL_STATUS_DENIED"
  | "TOOL_CALL_STATUS_UNKNOWN";

export interface ToolResult {
  call_id: string;
  name: string;
  status: ToolStatus;
  content: string;
}

export type Rating = "RATING_UNSPECIFIED" | "RATING_GOOD" | "RATING_BAD";

export interface Message {
  message_id: string;
  parent_message_id: string;
  role: "ROLE_USER" | "ROLE_ASSISTANT" | "ROLE_TOOL" | "ROLE_SYSTEM";
  content: { text?: string }[];
  tool_calls: ToolCall[];
  tool_results: ToolResult[];
  turn_id: string;
  create_time: string;
  partial: boolean;
  finish_reason: string;
  usage?: Usage;
  cost_micros: string;
  receipt_id: string;
  model: string;
  sibling_count: number;
  sibling_number: number;
  rating: Rating;
}

export interface ConversationPage {
  conversations: Conversation[];
  next_page_token: string;
}

export interface MessagePage {
  messages: Message[];
  next_page_token: string;
}

export interface FoundMessage {
  message_id: string;
  conversation_id: string;
  conversation_title: string;
  role: Message["role"];
  snippet: string;
  spans: { start: number; end: number }[];
  create_time: string;
}

export interface FoundPage {
  messages: FoundMessage[];
  next_page_token: string;
}

export interface PendingApproval {
  turn_id: string;
  conversation_id: string;
  conversation_title: string;
  agent_id: string;
  request: { call: ToolCall; arguments_hash: string; sentence: string; expire_time?: string };
  create_time: string;
}

export interface Turn {
  turn_id: string;
  request_id: string;
}

export interface Exported {
  header: {
    format: number;
    title: string;
    agent_name: string;
    current_leaf_message_id: string;
    create_time?: string;
    export_time?: string;
    message_count: number;
  };
  messages: Message[];
}

export interface AgentName {
  agent_id: string;
  name: string;
}

export interface ModelProfile {
  model_profile_id: string;
  provider: string;
  model: string;
  tenant_default: boolean;
}
