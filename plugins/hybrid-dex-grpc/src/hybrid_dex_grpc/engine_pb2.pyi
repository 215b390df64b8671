from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Description(_message.Message):
    __slots__ = ("versions", "requires_signature", "trusted", "gateway", "health", "signed_for")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    REQUIRES_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    TRUSTED_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    SIGNED_FOR_FIELD_NUMBER: _ClassVar[int]
    versions: str
    requires_signature: bool
    trusted: bool
    gateway: str
    health: bytes
    signed_for: str
    def __init__(self, versions: _Optional[str] = ..., requires_signature: _Optional[bool] = ..., trusted: _Optional[bool] = ..., gateway: _Optional[str] = ..., health: _Optional[bytes] = ..., signed_for: _Optional[str] = ...) -> None: ...

class Requests(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[Request]
    def __init__(self, requests: _Optional[_Iterable[_Union[Request, _Mapping]]] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("id", "place", "replace", "cancel", "cancel_all", "reduce", "batch", "schedule_cancel", "heartbeat", "set_cancel_on_disconnect", "presence", "issue_voucher", "open_vouchers", "cancel_receipt", "receipts", "place_linked", "place_ladders")
    ID_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ALL_FIELD_NUMBER: _ClassVar[int]
    REDUCE_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_CANCEL_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    SET_CANCEL_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    ISSUE_VOUCHER_FIELD_NUMBER: _ClassVar[int]
    OPEN_VOUCHERS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_RECEIPT_FIELD_NUMBER: _ClassVar[int]
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    PLACE_LINKED_FIELD_NUMBER: _ClassVar[int]
    PLACE_LADDERS_FIELD_NUMBER: _ClassVar[int]
    id: int
    place: Place
    replace: Replace
    cancel: Cancel
    cancel_all: CancelAll
    reduce: Reduce
    batch: Batch
    schedule_cancel: ScheduleCancel
    heartbeat: Heartbeat
    set_cancel_on_disconnect: SetCancelOnDisconnect
    presence: Presence
    issue_voucher: IssueVoucher
    open_vouchers: OpenVouchers
    cancel_receipt: GetCancelReceipt
    receipts: GetReceipts
    place_linked: PlaceLinked
    place_ladders: PlaceLadders
    def __init__(self, id: _Optional[int] = ..., place: _Optional[_Union[Place, _Mapping]] = ..., replace: _Optional[_Union[Replace, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., cancel_all: _Optional[_Union[CancelAll, _Mapping]] = ..., reduce: _Optional[_Union[Reduce, _Mapping]] = ..., batch: _Optional[_Union[Batch, _Mapping]] = ..., schedule_cancel: _Optional[_Union[ScheduleCancel, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., set_cancel_on_disconnect: _Optional[_Union[SetCancelOnDisconnect, _Mapping]] = ..., presence: _Optional[_Union[Presence, _Mapping]] = ..., issue_voucher: _Optional[_Union[IssueVoucher, _Mapping]] = ..., open_vouchers: _Optional[_Union[OpenVouchers, _Mapping]] = ..., cancel_receipt: _Optional[_Union[GetCancelReceipt, _Mapping]] = ..., receipts: _Optional[_Union[GetReceipts, _Mapping]] = ..., place_linked: _Optional[_Union[PlaceLinked, _Mapping]] = ..., place_ladders: _Optional[_Union[PlaceLadders, _Mapping]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("signed", "command", "signed_replacement")
    SIGNED_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    SIGNED_REPLACEMENT_FIELD_NUMBER: _ClassVar[int]
    signed: bytes
    command: bytes
    signed_replacement: SignedReplacement
    def __init__(self, signed: _Optional[bytes] = ..., command: _Optional[bytes] = ..., signed_replacement: _Optional[_Union[SignedReplacement, _Mapping]] = ...) -> None: ...

class SignedReplacement(_message.Message):
    __slots__ = ("order_id", "terms", "expected_filled")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FILLED_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    terms: bytes
    expected_filled: int
    def __init__(self, order_id: _Optional[int] = ..., terms: _Optional[bytes] = ..., expected_filled: _Optional[int] = ...) -> None: ...

class Place(_message.Message):
    __slots__ = ("orders", "not_after_ns")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    not_after_ns: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., not_after_ns: _Optional[_Iterable[int]] = ...) -> None: ...

class PlaceLadders(_message.Message):
    __slots__ = ("ladders",)
    LADDERS_FIELD_NUMBER: _ClassVar[int]
    ladders: _containers.RepeatedCompositeFieldContainer[Ladder]
    def __init__(self, ladders: _Optional[_Iterable[_Union[Ladder, _Mapping]]] = ...) -> None: ...

class Ladder(_message.Message):
    __slots__ = ("orders", "not_after_ns")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    not_after_ns: int
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., not_after_ns: _Optional[int] = ...) -> None: ...

class PlaceLinked(_message.Message):
    __slots__ = ("take_profit", "stop", "entry", "not_after_ns")
    TAKE_PROFIT_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    take_profit: Order
    stop: Order
    entry: Order
    not_after_ns: int
    def __init__(self, take_profit: _Optional[_Union[Order, _Mapping]] = ..., stop: _Optional[_Union[Order, _Mapping]] = ..., entry: _Optional[_Union[Order, _Mapping]] = ..., not_after_ns: _Optional[int] = ...) -> None: ...

class Replace(_message.Message):
    __slots__ = ("order_id", "terms", "expected_filled", "not_after_ns")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FILLED_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    terms: Order
    expected_filled: int
    not_after_ns: int
    def __init__(self, order_id: _Optional[int] = ..., terms: _Optional[_Union[Order, _Mapping]] = ..., expected_filled: _Optional[int] = ..., not_after_ns: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("account", "order_id", "client_order_id")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    account: str
    order_id: int
    client_order_id: str
    def __init__(self, account: _Optional[str] = ..., order_id: _Optional[int] = ..., client_order_id: _Optional[str] = ...) -> None: ...

class CancelAll(_message.Message):
    __slots__ = ("account", "market", "side")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    account: str
    market: str
    side: int
    def __init__(self, account: _Optional[str] = ..., market: _Optional[str] = ..., side: _Optional[int] = ...) -> None: ...

class Reduce(_message.Message):
    __slots__ = ("account", "order_id", "by", "not_after_ns")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    account: str
    order_id: int
    by: int
    not_after_ns: int
    def __init__(self, account: _Optional[str] = ..., order_id: _Optional[int] = ..., by: _Optional[int] = ..., not_after_ns: _Optional[int] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("account", "members", "all_or_none", "not_after_ns")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ALL_OR_NONE_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_NS_FIELD_NUMBER: _ClassVar[int]
    account: str
    members: _containers.RepeatedCompositeFieldContainer[Order]
    all_or_none: bool
    not_after_ns: int
    def __init__(self, account: _Optional[str] = ..., members: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., all_or_none: _Optional[bool] = ..., not_after_ns: _Optional[int] = ...) -> None: ...

class ScheduleCancel(_message.Message):
    __slots__ = ("account", "timeout_ms", "market")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    account: str
    timeout_ms: int
    market: str
    def __init__(self, account: _Optional[str] = ..., timeout_ms: _Optional[int] = ..., market: _Optional[str] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    def __init__(self, account: _Optional[str] = ...) -> None: ...

class SetCancelOnDisconnect(_message.Message):
    __slots__ = ("account", "enabled")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    account: str
    enabled: bool
    def __init__(self, account: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class Presence(_message.Message):
    __slots__ = ("account", "connections")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    account: str
    connections: int
    def __init__(self, account: _Optional[str] = ..., connections: _Optional[int] = ...) -> None: ...

class IssueVoucher(_message.Message):
    __slots__ = ("account", "asset", "amount", "recipient", "deadline_s", "salt")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_S_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    account: str
    asset: str
    amount: str
    recipient: str
    deadline_s: int
    salt: str
    def __init__(self, account: _Optional[str] = ..., asset: _Optional[str] = ..., amount: _Optional[str] = ..., recipient: _Optional[str] = ..., deadline_s: _Optional[int] = ..., salt: _Optional[str] = ...) -> None: ...

class OpenVouchers(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: str
    def __init__(self, account: _Optional[str] = ...) -> None: ...

class GetCancelReceipt(_message.Message):
    __slots__ = ("order_id", "batch")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    batch: bytes
    def __init__(self, order_id: _Optional[int] = ..., batch: _Optional[bytes] = ...) -> None: ...

class GetReceipts(_message.Message):
    __slots__ = ("sequence", "order_id", "fill_id", "account")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    FILL_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    order_id: int
    fill_id: int
    account: str
    def __init__(self, sequence: _Optional[int] = ..., order_id: _Optional[int] = ..., fill_id: _Optional[int] = ..., account: _Optional[str] = ...) -> None: ...

class Answers(_message.Message):
    __slots__ = ("answers", "part", "last")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[Answer]
    part: bytes
    last: bool
    def __init__(self, answers: _Optional[_Iterable[_Union[Answer, _Mapping]]] = ..., part: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("id", "outcomes", "failure")
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    id: int
    outcomes: _containers.RepeatedCompositeFieldContainer[Outcome]
    failure: Failure
    def __init__(self, id: _Optional[int] = ..., outcomes: _Optional[_Iterable[_Union[Outcome, _Mapping]]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("batch", "refusal", "result")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    batch: bytes
    refusal: bytes
    result: bytes
    def __init__(self, batch: _Optional[bytes] = ..., refusal: _Optional[bytes] = ..., result: _Optional[bytes] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("kind", "message", "field", "reason", "valid", "code")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTERNAL: _ClassVar[Failure.Kind]
        UNAVAILABLE: _ClassVar[Failure.Kind]
        UNKNOWN_OUTCOME: _ClassVar[Failure.Kind]
        CONFIGURATION: _ClassVar[Failure.Kind]
        FORMAT: _ClassVar[Failure.Kind]
        SETTLEMENT: _ClassVar[Failure.Kind]
        FORBIDDEN: _ClassVar[Failure.Kind]
        REFUSED: _ClassVar[Failure.Kind]
    INTERNAL: Failure.Kind
    UNAVAILABLE: Failure.Kind
    UNKNOWN_OUTCOME: Failure.Kind
    CONFIGURATION: Failure.Kind
    FORMAT: Failure.Kind
    SETTLEMENT: Failure.Kind
    FORBIDDEN: Failure.Kind
    REFUSED: Failure.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    kind: Failure.Kind
    message: str
    field: str
    reason: str
    valid: str
    code: int
    def __init__(self, kind: _Optional[_Union[Failure.Kind, str]] = ..., message: _Optional[str] = ..., field: _Optional[str] = ..., reason: _Optional[str] = ..., valid: _Optional[str] = ..., code: _Optional[int] = ...) -> None: ...

class CheckpointRequest(_message.Message):
    __slots__ = ("after",)
    AFTER_FIELD_NUMBER: _ClassVar[int]
    after: int
    def __init__(self, after: _Optional[int] = ...) -> None: ...

class CheckpointPart(_message.Message):
    __slots__ = ("head", "state")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    head: CheckpointHead
    state: bytes
    def __init__(self, head: _Optional[_Union[CheckpointHead, _Mapping]] = ..., state: _Optional[bytes] = ...) -> None: ...

class CheckpointHead(_message.Message):
    __slots__ = ("versions", "epoch", "head", "has_snapshot", "position", "frame_hash", "sequence", "state_hash", "snapshot_versions")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    HAS_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FRAME_HASH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_HASH_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: str
    epoch: int
    head: int
    has_snapshot: bool
    position: int
    frame_hash: bytes
    sequence: int
    state_hash: bytes
    snapshot_versions: str
    def __init__(self, versions: _Optional[str] = ..., epoch: _Optional[int] = ..., head: _Optional[int] = ..., has_snapshot: _Optional[bool] = ..., position: _Optional[int] = ..., frame_hash: _Optional[bytes] = ..., sequence: _Optional[int] = ..., state_hash: _Optional[bytes] = ..., snapshot_versions: _Optional[str] = ...) -> None: ...

class FollowRecordsRequest(_message.Message):
    __slots__ = ("after",)
    AFTER_FIELD_NUMBER: _ClassVar[int]
    after: int
    def __init__(self, after: _Optional[int] = ...) -> None: ...

class Records(_message.Message):
    __slots__ = ("records",)
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[Record]
    def __init__(self, records: _Optional[_Iterable[_Union[Record, _Mapping]]] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("position", "content", "continues")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_FIELD_NUMBER: _ClassVar[int]
    position: int
    content: bytes
    continues: bool
    def __init__(self, position: _Optional[int] = ..., content: _Optional[bytes] = ..., continues: _Optional[bool] = ...) -> None: ...

class FollowEventsRequest(_message.Message):
    __slots__ = ("after",)
    AFTER_FIELD_NUMBER: _ClassVar[int]
    after: int
    def __init__(self, after: _Optional[int] = ...) -> None: ...

class EventBatches(_message.Message):
    __slots__ = ("batches", "part", "last")
    BATCHES_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    batches: _containers.RepeatedScalarFieldContainer[bytes]
    part: bytes
    last: bool
    def __init__(self, batches: _Optional[_Iterable[bytes]] = ..., part: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id", "client")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    client: ClientOrderId
    def __init__(self, order_id: _Optional[int] = ..., client: _Optional[_Union[ClientOrderId, _Mapping]] = ...) -> None: ...

class ClientOrderId(_message.Message):
    __slots__ = ("account", "client_order_id")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    account: str
    client_order_id: str
    def __init__(self, account: _Optional[str] = ..., client_order_id: _Optional[str] = ...) -> None: ...

class OrderView(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: bytes
    def __init__(self, order: _Optional[bytes] = ...) -> None: ...
