// Names for the generated messages; nothing is described by hand.
import type { components } from "../generated/api";

type Schemas = components["schemas"];

export type Info = Schemas["InfoAnswer"];
export type Asset = Schemas["AssetMessage"];
export type Market = Schemas["MarketMessage"];
export type MarketState = Market["state"];
export type BookUpdate = Schemas["BookMessage"];
export type Trade = Schemas["TradeMessage"];
export type Candle = Schemas["CandleMessage"];
export type Interval = Candle["interval"];
export type Ticker = Schemas["TickerMessage"];
export type Order = Schemas["OrderMessage"];
export type OrderRequest = Schemas["OrderRequest"];
export type ReplaceRequest = Schemas["ReplaceRequest"];
export type LinkedRequest = Schemas["LinkedRequest"];
export type OrderType = OrderRequest["order_type"] & string;
export type TimeInForce = Order["time_in_force"];
export type Side = Order["side"];
export type OrderAnswer = Schemas["OrderAnswer"];
export type LinkedAnswer = Schemas["LinkedAnswer"];
export type Preview = Schemas["PreviewAnswer"];
export type Execution = Schemas["ExecutionMessage"];
export type Fill = Schemas["FillMessage"];
export type Stage = Fill["stage"];
export type Settlement = Schemas["SettlementMessage"];
export type Balance = Schemas["BalanceMessage"];
export type Balances = Schemas["BalancesMessage"];
export type Heartbeat = Schemas["HeartbeatMessage"];
export type Transfer = Schemas["TransferMessage"];
export type Voucher = Schemas["VoucherMessage"];
export type Session = Schemas["SessionAnswer"];
export type Role = NonNullable<Session["role"]>;
export type Status = Schemas["StatusAnswer"];
export type Problem = Schemas["Problem"];
export type Channel = Schemas["Channel"];
export type ServerMessage =
  | BookUpdate
  | Trade
  | Candle
  | Ticker
  | Execution
  | Fill
  | Settlement
  | Balances
  | Heartbeat
  | Schemas["BookTopMessage"]
  | Schemas["StatisticsMessage"]
  | Schemas["BatchesMessage"]
  | Schemas["Ack"]
  | Schemas["ErrorMessage"]
  | Schemas["Pong"];
export type { Schemas };
