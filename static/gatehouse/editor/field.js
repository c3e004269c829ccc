// A textarea with data-template becomes an editor; the textarea stays, hidden, and is what the form sends.
import {
  Compartment, defaultKeymap, EditorState, EditorView, history, historyKeymap, indentWithTab, keymap, lineNumbers,
  setDiagnostics,
} from "../../vendor/codemirror.js";
import { colours, language } from "./language.js";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--ground)", color: "var(--ink)", border: "1px solid var(--quiet)", borderRadius: "6px" },
  "&.cm-focused": { outline: "3px solid var(--link)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "0.9rem", lineHeight: "1.5", minHeight: "6rem", maxHeight: "32rem" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-gutters": { backgroundColor: "var(--raised)", color: "var(--quiet)", borderRight: "1px solid var(--line)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--odd)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--odd)" },
});
const editors = new Map();

export function editorOf(textarea) {
  return editors.get(textarea);
}

export function dress(textarea, declared, nonce) {
  const spoken = new Compartment();
  const view = new EditorView({
    parent: textarea.parentElement,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        EditorView.cspNonce.of(nonce), EditorView.lineWrapping, lineNumbers(), history(), colours, look,
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        spoken.of(language(declared)),
        EditorView.contentAttributes.of(() => attributes(textarea)),
        EditorView.updateListener.of((update) => update.docChanged && write(textarea, update.state.doc.toString())),
      ],
    }),
  });
  textarea.hidden = true;
  textarea.labels[0]?.addEventListener("click", () => view.focus());
  editors.set(textarea, { view, declare: (names) => view.dispatch({ effects: spoken.reconfigure(language(names)) }) });
}

function attributes(textarea) {
  const number = textarea.closest("[data-row]").querySelector("[data-number]").textContent;
  const described = ["typing", textarea.getAttribute("aria-describedby")].filter(Boolean).join(" ");
  return { "aria-label": `Text of message ${number}`, "aria-describedby": described };
}

function write(textarea, text) {
  textarea.value = text;
  textarea.dispatchEvent(new Event("input", { bubbles: true }));
}

// Columns count characters, and the editor counts the halves that some of them have.
function placeOf(doc, line, column) {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = found.from + [...found.text].slice(0, column - 1).join("").length;
  const word = /^[\w.]+|^[^]/u.exec(doc.sliceString(from, found.to));
  return { from: Math.min(from, doc.length), to: Math.min(from + (word ? word[0].length : 0), doc.length) };
}

export function mark(textarea, problems) {
  const { view } = editors.get(textarea);
  const marks = problems
    .filter(({ line }) => line)
    .map(({ line, column, level, text }) => ({ ...placeOf(view.state.doc, line, column), severity: level, message: text }));
  view.dispatch(setDiagnostics(view.state, marks));
}

export function goTo(textarea, { line, column }) {
  const { view } = editors.get(textarea);
  view.dispatch({ selection: { anchor: placeOf(view.state.doc, line ?? 1, column ?? 1).from }, scrollIntoView: true });
  view.focus();
}
