// The search among memories and their list, adding, changing, correcting and forgetting one, where it comes from.

import { Refusal, refusalOf } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { Lineage, Memory, MemoryFilters, MemoryStats, Recalled } from "../wire/types";
import { Cell } from "./cell";
import { Pages } from "./pages";

const PATH = "/api/v1/memories";
const MOST = 30;
const PAGE = 20;
const PATIENCE_MS = 1500;
const GONE = "RESOURCE_NOT_FOUND";

export class Memories {
  readonly query = new Cell("");
  readonly filters = new Cell<MemoryFilters>({
    kinds: [],
    conversation_id: "",
    min_importance: 0,
    subject: "",
    held_on: "",
    include_retired: false,
    source_id: "",
  });
  readonly found = new Cell<Recalled | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly wanted = new Cell<Memory | undefined>(undefined);
  readonly report = new Cell("");
  /** What takes the last change back, where it can be. */
  readonly undo = new Cell<(() => Promise<void>) | undefined>(undefined);
  /** The newest, while nothing is searched for. */
  readonly newest: Pages<Memory>;
  readonly stats = new Cell<MemoryStats | undefined>(undefined);
  #running: AbortController | undefined;

  constructor(
    private readonly rest: Rest,
    private readonly agentId: () => string,
  ) {
    this.newest = new Pages(rest, PATH, "memories");
  }

  /** Reads anew what is shown while nothing is searched for: the newest, and how much there is. */
  async look(): Promise<void> {
    const { kinds, conversation_id, subject, include_retired, source_id } = this.filters.value;
    const told = Object.entries({ conversation_id, subject, source_id }).filter(([, value]) => value !== "");
    const narrowed = { kinds, ...Object.fromEntries(told) };
    const stats = this.rest.get<MemoryStats>(`${PATH}:stats`).catch(() => undefined);
    await this.newest.load({ ...narrowed, include_retired, page_size: PAGE });
    this.stats.value = await stats;
  }

  /** Searches for the query as it is now; what was being searched before is dropped. */
  async search(): Promise<void> {
    this.#running?.abort();
    const query = this.query.value.trim();
    if (query === "") {
      this.found.value = undefined;
      this.problem.value = undefined;
      await this.look();
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
    const { kinds, conversation_id, min_importance, subject, held_on } = this.filters.value;
    const then = held_on === "" ? {} : { as_of_valid_time: new Date(`${held_on}T23:59:59`).toISOString() };
    return { kinds, conversation_id, min_importance, subject, agent_id: this.agentId(), ...then };
  }

  /** Lists what comes from one source. */
  async from(sourceId: string): Promise<void> {
    this.query.value = "";
    this.wanted.value = undefined;
    this.filters.value = { ...this.filters.value, source_id: sourceId };
    await this.search();
  }

  /** Shows one memory by its id. */
  async show(memoryId: string): Promise<void> {
    this.report.value = "";
    this.undo.value = undefined;
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

  /** Where a memory comes from and what became of it. */
  lineage(memoryId: string): Promise<Lineage> {
    return this.rest.get<Lineage>(`${PATH}/${encodeURIComponent(memoryId)}/lineage`);
  }

  /** Changes fields of a memory as it was seen; what it was can be brought back. Throws the refusal. */
  async change(memory: Memory, fields: Partial<Memory>): Promise<void> {
    const before = Object.fromEntries(Object.keys(fields).map((name) => [name, memory[name as keyof Memory]]));
    const now = await this.#patch(memory, fields);
    this.report.value = "pinned" in fields ? pinning(now.pinned) : `Changed. It is version ${now.version} now; the one before is kept.`;
    this.undo.value = async () => {
      await this.#patch(now, before);
      this.report.value = "It is as it was before.";
      this.undo.value = undefined;
      await this.search();
    };
    await this.search();
  }

  async #patch(memory: Memory, fields: Partial<Memory>): Promise<Memory> {
    const { memory_id, etag } = memory;
    const body = { memory: { memory_id, etag, ...fields }, update_mask: Object.keys(fields).join(",") };
    const told = await this.rest.patch<{ memory: Memory }>(`${PATH}/${encodeURIComponent(memory_id)}`, body);
    this.#seen(told.memory);
    return told.memory;
  }

  #seen(memory: Memory): void {
    if (this.wanted.value?.memory_id === memory.memory_id) {
      this.wanted.value = memory;
    }
  }

  /** Says what is true instead: the old one stays and names the new one, which is shown. Throws the refusal. */
  async correct(memory: Memory, text: string): Promise<void> {
    const path = `${PATH}/${encodeURIComponent(memory.memory_id)}:correct`;
    const told = await this.rest.post<{ memory: Memory }>(path, { text, etag: memory.etag });
    this.wanted.value = told.memory;
    this.undo.value = undefined;
    this.report.value = "Corrected. The old one is kept as superseded and recall finds the new one.";
    await this.search();
  }

  /** Deletes a memory for good and looks whether it is really gone. */
  async forget(memory: Memory): Promise<void> {
    await this.rest.delete(`${PATH}/${encodeURIComponent(memory.memory_id)}`);
    const gone = await this.#isGone(memory.memory_id);
    this.wanted.value = undefined;
    this.undo.value = undefined;
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

function pinning(pinned: boolean): string {
  return pinned ? "Pinned: no sweep takes it." : "No longer pinned: a sweep may take it once it has faded.";
}
