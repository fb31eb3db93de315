"""Countries, as readers see them and as staff keep them."""

from __future__ import annotations

from tortoise.exceptions import IntegrityError

from service import audit
from service.api.etags import require_etag
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.catalog.errors import CountryCodeTaken, CountryInUse, CountryNameTaken, CountryNotFound
from service.catalog.models import Country
from service.catalog.references.values import CountryChanges
from service.database.orm import transaction, violated_constraint
from service.errors import DomainError


class Countries:
    """The countries of the catalogue."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    async def get_country(self, country_id: int) -> Country:
        """Returns a country; raises CountryNotFound."""
        country = await Country.get_or_none(id=country_id)
        if country is None:
            raise CountryNotFound(country_id)
        return country

    async def list_countries(self, *, size: int, page_token: str) -> Page[Country]:
        """Returns a page of countries by name; size 0 is the default. Raises PageTokenInvalid."""
        binding = ("ListCountries",)
        position = self._page_tokens.read(page_token, binding=binding)
        limit = page_size(size)
        # No two have the same name, so that it alone says where a page ended.
        countries = Country.filter(name__gt=position[0]) if position else Country.all()
        found = await countries.order_by("name").limit(limit + 1)
        token = self._page_tokens.make([found[limit - 1].name], binding=binding) if len(found) > limit else ""
        return Page(found[:limit], token)

    async def create_country(self, changes: CountryChanges, *, actor_id: UserId) -> Country:
        """Makes a country; raises CountryNameTaken, CountryCodeTaken."""
        try:
            async with transaction():
                country = await Country.create(**changes)
                await audit.record(
                    "countries.create", resource=f"countries/{country.id}", actor_user_id=actor_id, name=country.name
                )
                return await self.get_country(country.id)
        except IntegrityError as error:
            raise _refusal(error, changes) or error from error

    async def update_country(self, country_id: int, changes: CountryChanges, *, etag: str, actor_id: UserId) -> Country:
        """Changes a country, all that is named or nothing; no change at all leaves its version as it is.

        Raises CountryNotFound, EtagStale unless the etag is empty, CountryNameTaken, CountryCodeTaken.
        """
        try:
            async with transaction():
                await _lock(country_id, etag)
                if changes:
                    await Country.filter(id=country_id).update(**changes)
                    await audit.record(
                        "countries.update",
                        resource=f"countries/{country_id}",
                        actor_user_id=actor_id,
                        fields=sorted(changes),
                    )
                return await self.get_country(country_id)
        except IntegrityError as error:
            raise _refusal(error, changes) or error from error

    async def delete_country(self, country_id: int, *, etag: str, actor_id: UserId) -> None:
        """Removes a country that no movie and no person is of.

        Raises CountryNotFound, EtagStale unless the etag is empty, CountryInUse.
        """
        try:
            async with transaction():
                country = await _lock(country_id, etag)
                await Country.filter(id=country_id).delete()
                await audit.record(
                    "countries.delete", resource=f"countries/{country_id}", actor_user_id=actor_id, name=country.name
                )
        except IntegrityError as error:
            if violated_constraint(error) in {"movies_country_id_fkey", "persons_country_id_fkey"}:
                raise CountryInUse(country_id) from error
            raise


async def _lock(country_id: int, etag: str) -> Country:
    """Returns the country, locked against other writers; raises CountryNotFound, EtagStale."""
    country = await Country.filter(id=country_id).select_for_update(no_key=True).first()
    if country is None:
        raise CountryNotFound(country_id)
    require_etag(etag, country)
    return country


def _refusal(error: IntegrityError, changes: CountryChanges) -> DomainError | None:
    match violated_constraint(error):
        case "countries_name_key":
            return CountryNameTaken(changes["name"])
        case "countries_iso_3166_1_key":
            return CountryCodeTaken(changes["iso_3166_1"])
    return None
