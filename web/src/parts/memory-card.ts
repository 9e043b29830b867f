// One memory: its text, where it comes from, how it got its score; editing, correcting, pinning and forgetting it.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import { enumWords, moment, plural } from "../text/format";
import { refusalOf } from "../wire/refusal";
import type { Memory, MemoryHit, ScoreParts } from "../wire/types";
import { confirmed } from "./confirm";
import type { Change } from "./memory-change";
import "./memory-change";
import "./memory-lineage";
import { Part } from "./part";

export class MemoryCardPart extends Part {
  static override properties = { memory: { attribute: false }, hit: { attribute: false }, open: { state: true }, changing: { state: true } };
  declare memory: Memory;
  declare hit: MemoryHit | undefined;
  declare open: boolean;
  declare changing: Change | undefined;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        padding: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .text.cut {
        display: -webkit-box;
        white-space: pre-wrap;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4;
      }
      .score {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0 var(--s5);
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .score div {
        display: grid;
        grid-template-columns: 72px 1fr 28px;
        align-items: center;
        gap: var(--s2);
      }
      .score .took {
        fill: var(--lane-memory);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      .foot > span {
        flex: 1;
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      dl {
        margin: var(--s2) 0;
      }
    `,
  ];

  constructor() {
    super();
    this.open = false;
    this.changing = undefined;
  }

  protected override render(): unknown {
    const { memory, hit } = this;
    const source = enumWords(memory.source_class, "SOURCE_CLASS_");
    return html`
      <p class=${this.open ? "text" : "text cut"}>${memory.text}</p>
      ${hit === undefined ? nothing : score(hit)}
      <div class="foot">
        <span class="quiet tiny">${[...total(hit), enumWords(memory.kind, "MEMORY_KIND_"), source, ...standing(memory)].join(" · ")}</span>
        <button class="plain" type="button" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>Details</button>
        <button class="plain" type="button" @click=${() => void this.#forget()}>Forget</button>
      </div>
      ${this.open ? this.#more(memory) : nothing}
    `;
  }

  #more(memory: Memory): unknown {
    return html`
      ${this.changing === undefined
        ? html`<div class="foot">
            <span></span>
            ${this.#act("Edit", () => (this.changing = "edit"), "edit")}
            ${memory.superseded_by === "" ? this.#act("Correct", () => (this.changing = "correct"), "correct") : nothing}
            ${this.#act(memory.pinned ? "Unpin" : "Pin", () => void this.#pin())}
            ${memory.source_id === "" ? nothing : this.#act("Same source", () => void this.store.memories.from(memory.source_id))}
            ${memory.conversation_id === "" ? nothing : this.#act("To the message", () => this.#toMessage())}
          </div>`
        : html`<soma-memory-change
            .store=${this.store}
            .memory=${memory}
            .how=${this.changing}
            @done=${() => void this.#changed()}
          ></soma-memory-change>`}
      ${details(memory)}
      <soma-memory-lineage .store=${this.store} .memory=${memory}></soma-memory-lineage>
    `;
  }

  #act(name: string, act: () => void, id = ""): unknown {
    return html`<button class="plain" type="button" id=${id === "" ? nothing : id} @click=${act}>${name}</button>`;
  }

  /** The focus goes back to what opened the form, or to the details where that is gone. */
  async #changed(): Promise<void> {
    const { changing = "edit" } = this;
    this.changing = undefined;
    await this.updateComplete;
    const { renderRoot } = this;
    (renderRoot.querySelector<HTMLElement>(`#${changing}`) ?? renderRoot.querySelector<HTMLElement>("[aria-expanded]"))?.focus();
  }

  async #pin(): Promise<void> {
    try {
      await this.store.memories.change(this.memory, { pinned: !this.memory.pinned });
    } catch (error) {
      this.store.memories.problem.value = refusalOf(error);
    }
    this.store.layout.announce(this.store.memories.report.value);
  }

  #toMessage(): void {
    const { conversation_id, source_class, source_id } = this.memory;
    this.store.openChat(conversation_id, source_class === "SOURCE_CLASS_USER_SAID" ? source_id : "");
    if (this.store.layout.narrow.value) {
      this.store.layout.closeDrawer();
    }
  }

  async #forget(): Promise<void> {
    const { memory } = this;
    const recalled = memory.access_count === 0 ? "It was never recalled" : `It was recalled ${plural(memory.access_count, "time")}`;
    const sure = await confirmed({
      title: "Forget this memory?",
      text: `“${memory.text.slice(0, 160)}” will be deleted for good, with its vector and its words in the search. ${recalled}; answers that used it and their receipts stay as they are.`,
      act: "Forget it",
    });
    if (!sure) {
      return;
    }
    try {
      await this.store.memories.forget(memory);
    } catch (error) {
      this.store.memories.problem.value = refusalOf(error);
    }
    this.store.layout.announce(this.store.memories.report.value);
  }
}

function score(hit: MemoryHit): unknown {
  const { vector, lexical, recency, importance, context, graph, time, speaker }: ScoreParts = hit.parts;
  const parts: readonly (readonly [string, number | undefined])[] = [
    ["meaning", vector],
    ["words", lexical],
    ["recency", recency],
    ["weight", importance],
    ...there("neighbours", context),
    ...there("links", graph),
    ...there("time", time),
    ...there("name", speaker),
  ];
  return html`<div class="score" role="group" aria-label=${`Score ${hit.score.toFixed(2)}`}>
    ${parts.map(
      ([name, value]) => html`<div>
        <span>${name}</span>
        <svg class="bar" height="4" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2"></rect>
          <rect class="took" width=${`${100 * Math.min(1, Math.max(0, value ?? 0))}%`} height="4" rx="2"></rect>
        </svg>
        <span class="number">${value === undefined ? "–" : value.toFixed(2)}</span>
      </div>`,
    )}
  </div>`;
}

function total(hit: MemoryHit | undefined): readonly string[] {
  return hit === undefined ? [] : [`score ${hit.score.toFixed(2)}`];
}

/** A part of the score that only some memories have. */
function there(name: string, value: number | undefined): readonly (readonly [string, number | undefined])[] {
  return value === undefined ? [] : [[name, value]];
}

/** What keeps it from recall, or keeps it in. */
function standing(memory: Memory): readonly string[] {
  const { expire_time, quarantined, superseded_by, retire_time, pinned } = memory;
  const expired = expire_time !== undefined && new Date(expire_time) <= new Date();
  const signs: readonly (readonly [boolean, string])[] = [
    [quarantined, "hidden by a quarantine"],
    [superseded_by !== "", "superseded"],
    [retire_time !== undefined && superseded_by === "", "at rest"],
    [expired, "expired"],
    [pinned, "pinned"],
  ];
  return signs.filter(([is]) => is).map(([, name]) => name);
}

function details(memory: Memory): unknown {
  const rows: readonly (readonly [string, unknown])[] = [
    ["Learned", moment(memory.learn_time)],
    ["Lives with", memory.namespace],
    ["About", memory.subject],
    ["Said by", memory.speaker],
    ["Source", memory.source_id],
    ["Trust", memory.trust.toFixed(2)],
    ["Importance", memory.importance.toFixed(2)],
    ["Recalled", plural(memory.access_count, "time")],
    ["Size", plural(memory.token_count, "token")],
    ["Labels", memory.tags.join(", ")],
    ["Fact", `${memory.predicate} ${memory.object}`.trim()],
    ["Holds from", memory.valid_from_time === undefined ? "" : moment(memory.valid_from_time)],
    ["Holds until", memory.valid_to_time === undefined ? "" : moment(memory.valid_to_time)],
    ["Expires", memory.expire_time === undefined ? "" : moment(memory.expire_time)],
    ["Out of recall since", memory.retire_time === undefined ? "" : moment(memory.retire_time)],
    ["Version", String(memory.version)],
    ["Id", html`<a href=${`#memory=${memory.memory_id}`}><code>${memory.memory_id}</code></a>`],
  ];
  return html`<dl>
    ${rows.filter(([, value]) => value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
  </dl>`;
}

customElements.define("soma-memory-card", MemoryCardPart);
