/** The next answer of a conversation, streamed to an LSP client. */

import { type ChatResult, type ChatText, chatParamsSchema } from "../../protocol/chat.js";
import { DAEMON_NOTIFICATIONS, REQUESTS } from "../../protocol/methods.js";
import type { LspSession } from "./lspServer.js";

export function answerChat({ connection, client, notify, folders, guarded }: LspSession): void {
  connection.onRequest(
    REQUESTS.chat,
    guarded(chatParamsSchema, async ({ chatId, folder: uri, turns }, signal): Promise<ChatResult> => {
      const { file, folder } = folders.whereIs(uri);
      return client.chat({
        folder: folder ?? file,
        turns,
        signal,
        onText(text) {
          const part: ChatText = { chatId, text };
          notify(DAEMON_NOTIFICATIONS.chatText, part);
        },
      });
    }),
  );
}
