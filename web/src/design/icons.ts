// The few signs of the page, drawn on a grid of 16.

import { html, svg, type TemplateResult } from "lit";

const LINES = {
  plus: svg`<path d="M8 3v10M3 8h10"/>`,
  menu: svg`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,
  close: svg`<path d="M4 4l8 8M12 4l-8 8"/>`,
  copy: svg`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>`,
  done: svg`<path d="M3 8.5l3.5 3.5L13 4.5"/>`,
  up: svg`<path d="M8 13V3.5M3.5 8L8 3.5 12.5 8"/>`,
  down: svg`<path d="M8 3v9.5M3.5 8L8 12.5 12.5 8"/>`,
  pen: svg`<path d="M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z"/>`,
  bin: svg`<path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9"/>`,
  receipt: svg`<path d="M3.5 2.5h9v11l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 8.5h4"/>`,
  mind: svg`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/><path d="M5 3v3M10.5 6.5v3M7 10v3" stroke-width="2.4"/>`,
  memory: svg`<ellipse cx="8" cy="4" rx="5" ry="1.8"/><path d="M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8"/>`,
  search: svg`<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2L13.5 13.5"/>`,
  sun: svg`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.8v1.6M8 12.6v1.6M1.8 8h1.6M12.6 8h1.6M3.6 3.6l1.1 1.1M11.3 11.3l1.1 1.1M3.6 12.4l1.1-1.1M11.3 4.7l1.1-1.1"/>`,
  moon: svg`<path d="M12.8 9.6A5.2 5.2 0 0 1 6.4 3.2a5.2 5.2 0 1 0 6.4 6.4z"/>`,
  half: svg`<circle cx="8" cy="8" r="5.2"/><path d="M8 2.8v10.4a5.2 5.2 0 0 0 0-10.4z" fill="currentColor"/>`,
  again: svg`<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8"/>`,
  good: svg`<path d="M5 7.2v6H2.8v-6zM5 7.2l2.4-4.7c1 0 1.6.7 1.5 1.6L8.6 6.2h3.5c.8 0 1.3.7 1.1 1.5l-1 4.4c-.2.7-.7 1.1-1.4 1.1H5"/>`,
  poor: svg`<path d="M11 8.8v-6h2.2v6zM11 8.8l-2.4 4.7c-1 0-1.6-.7-1.5-1.6l.3-2.1H3.9c-.8 0-1.3-.7-1.1-1.5l1-4.4c.2-.7.7-1.1 1.4-1.1H11"/>`,
  left: svg`<path d="M10 3.5L5.5 8l4.5 4.5"/>`,
  right: svg`<path d="M6 3.5L10.5 8 6 12.5"/>`,
  more: svg`<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4"/>`,
  tool: svg`<path d="M13.2 4.6l-2.4 2.4-1.8-1.8 2.4-2.4a3.6 3.6 0 0 0-4.7 4.7L2.6 11.6l1.8 1.8 4.1-4.1a3.6 3.6 0 0 0 4.7-4.7z"/>`,
  wait: svg`<circle cx="8" cy="8" r="5.2"/><path d="M8 5v3.2l2 1.4"/>`,
  stop: svg`<rect x="4" y="4" width="8" height="8" rx="1.2" fill="currentColor"/>`,
} as const;

export type IconName = keyof typeof LINES;

export function icon(name: IconName): TemplateResult {
  return html`<svg
    width="16"
    height="16"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.4"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${LINES[name]}
  </svg>`;
}
