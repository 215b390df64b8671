"""Settings: the only reader of files and environment, and the refusal of unsafe ones.

A TOML file holds a table ``[hybrid-dex]``; an environment variable ``HYBRID_DEX_`` + path overrides
it (``HYBRID_DEX_SERVER_PORT=8000``; entries of a list are separated by commas). A name that nothing reads is refused in both, since a
misspelled setting is one that is silently not set. Secrets belong in the environment; they are
never shown.
"""

import ipaddress
import math
import os
import re
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import typed_settings
from typed_settings.converters import TSConverter
from typed_settings.exceptions import TsError
from typed_settings.loaders import Loader

from hybrid_dex.defaults.login_tokens import DEMO_SECRET
from hybrid_dex.defaults.standard_risk import RiskLimits
from hybrid_dex.errors import ConfigurationError, FormatError, HybridDexError
from hybrid_dex.model.market import Market
from hybrid_dex.model.vouchers import MAX_VOUCHER_LIFETIME_S
from hybrid_dex.settlement.chains import ChainPreset, chain_named, finality_named
from hybrid_dex.signing.address import parse_address
from hybrid_dex.signing.signer import LocalSigner

__all__ = [
    "IN_MEMORY",
    "IN_PROCESS",
    "PREFIX",
    "READ_ELSEWHERE",
    "AdminSettings",
    "AuthSettings",
    "ChainSettings",
    "LimitSettings",
    "LinkSettings",
    "MarketSettings",
    "OpeningBalance",
    "ServerSettings",
    "Settings",
    "load_settings",
]

PREFIX: Final = "HYBRID_DEX_"
"""How every environment variable begins that is a setting."""
IN_PROCESS: Final = "in-process"
IN_MEMORY: Final = "memory"
_SECTION: Final = "hybrid-dex"
READ_ELSEWHERE: Final = frozenset({"HYBRID_DEX_TIER", "HYBRID_DEX_ANVIL", "HYBRID_DEX_SCREENSHOTS"})
"""Variables of the tests' and the demo's own, which say nothing about this program."""

_TOLD: Final = re.compile(
    r"Could not convert loaded settings: (?P<kind>ConfigurationError|ValueError)"
    r"\((?P<mark>['\"])(?P<text>.*)(?P=mark)\)",
    re.DOTALL,
)
"""How typed-settings repeats a refusal of our own, or of a field's validator."""

_PORT: Final = [attrs.validators.ge(0), attrs.validators.lt(2**16)]
_AT_LEAST_ONE: Final = attrs.validators.ge(1)
_NOT_NEGATIVE: Final = attrs.validators.ge(0)
_LONGEST_ACCESS_S: Final = 3_600
_LONGEST_PROPOSAL_S: Final = 7 * 86_400
_LEAST_TOKEN: Final = 32
_LOCAL_CHAIN: Final = "local"
_OTHER_CHAIN: Final = "other"


def _proxies(_: object, __: object, proxies: list[str]) -> None:
    """Refuse what names no machines: a mistake here would believe nobody, or everybody."""
    for proxy in proxies:
        try:
            found = ipaddress.ip_network(proxy)
        except ValueError as error:
            raise ConfigurationError(
                f"server.trusted_proxies names {proxy!r}; use addresses or networks, such as "
                "10.0.0.5 or 10.0.0.0/8"
            ) from error
        if not found.prefixlen:
            raise ConfigurationError(
                f"server.trusted_proxies names {proxy}, which is everybody: anyone could then "
                "choose the address that is counted; name the proxies"
            )


