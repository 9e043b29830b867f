// Styles that many parts share: the reset, buttons, fields, small texts. Colours come from tokens.css alone.

import { css } from "lit";

export const base = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  h4,
  p,
  ol,
  ul,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  h2,
  h3 {
    font-size: inherit;
    font-weight: 600;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
    border-radius: var(--corner);
  }
  svg {
    display: block;
  }
  a {
    color: var(--accent);
    text-underline-offset: 2px;
  }
  code,
  kbd {
    font-family: var(--mono);
    font-size: 0.9em;
  }
  .quiet {
    color: var(--ink-soft);
  }
  .small {
    font-size: var(--size-small);
  }
  .tiny {
    font-size: var(--size-tiny);
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .cut {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`;

export const controls = css`
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s2);
    min-height: 32px;
    padding: 0 var(--s3);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--raised);
    cursor: pointer;
    transition: background var(--quick);
  }
  button:hover:not(:disabled) {
    background: var(--pressed);
  }
  button:disabled {
    color: var(--ink-soft);
    cursor: default;
  }
  button.plain {
    border-color: transparent;
    background: transparent;
    color: var(--ink-soft);
  }
  button.plain:hover:not(:disabled) {
    background: var(--pressed);
    color: var(--ink);
  }
  button.icon {
    width: 32px;
    padding: 0;
    flex: none;
  }
  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.main:hover:not(:disabled) {
    background: color-mix(in oklab, var(--accent), var(--ink) 18%);
  }
  button.main:disabled {
    border-color: var(--hairline);
    background: var(--pressed);
    color: var(--ink-soft);
  }
  button.danger {
    border-color: var(--bad);
    color: var(--bad);
  }
  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  input,
  select,
  textarea {
    min-height: 32px;
    padding: var(--s1) var(--s2);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--ground);
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: -1px;
  }
  .filter {
    position: relative;
    color: var(--ink-soft);
  }
  .filter svg {
    position: absolute;
    top: 8px;
    left: 10px;
  }
  .filter input {
    width: 100%;
    padding-left: 34px;
    color: var(--ink);
  }
  kbd {
    padding: 0 var(--s1);
    border: 1px solid var(--hairline);
    border-radius: 4px;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
    line-height: 1.4;
  }
`;

export const notices = css`
  .notice,
  .problem {
    padding: var(--s2) var(--s3);
    border-left: 2px solid var(--outline);
    background: var(--sunken);
    font-size: var(--size-small);
    overflow-wrap: anywhere;
  }
  .notice.warn {
    border-color: var(--warn);
    background: var(--warn-soft);
  }
  .problem {
    border-color: var(--bad);
    background: var(--bad-soft);
  }
  .problem .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s3);
    margin-top: var(--s2);
  }
`;
