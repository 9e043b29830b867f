// The conversation: messages, older ones above, and a view that sticks to the end unless the person looks elsewhere.

import { css, html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../design/icons";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { Part } from "./part";
import "./message";
import "./welcome";

const NEAR_END = 48;
const NEAR_TOP = 800;

export class ThreadPart extends Part {
  static override properties = { away: { state: true } };
  declare away: boolean;

  static override styles = [
    base,
    controls,
    notices,
    css`
      :host {
        position: relative;
        display: block;
        min-height: 0;
      }
      .scroll {
        height: 100%;
        padding: var(--s5);
        overflow-y: auto;
        overflow-anchor: none;
        scrollbar-gutter: stable both-edges;
      }
      .scroll:focus-visible {
        outline-offset: -2px;
      }
      .column {
        max-width: var(--column);
        margin: 0 auto;
      }
      li {
        content-visibility: auto;
        contain-intrinsic-size: auto 120px;
      }
      li:last-child,
      li:nth-last-child(2) {
        content-visibility: visible;
      }
      li.sought {
        margin: 0 calc(-1 * var(--s3));
        padding: var(--s2) var(--s3) 0;
        border-radius: var(--corner);
        background: var(--accent-soft);
        content-visibility: visible;
      }
      .older {
        padding-bottom: var(--s4);
        text-align: center;
      }
      .latest {
        position: absolute;
        bottom: var(--s2);
        left: 50%;
        translate: -50%;
        font-size: var(--size-small);
      }
      .bone {
        height: 14px;
        margin: var(--s3) 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .bone.short {
        width: 55%;
      }
      @media (max-width: 899.98px) {
        .scroll {
          padding: var(--s3);
          scrollbar-gutter: auto;
        }
      }
    `,
  ];
  #following = true;
  #height = 0;
  readonly #sizes = new ResizeObserver(() => this.#settle());

  constructor() {
    super();
    this.away = false;
  }

  protected override watched(): readonly Watchable[] {
    const { talk, thread } = this.store;
    return [thread.entries, talk.opening, talk.problem, talk.loadingOlder, talk.sought];
  }

  protected override render(): unknown {
    const { entries } = this.store.thread;
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label="Conversation" @scroll=${() => this.#scrolled()}>
        <div class="column">${this.#content()}</div>
      </div>
      ${this.away && entries.value.length > 0
        ? html`<button class="latest" type="button" @click=${() => this.#toEnd()}>${icon("down")} Jump to latest</button>`
        : nothing}
    `;
  }

  #content(): unknown {
    const { talk, thread } = this.store;
    const entries = thread.entries.value;
    if (talk.problem.value !== undefined && entries.length === 0) {
      return html`<p class="problem" role="alert">${talk.problem.value.message}</p>`;
    }
    if (talk.opening.value) {
      return html`<div role="status" aria-label="Opening the conversation">
        <div class="bone short"></div>
        <div class="bone"></div>
        <div class="bone"></div>
        <div class="bone short"></div>
      </div>`;
    }
    if (entries.length === 0) {
      return html`<soma-welcome .store=${this.store}></soma-welcome>`;
    }
    return html`
      ${talk.problem.value === undefined ? nothing : html`<p class="problem" role="alert">${talk.problem.value.message}</p>`}
      ${talk.hasOlder
        ? html`<div class="older">
            <button class="plain" type="button" ?disabled=${talk.loadingOlder.value} @click=${() => void talk.loadOlder()}>
              ${talk.loadingOlder.value ? "Reading older messages" : "Show older messages"}
            </button>
          </div>`
        : nothing}
      <ol>
        ${repeat(
          entries,
          (entry) => entry.key,
          (entry) => html`<li class=${entry === talk.sought.value ? "sought" : ""} tabindex=${entry === talk.sought.value ? "-1" : nothing}><soma-message .store=${this.store} .entry=${entry}></soma-message></li>`,
        )}
      </ol>
    `;
  }

  protected override firstUpdated(): void {
    const column = this.renderRoot.querySelector(".column");
    if (column !== null) {
      this.#sizes.observe(column);
    }
    this.#sizes.observe(this);
  }

  protected override willUpdate(): void {
    const entries = this.store.thread.entries.value;
    const last = entries.at(-1);
    if (entries !== this.#seen && (last?.state === "waiting" || entries.length === 0 || this.#seen.length === 0)) {
      this.#following = true; // something was said, or another conversation is shown
    }
    this.#grewAbove = this.#seen.length > 0 && entries.at(-1) === this.#seen.at(-1) && entries[0] !== this.#seen[0];
    this.#seen = entries;
  }
  #seen: readonly unknown[] = [];
  #grewAbove = false;

  /** A message that was looked for is brought into sight. */
  protected override updated(): void {
    const { value: sought } = this.store.talk.sought;
    if (sought !== this.#sought) {
      this.#sought = sought;
      const item = this.renderRoot.querySelector<HTMLElement>("li.sought");
      if (item !== null) {
        this.#following = false;
        item.scrollIntoView({ block: "center" });
        item.focus({ preventScroll: true });
      }
    }
  }
  #sought: unknown;

  /** After every change of size: stay at the end, or keep what is being read where it is. */
  #settle(): void {
    const scroll = this.#scroll;
    if (scroll === null) {
      return;
    }
    if (this.#following) {
      scroll.scrollTop = scroll.scrollHeight;
    } else if (this.#grewAbove) {
      scroll.scrollTop += scroll.scrollHeight - this.#height;
      this.#grewAbove = false;
    }
    this.#height = scroll.scrollHeight;
  }

  #scrolled(): void {
    const scroll = this.#scroll;
    if (scroll === null) {
      return;
    }
    const left = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
    this.#following = left < NEAR_END;
    this.away = !this.#following;
    if (this.away && scroll.scrollTop < NEAR_TOP && this.store.talk.hasOlder) {
      void this.store.talk.loadOlder();
    }
  }

  #toEnd(): void {
    this.#following = true;
    this.away = false;
    this.#settle();
    this.#scroll?.focus();
  }

  get #scroll(): HTMLElement | null {
    return this.renderRoot.querySelector(".scroll");
  }
}

customElements.define("soma-thread", ThreadPart);
