/** The chat view's page: one state, events that change it, and a screen that follows. */

import type { ToPage } from "../src/chat/chatMessages.js";
import { type ChatEvent, type ChatState, reduce, type ShownTurn, turnsBefore } from "./chatState.js";
import { element, iconButton } from "./element.js";
import { newSentences } from "./sentences.js";
import { textBox } from "./textBox.js";
import { showTurn, type TurnActions } from "./turnView.js";
import { filled, onMessage, restoredChat, saveChat, send, strings } from "./webviewApi.js";

/** Scrolled further up than this, one reads something older and is left there. */
const NEAR_BOTTOM = 60;

let state: ChatState = restoredChat();
let spokenTo = 0;
let isDrawPending = false;
const shown = new Map<string, { readonly root: HTMLElement; turn: ShownTurn; isEditing: boolean }>();

const notice = element("div", { class: "notice", role: "status" });
const welcome = element(
  "div",
  { class: "welcome" },
  element("h2", {}, strings.heading),
  element("p", {}, strings.hint),
);
const list = element("div", { class: "turns", role: "list", label: strings.conversation });
const announcer = element("div", { class: "unseen" });
announcer.setAttribute("aria-live", "polite");
const composer = textBox({
  label: strings.messageLabel,
  placeholder: strings.placeholder,
  text: "",
  onEnter: ask,
  onEscape: () => send({ kind: "leave" }),
});
const sendButton = iconButton({ icon: "send", label: strings.send, onClick: ask });
const stopButton = iconButton({ icon: "stop", label: strings.stop, onClick: stop });
const scroller = element("main", {}, notice, welcome, list);
const footer = element(
  "footer",
  {},
  element("div", { class: "composer" }, composer.box, sendButton, stopButton),
);
document.body.append(scroller, footer, announcer);

const actions: TurnActions = {
  onEdit: ({ id }) => dispatch({ kind: "edit", turnId: id }),
  onEditEnd: () => {
    dispatch({ kind: "edit-ended" });
    composer.box.focus();
  },
  onResend: ({ id }, text) => {
    const answerId = crypto.randomUUID();
    dispatch({ kind: "asked-again", userId: id, text, answerId });
    request(answerId);
  },
  onTeach: ({ id, text }, wanted) => {
    const turns = turnsBefore(state, id);
    dispatch({ kind: "taught", answerId: id, wanted });
    send({ kind: "teach", answerId: id, turns, rejected: text, wanted });
    composer.box.focus();
  },
};

function ask(): void {
  const text = composer.box.value.trim();
  if (text === "" || state.awaiting !== null) return;
  composer.box.value = "";
  composer.fit();
  const answerId = crypto.randomUUID();
  dispatch({ kind: "asked", text, userId: crypto.randomUUID(), answerId });
  request(answerId);
}

function request(answerId: string): void {
  spokenTo = 0;
  send({ kind: "ask", chatId: answerId, turns: turnsBefore(state, answerId) });
  scroller.scrollTop = scroller.scrollHeight;
}

function stop(): void {
  if (state.awaiting !== null) send({ kind: "stop", chatId: state.awaiting });
  composer.box.focus();
}

function receive(message: ToPage): void {
  if (message.kind === "focus") composer.box.focus();
  else dispatch(message);
}

function dispatch(event: ChatEvent): void {
  state = reduce(state, event);
  announce(event);
  // Tokens come faster than a screen is drawn, and markdown is read anew each time.
  if (isDrawPending) return;
  isDrawPending = true;
  requestAnimationFrame(draw);
}

function draw(): void {
  isDrawPending = false;
  const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM;
  drawTurns();
  drawNotice();
  welcome.hidden = state.turns.length > 0;
  const isWriting = state.awaiting !== null;
  sendButton.hidden = isWriting;
  stopButton.hidden = !isWriting;
  if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  saveChat(state);
}

function drawTurns(): void {
  const ids = new Set(state.turns.map(({ id }) => id));
  for (const [id, { root }] of shown) {
    if (ids.has(id)) continue;
    root.remove();
    shown.delete(id);
  }
  for (const turn of state.turns) {
    const isEditing = state.editing === turn.id;
    const before = shown.get(turn.id);
    if (before?.turn === turn && before.isEditing === isEditing) continue;
    const root = before?.root ?? element("section", { role: "listitem" });
    showTurn(root, { turn, isEditing, actions });
    if (!before) list.append(root);
    shown.set(turn.id, { root, turn, isEditing });
  }
}

function drawNotice(): void {
  const { model } = state;
  const text =
    model.kind === "failed"
      ? model.message
      : model.kind === "ready" && !model.canConverse
        ? filled(strings.cannotConverse, model.isEmbedded ? strings.embeddedModel : model.name)
        : "";
  notice.hidden = text === "";
  if (notice.textContent !== text) notice.textContent = text;
}

/** A screen reader hears whole sentences of the answer that is being written, and how it ended. */
function announce(event: ChatEvent): void {
  if (event.kind !== "text" && event.kind !== "ended" && event.kind !== "failed") return;
  const turn = state.turns.find(({ id }) => id === event.chatId);
  if (!turn) return;
  const next = newSentences({ text: turn.text, spokenTo, isWhole: event.kind !== "text" });
  spokenTo = next.spokenTo;
  if (next.spoken.length > 0) announcer.textContent = next.spoken.join(" ");
}

onMessage(receive);
draw();
scroller.scrollTop = scroller.scrollHeight;
send({ kind: "ready", awaiting: state.awaiting });
