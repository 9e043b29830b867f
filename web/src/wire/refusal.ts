// What the mesh says when it does not do a thing. Its sentences come from the server; the page has words only for
// what the server cannot say.

export interface ProblemBody {
  code: string;
  message: string;
  details?: Record<string, string>;
  violations?: { field: string; description: string }[];
  retry_after?: number;
}

export const OFFLINE = "OFFLINE";

export class Refusal extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;
  readonly retryAfter: number | undefined;
  /** What is wrong with which field of the request. */
  readonly violations: readonly { field: string; description: string }[];

  constructor(body: ProblemBody) {
    const wrong = (body.violations ?? []).map((it) => `${it.field}: ${it.description}`);
    super([body.message, ...(body.violations && wrong.length > 1 ? wrong : [])].join(" "));
    this.code = body.code;
    this.details = body.details ?? {};
    this.retryAfter = body.retry_after;
    this.violations = body.violations ?? [];
  }
}

export function offline(): Refusal {
  const message = "The mesh cannot be reached from here. Look whether it runs with `.venv/bin/somastack status`.";
  return new Refusal({ code: OFFLINE, message });
}

export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : offline();
}
