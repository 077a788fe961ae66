import { syntaxHighlighting } from "@codemirror/language";
import { Decoration, MatchDecorator, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";

/** Five quiet inks; plain names keep the colour of text. The classes are in editor.css. */
const inks = tagHighlighter([
  { tag: [tags.comment, tags.meta, tags.docComment], class: "ink-comment" },
  {
    tag: [tags.keyword, tags.modifier, tags.controlKeyword, tags.operatorKeyword, tags.tagName],
    class: "ink-keyword",
  },
  { tag: [tags.heading, tags.strong], class: "ink-keyword" },
  {
    tag: [tags.string, tags.special(tags.string), tags.regexp, tags.attributeValue],
    class: "ink-string",
  },
  {
    tag: [tags.number, tags.bool, tags.null, tags.atom, tags.escape, tags.unit],
    class: "ink-number",
  },
  {
    tag: [
      tags.definition(tags.variableName),
      tags.function(tags.definition(tags.variableName)),
      tags.function(tags.definition(tags.propertyName)),
      tags.labelName,
      tags.link,
      tags.url,
    ],
    class: "ink-def",
  },
  {
    tag: [
      tags.typeName,
      tags.className,
      tags.definition(tags.typeName),
      tags.namespace,
      tags.macroName,
    ],
    class: "ink-type",
  },
  { tag: tags.definition(tags.className), class: "ink-type" },
  { tag: [tags.attributeName, tags.definition(tags.propertyName)], class: "ink-def" },
  { tag: tags.emphasis, class: "ink-emphasis" },
  { tag: tags.invalid, class: "ink-invalid" },
]);

export const highlighting = syntaxHighlighting(inks);

/** Scripts that have no italics: Arabic and those of India. */
const upright = new MatchDecorator({
  regexp: /[\u0600-\u06ff\u0900-\u0d7f]+/g,
  decoration: Decoration.mark({ class: "cm-upright" }),
});

export const uprightScripts = ViewPlugin.define(
  (view) => ({
    marks: upright.createDeco(view),
    update(update: ViewUpdate) {
      this.marks = upright.updateDeco(update, this.marks);
    },
  }),
  { decorations: ({ marks }) => marks },
);
