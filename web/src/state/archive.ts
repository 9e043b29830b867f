// Conversations as files: taken along as JSON, which can be read in again, or as Markdown, for people.

import type { Conversation, Exported, Message } from "../wire/chat";
import { Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { textOf } from "./entry";

const PATH = "/api/v1/chat/conversations";

export type FileForm = "json" | "markdown";

export interface ExportedFile {
  name: string;
  type: string;
  text: string;
}

interface Part {
  header?: Exported["header"];
  message?: Message;
}

/** The whole conversation as a file: every branch in JSON, the shown one in Markdown. */
export async function exported(rest: Rest, conversationId: string, form: FileForm): Promise<ExportedFile> {
  const parts = await rest.lines<Part>(`${PATH}/${encodeURIComponent(conversationId)}:export`);
  const header = parts.find((part) => part.header !== undefined)?.header;
  if (header === undefined) {
    throw new Refusal({ code: "MALFORMED_MESSAGE", message: "The mesh sent no conversation. Try again." });
  }
  const messages = parts.flatMap((part) => (part.message === undefined ? [] : [part.message]));
  const name = fileName(header.title);
  return form === "json"
    ? { name: `${name}.json`, type: "application/json", text: JSON.stringify({ header, messages }, null, 2) }
    : { name: `${name}.md`, type: "text/markdown", text: asMarkdown({ header, messages }) };
}

/** Makes a conversation of an exported file; gives its id. Throws the refusal. */
export async function imported(rest: Rest, text: string): Promise<string> {
  const { header, messages } = read(text);
  const made = await rest.post<{ conversation: Conversation }>(`${PATH}:import`, { header, messages });
  return made.conversation.conversation_id;
}

function read(text: string): Exported {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  if (typeof found !== "object" || found === null || !("header" in found) || !("messages" in found)) {
    const message = "This is no exported conversation. Choose a file that “Export as JSON” made.";
    throw new Refusal({ code: "MALFORMED_MESSAGE", message });
  }
  return found as Exported;
}

function asMarkdown({ header, messages }: Exported): string {
  const said = branchTo(messages, header.current_leaf_message_id)
    .filter((message) => message.role === "ROLE_USER" || message.role === "ROLE_ASSISTANT")
    .map((message) => `## ${message.role === "ROLE_USER" ? "You" : header.agent_name || "Answer"}\n\n${textOf(message)}`);
  return `${[`# ${header.title || "Untitled chat"}`, ...said].join("\n\n")}\n`;
}

/** The messages that lead to a leaf, the oldest first. */
function branchTo(messages: readonly Message[], leafId: string): Message[] {
  const byId = new Map(messages.map((message) => [message.message_id, message]));
  const branch: Message[] = [];
  for (let at = byId.get(leafId); at !== undefined; at = byId.get(at.parent_message_id)) {
    branch.unshift(at);
  }
  return branch;
}

function fileName(title: string): string {
  const plain = title.normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, 60).toLowerCase() || "conversation";
}
