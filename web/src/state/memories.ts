// The search among memories, adding one, forgetting one.

import { Refusal, refusalOf } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { Memory, MemoryFilters, Recalled } from "../wire/types";
import { Cell } from "./cell";

const PATH = "/api/v1/memories";
const MOST = 30;
const PATIENCE_MS = 1500;
const GONE = "RESOURCE_NOT_FOUND";

export class Memories {
  readonly query = new Cell("");
  readonly filters = new Cell<MemoryFilters>({ kinds: [], conversation_id: "", min_importance: 0 });
  readonly found = new Cell<Recalled | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly wanted = new Cell<Memory | undefined>(undefined);
  readonly report = new Cell("");
  #running: AbortController | undefined;

  constructor(
    private readonly rest: Rest,
    private readonly agentId: () => string,
  ) {}

  /** Searches for the query as it is now; what was being searched before is dropped. */
  async search(): Promise<void> {
    this.#running?.abort();
    const query = this.query.value.trim();
    if (query === "") {
      this.found.value = undefined;
      this.problem.value = undefined;
      return;
    }
    const running = new AbortController();
    this.#running = running;
    const asked = { query, top_k: MOST, time_budget_milliseconds: PATIENCE_MS, ...this.#narrowed() };
    try {
      const found = await this.rest.post<Recalled>(`${PATH}:recall`, asked, running.signal);
      this.found.value = found;
      this.problem.value = undefined;
    } catch (error) {
      if (!running.signal.aborted) {
        this.problem.value = refusalOf(error);
      }
    }
  }

  #narrowed(): object {
    const { kinds, conversation_id, min_importance } = this.filters.value;
    return { kinds, conversation_id, min_importance, agent_id: this.agentId() };
  }

  /** Shows one memory by its id. */
  async show(memoryId: string): Promise<void> {
    this.report.value = "";
    this.problem.value = undefined;
    try {
      const { memory } = await this.rest.get<{ memory: Memory }>(`${PATH}/${encodeURIComponent(memoryId)}`);
      this.wanted.value = memory;
    } catch (error) {
      this.wanted.value = undefined;
      this.problem.value = refusalOf(error);
    }
  }

  /** Keeps a text. Throws the refusal of one that is not worth keeping. */
  async add(text: string, kind: string): Promise<void> {
    const stored = await this.rest.post<{ memory: Memory; duplicate: boolean }>(PATH, { text, kind });
    this.wanted.value = stored.memory;
    this.report.value = stored.duplicate ? "It was known already and counts for more now." : "It is kept.";
    await this.search();
  }

  /** Deletes a memory for good and looks whether it is really gone. */
  async forget(memory: Memory): Promise<void> {
    await this.rest.delete(`${PATH}/${encodeURIComponent(memory.memory_id)}`);
    const gone = await this.#isGone(memory.memory_id);
    this.wanted.value = undefined;
    await this.search();
    const left = (this.found.value?.hits ?? []).some((hit) => hit.memory.memory_id === memory.memory_id);
    this.report.value =
      gone && !left
        ? "Forgotten. Reading it again finds nothing, and the search does not show it any more."
        : "The mesh took the deletion, but the memory can still be read. Try again in a moment.";
  }

  async #isGone(memoryId: string): Promise<boolean> {
    try {
      await this.rest.get(`${PATH}/${encodeURIComponent(memoryId)}`);
      return false;
    } catch (error) {
      return error instanceof Refusal && error.code === GONE;
    }
  }
}
