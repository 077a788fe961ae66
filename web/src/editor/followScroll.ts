import type { Extension } from "@codemirror/state";
import { EditorView, ViewPlugin } from "@codemirror/view";
import type { Presence } from "../collab/people";
import type { OpenRoom } from "../collab/room";

/** While I follow somebody who looks at this file, the view goes where theirs goes. */
export function followScroll(room: OpenRoom, fileId: string): Extension {
  return ViewPlugin.define((view) => {
    const { following, people, connection } = room;
    let last = "";
    const follow = () => {
      const presence = following.presence(people.list);
      if (!presence || presence.file !== fileId) {
        last = "";
        return;
      }
      const key = `${presence.top}:${presence.line}`;
      if (key === last) return;
      last = key;
      scrollTo(view, presence);
    };
    connection.awareness.on("change", follow);
    const stop = following.changed.subscribe(follow);
    const timer = setTimeout(follow);
    return {
      destroy() {
        clearTimeout(timer);
        connection.awareness.off("change", follow);
        stop();
      },
    };
  });
}

function positionOf(view: EditorView, line: number): number {
  const { doc } = view.state;
  return doc.line(Math.max(1, Math.min(line, doc.lines))).from;
}

/** Their first line becomes mine, unless my window is too low to show their caret then. */
function scrollTo(view: EditorView, { top, bottom, line }: Presence): void {
  const rows = Math.floor(view.scrollDOM.clientHeight / view.defaultLineHeight) - 2;
  const theySeeTheirCaret = top && bottom && line && line >= top && line <= bottom;
  const effect =
    theySeeTheirCaret && line - top > rows
      ? EditorView.scrollIntoView(positionOf(view, line), { y: "end", yMargin: 24 })
      : top
        ? EditorView.scrollIntoView(positionOf(view, top), { y: "start", yMargin: 0 })
        : line && EditorView.scrollIntoView(positionOf(view, line), { y: "center" });
  if (effect) view.dispatch({ effects: effect });
}
