/** The next answer of a conversation, streamed to an LSP client. */

import { type ChatResult, type ChatText, chatParamsSchema } from "../../protocol/chat.js";
import { DAEMON_NOTIFICATIONS, REQUESTS } from "../../protocol/methods.js";
import type { LspSession } from "./lspSession.js";

export function answerChat(session: LspSession): void {
  const { connection, client } = session;
  connection.onRequest(
    REQUESTS.chat,
    session.guarded(chatParamsSchema, async ({ chatId, folder: uri, turns }, signal): Promise<ChatResult> => {
      return client.chat({
        where: session.whereIs(uri),
        turns,
        signal,
        onText(text) {
          const part: ChatText = { chatId, text };
          session.notify(DAEMON_NOTIFICATIONS.chatText, part);
        },
      });
    }),
  );
}
