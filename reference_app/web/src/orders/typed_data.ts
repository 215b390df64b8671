// The EIP-712 document of an order, made here from what was typed in. The exchange's own document is compared with it,
// so that nothing is signed that the form does not say.
import type { Info, Market, OrderRequest } from "../api/types";
import { parseDecimal } from "../money/decimal";
import { notional } from "../money/market";
import type { TypedData } from "../wallet/wallet";

const DOMAIN = [
  { name: "name", type: "string" },
  { name: "version", type: "string" },
  { name: "chainId", type: "uint256" },
  { name: "verifyingContract", type: "address" },
] as const;

const ORDER = [
  { name: "trader", type: "address" },
  { name: "market", type: "uint32" },
  { name: "baseToken", type: "address" },
  { name: "quoteToken", type: "address" },
  { name: "side", type: "uint8" },
  { name: "flags", type: "uint8" },
  { name: "baseAmount", type: "uint128" },
  { name: "quoteAmount", type: "uint128" },
  { name: "maxFeePpm", type: "uint16" },
  { name: "expiry", type: "uint40" },
  { name: "nonce", type: "uint64" },
] as const;

const TIME_FLAGS: Record<string, number> = { gtc: 0, gtd: 0, ioc: 2, fok: 4 };

export type SignedTerms = Required<Pick<OrderRequest, "max_fee_ppm" | "expiry_s" | "nonce">>;

/** Returns the document to sign. Throws when the market has no tokens on a chain. */
export function orderDocument(info: Info, market: Market, trader: string, order: OrderRequest): TypedData {
  const { base, quote } = market;
  const domain = info.domain;
  if (!domain || !base.token || !quote.token)
    throw new Error("This market settles on no chain; its orders are not signed.");
  const timeInForce = order.time_in_force ?? (order.order_type?.endsWith("market") ? "ioc" : "gtc");
  return {
    types: { EIP712Domain: DOMAIN, Order: ORDER },
    primaryType: "Order",
    domain: {
      name: domain.name,
      version: domain.version,
      chainId: domain.chain_id,
      verifyingContract: domain.verifying_contract,
    },
    message: {
      trader,
      market: market.number,
      baseToken: base.token,
      quoteToken: quote.token,
      side: order.side === "buy" ? 0 : 1,
      flags: (order.post_only ? 1 : 0) | (TIME_FLAGS[timeInForce] ?? 0),
      baseAmount: parseDecimal(order.quantity, base.decimals).toString(),
      quoteAmount: parseDecimal(notional(order.price, order.quantity), quote.decimals).toString(),
      maxFeePpm: order.max_fee_ppm,
      expiry: order.expiry_s,
      nonce: order.nonce,
    },
  };
}

/** Returns the first field in which the exchange's document says something else than ours, or null. */
export function difference(ours: TypedData, theirs: unknown): string | null {
  const other = theirs as Partial<TypedData> | null;
  if (!other || other.primaryType !== ours.primaryType) return "primaryType";
  for (const part of ["domain", "message"] as const) {
    const [left, right] = [ours[part], other[part] ?? {}];
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      if (String(left[name]).toLowerCase() !== String(right[name]).toLowerCase()) return name;
    }
  }
  return null;
}
