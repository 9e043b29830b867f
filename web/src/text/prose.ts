// How running text looks.

import { css } from "lit";

export const prose = css`
  .prose {
    overflow-wrap: anywhere;
  }
  .prose > :first-child {
    margin-top: 0;
  }
  .prose > :last-child {
    margin-bottom: 0;
  }
  .prose p,
  .prose ul,
  .prose ol,
  .prose blockquote,
  .prose .table,
  .prose soma-code {
    margin: var(--s3) 0;
  }
  .prose h2,
  .prose h3,
  .prose h4 {
    margin: var(--s5) 0 var(--s2);
    font-size: 1.08em;
    font-weight: 650;
    line-height: 1.35;
  }
  .prose h3,
  .prose h4 {
    margin-top: var(--s4);
    font-size: 1em;
  }
  .prose ul,
  .prose ol {
    padding-left: var(--s5);
    list-style: disc;
  }
  .prose ol {
    list-style: decimal;
  }
  .prose li {
    margin: var(--s1) 0;
  }
  .prose li::marker {
    color: var(--ink-soft);
  }
  .prose li > ul,
  .prose li > ol,
  .prose li > p {
    margin: var(--s1) 0;
  }
  .prose blockquote {
    padding-left: var(--s3);
    border-left: 2px solid var(--outline);
    color: var(--ink-soft);
  }
  .prose code {
    padding: 1px 4px;
    border-radius: 4px;
    background: var(--pressed);
  }
  .prose hr {
    margin: var(--s5) 0;
    border: 0;
    border-top: 1px solid var(--hairline);
  }
  .prose .table {
    overflow-x: auto;
  }
  .prose table {
    border-collapse: collapse;
    font-size: var(--size-small);
    font-variant-numeric: tabular-nums;
  }
  .prose th,
  .prose td {
    padding: var(--s1) var(--s4) var(--s1) 0;
    border-bottom: 1px solid var(--hairline);
    text-align: left;
    vertical-align: top;
  }
  .prose th {
    font-weight: 600;
  }
  .prose .right {
    text-align: right;
  }
  .prose .center {
    text-align: center;
  }
`;
