// What the governor tells and takes: receipts, budgets, the level, its configuration. Names and forms are those of `proto/`.

import type { Effect, LevelReason, Usage } from "./types";

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
  version: number;
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
  lanes_used?: LaneTokens;
  items: ManifestItem[];
  request_sha256: string;
  parameters?: Record<string, unknown>;
}

export interface PhaseLatency {
  phase: string;
  start_milliseconds: number;
  duration_milliseconds: number;
}

export interface AiqPrediction {
  value: number;
  context_quality: number;
  tool_relevance?: number;
  budget_efficiency: number;
}

export interface AiqObservation {
  value: number;
  response_quality: number;
  tool_success: number;
  token_efficiency: number;
}

export interface Dependency {
  name: string;
  state: string;
  detail: string;
}

/** What the page reads of the snapshot; it has more. */
export interface PlanSnapshot {
  rules?: { weights?: [number, number, number]; tool_relevance_floor?: number };
  predicted_output_tokens?: number;
}

export interface Receipt {
  receipt_id: string;
  turn_id: string;
  conversation_id: string;
  agent_id: string;
  model: string;
  plan_version: number;
  lanes_planned?: LaneTokens;
  lanes_used?: LaneTokens;
  items: ManifestItem[];
  level: string;
  level_reasons: LevelReason[];
  aiq_predicted?: AiqPrediction;
  aiq_observed?: AiqObservation;
  tool_k: number;
  tools: RankedTool[];
  path: string;
  legs: ModelLeg[];
  phases: PhaseLatency[];
  usage?: Usage;
  cost_micros: string;
  outcome?: { finish_reason: string; error_reason: string; confidence?: number };
  modulation?: { effects: Effect[]; neutral: boolean };
  dependencies: Dependency[];
  features_off: string[];
  snapshot?: PlanSnapshot;
  plan_time?: string;
  settle_time?: string;
  feedback?: boolean;
  policy_decisions: string[];
  /** Receipts of before did not tell these. */
  window_tokens?: number;
  max_output_tokens?: number;
}

export interface ReceiptSummary {
  receipt_id: string;
  turn_id: string;
  model: string;
  level: string;
  aiq_predicted: number;
  aiq_observed?: number;
  tokens: string;
  cost_micros: string;
  finish_reason: string;
  plan_time: string;
  settle_time?: string;
  owner_sub: string;
}

export interface ReceiptDifference {
  part: string;
  name: string;
  before: string;
  after: string;
  sentence: string;
}

export interface RebuiltPrompt {
  /** Base64. */
  body: string;
  exact: boolean;
  missing: string[];
  model: string;
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
  debt_tokens: string;
  debt_micros: string;
  reset_time?: string;
  open_holds: number;
  scope: string;
  scope_id: string;
}

export interface BudgetLimits {
  scope: string;
  scope_id: string;
  period: string;
  limit_tokens: string;
  limit_micros: string;
  hard: boolean;
}

export interface LevelStatus {
  level: string;
  reasons: LevelReason[];
  dependencies: Dependency[];
  good_checks: number;
  good_checks_to_recover: number;
  since?: string;
}

export interface RateRules {
  tenant_calls_per_minute: number;
  tenant_tokens_per_minute: string;
  tenant_concurrent_turns: number;
  user_calls_per_minute: number;
  user_tokens_per_minute: string;
  user_concurrent_turns: number;
}

/** The page shows whatever fields there are; it knows those of the rates by name. */
export interface GovernorConfig extends Record<string, unknown> {
  rates?: RateRules;
}

export interface ConfigVersion {
  version: number;
  config?: GovernorConfig;
  changed_by: string;
  comment: string;
  create_time?: string;
  restores_version: number;
  changed_fields: string[];
}

export interface CalibrationBin {
  from: number;
  turns: string;
  mean_predicted: number;
  mean_observed: number;
}

export interface Calibration {
  model: string;
  turns: string;
  mean_error: number;
  mean_absolute_error: number;
  expected_calibration_error: number;
  bins: CalibrationBin[];
}
