// Listing a market: its terms, as the settings file would have them. Another admin confirms; terms never change.
import { type ReactNode, useState } from "react";
import { Field } from "../components/ui";
import { useStore } from "../state/store";
import type { Proposal } from "./words";

const FIRST = {
  id: "",
  number: "",
  base_decimals: "18",
  quote_decimals: "6",
  tick: "0.01",
  lot: "0.0001",
  minimum_notional: "1",
  maker_fee_ppm: "100",
  taker_fee_ppm: "200",
  base_token: "",
  quote_token: "",
};
type Terms = typeof FIRST;

const NAMES: Record<keyof Terms, string> = {
  id: "Name, such as SOL-USDC",
  number: "Number, not used before",
  base_decimals: "Decimals of the base",
  quote_decimals: "Decimals of the quote",
  tick: "Price step",
  lot: "Quantity step",
  minimum_notional: "Least order, in quote",
  maker_fee_ppm: "Maker fee, parts per million",
  taker_fee_ppm: "Taker fee, parts per million",
  base_token: "Token of the base, its address",
  quote_token: "Token of the quote, its address",
};
const TOKENS: readonly (keyof Terms)[] = ["base_token", "quote_token"];
const WHOLE: readonly (keyof Terms)[] = ["number", "base_decimals", "quote_decimals", "maker_fee_ppm", "taker_fee_ppm"];

/** Returns what is wrong with a market's terms, by field; the exchange holds them against the chain, if it has one. */
export function termsProblems(terms: Terms, onChain: boolean): Partial<Record<keyof Terms, string>> {
  const problems: Partial<Record<keyof Terms, string>> = {};
  if (!/^[A-Z0-9]{1,16}-[A-Z0-9]{1,16}$/.test(terms.id)) problems.id = "Two symbols with a dash, in capitals";
  for (const name of WHOLE) if (!/^-?[0-9]{1,9}$/.test(terms[name])) problems[name] = "A whole number";
  for (const name of ["tick", "lot", "minimum_notional"] as const)
    if (!/^(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(terms[name])) problems[name] = "A plain number such as 0.01";
  for (const name of onChain ? TOKENS : [])
    if (!/^0x[0-9a-fA-F]{40}$/.test(terms[name])) problems[name] = "An address: 0x and 40 digits";
  return problems;
}

export function ListingPanel(props: { act: (action: Proposal) => void }): ReactNode {
  const [terms, setTerms] = useState<Terms>(FIRST);
  const [asked, setAsked] = useState(false);
  const chain = useStore((state) => state.info?.chain_id ?? null);
  const problems = termsProblems(terms, chain !== null);
  const names = (Object.keys(NAMES) as (keyof Terms)[]).filter((name) => chain !== null || !TOKENS.includes(name));
  const propose = (): void => {
    setAsked(true);
    if (Object.keys(problems).length > 0) return;
    props.act({
      kind: "list_market",
      state: "halted",
      market: {
        id: terms.id,
        number: Number(terms.number),
        base_decimals: Number(terms.base_decimals),
        quote_decimals: Number(terms.quote_decimals),
        tick: terms.tick,
        lot: terms.lot,
        minimum_notional: terms.minimum_notional,
        maker_fee_ppm: Number(terms.maker_fee_ppm),
        taker_fee_ppm: Number(terms.taker_fee_ppm),
        base_token: chain === null ? null : terms.base_token,
        quote_token: chain === null ? null : terms.quote_token,
        minimum_quantity: null,
        maximum_quantity: null,
        maximum_notional: null,
        fee_tiers: [],
        price_band_ppm: null,
      },
    });
  };
  return (
    <section className="callout" aria-label="List a market">
      {chain === null ? null : (
        <p className="warn">
          This exchange settles on chain {chain}: the contract has to have both tokens and the market of this number
          first, in a block that is final. The exchange compares every term, now and when another admin confirms.
        </p>
      )}
      <div className="fields">
        {names.map((name) => (
          <Field
            key={name}
            label={NAMES[name]}
            value={terms[name]}
            number={name !== "id" && !TOKENS.includes(name)}
            problem={asked ? problems[name] : undefined}
            onChange={(value) => setTerms({ ...terms, [name]: value })}
          />
        ))}
      </div>
      <p className="small soft">It begins halted; another proposal opens it.</p>
      <button type="button" className="button" onClick={propose}>
        Propose the listing…
      </button>
    </section>
  );
}