@attrs.frozen(kw_only=True)
class ServerSettings:
    """Where the server listens.

    Attributes:
        host: the address to bind; anything but this machine belongs behind a proxy with TLS.
        port: the port to bind; 0 takes a free one.
        trusted_proxies: addresses or networks whose X-Forwarded-For is believed: of what it says,
            the right-most address that is none of these is the client's.
        header_timeout_s: how long a connection may take to send a request, or to read its answer.
        connections: open connections in all, sockets included; more are closed at once.
        connections_per_address: open connections of one address, or of one /64 of IPv6; more are
            closed at once. It is not for trusted proxies.
        shutdown_s: how long open connections may take to end.
    """

    host: str = "127.0.0.1"
    port: int = attrs.field(default=8000, validator=_PORT)
    trusted_proxies: list[str] = attrs.field(factory=list, validator=_proxies)
    header_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0.0))
    connections: int = attrs.field(default=4_000, validator=_AT_LEAST_ONE)
    connections_per_address: int = attrs.field(default=256, validator=_AT_LEAST_ONE)
    shutdown_s: int = attrs.field(default=5, validator=_AT_LEAST_ONE)


@attrs.frozen(kw_only=True)
class AuthSettings:
    """Who may log in, and for how long.

    Attributes:
        secret: signs the tokens; at least 32 random bytes.
        origins: ``scheme://host[:port]`` of the pages and clients that may log in; also the
            browsers' origins that may open a socket.
        access_life_s: life of an access token.
        statement: what a login says that the user agrees to.
        database: where sessions, keys and roles are kept: ``sqlite:///path`` or
            ``postgresql://user@host/name``; by default SQLite in ``data``.
        shared: other gateways use the same database, so each request asks it whether its session
            still stands. Alone, this process remembers what it has read.
        previous_secret: the secret before ``secret`` was changed; its tokens are good until
            ``previous_secret_until_s``, Unix seconds, at most 31 days from now.
    """

    secret: str = attrs.field(default="", repr=False)
    origins: list[str] = attrs.field(factory=list)
    access_life_s: int = attrs.field(
        default=600, validator=[_AT_LEAST_ONE, attrs.validators.le(_LONGEST_ACCESS_S)]
    )
    statement: str = ""
    database: str = attrs.field(default="", repr=False)
    shared: bool = False
    previous_secret: str = attrs.field(default="", repr=False)
    previous_secret_until_s: int = attrs.field(default=0, validator=_NOT_NEGATIVE)


@attrs.frozen(kw_only=True)
class ChainSettings:
    """The chain that orders are signed for and settle on.

    Attributes:
        name: ``ethereum``, ``arbitrum``, ``base``, ``optimism`` or ``local``; what follows and is
            not set is as that chain has it. ``other`` needs chain_id, finality and block_time_s.
        chain_id: the chain's number (EIP-155).
        finality: ``finalized``, ``safe``, or a number of confirmations.
        block_time_s: how often a block comes.
        contract: EIP-55 address of the deployed ``Exchange``.
        rpc_urls: nodes of the chain, the preferred first; without one, fills are final at once and
            no chain is asked.
        operator_key: private key of the contract's operator, 0x-hex.
        start_block: the contract's deployment block or earlier.
        fee_ceiling_wei: what a batch may cost per gas while its fills' deadline is far.
        emergency_fee_ceiling_wei: what it may cost per gas when that nears.
        batch_age_s: how long a fill waits at most for others.
        heartbeat_s: how often an empty batch is sent, 0 a quarter of EXIT_DELAY.
        poll_s: how often the chain is looked at.
        solvency_proofs: the folder that `hybrid-dex solvency publish --proofs` writes; by default
            ``solvency`` in ``data``. Relative to the file that names it.
    """

    name: str = "local"
    chain_id: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    finality: str = ""
    block_time_s: float = attrs.field(default=0.0, validator=attrs.validators.ge(0.0))
    contract: str = ""
    rpc_urls: list[str] = attrs.field(factory=list, repr=False)
    operator_key: str = attrs.field(default="", repr=False)
    start_block: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    fee_ceiling_wei: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    emergency_fee_ceiling_wei: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    batch_age_s: float = attrs.field(default=2.0, validator=attrs.validators.ge(0.0))
    heartbeat_s: float = attrs.field(default=0.0, validator=attrs.validators.ge(0.0))
    poll_s: float = attrs.field(default=0.0, validator=attrs.validators.ge(0.0))
    solvency_proofs: Path | None = None

    def preset(self) -> ChainPreset:
        """Return the chain: the named one, with what is set here in its place.

        Raises:
            ConfigurationError: the name is unknown, or what the chain needs is missing.
        """
        if self.name == _OTHER_CHAIN:
            if not (self.chain_id and self.finality and self.block_time_s):
                raise ConfigurationError(
                    'chain.name = "other" needs chain.chain_id, chain.finality and '
                    "chain.block_time_s"
                )
            found = ChainPreset(
                name=self.name,
                chain_id=self.chain_id,
                finality=finality_named(self.finality),
                block_time_s=self.block_time_s,
            )
        else:
            found = chain_named(self.name)
            if self.chain_id not in {0, found.chain_id} and self.name != _LOCAL_CHAIN:
                raise ConfigurationError(
                    f"chain.chain_id is {self.chain_id}, that of {self.name} is {found.chain_id}; "
                    "correct one of the two"
                )
        return attrs.evolve(
            found,
            chain_id=self.chain_id or found.chain_id,
            finality=finality_named(self.finality) if self.finality else found.finality,
            block_time_s=self.block_time_s or found.block_time_s,
            poll_s=self.poll_s or found.poll_s,
            fees=attrs.evolve(
                found.fees,
                ceiling=self.fee_ceiling_wei or found.fees.ceiling,
                emergency_ceiling=self.emergency_fee_ceiling_wei or found.fees.emergency_ceiling,
            ),
        )


