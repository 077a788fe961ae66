import { memo } from "react";
import { useOpenFile } from "../collab";
import { t, useT } from "../i18n";
import { toast } from "../ui";
import { type Segment, segments } from "./text";

const CHIP = "rounded-[3px] bg-surface-3 px-[5px] py-px font-code text-12 text-text-1";

/** The words of a message, with its files, links and code. */
export const MessageText = memo(function MessageText({
  text,
  paths,
}: {
  text: string;
  paths: readonly string[];
}) {
  return (
    <p dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
      {segments(text, paths).map((segment, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a message never changes
        <SegmentView key={index} segment={segment} />
      ))}
    </p>
  );
});

function SegmentView({ segment }: { segment: Segment }) {
  switch (segment.kind) {
    case "text":
      return segment.text;
    case "code":
      return <code className={CHIP}>{segment.text}</code>;
    case "link":
      return (
        <a
          href={segment.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="text-accent underline"
        >
          {segment.text}
        </a>
      );
    case "file":
      return <FileChip segment={segment} />;
  }
}

function FileChip({ segment }: { segment: Extract<Segment, { kind: "file" }> }) {
  const translate = useT();
  const { openPath } = useOpenFile();
  const open = () => {
    const there = openPath(
      segment.path,
      segment.line === null ? undefined : { line: segment.line },
    );
    if (!there) toast({ text: t("chat.fileGone", { path: segment.path }), tone: "error" });
  };
  return (
    <button
      type="button"
      dir="ltr"
      onClick={open}
      aria-label={translate("chat.openFile", { name: segment.text })}
      className={`${CHIP} relative hover:bg-line touch:after:absolute touch:after:-inset-x-1 touch:after:-inset-y-3 touch:after:content-['']`}
    >
      {segment.text}
    </button>
  );
}
