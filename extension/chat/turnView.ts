/** Shows one turn: its text, what can be done with it, what became of teaching it, or the box in which it is edited. */

import type { LessonStatus } from "../src/chat/chatMessages.js";
import { answerText, showCopied } from "./answerText.js";
import type { AnswerStatus, ShownTurn } from "./chatState.js";
import { element, icon, iconButton, textButton } from "./element.js";
import type { IconName } from "./icons.js";
import { textBox } from "./textBox.js";
import { filled, send, strings } from "./webviewApi.js";

export interface TurnActions {
  readonly onEdit: (turn: ShownTurn) => void;
  readonly onEditEnd: () => void;
  readonly onResend: (turn: ShownTurn, text: string) => void;
  readonly onTeach: (turn: ShownTurn, wanted: string) => void;
}

interface TurnShown {
  readonly turn: ShownTurn;
  readonly isEditing: boolean;
  readonly actions: TurnActions;
}

/** Fills `root` anew. What had the focus in it is the caller's concern. */
export function showTurn(root: HTMLElement, shown: TurnShown): void {
  const { turn, isEditing } = shown;
  const who = turn.role === "user" ? strings.you : strings.assistant;
  root.className = `turn ${turn.role}`;
  root.setAttribute("aria-label", who);
  const name = element("div", { class: "who" }, who);
  root.replaceChildren(name, ...(isEditing ? editing(shown) : reading(shown)));
}

function reading({ turn, actions }: TurnShown): readonly Node[] {
  if (turn.role === "user") {
    const edit = iconButton({ icon: "edit", label: strings.edit, onClick: () => actions.onEdit(turn) });
    const text = element("div", { class: "text plain" }, turn.text);
    return [element("div", { class: "bubble" }, text, element("div", { class: "tools" }, edit))];
  }
  const text = element("div", { class: "text" }, answerText(turn.text));
  if (turn.status.kind === "writing") return [text, writingMark(turn.text === "")];
  const nodes: Node[] = [text, ...statusNote(turn.status)];
  const [lesson, ...undo] = lessonNote(turn.lesson);
  const row = element("div", { class: "row" }, ...(lesson ? [lesson, ...undo] : []));
  if (turn.text !== "") row.append(answerTools(turn, actions));
  return [...nodes, row];
}

function answerTools(turn: ShownTurn, actions: TurnActions): HTMLElement {
  const copy = iconButton({
    icon: "copy",
    label: strings.copyAnswer,
    onClick: (button) => {
      send({ kind: "copy", text: turn.text });
      showCopied(button);
    },
  });
  const edit = iconButton({ icon: "edit", label: strings.editAnswer, onClick: () => actions.onEdit(turn) });
  return element("div", { class: "tools" }, edit, copy);
}

function writingMark(isFirst: boolean): HTMLElement {
  const mark = element("div", { class: "writing" }, element("i"), element("i"), element("i"));
  if (isFirst) mark.append(element("span", { class: "unseen" }, strings.thinking));
  return mark;
}

function statusNote(status: AnswerStatus): readonly Node[] {
  if (status.kind === "stopped") return [element("div", { class: "note" }, strings.stopped)];
  if (status.kind === "cut") return [element("div", { class: "note" }, strings.cut)];
  if (status.kind === "failed") {
    return [element("div", { class: "note problem", role: "alert" }, icon("warning"), status.message)];
  }
  return [];
}

function lessonNote(lesson: LessonStatus): readonly Node[] {
  const note = (name: IconName, kind: string, text: string) =>
    element("span", { class: `lesson ${kind}` }, icon(name), text);
  switch (lesson.kind) {
    case "none":
      return [];
    case "undone":
      return [note("cross", "", strings.undone)];
    case "under-way":
      return [note("clock", "", strings.keeping)];
    case "settled": {
      const { outcome, correctionId } = lesson;
      const undo = textButton({
        text: strings.undo,
        kind: "link",
        onClick: () => send({ kind: "undo", correctionId }),
      });
      if (outcome.kind === "failed") return [note("clock", "", filled(strings.later, outcome.message))];
      if (outcome.kind === "withdrawn") return [note("cross", "", strings.replaced)];
      if (outcome.kind === "not-learned") return [note("warning", "problem", strings.notLearned)];
      const seconds = outcome.seconds.toFixed(1);
      return outcome.proven
        ? [note("check", "good", filled(strings.learned, seconds, outcome.adapterVersion)), undo]
        : [note("warning", "problem", filled(strings.trained, seconds)), undo];
    }
  }
}

/** The user's turn is sent again; an answer is taught. Enter breaks lines in an answer, which usually has several. */
function editing({ turn, actions }: TurnShown): readonly Node[] {
  const isAnswer = turn.role === "assistant";
  const submit = () => {
    const text = box.value.trimEnd();
    if (text === "" || (isAnswer && text === turn.text.trimEnd())) actions.onEditEnd();
    else if (isAnswer) actions.onTeach(turn, text);
    else actions.onResend(turn, text);
  };
  const { box, fit } = textBox({
    label: isAnswer ? strings.editAnswer : strings.edit,
    placeholder: "",
    text: turn.text,
    onEnter: isAnswer ? undefined : submit,
    onEscape: actions.onEditEnd,
  });
  if (isAnswer) {
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
    });
  }
  const done = isAnswer ? strings.teach : strings.resend;
  const buttons = element(
    "div",
    { class: "edit-buttons" },
    textButton({ text: strings.cancel, kind: "secondary", onClick: actions.onEditEnd }),
    textButton({ text: done, kind: "primary", onClick: submit }),
  );
  const hint = isAnswer ? [element("div", { class: "note" }, strings.editAnswerHint)] : [];
  queueMicrotask(() => {
    fit();
    box.focus();
  });
  return [...hint, box, buttons];
}
