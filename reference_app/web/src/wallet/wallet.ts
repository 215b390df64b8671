// What the pages need of a wallet, whoever holds the key.

export type Hex = `0x${string}`;

export interface TypedData {
  readonly types: Record<string, readonly { readonly name: string; readonly type: string }[]>;
  readonly primaryType: string;
  readonly domain: Record<string, unknown>;
  readonly message: Record<string, unknown>;
}

export interface Receipt {
  readonly hash: Hex;
  readonly succeeded: boolean;
}

/** A transaction in a block. */
export interface Mined {
  readonly block: bigint;
  readonly succeeded: boolean;
  readonly gas: bigint;
  /** Blocks on top of its block. */
  readonly confirmations: bigint;
}

export interface Wallet {
  /** "demo", or the reverse domain name under which an extension announced itself. */
  readonly id: string;
  readonly name: string;
  /** EIP-55. */
  readonly address: Hex;
  signText(text: string): Promise<Hex>;
  signTypedData(document: TypedData): Promise<Hex>;
  /** Sends a transaction and returns its hash. */
  send(transaction: { to: Hex; data?: Hex; value?: bigint }): Promise<Hex>;
  /** Asks a contract in the account's name; nothing is sent. */
  call(to: Hex, data: Hex): Promise<Hex>;
  /** Atoms of the chain's own coin. */
  coin(address: Hex): Promise<bigint>;
  /** Where a transaction is now; null while it is in no block. */
  mined(hash: Hex): Promise<Mined | null>;
  /** Waits until a transaction is in a block. */
  receipt(hash: Hex): Promise<Receipt>;
  /** Time of the newest block, Unix seconds. */
  now(): Promise<bigint>;
  /** Asks the wallet to be on a chain, adding it where its node is known. */
  joinChain(chainId: number, rpcUrl: string | null): Promise<void>;
}

/** An EIP-1193 provider. */
export interface Provider {
  request(args: { method: string; params?: unknown }): Promise<unknown>;
  on?(event: string, listener: (value: unknown) => void): void;
}

/** Whether this page was served by a demo on the local chain. */
export function isDemo(): boolean {
  return document.documentElement.dataset.demo === "true";
}

export interface DemoWallet {
  readonly private_key: Hex;
  readonly rpc_url: string;
}
