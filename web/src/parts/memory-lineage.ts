// Where a memory comes from and what became of it: versions, what replaced what, what it was made of.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import { moment } from "../text/format";
import { refusalOf } from "../wire/refusal";
import type { Lineage, Memory } from "../wire/types";
import { Part } from "./part";

/** Its name, the memories, whether they can be opened. */
type Group = readonly [string, readonly Memory[], boolean];

export class MemoryLineagePart extends Part {
  static override properties = { memory: { attribute: false }, found: { state: true }, problem: { state: true } };
  declare memory: Memory;
  declare found: Lineage | undefined;
  declare problem: string;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      h2,
      ol,
      .here {
        margin: 0 0 0 var(--s1);
        padding: var(--s1) 0 var(--s1) var(--s4);
        border-left: 1px solid var(--outline);
      }
      h2 {
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      ol {
        list-style: none;
      }
      li {
        padding: var(--s1) 0;
      }
      li,
      .here {
        position: relative;
      }
      li::before,
      .here::before {
        position: absolute;
        top: 10px;
        left: calc(-1 * var(--s4) - 4px);
        width: 7px;
        height: 7px;
        border: 1px solid var(--outline);
        border-radius: 50%;
        background: var(--ground);
        content: "";
      }
      .here::before {
        left: -4px;
        background: var(--accent);
      }
      .here {
        font-weight: 600;
      }
      button.link {
        text-align: left;
        overflow-wrap: anywhere;
      }
    `,
  ];
  #read = "";

  constructor() {
    super();
    this.found = undefined;
    this.problem = "";
  }

  protected override updated(): void {
    const wanted = `${this.memory.memory_id} ${this.memory.etag}`;
    if (this.#read !== wanted) {
      this.#read = wanted;
      void this.#load(this.memory.memory_id);
    }
  }

  async #load(memoryId: string): Promise<void> {
    try {
      this.found = await this.store.memories.lineage(memoryId);
      this.problem = "";
    } catch (error) {
      this.problem = refusalOf(error).message;
    }
  }

  protected override render(): unknown {
    if (this.problem !== "") {
      return html`<p class="problem" role="alert">${this.problem}</p>`;
    }
    if (this.found === undefined) {
      return html`<p class="quiet">Reading where it comes from…</p>`;
    }
    const { memory, versions = [], superseded = [], superseded_by = [], sources = [], descendants = [] } = this.found;
    const older = versions.filter((each) => each.version !== memory.version);
    const before: Group[] = [
      ["Made of", sources, true],
      ["Replaced", superseded, true],
      ["Earlier versions", older, false],
    ];
    const after: Group[] = [
      ["Replaced by", superseded_by, true],
      ["Made into", descendants, true],
    ];
    if ([...before, ...after].every(([, memories]) => memories.length === 0)) {
      return html`<p class="quiet">It is as it was learned; nothing took its place.</p>`;
    }
    // Downwards in time: what it comes from, itself, what became of it.
    return html`${before.map((group) => this.#group(group))}
      <p class="here">This memory</p>
      ${after.map((group) => this.#group(group))}`;
  }

  #group([name, memories, leads]: Group): unknown {
    return memories.length === 0
      ? nothing
      : html`<h2>${name}</h2>
      <ol>
        ${memories.map(
          (memory) => html`<li>
            ${leads
              ? html`<button class="link" type="button" @click=${() => this.store.showMemory(memory.memory_id)}>${memory.text}</button>`
              : memory.text}
            <span class="quiet tiny">${leads ? `learned ${moment(memory.learn_time)}` : `version ${memory.version}`}</span>
            ${memory.valid_to_time === undefined ? nothing : html`<span class="quiet tiny">· held until ${moment(memory.valid_to_time)}</span>`}
          </li>`,
        )}
      </ol>`;
  }
}

customElements.define("soma-memory-lineage", MemoryLineagePart);
