// What a user's wallet is asked to send to the vault and to tokens, in order.
import { decodeFunctionData, encodeFunctionResult, parseAbi } from "viem";
import { describe, expect, it } from "vitest";
import type { Asset, Info } from "../../src/api/types";
import { Contract } from "../../src/chain/contract";
import type { Hex, Wallet } from "../../src/wallet/wallet";

const ACCOUNT = "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1";
const VAULT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const USDT: Asset = { id: "USDT", decimals: 6, token: "0xdAC17F958D2ee523a2206206994597C13D831ec7" };
const INFO = { contract: VAULT, chain_id: 31337 } as unknown as Info;
const ABI = parseAbi([
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
  "function deposit(address token, uint256 amount) returns (uint256)",
  "function nonces(address owner) view returns (uint256)",
]);

/** A wallet in front of a token without permits; one that is picky refuses to change an approval but to nothing. */
function walletOf(allowed: bigint, picky: boolean): { wallet: Wallet; sent: string[] } {
  const sent: string[] = [];
  let allowance = allowed;
  const run = (data: Hex): Hex => {
    const { functionName, args } = decodeFunctionData({ abi: ABI, data });
    if (functionName === "nonces") throw new Error("reverted");
    if (functionName === "approve" && picky && allowance !== 0n && args[1] !== 0n) throw new Error("reverted");
    const result = functionName === "allowance" ? allowance : functionName === "approve" ? true : 0n;
    return encodeFunctionResult({ abi: ABI, functionName, result } as Parameters<typeof encodeFunctionResult>[0]);
  };
  const wallet = {
    address: ACCOUNT,
    joinChain: async () => undefined,
    call: async (_to: Hex, data: Hex) => run(data),
    send: async ({ data }: { data: Hex }) => {
      run(data);
      const { functionName, args } = decodeFunctionData({ abi: ABI, data });
      if (functionName === "approve") allowance = args[1];
      sent.push(`${functionName} ${args[1]}`);
      return "0x01";
    },
    receipt: async (hash: Hex) => ({ hash, succeeded: true }),
  } as unknown as Wallet;
  return { wallet, sent };
}

async function deposit(allowed: bigint, picky: boolean): Promise<string[]> {
  const { wallet, sent } = walletOf(allowed, picky);
  await new Contract(wallet, INFO).deposit(USDT, 8n, () => undefined);
  return sent;
}

describe("a deposit", () => {
  it("approves exactly what it moves, unless the vault may take that much already", async () => {
    expect(await deposit(0n, true)).toEqual(["approve 8", "deposit 8"]);
    expect(await deposit(7n, false)).toEqual(["approve 8", "deposit 8"]);
    expect(await deposit(9n, true)).toEqual(["deposit 8"]);
  });

  it("takes an approval back first where the token wants that", async () => {
    expect(await deposit(7n, true)).toEqual(["approve 0", "approve 8", "deposit 8"]);
  });
});
