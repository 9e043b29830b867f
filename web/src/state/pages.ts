// A list of the mesh that comes page by page, the newest page asked for again when it is loaded.

import { refusalOf, type Refusal } from "../wire/refusal";
import type { Query, Rest } from "../wire/rest";
import { Cell } from "./cell";

export class Pages<Row> {
  /** Undefined until a page has come. */
  readonly rows = new Cell<readonly Row[] | undefined>(undefined);
  readonly problem = new Cell<Refusal | undefined>(undefined);
  #query: Query = {};
  #next = "";
  #visit = 0;

  constructor(
    private readonly rest: Rest,
    private readonly path: string,
    private readonly field: string,
  ) {}

  get hasMore(): boolean {
    return this.#next !== "";
  }

  clear(): void {
    this.#visit += 1;
    this.#next = "";
    this.rows.value = undefined;
    this.problem.value = undefined;
  }

  async load(query: Query): Promise<void> {
    this.#visit += 1;
    this.#query = query;
    await this.#read("", []);
  }

  async more(): Promise<void> {
    if (this.hasMore) {
      await this.#read(this.#next, this.rows.value ?? []);
    }
  }

  async #read(token: string, before: readonly Row[]): Promise<void> {
    const visit = this.#visit;
    try {
      const query = token === "" ? this.#query : { ...this.#query, page_token: token };
      const page = await this.rest.get<Record<string, unknown>>(this.path, query);
      if (visit === this.#visit) {
        this.#next = String(page["next_page_token"] ?? "");
        this.rows.value = [...before, ...((page[this.field] ?? []) as Row[])];
        this.problem.value = undefined;
      }
    } catch (error) {
      if (visit === this.#visit) {
        this.problem.value = refusalOf(error);
      }
    }
  }
}
