// The exchange's contract and its tokens, as far as a user of them goes. Every call is the user's own transaction.
import { type Abi, decodeFunctionResult, encodeFunctionData, parseAbi, parseSignature } from "viem";
import { declined, explain, Unknown } from "../api/http";
import type { Asset, Info, Voucher } from "../api/types";
import type { Hex, Receipt, TypedData, Wallet } from "../wallet/wallet";

const EXCHANGE = parseAbi([
  "function deposit(address token, uint256 amount) returns (uint256)",
  "function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) returns (uint256)",
  "function requestWithdrawal(address token, uint256 amount)",
  "function cancelWithdrawalRequest(address token)",
  "function withdraw(address token, address recipient) returns (uint256)",
  "function withdrawWithVoucher((address account,address token,uint128 amount,address recipient,uint256 salt,uint40 deadline,uint48 minBatch) voucher, bytes operatorSignature)",
  "function exit(address[] tokens)",
  "function freeze()",
  "function frozen() view returns (bool)",
  "function paused() view returns (bool)",
  "function balanceOf(address account, address token) view returns (uint256)",
  "function pendingWithdrawal(address account, address token) view returns (uint256 amount, uint40 requestedAt, uint40 latestAt, bool effective)",
  "function grantSession(address key, uint32 market, uint96 buyBudget, uint72 sellBudget, uint40 expiry)",
  "function revokeSession(address key, uint32 market)",
]);

const TOKEN = parseAbi([
  "function balanceOf(address account) view returns (uint256)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function approve(address spender, uint256 amount) returns (bool)",
  "function nonces(address owner) view returns (uint256)",
  "function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)",
  "function mint(address account, uint256 amount)",
]);

const PERMIT_LIFETIME_S = 1_800n;

export interface Pending {
  readonly amount: bigint;
  readonly latestAtS: number;
  readonly effective: boolean;
}

export class Contract {
  readonly address: Hex;

  constructor(
    private readonly wallet: Wallet,
    private readonly info: Info,
  ) {
    if (!info.contract) throw new Error("This exchange settles on no chain.");
    this.address = info.contract as Hex;
  }

  walletBalance(asset: Asset): Promise<bigint> {
    return this.ask<bigint>(TOKEN, tokenOf(asset), "balanceOf", [this.wallet.address]);
  }

  vaultBalance(asset: Asset): Promise<bigint> {
    return this.ask<bigint>(EXCHANGE, this.address, "balanceOf", [this.wallet.address, tokenOf(asset)]);
  }

  frozen(): Promise<boolean> {
    return this.ask<boolean>(EXCHANGE, this.address, "frozen", []);
  }

  paused(): Promise<boolean> {
    return this.ask<boolean>(EXCHANGE, this.address, "paused", []);
  }

  async pending(asset: Asset): Promise<Pending | null> {
    const [amount, , latestAt, effective] = await this.ask<[bigint, number, number, boolean]>(
      EXCHANGE,
      this.address,
      "pendingWithdrawal",
      [this.wallet.address, tokenOf(asset)],
    );
    return amount === 0n ? null : { amount, latestAtS: Number(latestAt), effective };
  }

  /** Deposits in one transaction with an EIP-2612 permit where the token takes one; otherwise approves first. */
  async deposit(asset: Asset, amount: bigint, say: (step: string) => void): Promise<Receipt> {
    const token = tokenOf(asset);
    await this.join();
    const permit = await this.permit(asset, amount, say).catch((error: unknown) => {
      if (declined(error)) throw error;
      return null;
    });
    if (permit) {
      say("Confirm the deposit in your wallet");
      return this.transact(EXCHANGE, this.address, "depositWithPermit", [
        token,
        amount,
        permit.deadline,
        permit.v,
        permit.r,
        permit.s,
      ]);
    }
    const allowed = await this.ask<bigint>(TOKEN, token, "allowance", [this.wallet.address, this.address]);
    if (allowed < amount) {
      if (allowed > 0n && !(await this.mayApprove(token, amount))) {
        say("Take the old approval back: this token wants that before it gives another");
        await this.transact(TOKEN, token, "approve", [this.address, 0n]);
      }
      say("Approve the vault for exactly this amount");
      await this.transact(TOKEN, token, "approve", [this.address, amount]);
    }
    say("Confirm the deposit in your wallet");
    return this.transact(EXCHANGE, this.address, "deposit", [token, amount]);
  }

  /** Whether a token changes an approval of which something is left; USDT and its like do not. */
  private async mayApprove(token: Hex, amount: bigint): Promise<boolean> {
    const data = encodeFunctionData({ abi: TOKEN, functionName: "approve", args: [this.address, amount] });
    return this.wallet.call(token, data).then(
      () => true,
      () => false,
    );
  }

