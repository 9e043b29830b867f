// How the window of a turn is divided: numbers that add up, as planned or as one model call used them.

import type { LaneTokens, ModelLeg, Receipt } from "../wire/governor";
import { words } from "./format";

export const LANES: readonly (keyof LaneTokens)[] = ["system_policy", "history", "memory", "tools", "tool_results", "buffer"];
const NONE: LaneTokens = { system_policy: 0, history: 0, memory: 0, tools: 0, tool_results: 0, buffer: 0 };

export interface Division {
  readonly lanes: LaneTokens;
  readonly sum: number;
  readonly message: number;
  /** What the provider counted beyond lanes and message; it is not planned. */
  readonly framing: number;
  readonly answer: number;
  readonly free: number;
  /** 0 where the receipt does not tell it. */
  readonly window: number;
}

export interface Piece {
  readonly name: string;
  readonly kind: string;
  readonly tokens: number;
}

/** The calls that tell what each lane used. */
export function legsWithLanes(receipt: Receipt): ModelLeg[] {
  return receipt.legs.filter((leg) => leg.lanes_used !== undefined);
}

/** The window as the call used it, or as it was planned where there is none. */
export function divisionOf(receipt: Receipt, leg: ModelLeg | undefined): Division {
  const lanes = (leg === undefined ? receipt.lanes_planned : (leg.lanes_used ?? receipt.lanes_used)) ?? NONE;
  const sum = LANES.reduce((before, lane) => before + lanes[lane], 0);
  const message = receipt.items.filter((item) => item.lane === "user_message" && item.kept).reduce((before, item) => before + item.tokens, 0);
  const framing = leg === undefined ? 0 : Math.max(0, (leg.usage?.input_tokens ?? 0) - sum - message);
  const answer = leg === undefined ? (receipt.max_output_tokens ?? 0) : (leg.usage?.output_tokens ?? 0);
  const { window_tokens: window = 0 } = receipt;
  const free = window === 0 ? 0 : window - sum - message - framing - answer;
  return { lanes, sum, message, framing, answer, free: Math.max(0, free), window };
}

/** Everything that fills the window, in its order. */
export function piecesOf(division: Division): Piece[] {
  const lanes = LANES.map((lane) => ({ name: words(lane), kind: lane, tokens: division.lanes[lane] }));
  return [
    ...lanes,
    { name: "message", kind: "message", tokens: division.message },
    { name: "framing", kind: "framing", tokens: division.framing },
    { name: "answer", kind: "answer", tokens: division.answer },
    { name: "free", kind: "free", tokens: division.free },
  ];
}
