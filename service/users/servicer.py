"""UsersService over gRPC."""

from __future__ import annotations

from typing import Any

from marquee.users.v1 import users_pb2, users_pb2_grpc

from service.auth.principal import current_principal
from service.users import convert
from service.users.service import Users


class UsersServicer(users_pb2_grpc.UsersServiceServicer):
    """Messages to arguments and back."""

    def __init__(self, users: Users) -> None:
        self._users = users

    async def Register(self, request: users_pb2.RegisterRequest, context: Any) -> users_pb2.RegisterResponse:
        """Makes an account."""
        sign_in = await self._users.register(
            username=request.username,
            email=request.email,
            password=request.password,
            first_name=request.first_name,
            last_name=request.last_name,
        )
        return users_pb2.RegisterResponse(
            user=convert.to_user(sign_in.account), access_token=convert.to_access_token(sign_in.access_token)
        )

    async def Login(self, request: users_pb2.LoginRequest, context: Any) -> users_pb2.LoginResponse:
        """Signs in."""
        sign_in = await self._users.login(login=request.login, password=request.password)
        return users_pb2.LoginResponse(
            user=convert.to_user(sign_in.account), access_token=convert.to_access_token(sign_in.access_token)
        )

    async def GetProfile(self, request: users_pb2.GetProfileRequest, context: Any) -> users_pb2.GetProfileResponse:
        """Returns the caller's own account and profile."""
        profile = await self._users.get_profile(current_principal().require_user())
        return users_pb2.GetProfileResponse(user=convert.to_user(profile.account), profile=convert.to_profile(profile))
