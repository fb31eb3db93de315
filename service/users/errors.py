"""Errors of accounts and sessions."""

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
        description = "is already used, or looks like one that is; choose another"
        super().__init__(
            f"username: {description}",
            violations=[FieldViolation("username", "username.unique", description)],
        )


class EmailTaken(AlreadyExists):
    """Another account has this address, compared case-insensitively."""

    def __init__(self) -> None:
        description = "already belongs to an account"
        super().__init__(f"email: {description}", violations=[FieldViolation("email", "email.unique", description)])


class CredentialsInvalid(Unauthenticated):
    """No active account has this login and password; the message is the same for every cause."""

    def __init__(self) -> None:
        super().__init__("the username or password is wrong")


class PasswordWrong(InvalidArgument):
    """The current password of a signed-in user is wrong."""

    def __init__(self) -> None:
        description = "is wrong"
        super().__init__(
            f"current_password: {description}",
            violations=[FieldViolation("current_password", "password.matches", description)],
        )


class UserNotFound(NotFound):
    """The user does not exist."""

    def __init__(self, user_id: int) -> None:
        super().__init__(f"no user {user_id}", resource=Resource("marquee.users.v1.User", str(user_id)))


class SessionNotFound(NotFound):
    """The session does not exist, or belongs to another user."""

    def __init__(self, session_id: object) -> None:
        super().__init__(f"no session {session_id}", resource=Resource("marquee.users.v1.Session", str(session_id)))


class OwnAccount(FailedPrecondition):
    """Users cannot change the roles or the state of their own account, so that another one always can."""

    def __init__(self, user_id: int) -> None:
        super().__init__(
            "you cannot change your own roles or state; ask another superuser",
            resource=Resource("marquee.users.v1.User", str(user_id)),
        )


class LastSuperuser(FailedPrecondition):
    """This is the only account that can change roles."""

    def __init__(self, user_id: int) -> None:
        super().__init__(
            "this is the only active superuser; create another one first",
            resource=Resource("marquee.users.v1.User", str(user_id)),
        )
