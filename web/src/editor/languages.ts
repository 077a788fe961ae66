import { type LanguageSupport, StreamLanguage, type StreamParser } from "@codemirror/language";
import { nameOf } from "../files/paths";

export interface EditorLanguage {
  id: string;
  name: string;
  extensions: readonly string[];
  names?: readonly string[];
  load(): Promise<LanguageSupport | StreamLanguage<unknown>>;
}

async function stream(mode: Promise<StreamParser<unknown>>): Promise<StreamLanguage<unknown>> {
  return StreamLanguage.define(await mode);
}

const script = (options: { typescript?: boolean; jsx?: boolean }) => () =>
  import("@codemirror/lang-javascript").then((module) => module.javascript(options));
const cpp = () => import("@codemirror/lang-cpp").then((module) => module.cpp());

/** Ids agree with the server's where it can run the language. Grammars are fetched when needed. */
export const LANGUAGES: readonly EditorLanguage[] = [
  {
    id: "python",
    name: "Python",
    extensions: ["py", "pyi", "pyw"],
    load: () => import("@codemirror/lang-python").then((module) => module.python()),
  },
  { id: "javascript", name: "JavaScript", extensions: ["js", "mjs", "cjs"], load: script({}) },
  { id: "jsx", name: "JSX", extensions: ["jsx"], load: script({ jsx: true }) },
  {
    id: "typescript",
    name: "TypeScript",
    extensions: ["ts", "mts", "cts"],
    load: script({ typescript: true }),
  },
  { id: "tsx", name: "TSX", extensions: ["tsx"], load: script({ typescript: true, jsx: true }) },
  { id: "c", name: "C", extensions: ["c", "h"], load: cpp },
  {
    id: "cpp",
    name: "C++",
    extensions: ["cpp", "cc", "cxx", "hpp", "hh", "hxx"],
    load: cpp,
  },
  {
    id: "java",
    name: "Java",
    extensions: ["java"],
    load: () => import("@codemirror/lang-java").then((module) => module.java()),
  },
  {
    id: "go",
    name: "Go",
    extensions: ["go"],
    load: () => import("@codemirror/lang-go").then((module) => module.go()),
  },
  {
    id: "rust",
    name: "Rust",
    extensions: ["rs"],
    load: () => import("@codemirror/lang-rust").then((module) => module.rust()),
  },
  {
    id: "ruby",
    name: "Ruby",
    extensions: ["rb", "rake"],
    names: ["Gemfile", "Rakefile"],
    load: () => stream(import("@codemirror/legacy-modes/mode/ruby").then((module) => module.ruby)),
  },
  {
    id: "bash",
    name: "Bash",
    extensions: ["sh", "bash", "zsh"],
    load: () =>
      stream(import("@codemirror/legacy-modes/mode/shell").then((module) => module.shell)),
  },
  {
    id: "html",
    name: "HTML",
    extensions: ["html", "htm"],
    load: () => import("@codemirror/lang-html").then((module) => module.html()),
  },
  {
    id: "css",
    name: "CSS",
    extensions: ["css"],
    load: () => import("@codemirror/lang-css").then((module) => module.css()),
  },
  {
    id: "json",
    name: "JSON",
    extensions: ["json", "webmanifest"],
    load: () => import("@codemirror/lang-json").then((module) => module.json()),
  },
  {
    id: "markdown",
    name: "Markdown",
    extensions: ["md", "markdown"],
    load: () => import("@codemirror/lang-markdown").then((module) => module.markdown()),
  },
  {
    id: "sql",
    name: "SQL",
    extensions: ["sql"],
    load: () => import("@codemirror/lang-sql").then((module) => module.sql()),
  },
  {
    id: "yaml",
    name: "YAML",
    extensions: ["yaml", "yml"],
    load: () => import("@codemirror/lang-yaml").then((module) => module.yaml()),
  },
];

/** The language a path's ending speaks of, or null for plain text. */
export function languageOf(path: string): EditorLanguage | null {
  const name = nameOf(path);
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const known = LANGUAGES.find(
    (one) =>
      one.names?.includes(name) === true || (name.includes(".") && one.extensions.includes(ending)),
  );
  return known ?? null;
}
