// The tree of a conversation: which branch a message is on, which one stands beside it.

import type { Rest } from "../wire/rest";
import type { Message, MessagePage } from "../wire/chat";

const CONVERSATIONS = "/api/v1/chat/conversations";
const PAGE = 500;

export class Branches {
  constructor(private readonly rest: Rest) {}

  /** The sibling of that number, and the last message of the branch on which it stands. */
  async beside(conversationId: string, messageId: string, number: number): Promise<Beside | undefined> {
    const tree = await this.#tree(conversationId);
    const parent = tree.byId.get(messageId)?.parent_message_id ?? "";
    const sibling = (tree.children.get(parent) ?? [])[number - 1];
    return sibling === undefined ? undefined : { messageId: sibling.message_id, leafId: leafUnder(tree, sibling) };
  }

  /** The last message of a branch that a message is on: the shown one where it is on that. */
  async leafOf(conversationId: string, messageId: string, shownLeaf: string): Promise<string> {
    const tree = await this.#tree(conversationId);
    for (let at = tree.byId.get(shownLeaf); at !== undefined; at = tree.byId.get(at.parent_message_id)) {
      if (at.message_id === messageId) {
        return shownLeaf;
      }
    }
    const message = tree.byId.get(messageId);
    return message === undefined ? "" : leafUnder(tree, message);
  }

  /** Makes a branch the one that is shown, here and everywhere. */
  async choose(conversationId: string, leafId: string): Promise<void> {
    const conversation = { current_leaf_message_id: leafId };
    await this.rest.patch(`${CONVERSATIONS}/${encodeURIComponent(conversationId)}`, { conversation });
  }

  async #tree(conversationId: string): Promise<Tree> {
    const byId = new Map<string, Message>();
    const children = new Map<string, Message[]>();
    for (let token = "", more = true; more; more = token !== "") {
      const query = { all_branches: true, page_size: PAGE, page_token: token };
      const path = `${CONVERSATIONS}/${encodeURIComponent(conversationId)}/messages`;
      const page: MessagePage = await this.rest.get(path, query);
      for (const message of page.messages) {
        byId.set(message.message_id, message);
        const siblings = children.get(message.parent_message_id) ?? [];
        children.set(message.parent_message_id, [...siblings, message]);
      }
      token = page.next_page_token;
    }
    return { byId, children };
  }
}

export interface Beside {
  readonly messageId: string;
  readonly leafId: string;
}

interface Tree {
  readonly byId: ReadonlyMap<string, Message>;
  /** By the id of their parent, in the order in which they were made. */
  readonly children: ReadonlyMap<string, readonly Message[]>;
}

/** Of several continuations the youngest. */
function leafUnder(tree: Tree, message: Message): string {
  let at = message;
  for (let next = tree.children.get(at.message_id)?.at(-1); next !== undefined; next = tree.children.get(at.message_id)?.at(-1)) {
    at = next;
  }
  return at.message_id;
}
