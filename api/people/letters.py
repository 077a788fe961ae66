"""The texts of the letters that people get."""

from api.people.mail import Post

Letter = tuple[str, str]
"""Subject and text."""


class Letters:
    """Writes them and puts them into the post. `public_url` is where people reach this house."""

    def __init__(self, post: Post, public_url: str) -> None:
        self._post = post
        self._url = public_url

    def confirm(self, address: str, token: str) -> None:
        text = (
            "Somebody, most likely you, wants an account at Sangam with this address. To confirm it, open within a day:"
            f"\n\n{self._url}/api/auth/verify?token={token}\n\nIf that was not you, do nothing.\n"
        )
        self._post.put(address, "Confirm your address", text)

    def already_there(self, address: str, token: str) -> None:
        text = (
            "Somebody, most likely you, wanted an account at Sangam with this address. You have one already. If you"
            f" forgot its password, choose a new one within an hour:\n\n{self._reset(token)}\n\n"
            "If that was not you, do nothing.\n"
        )
        self._post.put(address, "You have an account already", text)

    def reset(self, address: str, token: str) -> None:
        text = (
            f"To choose a new password for your account at Sangam, open within an hour:\n\n{self._reset(token)}\n\n"
            "If you did not ask for it, do nothing: your password stays as it is.\n"
        )
        self._post.put(address, "Choose a new password", text)

    def changed(self, address: str, what: str) -> None:
        """Tell of a change that its owner may not have made."""
        text = f"{what}\n\nIf that was not you, choose a new password at once:\n\n{self._url}/forgot-password\n"
        self._post.put(address, "Your account was changed", text)

    def _reset(self, token: str) -> str:
        # Behind `#` it is never sent to a server, so no log has it.
        return f"{self._url}/reset-password#token={token}"