@attrs.frozen(kw_only=True)
class MarketSettings:
    """One market, in the words of `Market.spot`."""

    id: str
    number: int = 0
    base_decimals: int
    quote_decimals: int
    tick: str
    lot: str
    base_token: str
    quote_token: str
    maker_fee_ppm: int = 0
    taker_fee_ppm: int = 0
    minimum_notional: str = "0"
    minimum_quantity: str | None = None
    maximum_quantity: str | None = None
    maximum_notional: str | None = None
    fee_tiers: tuple[tuple[str, int, int], ...] = ()
    price_band_ppm: int | None = None

    def market(self) -> Market:
        """Return the market. Raises `ConfigurationError`, which names it."""
        try:
            return Market.spot(**attrs.asdict(self))
        except (FormatError, ValueError) as error:
            raise ConfigurationError(f"market {self.id}: {error}") from error


@attrs.frozen(kw_only=True)
class OpeningBalance:
    """Play money of a demo without a chain: decimal text, credited once."""

    account: str
    asset: str
    amount: str


@attrs.frozen(kw_only=True)
class LimitSettings:
    """What one client may use.

    Attributes:
        storage: where rates are counted: ``async+memory://``, or a shared ``async+redis://host``.
        requests_per_minute: what one address may ask for, by weight; of IPv6, one /64.
        account_requests_per_minute: what one account may ask for, by weight, over REST and sockets
            and from all its addresses; order entry is counted apart.
        orders_per_second: order entry of one account, over REST and sockets together.
        connections: open sockets in all.
        connections_per_address: open sockets of one address.
        subscriptions: channels of one socket.
        frames_per_second: frames of one socket that are read in a second; more wait.
        waiting_frames: frames of one socket that may wait to be served.
        queued_messages: messages that may wait for a slow reader before its books are conflated.
        queued_bytes: bytes that may wait for a slow reader before it is disconnected.
        depth: levels of a book over REST.
    """

    storage: str = "async+memory://"
    requests_per_minute: int = attrs.field(default=6_000, validator=_AT_LEAST_ONE)
    account_requests_per_minute: int = attrs.field(default=12_000, validator=_AT_LEAST_ONE)
    orders_per_second: int = attrs.field(default=1_000, validator=_AT_LEAST_ONE)
    connections: int = attrs.field(default=2_000, validator=_AT_LEAST_ONE)
    connections_per_address: int = attrs.field(default=50, validator=_AT_LEAST_ONE)
    subscriptions: int = attrs.field(default=100, validator=_AT_LEAST_ONE)
    frames_per_second: int = attrs.field(default=5_000, validator=_AT_LEAST_ONE)
    waiting_frames: int = attrs.field(default=1_024, validator=_AT_LEAST_ONE)
    queued_messages: int = attrs.field(default=256, validator=_AT_LEAST_ONE)
    queued_bytes: int = attrs.field(default=1_000_000, validator=_AT_LEAST_ONE)
    depth: int = attrs.field(default=1_000, validator=_AT_LEAST_ONE)


