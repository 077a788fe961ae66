import { type ReactNode, Suspense, useEffect, useRef } from "react";
import { useT } from "../i18n";
import { TestsBody, TestsTools } from "../judge";
import { HeadName, PanelHead, RunBody, RunTools, useStarting } from "../run";
import { Tab, TabList, TabPanel, Tabs } from "../ui";
import { useLayout } from "./layout";

const PANEL =
  "flex min-h-0 flex-1 flex-col focus-visible:shadow-none! data-[state=inactive]:hidden";

/** Under the editor: what programs print, or what the tests say. */
export function LowerPanel() {
  const t = useT();
  const [{ lower }, setLayout] = useLayout();
  useOutputInView();
  return (
    <Tabs
      value={lower}
      onValueChange={(value) => setLayout({ lower: value === "tests" ? "tests" : "output" })}
      asChild
    >
      <section
        aria-label={t("room.lower")}
        className="@container flex h-full min-h-0 flex-1 flex-col"
      >
        <PanelHead
          lead={
            <TabList label={t("room.lower")}>
              <Tab value="output">{t("room.output")}</Tab>
              <Tab value="tests">{t("room.tests")}</Tab>
            </TabList>
          }
        >
          {lower === "output" ? <RunTools /> : <Soon>{<TestsTools />}</Soon>}
        </PanelHead>
        <TabPanel value="output" tabIndex={-1} className={PANEL}>
          <RunBody />
        </TabPanel>
        <TabPanel value="tests" tabIndex={-1} className={PANEL}>
          <Soon>
            <TestsBody />
          </Soon>
        </TabPanel>
      </section>
    </Tabs>
  );
}

/** The tests alone, as a place of the phone. */
export function TestsPlace() {
  const t = useT();
  return (
    <section
      aria-label={t("room.tests")}
      className="@container flex h-full min-h-0 flex-1 flex-col"
    >
      <PanelHead lead={<HeadName>{t("room.tests")}</HeadName>}>
        <Soon>
          <TestsTools />
        </Soon>
      </PanelHead>
      <Soon>
        <TestsBody />
      </Soon>
    </section>
  );
}

function Soon({ children }: { children: ReactNode }) {
  return <Suspense fallback={<div className="flex-1" />}>{children}</Suspense>;
}

/** Whoever runs something wants to see what it prints. */
function useOutputInView(): void {
  const [, setLayout] = useLayout();
  const starting = useStarting();
  const show = useRef(() => setLayout({ lower: "output" }));
  useEffect(() => {
    if (starting) show.current();
  }, [starting]);
}
