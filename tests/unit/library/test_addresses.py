"""Which addresses a server may call on somebody's behalf."""

import pytest

from soma_common.kernel.addresses import AddressRules, number_problem, url_problem

AT_HOME = AddressRules(private_allowed=True)
IN_PROD = AddressRules(private_allowed=False, private_hosts=frozenset(("models.internal", "10.0.0.7")))


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://[fe80::1]/v1",
        "http://[::ffff:169.254.169.254]/v1",
        "http://[64:ff9b::a9fe:a9fe]/v1",
        "http://[fd00:ec2::254]/v1",
        "http://100.100.100.200/v1",
        "http://0.0.0.0/v1",
        "http://224.0.0.1/v1",
        "http://2852039166/v1",
        "http://0xa9fea9fe/v1",
        "http://169.254.43518/v1",
        "http://a:b@models.example.org/v1",
        "http://models.example.org/v1?x=1",
        "ftp://models.example.org/v1",
        "models.example.org",
        "http:///v1",
        "http://models.example.org:99999/",
    ],
)
def test_no_installation_calls_such_a_place(url: str) -> None:
    assert AT_HOME.url_problem(url)
    assert IN_PROD.url_problem(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434/v1", "http://10.0.0.8/v1", "http://[::1]/v1", "http://[fd12::1]/"]
)
def test_private_places_are_for_home(url: str) -> None:
    assert AT_HOME.url_problem(url) is None
    assert "private" in str(IN_PROD.url_problem(url))


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "https://8.8.8.8/v1", "http://10.0.0.7/v1", "https://v1.models/x"]
)
def test_public_and_named_places_may_be_called(url: str) -> None:
    assert IN_PROD.url_problem(url) is None


def test_what_a_name_leads_to_is_judged_like_a_number() -> None:
    assert AT_HOME.number_problem("metadata.example", "169.254.169.254")
    assert IN_PROD.number_problem("models.example.org", "10.1.2.3")
    assert IN_PROD.number_problem("Models.Internal", "10.1.2.3") is None
    assert number_problem("100.64.1.1", private_allowed=False)
    assert url_problem("https://models.example.org/v1", private_allowed=False) is None
