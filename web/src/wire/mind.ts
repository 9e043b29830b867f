// What the cognitive service tells and takes: sleep, cycles, load, weights of recall, findings. Names are those of `proto/`.

export interface SleepSchedule {
  recall_width: number;
  time_budget: number;
  temperature: number;
  learning_rate: number;
  store_barrier: number;
  forgetting: number;
}

export interface CognitiveLoad {
  load: number;
  open_turns: number;
  context_fill: number;
  error_rate: number;
  unconsolidated: number;
  relief: number;
  threshold: number;
  turns_above: number;
}

export interface SleepCycle {
  cycle_id: string;
  state: string;
  step: string;
  cause: string;
  replayed_count: number;
  group_count: number;
  fact_count: number;
  hypothesis_count: number;
  swept_count: number;
  coverage: number;
  used_tokens: number;
  load_before: number;
  load_after: number;
  sentences: string[];
  start_time?: string;
  end_time?: string;
}

export interface SleepStatus {
  agent_id: string;
  state: string;
  since_time?: string;
  until_time?: string;
  returns_to: string;
  schedule?: SleepSchedule;
  load?: CognitiveLoad;
  last_nrem_time?: string;
  last_rem_time?: string;
  current_cycle?: SleepCycle;
  next_cycle: string;
}

export interface RetrievalWeights {
  vector: number;
  graph: number;
  recency: number;
  lexical: number;
  temperature: number;
}

export interface AdaptationState {
  version: number;
  retrieval?: RetrievalWeights;
  learning_rate: number;
  feedback_count: number;
  cause: string;
  turn_id: string;
  time?: string;
}

export interface Adapted {
  state: AdaptationState;
  minimum?: RetrievalWeights;
  maximum?: RetrievalWeights;
}

export interface Finding {
  name: string;
  sound: boolean;
  sentence: string;
}
