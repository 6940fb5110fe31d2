"""One GET to a workload's own API, in a meter's words."""

from __future__ import annotations

from pathlib import Path

from console.config.workload_settings import MeterSettings
from console.web import errors
from console.web.client import Client
from console.web.secrets import from_file
from console.workloads.contract import WorkloadError


class StatusError(WorkloadError):
    """An answer with a status other than 200."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Endpoint:
    """The HTTP API of one running workload. Not for several threads at once."""

    def __init__(self, settings: MeterSettings) -> None:
        self._token_file = settings.token_file
        refused = "its token_file holds a token it does not know" if self._token_file else "it wants a token_file"
        self._client = Client(settings.url, refused=refused)

    def get(self, path: str, timeout_s: float) -> bytes:
        """The body of ``path``, as Client.get. Raises WorkloadError, StatusError among them."""
        try:
            return self._client.get(path, timeout_s, headers=self._credentials())
        except errors.StatusError as error:
            raise StatusError(str(error), error.status) from None
        except errors.WebError as error:
            raise WorkloadError(str(error)) from None

    def close(self) -> None:
        """Let go of the connection. Another thread's ``get`` that is under way ends with WorkloadError."""
        self._client.close()

    def _credentials(self) -> dict[str, str]:
        return {} if self._token_file is None else {"Authorization": f"Bearer {from_file(Path(self._token_file))}"}
