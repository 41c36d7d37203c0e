// Does one of each thing that the editor tests look at. Its status bar item tells the last thing that happened.
const { randomUUID } = require("node:crypto");
const vscode = require("vscode");

/** What is offered at the end of a line that ends so: one line, several lines, a call whose bracket the editor closed. */
const OFFERS = [
  ["const fruit = ", '"apple";'],
  ["if (isHungry) {", "\n  eat();\n  rest();\n}"],
  ["wash(", "apple, pear)"],
];

const inlineCompletions = {
  provideInlineCompletionItems(document, position) {
    const line = document.lineAt(position.line).text;
    const offer = OFFERS.find(([start]) => line.slice(0, position.character).endsWith(start));
    if (!offer) return [];
    // Over what the editor closed by itself, or the accepted text would end in a second bracket.
    const range = new vscode.Range(position, document.lineAt(position.line).range.end);
    const command = { command: "probe.tell", title: "Accepted", arguments: ["accepted"] };
    return [new vscode.InlineCompletionItem(offer[1], range, command)];
  },
};

function viewHtml() {
  const nonce = randomUUID();
  return `<!DOCTYPE html>
<html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'"></head>
<body><h1>Probe</h1><input id="word" aria-label="word"><button id="send">Send</button><p id="answer"></p>
<script nonce="${nonce}">
  const api = acquireVsCodeApi();
  document.getElementById("send").onclick = () => api.postMessage(document.getElementById("word").value);
  addEventListener("message", ({ data }) => { document.getElementById("answer").textContent = data; });
</script></body></html>`;
}

function activate(context) {
  const status = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Left, 100);
  const word = () => vscode.workspace.getConfiguration("probe").get("word");
  const tell = (text) => {
    status.text = `$(check) Probe: ${text}`;
  };
  tell(word());
  status.tooltip = `In ${process.env.PROBE_PLACE ?? "no place"}`;
  status.show();

  const useProposed = () => {
    try {
      // Whoever has this method uses a proposal, which a published extension may not.
      const provider = { ...inlineCompletions, handleDidShowCompletionItem() {} };
      vscode.languages.registerInlineCompletionItemProvider({ language: "nothing" }, provider);
      tell("proposed API allowed");
    } catch {
      tell("proposed API refused");
    }
  };
  const notify = async (text) => {
    const pressed = await vscode.window.showInformationMessage(text, "Undo", "Keep");
    if (pressed) tell(`pressed ${pressed}`);
  };
  const commands = {
    "probe.tell": tell,
    "probe.notify": () => notify("Learned in 2.1 s"),
    "probe.notifyAgain": () => notify("Learned once more"),
    "probe.ask": async () => tell(`asked ${await vscode.window.showInputBox({ prompt: "Which word?" })}`),
    "probe.choose": async () => tell(`chose ${await vscode.window.showQuickPick(["one word", "word"])}`),
    "probe.proposed": useProposed,
  };
  const view = {
    resolveWebviewView(resolved) {
      resolved.webview.options = { enableScripts: true };
      resolved.webview.html = viewHtml();
      resolved.webview.onDidReceiveMessage((text) => {
        tell(`view sent ${text}`);
        resolved.webview.postMessage(`got ${text}`);
      });
    },
  };
  context.subscriptions.push(
    status,
    vscode.languages.registerInlineCompletionItemProvider({ scheme: "file" }, inlineCompletions),
    vscode.window.registerWebviewViewProvider("probe.view", view),
    vscode.workspace.onDidChangeConfiguration(() => tell(word())),
    ...Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(name, run)),
  );
}

module.exports = { activate };
