import { Send } from "lucide-react";
import { type KeyboardEvent, useId, useLayoutEffect, useRef } from "react";
import { count, useT } from "../i18n";
import { cx, FieldError, IconButton } from "../ui";
import { MESSAGE_LENGTH, useOutbox } from "./outbox";

const COUNT_FROM = 3800;
const TALLEST = 140;

/** Enter sends, Shift Enter breaks the line. */
export function Composer() {
  const t = useT();
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const { outbox, state } = useOutbox();
  const { draft } = state;
  const surplus = length(draft) - MESSAGE_LENGTH;
  const send = () => {
    const text = draft.trim();
    if (text && surplus <= 0) void outbox.send(text);
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const plain = event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing;
    if (!plain) return;
    event.preventDefault();
    send();
  };
  useGrowing(box, draft);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="shrink-0 border-t border-line p-2 focus-within:shadow-[inset_0_2px_0_var(--accent)]"
    >
      <div className="flex items-end gap-1.5">
        <textarea
          ref={box}
          dir="auto"
          rows={1}
          value={draft}
          onChange={(event) => outbox.write(event.target.value)}
          onKeyDown={onKeyDown}
          aria-label={t("chat.message")}
          aria-describedby={surplus > 0 ? id : undefined}
          aria-invalid={surplus > 0 || undefined}
          placeholder={t("chat.placeholder")}
          className="min-h-7 flex-1 resize-none bg-transparent px-1 py-1 leading-5 shadow-none! placeholder:text-text-3 touch:min-h-11 touch:py-2.5 touch:text-16 touch:leading-6"
        />
        <IconButton
          variant="plain"
          type="submit"
          label={t("chat.send")}
          keys="Enter"
          icon={Send}
          tooltipSide="top"
          disabled={surplus > 0}
          className={cx("touch:mb-1", draft.trim() === "" && "text-text-3")}
        />
      </div>
      {surplus > 0 && (
        <FieldError id={id}>{t("chat.tooLong", { surplus: count(surplus) })}</FieldError>
      )}
      {surplus <= 0 && surplus >= COUNT_FROM - MESSAGE_LENGTH && (
        <p className="px-1 text-12 text-text-3 tabular-nums">
          {t("chat.charactersLeft", { count: -surplus })}
        </p>
      )}
    </form>
  );
}

/** In characters, as the server counts. */
function length(text: string): number {
  return text.length < COUNT_FROM ? text.length : [...text].length;
}

/** As tall as its text, up to seven lines. */
function useGrowing(box: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what makes it grow
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, TALLEST)}px`;
  }, [box, text]);
}
