"""What can go wrong with accounts."""

from __future__ import annotations

from service.errors import (
    AlreadyExists,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    Resource,
    Unauthenticated,
)


class UsernameTaken(AlreadyExists):
    """Another account has this username, or one that looks like it."""

    def __init__(self) -> None:
        description = "is taken, or looks like one that is"
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


class PasswordWrong(InvalidArgument):
    """A signed-in user's password, asked for again, is not right."""

    def __init__(self) -> None:
        description = "is not right"
        super().__init__(
            f"current_password: {description}",
            violations=[FieldViolation("current_password", "password.matches", description)],
        )


class UserNotFound(NotFound):
    """No such user."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"no user {user_id}", resource=Resource("marquee.users.v1.User", str(user_id)))


class SessionNotFound(NotFound):
    """No such session, or another user's."""

    def __init__(self, session_id: object) -> None:
        super().__init__(f"no session {session_id}", resource=Resource("marquee.users.v1.Session", str(session_id)))


class OwnAccount(FailedPrecondition):
    """Nobody changes the roles or the state of their own account: somebody else always stays who can."""

    def __init__(self, user_id: int) -> None:
        super().__init__(
            "another superuser has to change this account",
            resource=Resource("marquee.users.v1.User", str(user_id)),
        )


class LastSuperuser(FailedPrecondition):
    """Without this account nobody could change roles."""

    def __init__(self, user_id: int) -> None:
        super().__init__(
            "this is the only active superuser; make another first",
            resource=Resource("marquee.users.v1.User", str(user_id)),
        )
