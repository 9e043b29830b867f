// What may be spent and what was: the budgets that apply here, those of others, the last turns.

import type { Budget, BudgetLimits, ReceiptSummary } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Query, Rest } from "../wire/rest";
import { Cell } from "./cell";
import { Pages } from "./pages";

const LAST_TURNS = 10;
const PAGE = 50;

export class Budgets {
  /** Undefined until they have come. */
  readonly mine = new Cell<readonly Budget[] | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly all: Pages<Budget>;
  readonly spent: Pages<ReceiptSummary>;
  #visit = 0;

  constructor(private readonly rest: Rest) {
    this.all = new Pages(rest, "/api/v1/budgets", "budgets");
    this.spent = new Pages(rest, "/api/v1/receipts", "receipts");
  }

  /** Reads what applies to a conversation with an agent, and with `others` what applies to anybody. */
  async load(agentId: string, conversationId: string, others: boolean): Promise<void> {
    const waits = [this.#loadMine(agentId, conversationId), this.spent.load({ page_size: LAST_TURNS })];
    if (others) {
      waits.push(this.all.load({ page_size: PAGE }));
    }
    await Promise.all(waits);
  }

  /** Sets the limits of one budget. Throws the refusal. */
  async set(limits: BudgetLimits): Promise<void> {
    await this.rest.post("/api/v1/budget", { ...limits, request_id: crypto.randomUUID() });
  }

  async #loadMine(agentId: string, conversationId: string): Promise<void> {
    this.#visit += 1;
    const visit = this.#visit;
    const query: Query = { ...(agentId === "" ? {} : { agent_id: agentId }), ...(conversationId === "" ? {} : { conversation_id: conversationId }) };
    try {
      const { budgets } = await this.rest.get<{ budgets: Budget[] }>("/api/v1/budget", query);
      if (visit === this.#visit) {
        this.mine.value = budgets;
        this.problem.value = undefined;
      }
    } catch (error) {
      if (visit === this.#visit) {
        this.problem.value = refusalOf(error);
      }
    }
  }
}
