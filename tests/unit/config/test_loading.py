"""What a process gets as its settings, and from where."""

from pathlib import Path

import pytest

from config import DeployMode, Environment, SettingsError, load_settings
from config.home import find_home
from config.sources import Source


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {"SOMA_HOME": str(tmp_path / "home"), "SOMA_INSTANCE": "test"}


def problems_of(environment: dict[str, str], house: str | None = None) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment, house=house)
    return {problem.name: str(problem) for problem in caught.value.problems}


def test_nothing_set_is_a_complete_standalone_shape(given: dict[str, str]) -> None:
    settings = load_settings(given)
    assert (settings.mode, settings.env, settings.aaas) == (DeployMode.STANDALONE, Environment.DEV, False)
    assert settings.page_url.endswith(":20020/")
    assert settings.endpoint("chat").grpc_listen == f"{settings.bind}:20021"
    assert settings.endpoint("edge").ops_listen == f"{settings.bind}:8010"
    assert settings.model.offline
    assert settings.budget.day_tokens == 20_000_000
    assert settings.flags == {
        "memory": True,
        "voice": False,
        "mcp": True,
        "code_execution": False,
        "agentiq_governor": True,
        "extraction": False,
        "titles": True,
    }


def test_every_value_knows_where_it_came_from(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.toml").write_text('SOMA_LOG_LEVEL = "warning"\nSOMA_PORT_SHIFT = 5\n')
    settings = load_settings({**given, "SOMA_PORT_SHIFT": "7", "SA01_DEPLOYMENT_MODE": "DEV"})
    origins = {item.row.name: item.origin for item in settings.show() if item.origin}
    assert origins["SOMA_BIND"].source is Source.PROFILE
    assert origins["SOMA_LOG_LEVEL"].source is Source.FILE
    assert origins["SOMA_PORT_SHIFT"].source is Source.ENVIRONMENT
    assert (origins["SOMA_ENV"].source, origins["SOMA_ENV"].place) == (Source.OLDER_NAME, "SA01_DEPLOYMENT_MODE")
    assert settings.registry.port_shift == 7
    assert settings.log.level == "WARNING"


def test_all_that_is_wrong_stands_in_one_error(given: dict[str, str]) -> None:
    found = problems_of({**given, "SOMA_LOG_LEVEL": "loud", "SOMA_PORT_SHIFT": "many", "SOMA_TLS_CERT": "/x"})
    assert set(found) == {"SOMA_LOG_LEVEL", "SOMA_PORT_SHIFT", "SOMA_TLS_KEY"}
    assert "'loud'" in found["SOMA_LOG_LEVEL"]
    assert "SOMA_LOG_LEVEL=info" in found["SOMA_LOG_LEVEL"]


def test_an_empty_variable_is_one_that_is_not_set(given: dict[str, str]) -> None:
    assert load_settings({**given, "OPENAI_API_KEY": ""}).model.offline


def test_a_secret_never_stands_in_a_problem_or_in_the_shown_settings(given: dict[str, str]) -> None:
    secret = "sk-abcdefghijklmnopqrstuvwxyz"
    settings = load_settings({**given, "OPENAI_API_KEY": secret})
    shown = {item.row.name: item.value for item in settings.show()}
    assert secret not in str(shown)
    assert shown["OPENAI_API_KEY"] == "sk-…wxyz"
    assert secret not in repr(settings)


def test_a_secret_can_be_named_by_its_file(given: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-from-a-file\n")
    model = load_settings({**given, "OPENAI_API_KEY_FILE": str(path)}).model
    assert model.provider == "openai"
    assert model.api_key is not None
    assert model.api_key.get_secret_value() == "sk-from-a-file"
    assert "OPENAI_API_KEY_FILE" in problems_of({**given, "OPENAI_API_KEY_FILE": str(tmp_path / "none")})


def test_the_settings_file_is_judged_like_the_environment(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    file = tmp_path / "home" / "settings.toml"
    file.write_text('SOMA_LOG_LEVLE = "info"\nSOMA_HOME = "/elsewhere"\n')
    assert set(problems_of(given)) == {"SOMA_LOG_LEVLE", "SOMA_HOME"}
    file.write_text("this is = not toml = at all")
    assert any("cannot be read" in text for text in problems_of(given).values())


def test_ports_shift_and_workers_add_targets(given: dict[str, str]) -> None:
    settings = load_settings({**given, "SOMA_PORT_SHIFT": "100", "SOMA_CHAT_WORKERS": "2", "SOMA_WORKER": "1"})
    chat = settings.endpoint("chat")
    assert chat.targets == (f"{settings.loopback}:20121", f"{settings.loopback}:20171")
    assert chat.grpc_listen == f"{settings.bind}:20171"
    assert len(chat.probes) == 2
    assert "SOMA_CHAT_WORKERS" in problems_of({**given, "SOMA_CHAT_WORKERS": "0"})
    assert "SOMA_PORT_SHIFT" in problems_of({**given, "SOMA_PORT_SHIFT": "60000"})


def test_the_one_process_shape_has_ports_of_its_own(given: dict[str, str]) -> None:
    settings = load_settings({**given, "SOMA_AAAS_MODE": "true"})
    assert settings.page_url.endswith(":63900/")
    assert settings.endpoint("memory").http_listen.endswith(":63901")


def test_before_the_first_start_keys_and_databases_say_what_to_do(given: dict[str, str]) -> None:
    settings = load_settings(given)
    with pytest.raises(SettingsError, match="somastack up"):
        _ = settings.identity
    with pytest.raises(SettingsError, match="somastack up"):
        settings.database("chat")
    assert "The stack" in problems_of(given, house="chat")


def test_the_data_folder_follows_the_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert find_home({"XDG_DATA_HOME": str(tmp_path), "SOMA_INSTANCE": "a"}).path == tmp_path / "somastack" / "a"
    assert find_home({"SOMA_HOME": str(tmp_path)}).path == tmp_path
    first, second = find_home({"XDG_DATA_HOME": str(tmp_path)}), find_home({"XDG_DATA_HOME": str(tmp_path)})
    assert first == second
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert find_home({"SOMA_INSTANCE": "a"}).path == Path("/var/lib/somastack/a")


def test_a_deep_home_has_its_sockets_in_a_short_folder(tmp_path: Path) -> None:
    deep = find_home({"SOMA_HOME": str(tmp_path / ("d" * 120)), "SOMA_INSTANCE": "a"})
    assert len(str(deep.run / "supervisor.sock.1234567")) < 107
    assert deep.run != find_home({"SOMA_HOME": str(tmp_path / ("e" * 120)), "SOMA_INSTANCE": "a"}).run


def test_children_get_what_was_set_for_us_and_nothing_else(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_OTHER_SECRET", "x")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    child = load_settings({**given, "OPENAI_API_KEY": "sk-1", "SA01_DEPLOYMENT_MODE": "DEV"}).child_environment()
    assert child["OPENAI_API_KEY"] == "sk-1"
    assert child["SOMA_ENV"] == "dev"
    assert child["SOMA_HOME"] == given["SOMA_HOME"]
    assert child["PYTHON_DOTENV_DISABLED"] == "1"
    assert "SOME_OTHER_SECRET" not in child
    assert "PYTHONDONTWRITEBYTECODE" not in child
    assert "SOMA_LOG_LEVEL" not in child
    assert load_settings({**child, "SOMA_WORKER": "0"}).model.provider == "openai"
