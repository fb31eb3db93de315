"""UsersService over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from marquee.users.v1 import key_pb2, users_pb2, users_pb2_grpc

from service import audit
from service.api.pagination import PageTokens
from service.auth.client_info import current_client_info
from service.auth.keys import PublishedKeys
from service.auth.principal import UserId, current_principal
from service.ratelimit.limiter import RateLimiter
from service.users import convert
from service.users.administration import Administration
from service.users.privacy import Privacy
from service.users.service import Users
from service.users.sessions import Sessions


class UsersServicer(users_pb2_grpc.UsersServiceServicer):
    """Messages to arguments and back."""

    def __init__(
        self,
        *,
        users: Users,
        sessions: Sessions,
        administration: Administration,
        privacy: Privacy,
        keys: PublishedKeys,
        page_tokens: PageTokens,
        rate_limiter: RateLimiter,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._administration = administration
        self._privacy = privacy
        self._keys = keys
        self._page_tokens = page_tokens
        self._rate_limiter = rate_limiter

    async def Register(self, request: users_pb2.RegisterRequest, context: Any) -> users_pb2.RegisterResponse:
        """Creates an account and signs it in."""
        sign_in = await self._users.register(
            username=request.username,
            email=request.email,
            password=request.password,
            first_name=request.first_name,
            last_name=request.last_name,
            client_info=current_client_info(),
        )
        return users_pb2.RegisterResponse(
            user=convert.to_user(sign_in.account),
            access_token=convert.to_token(sign_in.tokens.access),
            refresh_token=convert.to_token(sign_in.tokens.refresh),
        )

    async def Login(self, request: users_pb2.LoginRequest, context: Any) -> users_pb2.LoginResponse:
        """Signs in."""
        sign_in = await self._sessions.login(
            login=request.login, password=request.password, client_info=current_client_info()
        )
        return users_pb2.LoginResponse(
            user=convert.to_user(sign_in.account),
            access_token=convert.to_token(sign_in.tokens.access),
            refresh_token=convert.to_token(sign_in.tokens.refresh),
        )

    async def RefreshTokens(
        self, request: users_pb2.RefreshTokensRequest, context: Any
    ) -> users_pb2.RefreshTokensResponse:
        """Exchanges a refresh token for new tokens."""
        tokens = await self._sessions.refresh_tokens(request.refresh_token)
        return users_pb2.RefreshTokensResponse(
            access_token=convert.to_token(tokens.access), refresh_token=convert.to_token(tokens.refresh)
        )

    async def Logout(self, request: users_pb2.LogoutRequest, context: Any) -> users_pb2.LogoutResponse:
        """Ends the current session, or all sessions."""
        principal = current_principal()
        session_id = None if request.all_sessions else principal.require_session()
        await self._sessions.logout(principal.require_user(), session_id=session_id)
        return users_pb2.LogoutResponse()

    async def ListSessions(
        self, request: users_pb2.ListSessionsRequest, context: Any
    ) -> users_pb2.ListSessionsResponse:
        """Lists the caller's sessions."""
        principal = current_principal()
        sessions = await self._sessions.list_sessions(principal.require_user(), current=principal.session_id)
        return users_pb2.ListSessionsResponse(sessions=map(convert.to_session, sessions))

    async def RevokeSession(
        self, request: users_pb2.RevokeSessionRequest, context: Any
    ) -> users_pb2.RevokeSessionResponse:
        """Ends one of the caller's sessions."""
        await self._sessions.revoke_session(current_principal().require_user(), UUID(request.session_id))
        return users_pb2.RevokeSessionResponse()

    async def ChangePassword(
        self, request: users_pb2.ChangePasswordRequest, context: Any
    ) -> users_pb2.ChangePasswordResponse:
        """Changes the caller's password."""
        principal = current_principal()
        ended = await self._sessions.change_password(
            principal.require_user(),
            session_id=principal.require_session(),
            current=request.current_password,
            new=request.new_password,
            client_info=current_client_info(),
        )
        return users_pb2.ChangePasswordResponse(sessions_ended=ended)

    async def GetProfile(self, request: users_pb2.GetProfileRequest, context: Any) -> users_pb2.GetProfileResponse:
        """Returns the caller's account and profile."""
        profile = await self._users.get_profile(current_principal().require_user())
        return users_pb2.GetProfileResponse(user=convert.to_user(profile.account), profile=convert.to_profile(profile))

    async def UpdateProfile(
        self, request: users_pb2.UpdateProfileRequest, context: Any
    ) -> users_pb2.UpdateProfileResponse:
        """Changes the caller's account and profile."""
        profile = await self._users.update_profile(
            current_principal().require_user(),
            convert.profile_changes_from(request),
            etag=request.etag,
            current_password=request.current_password,
            client_info=current_client_info(),
        )
        return users_pb2.UpdateProfileResponse(
            user=convert.to_user(profile.account), profile=convert.to_profile(profile)
        )

    async def GetUser(self, request: users_pb2.GetUserRequest, context: Any) -> users_pb2.GetUserResponse:
        """Returns one account."""
        account = await self._administration.get_user(UserId(request.user_id))
        return users_pb2.GetUserResponse(user=convert.to_user(account))

    async def ListUsers(self, request: users_pb2.ListUsersRequest, context: Any) -> users_pb2.ListUsersResponse:
        """Returns a page of accounts."""
        page = await self._administration.list_users(
            convert.user_filter_from(request), size=request.page_size, page_token=request.page_token
        )
        return users_pb2.ListUsersResponse(users=map(convert.to_user, page.items), next_page_token=page.next_page_token)

    async def UpdateUser(self, request: users_pb2.UpdateUserRequest, context: Any) -> users_pb2.UpdateUserResponse:
        """Changes the state or the roles of another account."""
        account = await self._administration.update_user(
            current_principal().require_user(),
            UserId(request.user_id),
            convert.user_changes_from(request),
            etag=request.etag,
        )
        return users_pb2.UpdateUserResponse(user=convert.to_user(account))

    async def ExportAccount(
        self, request: users_pb2.ExportAccountRequest, context: Any
    ) -> AsyncIterator[users_pb2.ExportAccountResponse]:
        """Streams all personal data of the caller."""
        user_id = current_principal().require_user()
        async for record in self._privacy.export_account(user_id, actor_user_id=user_id):
            yield users_pb2.ExportAccountResponse(record=convert.to_exported_record(record))

    async def DeleteAccount(
        self, request: users_pb2.DeleteAccountRequest, context: Any
    ) -> users_pb2.DeleteAccountResponse:
        """Deletes the caller's account and personal data."""
        user_id = current_principal().require_user()
        await self._privacy.delete_account(
            user_id, password=request.current_password, client_info=current_client_info()
        )
        return users_pb2.DeleteAccountResponse()

    async def GetJwks(self, request: users_pb2.GetJwksRequest, context: Any) -> users_pb2.GetJwksResponse:
        """Returns the public keys."""
        return users_pb2.GetJwksResponse(keys=[key_pb2.JsonWebKey(**key) for key in self._keys.jwks()])

    async def ListAuditEvents(
        self, request: users_pb2.ListAuditEventsRequest, context: Any
    ) -> users_pb2.ListAuditEventsResponse:
        """Returns a page of the audit log."""
        page = await audit.list_audit_events(
            convert.audit_filter_from(request, current_principal()),
            page_tokens=self._page_tokens,
            size=request.page_size,
            page_token=request.page_token,
        )
        return users_pb2.ListAuditEventsResponse(
            audit_events=map(convert.to_audit_event, page.items), next_page_token=page.next_page_token
        )

    async def GetRateLimits(
        self, request: users_pb2.GetRateLimitsRequest, context: Any
    ) -> users_pb2.GetRateLimitsResponse:
        """Returns the caller's status under each limit."""
        statuses = await self._rate_limiter.list_statuses(current_principal(), peer=current_client_info().peer)
        return users_pb2.GetRateLimitsResponse(rate_limits=map(convert.to_rate_limit, statuses))
