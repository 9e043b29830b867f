// How the agent sleeps: its state, its load, its cycles; putting it to sleep, waking it, running a cycle.

import type { SleepCycle, SleepStatus } from "../wire/mind";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";
import { Pages } from "./pages";

const PAGE = 5;

export type SleepWord = "active" | "light" | "deep" | "freeze";

export class Sleep {
  /** Undefined until the mesh has told it. */
  readonly status = new Cell<SleepStatus | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly cycles: Pages<SleepCycle>;
  #agentId = "";
  #cyclesAsOf = "";

  constructor(private readonly rest: Rest) {
    this.cycles = new Pages(rest, "/sleep/cycles", "cycles");
  }

  get cycleRuns(): boolean {
    return this.status.value?.current_cycle !== undefined;
  }

  async load(agentId: string): Promise<void> {
    this.#agentId = agentId;
    try {
      const { status } = await this.rest.get<{ status: SleepStatus }>("/sleep/status", { agent_id: agentId });
      if (this.#agentId === agentId) {
        this.status.value = status;
        this.problem.value = undefined;
        await this.#loadCycles(status);
      }
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  /** Brings the agent to a state, for so many seconds or until somebody changes it. Throws the refusal. */
  async move(target: SleepWord, seconds = 0): Promise<void> {
    const body = { agent_id: this.#agentId, target_state: target, ttl_seconds: seconds, wake: target === "active" };
    const told = await this.rest.post<{ status: SleepStatus }>("/api/util/sleep", body);
    this.status.value = told.status;
  }

  /** Makes an agent active from whatever state it is in. Throws the refusal. */
  async wake(agentId: string): Promise<void> {
    this.#agentId = agentId;
    await this.move("active");
  }

  /** Runs a cycle, or joins the one that runs. Throws the refusal. */
  async runCycle(): Promise<void> {
    await this.rest.post("/sleep/run", { agent_id: this.#agentId, async_mode: true });
    await this.load(this.#agentId);
  }

  /** Stops a cycle; what it had not finished is undone. Throws the refusal. */
  async cancelCycle(cycleId: string): Promise<void> {
    await this.rest.post("/sleep/cancel", { cycle_id: cycleId });
    await this.load(this.#agentId);
  }

  /** Reads the cycles anew where another agent is looked at, or one of them has begun or ended. */
  async #loadCycles(status: SleepStatus): Promise<void> {
    const { current_cycle: current, last_nrem_time: nrem, last_rem_time: rem } = status;
    const now = [status.agent_id, current?.cycle_id, nrem, rem].join(" ");
    if (now !== this.#cyclesAsOf) {
      this.#cyclesAsOf = now;
      await this.cycles.load({ agent_id: this.#agentId, page_size: PAGE });
    }
  }
}
