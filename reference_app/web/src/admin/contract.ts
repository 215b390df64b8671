// The vault contract's pause: read from the chain through the wallet, and changed by a transaction that only the
// contract's pauser can sign. The exchange has no part in it, so it works when the exchange does not.
import { encodeFunctionData, getAddress, parseAbi } from "viem";
import type { Hex, Receipt, Wallet } from "../wallet/wallet";

const ABI = parseAbi([
  "function paused() view returns (bool)",
  "function frozen() view returns (bool)",
  "function pauser() view returns (address)",
  "function owner() view returns (address)",
  "function pause()",
  "function unpause()",
]);

export interface ContractState {
  readonly paused: boolean;
  readonly frozen: boolean;
  readonly pauser: Hex;
  readonly owner: Hex;
}

type Asks = Pick<Wallet, "call">;
type View = "paused" | "frozen" | "pauser" | "owner";

/** Reads how the contract is. Throws when there is no such contract on the wallet's chain. */
export async function readContract(wallet: Asks, contract: Hex): Promise<ContractState> {
  const ask = (name: View): Promise<Hex> => wallet.call(contract, encodeFunctionData({ abi: ABI, functionName: name }));
  const [paused, frozen, pauser, owner] = await Promise.all([
    ask("paused"),
    ask("frozen"),
    ask("pauser"),
    ask("owner"),
  ]);
  return { paused: flag(paused), frozen: flag(frozen), pauser: address(pauser), owner: address(owner) };
}

/** Sends the transaction that pauses the contract or ends the pause, and returns its hash. */
export function sendPause(wallet: Pick<Wallet, "send">, contract: Hex, pause: boolean): Promise<Hex> {
  return wallet.send({ to: contract, data: pauseData(pause) });
}

export function pauseData(pause: boolean): Hex {
  return encodeFunctionData({ abi: ABI, functionName: pause ? "pause" : "unpause" });
}

/** Returns what a receipt and the contract, read after it, say together. */
export function outcomeOf(receipt: Receipt, state: ContractState, wanted: boolean): string {
  if (!receipt.succeeded) return "The contract refused it: the transaction is in a block and changed nothing.";
  if (state.paused === wanted) return wanted ? "The contract is paused." : "The contract is no longer paused.";
  return "The transaction is in a block, and the contract says otherwise since: somebody changed it again.";
}

function flag(answer: Hex): boolean {
  const value = word(answer);
  if (value > 1n) throw new Error("The contract answered what it never says.");
  return value === 1n;
}

function address(answer: Hex): Hex {
  const value = word(answer);
  if (value >= 1n << 160n) throw new Error("The contract answered what it never says.");
  return getAddress(`0x${value.toString(16).padStart(40, "0")}`);
}

function word(answer: Hex): bigint {
  if (!/^0x[0-9a-fA-F]{64}$/.test(answer))
    throw new Error("There is no such contract on the chain that the wallet is on.");
  return BigInt(answer);
}
