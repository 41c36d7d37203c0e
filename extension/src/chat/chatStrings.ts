/** Every sentence of the chat view, in the editor's language: the page has no translations of its own. */

import { l10n } from "vscode";

/** `{0}` and `{1}` are left for the page to fill in. */
export function chatStrings() {
  return {
    heading: l10n.t("Ask, correct, and it learns"),
    hint: l10n.t("Answers come from the model on this machine. Edit one that is wrong and teach it."),
    cannotConverse: l10n.t(
      "{0} is too small to hold a conversation; give a larger RWKV-7 file with: ouro model use FILE",
    ),
    embeddedModel: l10n.t("The embedded model"),
    placeholder: l10n.t("Ask something"),
    messageLabel: l10n.t("Message"),
    conversation: l10n.t("Conversation"),
    send: l10n.t("Send"),
    stop: l10n.t("Stop"),
    you: l10n.t("You"),
    assistant: l10n.t("Ouroboros"),
    thinking: l10n.t("Writing"),
    stopped: l10n.t("Stopped."),
    cut: l10n.t("Cut off: answers may not be longer."),
    edit: l10n.t("Edit and send again"),
    editAnswer: l10n.t("Correct this answer"),
    editAnswerHint: l10n.t("Write the answer as it should have been; Ctrl+Enter teaches it."),
    teach: l10n.t("Teach"),
    cancel: l10n.t("Cancel"),
    resend: l10n.t("Send"),
    copyAnswer: l10n.t("Copy the answer"),
    copy: l10n.t("Copy"),
    copied: l10n.t("Copied"),
    insert: l10n.t("Insert at the cursor"),
    keeping: l10n.t("Being learned"),
    learned: l10n.t("Learned · {0} s · v{1}"),
    trained: l10n.t("Trained, but not proven yet · {0} s"),
    notLearned: l10n.t("Not learned: it still writes something else."),
    later: l10n.t("Kept, and learned later: {0}"),
    replaced: l10n.t("Replaced by a later one, or taken back"),
    undo: l10n.t("Undo"),
    undone: l10n.t("Taken back"),
    openLink: l10n.t("Link to {0}"),
  } as const;
}

export type ChatStrings = ReturnType<typeof chatStrings>;
