"""What can go wrong with accounts."""

from __future__ import annotations

from service.errors import AlreadyExists, FieldViolation, NotFound, Resource, Unauthenticated


class UsernameTaken(AlreadyExists):
    """Another account has this username, compared without regard to case."""

    def __init__(self) -> None:
        description = "is taken"
        super().__init__(
            f"username: {description}",
            violations=[FieldViolation("username", "username.unique", description)],
        )


class EmailTaken(AlreadyExists):
    """Another account has this address, compared without regard to case."""

    def __init__(self) -> None:
        description = "belongs to an account already"
        super().__init__(f"email: {description}", violations=[FieldViolation("email", "email.unique", description)])


class CredentialsInvalid(Unauthenticated):
    """No active account has this name and password; one text for all three causes."""

    def __init__(self) -> None:
        super().__init__("the username or password is not right")


class UserNotFound(NotFound):
    """No such user."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"no user {user_id}", resource=Resource("marquee.users.v1.User", str(user_id)))
