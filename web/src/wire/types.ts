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

// ---- cognitive ----

export interface Effect {
  name: string;
  before: number;
  after: number;
  sentence: string;
  switched_off: boolean;
}

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
  access_time?: string;
  valid_from_time?: string;
  valid_to_time?: string;
  version: number;
  etag: string;
  predicate: string;
  object: string;
  pinned: boolean;
  expire_time?: string;
  retire_time?: string;
  superseded_by: string;
  quarantined: boolean;
  turn_id: string;
}

/** Where a memory comes from and what became of it. */
export interface Lineage {
  memory: Memory;
  versions?: Memory[];
  superseded?: Memory[];
  superseded_by?: Memory[];
  sources?: Memory[];
  descendants?: Memory[];
}

export interface MemoryStats {
  namespaces?: { memory_count: string; token_count: string; pending_count: string; quarantined_count: string; resting_count: string }[];
  vector_index: string;
  vector_index_up: boolean;
}

export interface ScoreParts {
  vector?: number;
  lexical?: number;
  context?: number;
  graph?: number;
  time?: number;
  speaker?: number;
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
  subject: string;
  /** What held in the world on this day, YYYY-MM-DD; only the search has it. */
  held_on: string;
  /** Also what recall does not find any more; only lists have it. */
  include_retired: boolean;
  /** Only from this source; only lists have it. */
  source_id: string;
}