@attrs.frozen(kw_only=True)
class AdminSettings:
    """How the exchange is run and watched.

    Attributes:
        proposal_life_s: how long an action that takes two admins waits for the second.
        metrics_token: who scrapes ``/metrics`` sends it as a bearer token: at least 32 random
            characters; without one there is nothing at that address.
    """

    proposal_life_s: int = attrs.field(
        default=3_600, validator=[_AT_LEAST_ONE, attrs.validators.le(_LONGEST_PROPOSAL_S)]
    )
    metrics_token: str = attrs.field(default="", repr=False)

    def __attrs_post_init__(self) -> None:
        if self.metrics_token and len(self.metrics_token) < _LEAST_TOKEN:
            raise ConfigurationError(
                f"{PREFIX}ADMIN_METRICS_TOKEN has {len(self.metrics_token)} characters; at least "
                f"{_LEAST_TOKEN}, such as of: python -c 'import secrets; print(secrets.token_hex(32))'"
            )


@attrs.frozen(kw_only=True)
class LinkSettings:
    """How gateways and an engine in another process meet.

    Attributes:
        listen: where this process, which has the engine, is reached by gateways:
            ``grpc://host:port`` or ``grpc://unix:/path``; nowhere when not set.
        certificate: this side's certificate, PEM; relative to the file that names it.
        key: its private key, PEM.
        authority: what signed the other side's certificates, PEM.
        plaintext: do without these three, within this machine.
        trusted: names in certificates of the gateways that may verify signatures themselves;
            ``local`` for all that come without one.
        answer_s: how long a gateway waits for the engine's answer.
    """

    listen: str = ""
    certificate: Path | None = None
    key: Path | None = attrs.field(default=None, repr=False)
    authority: Path | None = None
    plaintext: bool = False
    trusted: list[str] = attrs.field(factory=list)
    answer_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0.0))


