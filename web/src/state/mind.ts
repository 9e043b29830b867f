// The state of an agent: its values, what they change, what moved them, what an examination found.

import type { Finding } from "../wire/mind";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { MindExplained, MindValues, StateChange } from "../wire/types";
import { Cell } from "./cell";

const PAGE = 60;

export interface MindState extends MindValues {
  effects: MindExplained["effects"];
}

export class Mind {
  readonly state = new Cell<MindState | undefined>(undefined);
  readonly changes = new Cell<readonly StateChange[]>([]);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  /** Undefined until somebody asked for them. */
  readonly findings = new Cell<readonly Finding[] | undefined>(undefined);
  #agentId = "";
  #more = "";

  constructor(private readonly rest: Rest) {}

  get hasMore(): boolean {
    return this.#more !== "";
  }

  async load(agentId: string): Promise<void> {
    if (agentId !== this.#agentId) {
      this.findings.value = undefined;
    }
    this.#agentId = agentId;
    try {
      const [values, explained] = await Promise.all([
        this.rest.get<MindValues>("/neuromodulators", { agent_id: agentId }),
        this.#explain(""),
      ]);
      if (this.#agentId === agentId) {
        this.state.value = { ...values, effects: explained.effects };
        this.changes.value = explained.changes;
        this.#more = explained.next_page_token;
        this.problem.value = undefined;
      }
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  async loadMore(): Promise<void> {
    const agentId = this.#agentId;
    const next = await this.#explain(this.#more).catch(() => undefined);
    if (next !== undefined && agentId === this.#agentId) {
      this.#more = next.next_page_token;
      this.changes.value = [...this.changes.value, ...next.changes];
    }
  }

  /** Has the mind examined. */
  async examine(): Promise<void> {
    const agentId = this.#agentId;
    try {
      const told = await this.rest.get<{ findings: Finding[] }>("/api/v1/cognitive/diagnostics", { agent_id: agentId });
      this.findings.value = told.findings;
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  /** The values a neuromodulator had, oldest first, as far as its changes were read. */
  history(name: string): number[] {
    const moved = this.changes.value.filter((change) => change.name === name).reverse();
    const first = moved[0];
    return first === undefined ? [] : [first.before, ...moved.map((change) => change.after)];
  }

  #explain(token: string): Promise<MindExplained> {
    const query = { agent_id: this.#agentId, page_size: PAGE, page_token: token };
    return this.rest.get<MindExplained>("/api/v1/cognitive/explain", query);
  }
}
