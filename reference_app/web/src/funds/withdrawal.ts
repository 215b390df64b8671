// A withdrawal at once: the exchange signs a voucher and sets its amount aside, and the vault pays it. The voucher has a
// name of its own (its salt), so that whoever declined or heard nothing gets the same one again, and no second amount is
// set aside.
import { type Http, Refused } from "../api/http";
import type { Asset, Voucher } from "../api/types";
import type { Contract } from "../chain/contract";

const INVALID_VOUCHER = "invalid_voucher";

/** What was begun and did not come to an end; one of an account, an asset and an amount. */
let begun: { readonly name: string; readonly salt: string } | null = null;

/** Has the vault pay an amount to the account itself. Throws what the exchange, the wallet or the contract says. */
export async function withdrawAtOnce(
  http: Pick<Http, "post">,
  contract: Pick<Contract, "redeem">,
  account: string,
  asset: Asset,
  amount: string,
): Promise<void> {
  const name = `${account} ${asset.id} ${amount}`;
  const isAgain = begun?.name === name;
  const { salt } = begun !== null && isAgain ? begun : { salt: String(Date.now()) };
  begun = { name, salt };
  const request = { asset: asset.id, amount };
  let voucher: Voucher;
  try {
    voucher = await http.post<Voucher>("/account/vouchers", { ...request, salt });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    begun = null;
    // A program of the account's own may count its salts far above the clock.
    if (isAgain || error.problem.reason !== INVALID_VOUCHER || error.problem.field !== "salt") throw error;
    voucher = await http.post<Voucher>("/account/vouchers", request);
  }
  await contract.redeem(voucher);
  begun = null;
}
