// A wallet for tests: announced to the page as an extension's is (EIP-6963), it signs with a key that this process holds.

/** Adds the wallet to a page, before the page is opened. `account` is one of viem's local accounts. */
export async function announceWallet(page, account) {
  await page.exposeFunction("walletRequest", async (method, params) => {
    if (method === "eth_requestAccounts" || method === "eth_accounts") return [account.address];
    if (method === "eth_chainId") return "0x7a69";
    if (method === "personal_sign") return account.signMessage({ message: { raw: params[0] } });
    throw new Error(`not a wallet's business here: ${method}`);
  });
  await page.addInitScript(() => {
    const detail = Object.freeze({
      info: { uuid: "1", name: "Test wallet", icon: "", rdns: "test.wallet" },
      provider: { request: ({ method, params }) => window.walletRequest(method, params ?? []) },
    });
    const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
    window.addEventListener("eip6963:requestProvider", announce);
  });
}
