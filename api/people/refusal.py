"""How people are refused: an error of the edge that may say when to try again."""

from api.errors import ApiError


class Refusal(ApiError):
    """`retry_seconds` becomes the answer's Retry-After."""

    def __init__(self, status: int, code: str, message: str, retry_seconds: float = 0.0) -> None:
        super().__init__(status, code, message)
        self.retry_seconds = retry_seconds
