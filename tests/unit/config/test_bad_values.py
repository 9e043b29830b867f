"""Settings that cannot be meant: each is named in the one error, and none becomes an error inside."""

from pathlib import Path

import pytest

from config import SettingsError, load_settings


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {"SOMA_HOME": str(tmp_path), "SOMA_INSTANCE": "test"}


def problems_of(environment: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    return {problem.name: str(problem) for problem in caught.value.problems}


@pytest.mark.parametrize("text", ["[1]", '"a word"', "5", "null", "{", "\ud800", ""])
@pytest.mark.parametrize("name", ["identity.json", "secrets/passwords.json"])
def test_a_file_of_the_first_start_that_is_no_table(
    given: dict[str, str], tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert str(path) in problems_of(given)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "..", ".", "a b", "a\nb", "%(x)s", "x" * 65, "-x"])
def test_an_instance_is_a_plain_name(name: str) -> None:
    """It names a folder, and nothing may be made outside the folder of all instances."""
    assert "SOMA_INSTANCE" in problems_of({"SOMA_INSTANCE": name})


@pytest.mark.parametrize("name", ["work", "a-1_B.2", "0123456789"])
def test_plain_names_are_taken(given: dict[str, str], name: str) -> None:
    assert load_settings(given | {"SOMA_INSTANCE": name}).instance == name


def test_the_home_of_nobody(given: dict[str, str]) -> None:
    assert "SOMA_HOME" in problems_of(given | {"SOMA_HOME": "~nobody-of-this-name/x"})


@pytest.mark.parametrize("bind", ["foo", "1.2.3", "http://127.0.0.1", "127.0.0.1:80", "[::1]"])
def test_services_listen_on_an_address(given: dict[str, str], bind: str) -> None:
    assert "SOMA_BIND" in problems_of(given | {"SOMA_BIND": bind})


@pytest.mark.parametrize("bind", ["127.0.0.1", "0.0.0.0", "192.168.1.20"])
def test_addresses_are_taken(given: dict[str, str], bind: str) -> None:
    assert load_settings(given | {"SOMA_BIND": bind}).bind == bind


@pytest.mark.parametrize(
    ("bind", "own"),
    [("0.0.0.0", "127.0.0.1"), ("192.168.1.20", "192.168.1.20"), ("127.0.0.2", "127.0.0.2"), ("::1", "[::1]")],
)
def test_services_are_found_where_they_listen(given: dict[str, str], bind: str, own: str) -> None:
    settings = load_settings(given | {"SOMA_BIND": bind})
    chat = settings.endpoint("chat")
    assert {address.rpartition(":")[0] for address in (*chat.targets, *chat.probes)} == {own}
    assert settings.page_url == f"http://{own}:20020/"
    assert chat.grpc_listen == ("[::1]:20021" if bind == "::1" else f"{bind}:20021")


@pytest.mark.parametrize(
    "name",
    [
        "SOMA_MODEL_WINDOW",
        "SOMA_MODEL_MAX_OUTPUT_TOKENS",
        "SOMA_MODEL_PRICE_INPUT",
        "SOMA_MODEL_PRICE_CACHED_INPUT",
        "SOMA_MODEL_PRICE_OUTPUT",
        "SOMA_MODEL_PRICE_REASONING",
        "SOMA_BUDGET_DAY_TOKENS",
        "SOMA_BUDGET_DAY_MICROS",
    ],
)
@pytest.mark.parametrize("number", ["9" * 19, "9" * 400, "-1", "nan", "1e400"])
def test_a_number_that_no_table_and_no_message_holds(given: dict[str, str], name: str, number: str) -> None:
    assert name in problems_of(given | {name: number})
