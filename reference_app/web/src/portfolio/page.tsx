// The account: what it has, where that is, and what became of each fill.
import type { ReactNode } from "react";
import { SignedIn } from "../components/connect";
import { Panel } from "../components/ui";
import { BalancesTable, FillsTable } from "./tables";

export default function PortfolioPage(): ReactNode {
  return (
    <div className="page">
      <h1>Portfolio</h1>
      <SignedIn what="your balances and fills">
        <Panel title="Balances" flush>
          <BalancesTable />
        </Panel>
        <Panel title="Fills and their settlement" flush>
          <FillsTable height={420} />
        </Panel>
      </SignedIn>
    </div>
  );
}
