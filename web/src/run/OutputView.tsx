import { ArrowDown } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { RunStream } from "../api";
import { count, useT } from "../i18n";
import { Button, cx, useStickToEnd } from "../ui";
import type { Style } from "./ansi";
import { LinkedText } from "./LinkedText";
import type { Block, Line, OutputBuffer, Span } from "./output";

const STREAM: Record<RunStream, string> = {
  stdout: "",
  stderr: "text-danger",
  compile: "text-danger",
  stdin: "text-accent",
};
const COLOR = [
  "text-text-3",
  "text-danger",
  "text-positive",
  "text-caution",
  "text-p2",
  "text-p5",
  "text-p3",
  "text-text-2",
];

function styleClass({ color, bold, dim, italic, underline }: Style): string {
  return cx(
    color !== null && (color === 15 ? "text-text-1" : COLOR[color % 8]),
    bold && "font-semibold",
    dim && color === null && "text-text-3",
    italic && "italic",
    underline && "underline",
  );
}

function spanClass({ stream, style }: Span): string {
  const own = styleClass(style);
  return own.includes("text-") ? own : cx(STREAM[stream], own);
}

function SpanView({ span }: { span: Span }) {
  const look = spanClass(span);
  const text = <LinkedText text={span.text} />;
  return look ? <span className={look}>{text}</span> : text;
}

export function LineView({ line, className }: { line: Line; className?: string }) {
  return (
    <div className={cx("min-h-5", className)}>
      {line.spans.map((span, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans of a line are only added at its end
        <SpanView key={index} span={span} />
      ))}
    </div>
  );
}

/** Blocks far from the view cost no layout. */
const BlockView = memo(function BlockView({ block }: { block: Block }) {
  return (
    <div
      style={{
        contentVisibility: "auto",
        containIntrinsicSize: `auto ${block.lines.length * 20}px`,
      }}
    >
      {block.lines.map((line) => (
        <LineView key={line.id} line={line} />
      ))}
    </div>
  );
});

export interface OutputViewProps {
  output: OutputBuffer | null;
  /** Quiet lines before and after what the program printed. */
  head: ReactNode;
  foot: ReactNode;
}

/** Output of a run; sticks to its end until somebody scrolls up. */
export function OutputView({ output, head, foot }: OutputViewProps) {
  const t = useT();
  const blocks = output?.blocks;
  const { box, atEnd, toEnd, onScroll } = useStickToEnd<HTMLDivElement>(blocks);
  return (
    <div className="relative flex min-h-0 flex-1 flex-col bg-surface-1">
      <div
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label={t("run.output")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable
        tabIndex={0}
        dir="ltr"
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-3 py-2 font-code text-code leading-5 whitespace-pre-wrap [font-variant-ligatures:none] [overflow-wrap:anywhere] focus-visible:-outline-offset-2 focus-visible:outline-accent focus-visible:shadow-none!"
      >
        <div>
          {head}
          {output && output.dropped > 0 && (
            <p className="text-text-3">{t("run.dropped", { count: count(output.dropped) })}</p>
          )}
          {blocks?.map((block) => (
            <BlockView key={block.id} block={block} />
          ))}
          {foot}
        </div>
      </div>
      {!atEnd && (
        <Button
          icon={ArrowDown}
          onClick={toEnd}
          className="absolute! bottom-2 left-1/2 -translate-x-1/2 shadow-2!"
        >
          {t("run.newest")}
        </Button>
      )}
    </div>
  );
}