@attrs.frozen(kw_only=True)
class Settings:
    """Everything that an operator decides.

    Attributes:
        name: the exchange's name.
        demo: a demonstration on this machine: the public demo secret is accepted.
        data: the folder of journal and snapshots; relative to the file that names it.
        records: the records' database; by default SQLite in ``data``.
        engine: ``in-process``, or the address of an engine in another process: ``grpc://host:port``.
        bus: ``memory``, or what several gateways share: ``redis://host:port/database``.
        link: how gateways and such an engine meet.
        upgrade_records: bring an older records' schema up to date at the start; otherwise refuse to
            start until `hybrid-dex records upgrade` did.
        snapshot_every: commands between two snapshots.
        voucher_lifetime_s: how long a voucher for a withdrawal at once is paid.
        server: where it listens.
        auth: who may log in.
        admin: how it is run and watched.
        chain: where fills settle.
        limits: what one client may use.
        risk: what one account may trade.
        demo_wallet_key: private key that the pages of a demo on the local chain hand to everybody.
        markets: what is traded.
        opening_balances: play money, for a demo without a chain only.
    """

    name: str = "hybrid-dex"
    demo: bool = False
    data: Path = Path("data")
    records: str = ""
    engine: str = IN_PROCESS
    bus: str = attrs.field(default=IN_MEMORY, repr=False)
    link: LinkSettings = attrs.field(factory=LinkSettings)
    upgrade_records: bool = True
    snapshot_every: int = attrs.field(default=100_000, validator=_AT_LEAST_ONE)
    voucher_lifetime_s: int = attrs.field(
        default=3_600, validator=[_AT_LEAST_ONE, attrs.validators.le(MAX_VOUCHER_LIFETIME_S)]
    )
    server: ServerSettings = attrs.field(factory=ServerSettings)
    auth: AuthSettings = attrs.field(factory=AuthSettings)
    admin: AdminSettings = attrs.field(factory=AdminSettings)
    chain: ChainSettings = attrs.field(factory=ChainSettings)
    limits: LimitSettings = attrs.field(factory=LimitSettings)
    risk: RiskLimits = attrs.field(factory=RiskLimits)
    demo_wallet_key: str = attrs.field(default="", repr=False)
    markets: list[MarketSettings] = attrs.field(factory=list)
    opening_balances: list[OpeningBalance] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.chain.preset()
        if not self.markets:
            raise ConfigurationError("no market is configured; add a [[hybrid-dex.markets]] table")
        if not self.auth.secret and not self.demo:
            raise ConfigurationError(
                f"{PREFIX}AUTH_SECRET is not set; make one with: "
                "python -c 'import secrets; print(secrets.token_hex(32))'"
            )
        if bool(self.auth.previous_secret) != bool(self.auth.previous_secret_until_s):
            raise ConfigurationError(
                "auth.previous_secret and auth.previous_secret_until_s belong together: set both "
                "after changing auth.secret, or none"
            )
        if self.demo and self.server.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ConfigurationError(
                f"demo accepts a public secret and server.host is {self.server.host}; "
                "bind 127.0.0.1, or set demo = false and a secret"
            )
        self._check_play_money()
        for name, value, own in (
            ("engine", self.engine, IN_PROCESS),
            ("bus", self.bus, IN_MEMORY),
        ):
            if value != own and "://" not in value:
                raise ConfigurationError(f'{name} is {value!r}; it is "{own}" or an address')
        if self.is_gateway and self.link.listen:
            raise ConfigurationError(
                "link.listen is where an engine is reached, and engine names another process; "
                "remove one of the two"
            )
        if self.is_gateway and not self.auth.shared:
            raise ConfigurationError(
                "engine names another process, so there may be more gateways: set auth.shared = true, "
                "and auth.database to one that all of them reach"
            )
        if self.is_gateway and self.opening_balances:
            raise ConfigurationError(
                "opening_balances belong to the engine's settings, and engine names another process"
            )
        self._check_settlement()

    def _check_settlement(self) -> None:
        """Refuse a chain without what is settled on it. Raises `ConfigurationError`."""
        if not self.chain.rpc_urls:
            return
        if not self.is_gateway and not self.chain.operator_key:
            raise ConfigurationError(
                f"{PREFIX}CHAIN_OPERATOR_KEY is not set, and chain.rpc_urls wants settlement"
            )
        if not self.chain.contract:
            raise ConfigurationError(
                "chain.contract is not set, and chain.rpc_urls wants settlement: orders would be signed "
                "for no contract, and none of their fills could be settled; set it, for gateways too"
            )

    def _check_play_money(self) -> None:
        """Refuse what is for demonstrations only, everywhere else. Raises `ConfigurationError`."""
        numbers = {self.chain.preset().chain_id, chain_named(_LOCAL_CHAIN).chain_id}
        local = self.chain.name == _LOCAL_CHAIN and len(numbers) == 1
        if self.demo_wallet_key and not (self.demo and local):
            raise ConfigurationError(
                "demo_wallet_key is handed to whoever asks: it needs demo = true and "
                f'chain.name = "{_LOCAL_CHAIN}" with its own number; remove it, wallets bring their keys'
            )
        if self.opening_balances and (self.chain.rpc_urls or not self.demo):
            raise ConfigurationError(
                "opening_balances are play money: they need demo = true and no chain.rpc_urls; "
                "where a chain is, accounts deposit into the vault"
            )
        if self.demo_wallet_key:
            try:
                LocalSigner(self.demo_wallet_key)
            except ConfigurationError as error:
                raise ConfigurationError(f"demo_wallet_key: {error}") from None
        for balance in self.opening_balances:
            try:
                parse_address(balance.account, "account")
            except FormatError as error:
                raise ConfigurationError(
                    f"opening_balances for {balance.account!r}, which nobody can log in as: {error}"
                ) from error

    @property
    def is_gateway(self) -> bool:
        """Whether the engine is another process."""
        return self.engine != IN_PROCESS

    @property
    def records_url(self) -> str:
        """The records' database."""
        return self.records or f"sqlite:///{self.data / 'records.sqlite'}"

    @property
    def solvency_proofs(self) -> Path:
        """The folder of proofs that lead to published solvency roots."""
        return self.chain.solvency_proofs or self.data / "solvency"

    @property
    def auth_url(self) -> str:
        """The database of sessions, keys and roles."""
        return self.auth.database or f"sqlite:///{self.data / 'auth.sqlite'}"

    @property
    def token_secret(self) -> str:
        """The tokens' secret; in a demo, the public one."""
        return self.auth.secret or DEMO_SECRET


