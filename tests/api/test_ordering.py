"""Orders of lists: parsing, ORDER BY clauses, keyset conditions and positions."""

from __future__ import annotations

from datetime import date

import pytest

from service.api.ordering import DATE, OrderByInvalid, Orders, SortKey
from service.api.query import Parameters

ORDERS = Orders(
    {
        "name": SortKey(("last_name", "first_name")),
        "born": SortKey(("coalesce(born, 'infinity')",), DATE, descending_columns=("coalesce(born, '-infinity')",)),
        "id": SortKey(),
    },
    default="name desc",
)


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("", "name desc"),
        ("  ", "name desc"),
        ("name", "name asc"),
        ("born asc", "born asc"),
        (" id   desc ", "id desc"),
    ],
)
def test_an_order_is_parsed_to_its_normal_form(order_by: str, expected: str) -> None:
    assert str(ORDERS.parse(order_by)) == expected


@pytest.mark.parametrize("order_by", ["age", "name up", "name, id", "name desc desc", "desc", "NAME"])
def test_an_unpublished_order_is_refused_with_all_keys(order_by: str) -> None:
    with pytest.raises(OrderByInvalid, match="born, id, name"):
        ORDERS.parse(order_by)


def test_each_direction_has_its_own_expressions() -> None:
    assert ORDERS.parse("born").columns == ("coalesce(born, 'infinity')",)
    assert ORDERS.parse("born desc").columns == ("coalesce(born, '-infinity')",)
    assert ORDERS.parse("name desc").columns == ORDERS.parse("name").columns


def test_all_expressions_have_the_direction_of_the_order() -> None:
    assert ORDERS.parse("name").sql(["last_name", "id"]) == "ORDER BY last_name ASC, id ASC"
    assert ORDERS.parse("id desc").sql(["id"]) == "ORDER BY id DESC"


def test_a_keyset_condition_compares_rows_with_the_decoded_position() -> None:
    order, parameters = ORDERS.parse("born desc"), Parameters()
    parameters.place("before")
    position = order.position([date(1999, 3, 31)], 7)
    assert position == ["1999-03-31", 7]
    assert order.after(position, ["born", "id"], parameters) == "(born, id) < ($2, $3)"
    assert parameters.values == ["before", date(1999, 3, 31), 7]


def test_an_order_by_id_has_only_the_id_as_its_position() -> None:
    order, parameters = ORDERS.parse("id"), Parameters()
    assert order.after(order.position([], 7), ["id"], parameters) == "(id) > ($1)"
    assert parameters.values == [7]
