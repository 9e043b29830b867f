// What the search found in messages: whose, where, and the place with its words marked.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { dayOf, plural } from "../text/format";
import type { FoundMessage } from "../wire/chat";
import { Part } from "./part";

export class FoundPart extends Part {
  static override styles = [
    base,
    controls,
    notices,
    css`
      :host {
        display: block;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .hit {
        display: block;
        width: 100%;
        padding: var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .hit .head {
        display: flex;
        gap: var(--s2);
        font-size: var(--size-tiny);
      }
      .hit .head .cut {
        flex: 1;
      }
      .snippet {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow-wrap: anywhere;
        line-height: 1.4;
      }
      mark {
        border-radius: 2px;
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 600;
      }
      .empty {
        padding: 0 var(--s2);
      }
      .more {
        width: 100%;
      }
    `,
  ];

  protected override watched(): readonly Watchable[] {
    return [this.store.search.found, this.store.search.problem];
  }

  protected override render(): unknown {
    const { found, problem, hasMore } = this.store.search;
    if (problem.value !== undefined) {
      return html`<h2>In messages</h2><p class="problem" role="alert">${problem.value.message}</p>`;
    }
    if (found.value === undefined) {
      return nothing;
    }
    const places = `${plural(found.value.length, "place")}${hasMore ? " and more" : ""}`;
    return html`<h2>In messages${found.value.length === 0 ? "" : ` · ${places}`}</h2>
      <p class="unseen" role="status">Found in messages: ${places}</p>
      ${found.value.length === 0 ? html`<p class="quiet small empty">No message has all of these words.</p>` : nothing}
      <ul>${found.value.map((hit) => html`<li>${this.#hit(hit)}</li>`)}</ul>
      ${hasMore ? html`<button class="plain more" type="button" @click=${() => void this.store.search.more()}>Show more</button>` : nothing}`;
  }

  #hit(hit: FoundMessage): unknown {
    return html`<button class="hit" type="button" @click=${() => this.store.openChat(hit.conversation_id, hit.message_id)}>
      <span class="head quiet">
        <span class="cut">${hit.conversation_title || "Untitled chat"}</span>
        <span>${hit.role === "ROLE_USER" ? "You" : "Answer"} · ${dayOf(hit.create_time)}</span>
      </span>
      <span class="snippet">${marked(hit)}</span>
    </button>`;
  }
}

/** The snippet with its words marked; places are counted in characters, not in units of UTF-16. */
function marked({ snippet, spans }: FoundMessage): unknown {
  const characters = [...snippet];
  const part = (from: number, to?: number): string => characters.slice(from, to).join("");
  let at = 0;
  const shown = spans.map(({ start, end }) => {
    const before = part(at, start);
    at = end;
    return html`${before}<mark>${part(start, end)}</mark>`;
  });
  return html`${shown}${part(at)}`;
}

customElements.define("soma-found", FoundPart);
