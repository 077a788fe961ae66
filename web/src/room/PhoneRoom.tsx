import { type ReactNode, useEffect } from "react";
import { ChatPanel } from "../chat";
import { FilesPanel } from "../files/FilesPanel";
import { useT } from "../i18n";
import { PeoplePanel } from "../people/PeoplePanel";
import { RunButton, RunPanel } from "../run";
import { BottomNav } from "./BottomNav";
import { EditorArea } from "./EditorArea";
import { TestsPlace } from "./LowerPanel";
import { type Place, useLayout } from "./layout";
import { TabBar } from "./TabBar";

const STRIP_AND_NAV = "164px";

/** One place at a time; the editor stays alive behind the others. */
export function PhoneRoom() {
  const t = useT();
  const [{ place }, setLayout] = useLayout();
  const go = (to: Place) => setLayout({ place: to });
  useEffect(() => {
    const { style } = document.body;
    style.setProperty("--toast-bottom", place === "code" ? STRIP_AND_NAV : "112px");
    return () => void style.removeProperty("--toast-bottom");
  }, [place]);
  return (
    <>
      <PlaceBox shown={place === "code"}>
        <TabBar end={<RunButton />} />
        <EditorArea />
        <div className="h-[108px] shrink-0 border-t border-line [@media(max-height:420px)]:hidden">
          <RunPanel layout="strip" onOpen={() => go("output")} />
        </div>
      </PlaceBox>
      {place === "files" && (
        <PlaceBox shown label={t("room.filesAndPeople")}>
          <FilesPanel onOpen={() => go("code")} />
          <PeoplePanel onFollow={() => go("code")} />
        </PlaceBox>
      )}
      {place === "output" && (
        <PlaceBox shown label={t("room.output")}>
          <RunPanel layout="panel" />
        </PlaceBox>
      )}
      {place === "tests" && (
        <PlaceBox shown label={t("room.tests")}>
          <TestsPlace />
        </PlaceBox>
      )}
      {place === "chat" && (
        <PlaceBox shown label={t("room.chat")}>
          <ChatPanel />
        </PlaceBox>
      )}
      <BottomNav />
    </>
  );
}

interface PlaceBoxProps {
  shown: boolean;
  label?: string;
  children: ReactNode;
}

function PlaceBox({ shown, label, children }: PlaceBoxProps) {
  return (
    <main
      {...(label && { "aria-label": label })}
      data-panel
      hidden={!shown}
      className="flex min-h-0 flex-1 flex-col bg-surface-2 [[hidden]]:hidden"
    >
      {children}
    </main>
  );
}
