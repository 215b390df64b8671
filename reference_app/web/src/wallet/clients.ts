// The two kinds of wallets over viem. Loaded when somebody connects, not before.
import {
  type Account,
  createPublicClient,
  createWalletClient,
  custom,
  getAddress,
  http,
  type PublicClient,
  TransactionReceiptNotFoundError,
  type Transport,
  type WalletClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Announced } from "./providers";
import type { DemoWallet, Hex, Provider, Receipt, TypedData, Wallet } from "./wallet";

const POLLING_MS = 400;
const NO_SUCH_CHAIN = 4902;

/** The demo's wallet: its key is public, and everything goes through the app that gave it. */
export function demoWallet(demo: DemoWallet, origin: string): Wallet {
  const account = privateKeyToAccount(demo.private_key);
  const transport = http(`${origin}/demo/rpc`, { retryCount: 1 });
  const asking = createPublicClient({ transport, pollingInterval: POLLING_MS });
  const sending = createWalletClient({ account, transport });
  return {
    ...chainParts(asking, sending, account),
    id: "demo",
    name: "Demo wallet",
    address: account.address,
    signText: (text) => account.signMessage({ message: text }),
    signTypedData: (document) => account.signTypedData(signable(document)),
    joinChain: () => Promise.resolve(),
  };
}

/** Makes a key that lives in this page only, and signs orders with it. */
export function keyWallet(key: Hex): { address: Hex; signTypedData(document: TypedData): Promise<Hex> } {
  const account = privateKeyToAccount(key);
  return { address: account.address, signTypedData: (document) => account.signTypedData(signable(document)) };
}

/** A wallet of the browser. With `quiet` it is asked for what it has granted before, without a prompt. */
export async function injectedWallet(found: Announced, quiet = false): Promise<Wallet | null> {
  const { provider } = found;
  const accounts = (await provider.request({ method: quiet ? "eth_accounts" : "eth_requestAccounts" })) as unknown[];
  if (!Array.isArray(accounts) || typeof accounts[0] !== "string") return null;
  const address = getAddress(accounts[0]);
  const transport = custom({ request: (args) => provider.request(args) });
  const asking = createPublicClient({ transport, pollingInterval: POLLING_MS });
  const sending = createWalletClient({ account: address, transport });
  return {
    ...chainParts(asking, sending, address),
    id: found.id,
    name: found.name,
    address,
    signText: async (text) => (await sending.signMessage({ message: text })) as Hex,
    signTypedData: async (document) =>
      (await provider.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(document)] })) as Hex,
    joinChain: (chainId, rpcUrl) => joinChain(provider, chainId, rpcUrl),
  };
}

/** Asks a wallet to be on a chain, and to learn of it first where it does not know it. */
export async function joinChain(provider: Provider, chainId: number, rpcUrl: string | null): Promise<void> {
  const wanted = `0x${chainId.toString(16)}`;
  if ((await provider.request({ method: "eth_chainId" })) === wanted) return;
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
  } catch (error) {
    if ((error as { code?: unknown }).code !== NO_SUCH_CHAIN || !rpcUrl) throw error;
    const chain = {
      chainId: wanted,
      chainName: "hybrid-dex local chain",
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: [rpcUrl],
    };
    await provider.request({ method: "wallet_addEthereumChain", params: [chain] });
  }
}

function chainParts(
  asking: PublicClient<Transport>,
  sending: WalletClient,
  account: Account | Hex,
): Pick<Wallet, "send" | "call" | "coin" | "mined" | "receipt" | "now"> {
  return {
    send: ({ to, data, value }) =>
      sending.sendTransaction({ account, chain: null, to, data: data ?? "0x", value: value ?? 0n }),
    call: async (to, data) => (await asking.call({ account, to, data })).data ?? "0x",
    mined: async (hash) => {
      const [found, head] = await Promise.all([
        asking.getTransactionReceipt({ hash }).catch((error: unknown) => {
          if (error instanceof TransactionReceiptNotFoundError) return null;
          throw error;
        }),
        asking.getBlockNumber({ cacheTime: 0 }),
      ]);
      if (!found) return null;
      const confirmations = head > found.blockNumber ? head - found.blockNumber : 0n;
      return { block: found.blockNumber, succeeded: found.status === "success", gas: found.gasUsed, confirmations };
    },
    coin: (address) => asking.getBalance({ address }),
    receipt: async (hash): Promise<Receipt> => {
      const found = await asking.waitForTransactionReceipt({ hash, timeout: 120_000 });
      return { hash, succeeded: found.status === "success" };
    },
    now: async () => (await asking.getBlock()).timestamp,
  };
}

/** A local account hashes the document itself and derives the domain's type. */
function signable(document: TypedData): Parameters<ReturnType<typeof privateKeyToAccount>["signTypedData"]>[0] {
  const { EIP712Domain: _, ...types } = document.types;
  return { domain: document.domain, types, primaryType: document.primaryType, message: document.message } as never;
}
