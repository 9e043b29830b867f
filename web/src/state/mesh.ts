// What the foot of the page tells: the link, the level, the model, the budget; and which agents and models there are.

import type { Link } from "../wire/connection";
import type { Rest } from "../wire/rest";
import type { AgentName, ModelProfile } from "../wire/chat";
import type { Budget } from "../wire/governor";
import { Cell } from "./cell";

const OFFLINE_PROVIDER = "offline";
const NARROWER: ReadonlySet<string> = new Set(["BUDGET_SCOPE_USER", "BUDGET_SCOPE_AGENT", "BUDGET_SCOPE_CONVERSATION"]);

export class MeshState {
  readonly link = new Cell<Link>("connecting");
  readonly level = new Cell("");
  readonly agents = new Cell<readonly AgentName[]>([]);
  readonly models = new Cell<readonly ModelProfile[]>([]);
  readonly usedModel = new Cell("");
  readonly budget = new Cell<Budget | undefined>(undefined);
  /** Whom the mesh takes this browser for. */
  userId = "";
  /** What it lets its user do. */
  readonly roles = new Cell<readonly string[]>([]);
  readonly services = new Cell<Readonly<Record<string, string>>>({});

  constructor(private readonly rest: Rest) {}

  get model(): string {
    return this.usedModel.value || (this.models.value.find((model) => model.tenant_default)?.model_profile_id ?? "");
  }

  get isAdmin(): boolean {
    return this.roles.value.includes("admin");
  }

  /** Whether what others spend may be seen. */
  get isOperator(): boolean {
    return this.isAdmin || this.roles.value.includes("operator");
  }

  /** Whether nothing but the offline model is there to answer. */
  get withoutModel(): boolean {
    const { value: models } = this.models;
    return models.length > 0 && models.every((model) => model.provider === OFFLINE_PROVIDER);
  }

  /** The agents as they are now; the greeting of the socket may tell of those of a minute ago. */
  async refreshAgents(): Promise<void> {
    const page = await this.rest.get<{ agents: AgentName[] }>("/api/v1/chat/agents", { page_size: 200 }).catch(() => undefined);
    this.agents.value = page?.agents ?? this.agents.value;
  }

  async refresh(): Promise<void> {
    const [models, budgets, health] = await Promise.all([
      this.rest.get<{ models: ModelProfile[] }>("/api/v1/models", { page_size: 200 }).catch(() => undefined),
      this.rest.get<{ budgets: Budget[] }>("/api/v1/budget").catch(() => undefined),
      this.rest.get<{ services: Record<string, string> }>("/api/v1/health").catch(() => undefined),
    ]);
    this.models.value = models?.models ?? this.models.value;
    this.services.value = health?.services ?? this.services.value;
    const days = budgets?.budgets.find(({ period, scope }) => period === "BUDGET_PERIOD_DAY" && !NARROWER.has(scope));
    this.budget.value = budgets === undefined ? this.budget.value : days;
  }
}
