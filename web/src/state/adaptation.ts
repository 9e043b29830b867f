// What recall has learned for the agent: its weights, the versions they went through, going back to one.

import type { AdaptationState, Adapted } from "../wire/mind";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";
import { Pages } from "./pages";

const PAGE = 10;

export class Adaptation {
  /** Undefined until the mesh has told it. */
  readonly now = new Cell<Adapted | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly versions: Pages<AdaptationState>;
  #agentId = "";

  constructor(private readonly rest: Rest) {
    this.versions = new Pages(rest, "/api/v1/cognitive/adaptation/history", "states");
  }

  async load(agentId: string): Promise<void> {
    const another = agentId !== this.#agentId;
    this.#agentId = agentId;
    try {
      const now = await this.rest.get<Adapted>("/context/adaptation/state", { agent_id: agentId });
      if (this.#agentId === agentId) {
        const moved = now.state.version !== this.now.value?.state.version;
        this.now.value = now;
        this.problem.value = undefined;
        if ((another || moved) && this.versions.rows.value !== undefined) {
          await this.loadVersions();
        }
      }
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  async loadVersions(): Promise<void> {
    await this.versions.load({ agent_id: this.#agentId, page_size: PAGE });
  }

  /** Makes the weights of an earlier version those of a new one. Throws the refusal, also where they moved meanwhile. */
  async rollBack(version: number): Promise<void> {
    const seen = this.now.value?.state.version;
    const body = { agent_id: this.#agentId, version, ...(seen === undefined ? {} : { expected_version: seen }) };
    await this.rest.post("/api/v1/cognitive/adaptation/rollback", body);
    await this.load(this.#agentId);
  }
}