  requestWithdrawal(asset: Asset, amount: bigint): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "requestWithdrawal", [tokenOf(asset), amount]);
  }

  cancelRequest(asset: Asset): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "cancelWithdrawalRequest", [tokenOf(asset)]);
  }

  withdraw(asset: Asset): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "withdraw", [tokenOf(asset), this.wallet.address]);
  }

  redeem(voucher: Voucher): Promise<Receipt> {
    const values = {
      account: voucher.account as Hex,
      token: voucher.token as Hex,
      amount: BigInt(voucher.atoms),
      recipient: voucher.recipient as Hex,
      salt: BigInt(voucher.salt),
      deadline: voucher.deadline_s,
      minBatch: voucher.min_batch,
    };
    return this.transact(EXCHANGE, this.address, "withdrawWithVoucher", [values, voucher.signature]);
  }

  exit(assets: readonly Asset[]): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "exit", [assets.map(tokenOf)]);
  }

  freeze(): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "freeze", []);
  }

  grant(key: Hex, market: number, buyAtoms: bigint, sellLots: bigint, expiresAtS: number): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "grantSession", [key, market, buyAtoms, sellLots, expiresAtS]);
  }

  revoke(key: Hex, market: number): Promise<Receipt> {
    return this.transact(EXCHANGE, this.address, "revokeSession", [key, market]);
  }

  /** Makes play tokens; the local chain's tokens let anybody. */
  mint(asset: Asset, account: Hex, amount: bigint): Promise<Receipt> {
    return this.transact(TOKEN, tokenOf(asset), "mint", [account, amount]);
  }

  private async permit(
    asset: Asset,
    amount: bigint,
    say: (step: string) => void,
  ): Promise<{ deadline: bigint; v: number; r: Hex; s: Hex }> {
    const token = tokenOf(asset);
    const owner = this.wallet.address;
    const nonce = await this.ask<bigint>(TOKEN, token, "nonces", [owner]);
    const [, name, version, chainId, verifyingContract] = await this.ask<[Hex, string, string, bigint, Hex]>(
      TOKEN,
      token,
      "eip712Domain",
      [],
    );
    if (chainId !== BigInt(this.info.chain_id ?? 0) || verifyingContract.toLowerCase() !== token.toLowerCase()) {
      throw new Error("The token's permit is for another chain or contract.");
    }
    const deadline = (await this.wallet.now()) + PERMIT_LIFETIME_S;
    say(`Sign a permit for exactly this amount of ${asset.id}`);
    const document: TypedData = {
      types: {
        EIP712Domain: [
          { name: "name", type: "string" },
          { name: "version", type: "string" },
          { name: "chainId", type: "uint256" },
          { name: "verifyingContract", type: "address" },
        ],
        Permit: [
          { name: "owner", type: "address" },
          { name: "spender", type: "address" },
          { name: "value", type: "uint256" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
        ],
      },
      primaryType: "Permit",
      domain: { name, version, chainId: Number(chainId), verifyingContract },
      message: {
        owner,
        spender: this.address,
        value: amount.toString(),
        nonce: nonce.toString(),
        deadline: deadline.toString(),
      },
    };
    const { r, s, v, yParity } = parseSignature(await this.wallet.signTypedData(document));
    return { deadline, v: Number(v ?? BigInt(yParity) + 27n), r, s };
  }

  /** Asks the wallet to be on the exchange's chain: elsewhere there is nothing to read or to sign. */
  private async join(): Promise<void> {
    if (this.info.chain_id != null) await this.wallet.joinChain(this.info.chain_id, null);
  }

  private async ask<T>(abi: Abi, to: Hex, functionName: string, args: readonly unknown[]): Promise<T> {
    const data = encodeFunctionData({ abi, functionName, args });
    return decodeFunctionResult({ abi, functionName, data: await this.wallet.call(to, data) }) as T;
  }

  private async transact(abi: Abi, to: Hex, functionName: string, args: readonly unknown[]): Promise<Receipt> {
    await this.join();
    const hash = await this.wallet.send({ to, data: encodeFunctionData({ abi, functionName, args }) });
    const receipt = await this.wallet.receipt(hash).catch((error: unknown) => {
      throw new Unknown(
        `It was sent as ${hash} and may still come into a block; nothing was heard of it: ${explain(error)} Look there before you send it again.`,
      );
    });
    if (!receipt.succeeded) throw new Error(`The contract refused the transaction ${hash}.`);
    return receipt;
  }
}

function tokenOf(asset: Asset): Hex {
  if (!asset.token) throw new Error(`${asset.id} has no token on a chain.`);
  return asset.token as Hex;
}
