// The template language as an editor shows it: tags and variables coloured, undeclared variables marked.
import { HighlightStyle, StreamLanguage, syntaxHighlighting, Tag } from "../../vendor/codemirror.js";

const WORDS = new Set(
  "if elsif else endif for in endfor and or not contains limit offset reversed true false nil null empty blank as with required".split(" "),
);
const tags = Object.fromEntries(
  ["brace", "word", "known", "unknown", "filter", "value"].map((name) => [name, Tag.define()]),
);

export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.brace, color: "var(--quiet)" },
    { tag: tags.word, color: "var(--odd)", fontWeight: "600" },
    { tag: tags.known, color: "var(--good)", fontWeight: "600" },
    { tag: tags.unknown, class: "undeclared" },
    { tag: tags.filter, color: "var(--link)" },
    { tag: tags.value, color: "var(--link)" },
  ]),
);

function inside(stream, state, declared) {
  if (stream.eatSpace()) return null;
  if (stream.match(/^-?[}%]\}/)) {
    state.inside = false;
    return "brace";
  }
  if (stream.match(/^"[^"]*"?/) || stream.match(/^'[^']*'?/) || stream.match(/^-?\d+(\.\d+)?/)) return "value";
  const before = stream.string.slice(0, stream.start).trimEnd().slice(-1);
  const name = stream.match(/^[A-Za-z_]\w*/);
  if (!name) {
    stream.next();
    return null;
  }
  if (before === "|") return "filter";
  if (before === ".") return "known";
  if (WORDS.has(name[0])) {
    state.loops = name[0] === "for";
    return "word";
  }
  if (state.loops) {
    state.loops = false;
    state.locals = [...state.locals, name[0], "forloop"];
  }
  return declared.has(name[0]) || state.locals.includes(name[0]) ? "known" : "unknown";
}

export function language(declared) {
  return StreamLanguage.define({
    name: "prompt",
    tokenTable: tags,
    startState: () => ({ inside: false, loops: false, locals: [] }),
    copyState: (state) => ({ ...state }),
    token(stream, state) {
      if (state.inside) return inside(stream, state, declared);
      if (stream.match(/^\{[{%]-?/)) {
        state.inside = true;
        return "brace";
      }
      stream.next();
      while (!stream.eol() && !/^\{[{%]/.test(stream.string.slice(stream.pos, stream.pos + 2))) stream.next();
      return null;
    },
  });
}
