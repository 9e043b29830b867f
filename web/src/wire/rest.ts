// The REST door: one request, one typed answer or a Refusal. Renews the browser's session when it has ended.

import { offline, Refusal, type ProblemBody } from "./refusal";

export type Query = Record<string, string | number | boolean | readonly string[]>;
const JSON_TYPE = "application/json";
const RENEW = "/api/v1/auth/session";

export class Rest {
  get<Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> {
    return this.#ask<Answer>("GET", `${path}${queryText(query)}`, undefined, signal);
  }

  post<Answer>(path: string, body: object, signal?: AbortSignal): Promise<Answer> {
    return this.#ask<Answer>("POST", path, body, signal);
  }

  patch<Answer>(path: string, body: object): Promise<Answer> {
    return this.#ask<Answer>("PATCH", path, body);
  }

  delete<Answer>(path: string): Promise<Answer> {
    return this.#ask<Answer>("DELETE", path);
  }

  /** What a stream tells, one value a line, once it has come to its end. */
  async lines<Line>(path: string): Promise<Line[]> {
    const response = await this.#sent("GET", path, undefined, undefined, "application/x-ndjson");
    const text = await response.text();
    const told = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
    const problem = told.map(problemIn).find((each) => each !== undefined);
    if (problem !== undefined || !response.ok) {
      throw problem ?? offline();
    }
    return told;
  }

  /** Whether the browser has a session afterwards; undefined when nobody could be asked. */
  async renew(): Promise<boolean | undefined> {
    const answer = await fetch(RENEW, { credentials: "same-origin" }).catch(() => undefined);
    return answer?.ok;
  }

  async #ask<Answer>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Answer> {
    const response = await this.#sent(method, path, body, signal);
    const told: unknown = await response.json().catch(() => undefined);
    if (!response.ok) {
      throw problemIn(told) ?? offline();
    }
    return told as Answer;
  }

  async #sent(method: string, path: string, body?: object, signal?: AbortSignal, accept = JSON_TYPE): Promise<Response> {
    const response = await send(method, path, accept, body, signal);
    return response.status === 401 && (await this.renew()) ? await send(method, path, accept, body, signal) : response;
  }
}

async function send(method: string, path: string, accept: string, body?: object, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept };
  if (method !== "GET") {
    headers["x-soma-csrf"] = csrfToken();
  }
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    headers["content-type"] = JSON_TYPE;
    init.body = JSON.stringify(body);
  }
  if (signal !== undefined) {
    init.signal = signal;
  }
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw offline();
  }
}

/** The CSRF token of this page's stack: cookies do not tell ports apart, so the name of the cookie does. */
function csrfToken(): string {
  const pairs = document.cookie.split("; ").map((pair) => pair.split("=", 2) as [string, string]);
  const ours = pairs.filter(([name]) => name.startsWith("soma_csrf_"));
  const exact = ours.find(([name]) => name === `soma_csrf_${location.port}`);
  return decodeURIComponent((exact ?? ours[0])?.[1] ?? "");
}

function problemIn(told: unknown): Refusal | undefined {
  if (typeof told !== "object" || told === null || !("error" in told)) {
    return undefined;
  }
  return new Refusal(told.error as ProblemBody);
}

function queryText(query: Query): string {
  const made = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      made.append(name, String(each));
    }
  }
  const text = made.toString();
  return text === "" ? "" : `?${text}`;
}
