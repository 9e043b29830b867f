// What budgets are called, and what is left of them.

import type { Budget } from "../wire/governor";

export const SCOPES: readonly (readonly [string, string])[] = [
  ["BUDGET_SCOPE_TENANT", "everybody together"],
  ["BUDGET_SCOPE_USER", "one user"],
  ["BUDGET_SCOPE_AGENT", "one agent"],
  ["BUDGET_SCOPE_CONVERSATION", "one conversation"],
];
export const PERIODS: readonly (readonly [string, string])[] = [
  ["BUDGET_PERIOD_TURN", "turn"],
  ["BUDGET_PERIOD_DAY", "day"],
  ["BUDGET_PERIOD_MONTH", "month"],
  ["BUDGET_PERIOD_TOTAL", "total"],
];

export interface Share {
  readonly limit: number;
  readonly used: number;
  readonly held: number;
  readonly debt: number;
  readonly left: number;
}

export function tokensOf(budget: Budget): Share {
  return share(budget.limit_tokens, budget.used_tokens, budget.held_tokens, budget.debt_tokens);
}

export function microsOf(budget: Budget): Share {
  return share(budget.limit_micros, budget.used_micros, budget.held_micros, budget.debt_micros);
}

export function periodName(period: string): string {
  return PERIODS.find(([value]) => value === period)?.[1] ?? period;
}

/** The scope as the contract has it; what is not set is the tenant. */
export function scopeOf(budget: Budget): string {
  return SCOPES.some(([value]) => value === budget.scope) ? budget.scope : "BUDGET_SCOPE_TENANT";
}

/** What tells a budget from all others. */
export function keyOf(budget: Budget): string {
  return `${scopeOf(budget)} ${budget.scope_id} ${budget.period}`;
}

/** By scope from the widest to the narrowest, then by period from the shortest to the longest. */
export function inOrder(budgets: readonly Budget[]): Budget[] {
  const place = (budget: Budget): number =>
    10 * SCOPES.findIndex(([value]) => value === scopeOf(budget)) + PERIODS.findIndex(([value]) => value === budget.period);
  return [...budgets].sort((one, other) => place(one) - place(other) || one.scope_id.localeCompare(other.scope_id));
}

function share(limit: string, used: string, held: string, debt: string | undefined): Share {
  const [most, spent, kept, owed] = [Number(limit), Number(used), Number(held), Number(debt ?? 0)];
  return { limit: most, used: spent, held: kept, debt: owed, left: Math.max(0, most - spent - kept - owed) };
}
