"""A NATS broker for tests."""

from pathlib import Path

from tests.services.processes import ServerProcess, first_line, folder, free_port, program


class NatsServer(ServerProcess):
    """`nats-server` with JetStream in `data`; `extra` goes into its configuration."""

    def __init__(self, data: Path, extra: str = "", *, jetstream: bool = True) -> None:
        port = free_port()
        config = Path(folder(data)) / "nats.conf"
        jobs = f'jetstream {{ store_dir: "{data}", max_file: 100M, max_mem: 50M }}\n' if jetstream else ""
        config.write_text(f'host: "127.0.0.1"\nport: {port}\n{jobs}{extra}')
        super().__init__(
            [program("nats-server"), "-c", str(config)], port, lambda: first_line(port).startswith(b"INFO")
        )
        self.url = f"nats://127.0.0.1:{port}"
