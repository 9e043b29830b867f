// What the doors of the mesh send and take, as far as the page uses it. Names and forms are those of `proto/`.

export type LevelName = "L0" | "L1" | "L2" | "L3" | "L4" | "";

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cached_input_tokens: number;
  estimated: boolean;
}

export interface LevelReason {
  source: string;
  level: string;
  sentence: string;
}

// ---- governor ----

export interface LaneTokens {
  system_policy: number;
  history: number;
  memory: number;
  tools: number;
  tool_results: number;
  buffer: number;
}

export interface ManifestItem {
  lane: string;
  item_id: string;
  tokens: number;
  kept: boolean;
  reason: string;
  truncated_tokens: number;
}

export interface RankedTool {
  name: string;
  relevance: number;
  success_rate: number;
  chosen: boolean;
  reason: string;
}

export interface ModelLeg {
  leg: number;
  model: string;
  usage?: Usage;
  cost_micros: string;
  finish_reason: string;
}

export interface PhaseLatency {
  phase: string;
  start_milliseconds: number;
  duration_milliseconds: number;
}

export interface Effect {
  name: string;
  before: number;
  after: number;
  sentence: string;
  switched_off: boolean;
}

export interface Receipt {
  receipt_id: string;
  turn_id: string;
  agent_id: string;
  model: string;
  plan_version: number;
  lanes_planned?: LaneTokens;
  lanes_used?: LaneTokens;
  items: ManifestItem[];
  level: string;
  level_reasons: LevelReason[];
  aiq_predicted?: { value: number; context_quality: number; tool_relevance?: number; budget_efficiency: number };
  aiq_observed?: { value: number; response_quality: number; tool_success: number; token_efficiency: number };
  tool_k: number;
  tools: RankedTool[];
  path: string;
  legs: ModelLeg[];
  phases: PhaseLatency[];
  usage?: Usage;
  cost_micros: string;
  outcome?: { finish_reason: string; error_reason: string };
  modulation?: { effects: Effect[]; neutral: boolean };
  dependencies: { name: string; state: string; detail: string }[];
  features_off: string[];
  plan_time?: string;
  settle_time?: string;
}

export interface Budget {
  period: string;
  limit_tokens: string;
  limit_micros: string;
  hard: boolean;
  used_tokens: string;
  used_micros: string;
  held_tokens: string;
  held_micros: string;
  reset_time?: string;
}

// ---- cognitive ----

export interface NeuromodulatorState {
  name: string;
  value: number;
  baseline: number;
  minimum: number;
  maximum: number;
}

export interface MindValues {
  states: NeuromodulatorState[];
  state_version: number;
  timestamp: string;
  agent_id: string;
}

export interface StateChange {
  name: string;
  before: number;
  after: number;
  cause: string;
  turn_id: string;
  time: string;
  state_version: number;
}

export interface MindExplained {
  effects: Effect[];
  changes: StateChange[];
  next_page_token: string;
}

// ---- memory ----

export interface Memory {
  memory_id: string;
  namespace: string;
  kind: string;
  text: string;
  subject: string;
  speaker: string;
  source_class: string;
  source_id: string;
  conversation_id: string;
  trust: number;
  importance: number;
  tags: string[];
  token_count: number;
  access_count: number;
  learn_time: string;
  index_state: string;
}

export interface ScoreParts {
  vector?: number;
  lexical?: number;
  recency: number;
  importance: number;
}

export interface MemoryHit {
  memory: Memory;
  score: number;
  parts: ScoreParts;
}

export interface Recalled {
  hits: MemoryHit[];
  partial: boolean;
  degraded_reasons: string[];
}

export interface MemoryFilters {
  kinds: string[];
  conversation_id: string;
  min_importance: number;
}
