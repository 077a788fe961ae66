"""Every setting, in one place: the only module that reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec

PREFIX = "SANGAM_"
FILE = "_FILE"


class SettingsError(Exception):
    """A setting is unknown or has no usable value; the text says which and what would do."""


def _help(text: str) -> Any:
    return msgspec.Meta(description=text)


Amount = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Span = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True):
    """How this process runs. A field `idle_seconds` is read from `SANGAM_IDLE_SECONDS`."""

    host: Annotated[str, _help("address to listen on")] = "127.0.0.1"
    port: Annotated[Port, _help("port to listen on; 0 picks a free one")] = 8000
    data: Annotated[str, _help("folder of everything that lasts")] = "data"
    open_rooms: Annotated[bool, _help("an unknown room is created on first connection and everyone may write")] = False
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _help("least important lines to log")] = "info"
    public_url: Annotated[
        str, _help("where people reach this server, for letters, passkeys and sign-in: `https://code.example`")
    ] = ""
    secret_key: Annotated[
        str,
        _help(
            "secret that signs and seals, the same at every node; older ones after a `,`. None: made in the data folder"
        ),
    ] = ""
    registration: Annotated[
        Literal["open", "closed"],
        _help("who gets an account: whoever confirms a mail address, or whom the operator makes one"),
    ] = "open"
    sign_ins_per_minute: Annotated[Amount, _help("sign-ins and the like from one address; a class shares one")] = 300
    smtp_url: Annotated[
        str,
        _help(
            "mail server: `smtp://user:password@host:587`, `smtps://…`; none: letters go to `outbox` in the data folder"
        ),
    ] = ""
    mail_from: Annotated[str, _help("sender of letters")] = "Sangam <noreply@localhost>"
    oidc_issuer: Annotated[str, _help("OpenID Connect provider to sign in with: `https://accounts.example`")] = ""
    oidc_client_id: Annotated[str, _help("what it calls this server; it must allow `…/api/auth/oidc/callback`")] = ""
    oidc_client_secret: Annotated[str, _help("the secret that it gave")] = ""
    nats_url: Annotated[
        str,
        _help("NATS for live traffic between several nodes: `nats://user:password@host:4222`, more with `,` between"),
    ] = ""
    redis_url: Annotated[
        str, _help("Redis for what several nodes share but may lose: `redis://user:password@host:6379/0`")
    ] = ""
    house: Annotated[
        Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")],
        _help("whose NATS subjects and Redis keys they are: nodes of another name on the same servers are strangers"),
    ] = "sangam"
    node_silent_seconds: Annotated[
        Seconds, _help("a node that was not heard for so long is taken for dead: its people vanish, its runs are lost")
    ] = 6.0
    store_sync: Annotated[
        Literal["normal", "full"],
        _help("what a commit survives: `normal` the death of the server, `full` also a power cut (slower)"),
    ] = "normal"
    database_url: Annotated[
        str, _help("PostgreSQL in place of SQLite, for several nodes: `postgresql://user:password@host:5432/database`")
    ] = ""
    database_connections: Annotated[Amount, _help("most connections to PostgreSQL, besides two for commits")] = 8
    database_seconds: Annotated[Seconds, _help("time that PostgreSQL has for one answer")] = 5.0
    history_days: Annotated[
        Span, _help("history that is kept; older edits go once a snapshot contains them. 0 keeps all")
    ] = 0.0
    deleted_days: Annotated[Span, _help("a deleted room is kept for so long before everything in it is erased")] = 30.0
    slow_commit_seconds: Annotated[Seconds, _help("a commit that takes longer makes rooms say `unsaved`")] = 0.25
    max_unsaved_bytes: Annotated[Amount, _help("unsaved edits, all rooms together, before rooms turn read-only")] = (
        16 * 2**20
    )
    max_frame_bytes: Annotated[Amount, _help("largest WebSocket frame")] = 16 * 2**20
    max_document_bytes: Annotated[Amount, _help("largest document of a room")] = 64 * 2**20
    max_file_bytes: Annotated[Amount, _help("largest file in an imported archive")] = 8 * 2**20
    max_archive_bytes: Annotated[Amount, _help("largest zip to import, and its files unpacked")] = 32 * 2**20
    max_archive_files: Annotated[Amount, _help("most files in an imported zip")] = 2000
    max_queue_bytes: Annotated[Amount, _help("bytes waiting for a slow reader before it gets only a catch-up")] = 2**19
    max_room_sessions: Annotated[Amount, _help("live connections in one room")] = 1000
    max_documents_per_socket: Annotated[Amount, _help("documents over one multiplexed socket")] = 300
    handshake_seconds: Annotated[Seconds, _help("time to authenticate on a multiplexed socket")] = 10.0
    leave_grace_seconds: Annotated[Span, _help("somebody who returns this soon was never gone")] = 8.0
    idle_seconds: Annotated[Span, _help("a room without visitors is closed after this")] = 60.0
    drain_seconds: Annotated[Seconds, _help("time to save everything at a stop")] = 10.0
    spread_seconds: Annotated[
        Span, _help("of these: how long a stop takes to send many connections to other nodes, instead of all at once")
    ] = 3.0
    echo_updates: Annotated[bool, _help("send edits to their y-websocket author too, for clients that await it")] = (
        False
    )
    rooms_per_minute: Annotated[Amount, _help("rooms that one address may create")] = 60
    joins_per_minute: Annotated[Amount, _help("joins from one address; a class shares one")] = 600
    open_rooms_per_minute: Annotated[Count, _help("rooms that may come into being by a visit; 0 is no limit")] = 1200
    requests_per_hour: Annotated[Count, _help("calls of the API with one token; 0 is no limit, here and below")] = 1000
    requests_per_minute: Annotated[Count, _help("the same, at once and each minute")] = 100
    address_requests_per_minute: Annotated[Count, _help("calls of the API from one address; a class shares one")] = 6000
    chats_per_minute: Annotated[Count, _help("chat messages of one member")] = 60
    connects_per_minute: Annotated[Count, _help("WebSockets from one address")] = 6000
    trusted_proxies: Annotated[
        str, _help("addresses or networks whose `X-Forwarded-For` and `-Proto` are believed, `,` between")
    ] = "127.0.0.1,::1"
    cors_origins: Annotated[str, _help("pages elsewhere that may call the API: `https://app.example`, `,` between")] = (
        ""
    )
    hsts_seconds: Annotated[Count, _help("how long browsers shall insist on https, where it is; 0: not said")] = 0
    max_body_bytes: Annotated[Amount, _help("largest body of a request that has no other limit")] = 10_000_000
    repeat_seconds: Annotated[Seconds, _help("how long a call with an `Idempotency-Key` is remembered")] = 3600.0
    exec_engine: Annotated[
        Literal["auto", "docker", "bubblewrap", "off"],
        _help("what runs programs; `auto` is Docker where it answers and has the image, else bubblewrap"),
    ] = "auto"
    exec_place: Annotated[
        Literal["here", "workers", "both"],
        _help(
            "where programs run: `here`, at `workers` (`sangam exec`, over NATS), or `both`: this node is one of them"
        ),
    ] = "here"
    exec_port: Annotated[Port, _help("port of the health and metrics of `sangam exec`; 0 picks a free one")] = 8100
    exec_docker_url: Annotated[str, _help("the Docker engine")] = "unix:///var/run/docker.sock"
    exec_image: Annotated[str, _help("Docker image of cells; `host` shows this machine's own compilers")] = (
        "sangam-cells:1"
    )
    exec_runtime: Annotated[str, _help("Docker runtime, such as `runsc`; empty is the engine's own")] = ""
    exec_languages: Annotated[str, _help("file with more languages, see docs/execution.md")] = ""
    exec_toolchains: Annotated[str, _help("more folders with compilers to show in the sandbox, `:` between them")] = ""
    exec_slots: Annotated[Count, _help("programs that run at the same time; 0 is two per core")] = 0
    exec_warm_cells: Annotated[Count, _help("cells kept ready")] = 4
    exec_reuse_cells: Annotated[bool, _help("a room's next run may use its cell again, emptied")] = True
    runs_per_room: Annotated[Amount, _help("runs at the same time in one room")] = 4
    run_wall_seconds: Annotated[Seconds, _help("time that a run may take")] = 60.0
    terminal_wall_seconds: Annotated[Seconds, _help("time that a run in a terminal may take")] = 600.0
    run_cpu_seconds: Annotated[Seconds, _help("processor time that a run may take")] = 10.0
    run_memory_bytes: Annotated[Amount, _help("memory of a run, all its processes together")] = 256 * 2**20
    run_output_bytes: Annotated[Amount, _help("output of a run before it is stopped")] = 2**20
    problems: Annotated[str, _help("folder of problems (`NAME.json`) that every room may use")] = ""
    submissions_per_minute: Annotated[Amount, _help("submissions that one member may make")] = 20
    judge_seconds: Annotated[Seconds, _help("time that judging one submission may take")] = 300.0
    judge0_tokens: Annotated[str, _help("secrets of programs that may use `/judge0`, `,` between them; none: off")] = ""
    piston_tokens: Annotated[str, _help("the same for `/api/v2`; none: off")] = ""
    foreign_per_minute: Annotated[Amount, _help("executions that one such program may ask for")] = 600
    foreign_waiting: Annotated[Amount, _help("executions of one such program that may wait or run")] = 100
    callback_hosts: Annotated[str, _help("hosts (`NAME` or `NAME:PORT`) that `/judge0` may call back, `,` between")] = (
        ""
    )
    operator_tokens: Annotated[str, _help("secrets of programs that look after the server, `,` between; none: off")] = (
        ""
    )
    webhook_hosts: Annotated[
        str, _help("hosts (`NAME` or `NAME:PORT`) inside, or without TLS, that webhooks may call, `,` between")
    ] = ""
    webhook_retry_seconds: Annotated[Seconds, _help("first pause after a webhook failed; six more, times 5 each")] = 5.0

    @property
    def data_folder(self) -> Path:
        return Path(self.data).expanduser().resolve()

    @property
    def problems_folder(self) -> Path | None:
        return Path(self.problems).expanduser().resolve() if self.problems else None


def read_settings(environ: Mapping[str, str] = os.environ, **flags: object) -> Settings:
    """From `SANGAM_*` names, then from command-line flags (None means not given). Raises SettingsError."""
    environ = {**environ, **_from_files(environ)}
    known = {PREFIX + name.upper(): name for name in Settings.__struct_fields__}
    in_files = {name + FILE for name in known}
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known and name not in in_files)
    if unknown:
        raise SettingsError(f"unknown setting {unknown[0]}; the README lists them all")
    values: dict[str, object] = {field: environ[name] for name, field in known.items() if name in environ}
    values |= {name: value for name, value in flags.items() if value is not None}
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _from_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Any setting can be in a file, as secrets often are: `SANGAM_SECRET_KEY_FILE` names that of the secret key."""
    found = {}
    for name, path in environ.items():
        if name.startswith(PREFIX) and name.endswith(FILE):
            try:
                found[name.removesuffix(FILE)] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{name}: {path} cannot be read") from error
    return found


def _explain(error: msgspec.ValidationError) -> str:
    """The library names the field; people know the variable."""
    what, _, field = str(error).partition(" - at `$.")
    name = field.rstrip("`")
    allowed = _CHOICES.get(name, "")
    return f"{PREFIX}{name.upper()} has no usable value: {what[:1].lower()}{what[1:]}{allowed}"


_CHOICES = {
    "house": "; it is up to 64 letters, digits, - and _",
    "open_rooms": "; it is true or false",
    "log_level": "; it is debug, info, warning or error",
    "registration": "; it is open or closed",
    "store_sync": "; it is normal or full",
    "exec_place": "; it is here, workers or both",
    "exec_engine": "; it is auto, docker, bubblewrap or off",
    "exec_reuse_cells": "; it is true or false",
}


def describe() -> list[tuple[str, str, str]]:
    """(environment name, default, help) of each setting, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        rows.append((PREFIX + name.upper(), str(default), str(hints[name].__metadata__[-1].description)))
    return rows