def load_settings(files: list[Path]) -> Settings:
    """Return the settings of TOML files, each overriding the one before, and the environment.

    Raises:
        ConfigurationError: a file is missing or no TOML, a name is unknown, or a value can not be
            used.
    """
    for file in files:
        _check_file(file)
    known = set(_names(Settings, PREFIX))
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known | READ_ELSEWHERE:
            raise ConfigurationError(
                f"nothing reads the environment variable {name}; known: {', '.join(sorted(known))}"
            )
    loaders: list[Loader] = [
        typed_settings.FileLoader(
            files=list(files), formats={"*.toml": typed_settings.TomlFormat(_SECTION)}
        ),
        typed_settings.EnvLoader(PREFIX),
    ]
    converter = TSConverter(strlist_sep=_listed)
    converter.scalar_converters |= {int: _whole, float: _finite}
    try:
        return typed_settings.load_settings(Settings, loaders, converter=converter)
    except (TsError, HybridDexError, ValueError, TypeError, OSError) as error:
        raise ConfigurationError(f"the settings can not be used: {_cause(error)}") from None


def _check_file(file: Path) -> None:
    """Refuse what says nothing, and tables beside the one that is read. Raises `ConfigurationError`."""
    if not file.is_file():
        raise ConfigurationError(f"there is no settings file {file}")
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (ValueError, OSError) as error:  # no TOML, no UTF-8, or not ours to read
        raise ConfigurationError(f"the settings file {file} can not be used: {error}") from error
    for name in tables:
        if name != _SECTION:
            raise ConfigurationError(
                f"nothing reads {name!r} in {file}; settings stand in [{_SECTION}], "
                f"as [{_SECTION}.server]"
            )


def _listed(text: str) -> list[str]:
    """Return the entries of a list in an environment variable: separated by commas."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _whole(value: str | float, _kind: type) -> int:
    """Return an integer. Raises `ValueError` for a fraction, which would be cut off, and yes or no."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"not a whole number: {value}")
    return int(value)


def _finite(value: str | float, _kind: type) -> float:
    """Return a number. Raises `ValueError` for what no time can be: nan and inf."""
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError(f"not a number: {value}")
    return float(value)


def _names(kind: type[attrs.AttrsInstance], prefix: str) -> Iterator[str]:
    """Yield the environment variables that typed-settings reads for a class."""
    for field in attrs.fields(kind):
        name = f"{prefix}{field.name.upper()}"
        if isinstance(field.type, type) and attrs.has(field.type):
            yield from _names(field.type, f"{name}_")
        else:
            yield name


def _cause(error: BaseException) -> str:
    """Return the innermost message: typed-settings collects errors into groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    deeper = error.__cause__
    if isinstance(deeper, HybridDexError):
        return _cause(deeper)
    told = _TOLD.fullmatch(str(error))
    text = told["text"] if told else str(error)
    table = _table(error) if told and told["kind"] == "ValueError" else ""
    return f"{table} {text}" if table else text


def _table(error: BaseException) -> str:
    """Return the table whose field was refused, which attrs does not tell: it is in the traceback."""
    tables = {field.type: f"[{_SECTION}.{field.name}]" for field in attrs.fields(Settings)}
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = tables.get(type(frame.f_locals.get("self")))
        if found:
            return found
    return ""
